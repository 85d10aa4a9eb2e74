"""The program on a real terminal: what it shows there, and how it leaves with it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from paxos_tui.terminal import SteadyDriver
from tests.tui.terminals import PROGRAM, Terminal


def console(*arguments: str, size: tuple[int, int] = (100, 30), controls: bool = True) -> Terminal:
    """Start the console on a terminal of its own."""
    return Terminal([*PROGRAM, *arguments], size=size, controls=controls)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("moment", ["while it opens", "at rest", "under load"])
def test_a_signal_ends_the_console_in_order_and_gives_the_terminal_back(
    number: signal.Signals, moment: str
) -> None:
    with console() as terminal:
        if moment == "while it opens":
            terminal.see_raw(b"\x1b[?1049h")
        else:
            terminal.see("instances agree")
        if moment == "under load":
            terminal.type("w")
            terminal.see("workload")
        terminal.child.send_signal(number)
        assert terminal.end() == 128 + number
        assert b"\x1b[?1049l\x1b[?25h" in terminal.raw
        assert "Traceback" not in terminal.text
        assert terminal.gave_back


@pytest.mark.parametrize("attempt", range(3))
@pytest.mark.parametrize("controls", [True, False], ids=["by SIGHUP", "without a signal"])
def test_the_console_ends_with_its_terminal(controls: bool, attempt: int) -> None:
    with console(controls=controls) as terminal:
        terminal.see("instances agree")
        if attempt:
            terminal.type("w")
            terminal.see("workload")
        terminal.hang_up()
        assert terminal.wait() == 128 + signal.SIGHUP


LEFT_BEHIND = """
import json, os, sys, threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from paxos_tui.cli import main
try:
    main()
finally:
    files = [os.readlink(each) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    left = {
        "threads": [each.name for each in threading.enumerate()],
        "sockets": [each for each in files if each.startswith("socket:")],
    }
    Path(os.environ["LEFT_BEHIND"]).write_text(json.dumps(left))
"""
"""The program, and what of it is left when it has ended in order."""


@pytest.mark.parametrize("controls", [True, False], ids=["by SIGHUP", "without a signal"])
def test_a_terminal_that_dies_under_load_leaves_no_thread_and_no_socket(
    tmp_path: Path, controls: bool
) -> None:
    left = tmp_path / "left"
    environment = {"LEFT_BEHIND": str(left)}
    command = [sys.executable, "-c", LEFT_BEHIND]
    with Terminal(command, controls=controls, environment=environment) as terminal:
        terminal.see("instances agree")
        terminal.type("w")
        terminal.see("workload")
        terminal.hang_up()
        assert terminal.wait() == 128 + signal.SIGHUP
    assert json.loads(left.read_text()) == {"threads": ["MainThread"], "sockets": []}


@pytest.mark.parametrize("stopped", [False, True])
def test_a_console_that_is_continued_goes_on_and_gives_the_terminal_back(stopped: bool) -> None:
    with console() as terminal:
        terminal.see("instances agree")
        if stopped:
            terminal.child.send_signal(signal.SIGSTOP)
        terminal.child.send_signal(signal.SIGCONT)
        terminal.type("sgoes on\r")
        terminal.see("2 instances agree")
        terminal.type("q")
        assert terminal.end() == 0
        assert terminal.gave_back


def test_the_layout_follows_the_size_of_the_terminal_at_once() -> None:
    with console(size=(80, 24)) as terminal:
        terminal.see("instances agree")
        terminal.resize(160, 48)
        terminal.see("╭─ heartbeats")
        terminal.resize(40, 10)
        terminal.see("paxos-tui needs 60x16.")
        terminal.resize(100, 30)
        terminal.see("╭─ heartbeats")
        terminal.type("q")
        assert terminal.end() == 0


def test_a_console_whose_terminal_reads_nothing_ends_by_its_last_resort() -> None:
    with console() as terminal:
        terminal.see("instances agree")
        terminal.type("w")
        time.sleep(3.0)  # long enough for what is painted to fill every buffer on the way
        terminal.child.send_signal(signal.SIGTERM)
        assert terminal.wait() == 128 + signal.SIGTERM


def test_a_recording_that_failed_is_the_last_word_and_the_exit_code() -> None:
    with console("--record", "/dev/full") as terminal:
        terminal.see("recording to /dev/full stopped")
        terminal.type("q")
        assert terminal.end() == 1
        after = terminal.raw.rpartition(b"\x1b[?1049l")[2].decode()
        assert re.search("NOT RECORDED: .*No space left on device", after)
        assert terminal.gave_back


def test_a_broken_theme_file_is_one_clear_line(tmp_path: Path) -> None:
    theme = tmp_path / "mine.toml"
    theme.write_text('name = "mine"\n[colors]\nprimary = "no-colour"\n')
    with console("--theme", str(theme)) as terminal:
        assert terminal.end() == 2
        assert "colors.primary: 'no-colour' is no colour" in terminal.text.replace("\r\n", "")
        assert "Traceback" not in terminal.text


def test_a_theme_file_of_ones_own_is_what_the_console_wears(tmp_path: Path) -> None:
    theme = tmp_path / "mine.toml"
    theme.write_text('name = "mine"\n[colors]\nprimary = "#5fafff"\nbackground = "#0a1b2c"\n')
    with console("--theme", str(theme)) as terminal:
        terminal.see("instances agree")
        terminal.see_raw(b"48;2;10;27;44")
        terminal.type("q")
        assert terminal.end() == 0


def test_a_run_shows_how_far_it_is_on_a_terminal_and_keeps_it_out_of_the_report(
    tmp_path: Path,
) -> None:
    command = [*PROGRAM, "run", "--commands", "3000", "--json"]
    with (tmp_path / "report").open("wb") as output, Terminal(command, output=output) as terminal:
        assert terminal.end() == 0
    assert json.loads((tmp_path / "report").read_text())["chosen"] == 3000
    counts = [int(count) for count in re.findall(r"(\d+)/3000", terminal.text)]
    assert counts == sorted(counts)
    assert counts[-1] > 0
    assert "chosen" in terminal.text
    assert "━" in terminal.text


def test_a_run_shows_no_progress_without_a_terminal() -> None:
    done = subprocess.run(
        [*PROGRAM, "run", "--commands", "50"],
        capture_output=True, text=True, check=True, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.stderr == ""
    assert "━" not in done.stdout
    assert "50 of 50" in done.stdout


def test_to_be_continued_waits_for_nothing_that_the_interrupted_loop_may_hold() -> None:
    later: list[Callable[[], None]] = []
    driver = object.__new__(SteadyDriver)
    driver._loop = SimpleNamespace(call_soon_threadsafe=later.append)  # type: ignore[assignment]
    driver._sigcont_application(signal.SIGCONT, None)
    assert later == [driver._come_back]
