"""The wheel, installed into a fresh environment outside the checkout, is the whole program."""

from __future__ import annotations

import shutil
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.tui.terminals import Terminal

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it; return the environment's folder of programs."""
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("paxos_engine", "paxos_tui", "themes"):
        shutil.copytree(ROOT / name, source / name)
    _run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation",
         "-w", str(place), str(source))  # fmt: skip
    (wheel,) = place.glob("*.whl")
    home = place / "home"
    venv.create(home, with_pip=False)
    (packages,) = home.glob("lib/python*/site-packages")
    _run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--prefix", str(home),
         "--ignore-installed", str(wheel))  # fmt: skip
    # The dependencies are those of this environment; the program itself is not among them.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return home / "bin"


def _run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=240, cwd=cwd
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def program(installed: Path) -> tuple[str, str]:
    """Return the command that runs it; its own first line names the Python that installed it."""
    return str(installed / "python"), str(installed / "paxos-tui")


def test_the_installed_program_runs_from_elsewhere(installed: Path, tmp_path: Path) -> None:
    assert "version" in _run(*program(installed), "--version", cwd=tmp_path)
    said = _run(*program(installed), "run", "--commands", "5", cwd=tmp_path)
    assert "5 of 5" in said


def test_the_benchmarks_stay_in_the_checkout_and_it_says_so(
    installed: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [*program(installed), "bench"],
        capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "bench needs a checkout of paxos-tui" in line


def test_the_installed_program_brings_its_themes(installed: Path, tmp_path: Path) -> None:
    program = (
        "import paxos_tui, paxos_tui.themes as t\n"
        f"assert not paxos_tui.__file__.startswith({str(ROOT)!r})\n"
        "print(len(t.load_shipped()), 'NodeCard' in t.stylesheet())\n"
    )
    assert _run(str(installed / "python"), "-c", program, cwd=tmp_path).split() == ["4", "True"]


def test_the_installed_program_brings_its_scenarios(installed: Path, tmp_path: Path) -> None:
    said = _run(str(installed / "paxos-tui"), "play", "S04", "--headless", cwd=tmp_path)
    assert "as expected, safe" in said


def test_the_installed_console_opens_on_a_terminal_in_a_theme_that_ships(
    installed: Path, tmp_path: Path
) -> None:
    command = [str(installed / "paxos-tui"), "--theme", "paxos-light"]
    with Terminal(command, size=(120, 36), cwd=tmp_path) as terminal:
        terminal.see("0 instances agree")
        terminal.see_raw(b"48;2;250;250;247")
        terminal.type("sfrom a wheel\r")
        terminal.see("2 instances agree")
        terminal.type("q")
        assert terminal.end() == 0
    assert not list(tmp_path.iterdir())
