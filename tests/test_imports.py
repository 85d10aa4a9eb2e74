"""The import rules of the design, held by reading every module's imports."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENGINE = ROOT / "paxos_engine"
TUI = ROOT / "paxos_tui"

MAY_IMPORT = {
    "roles": set(),
    "cycle": {"roles"},
    "wire": {"roles"},
    "storage": {"roles"},
    "faults": {"roles"},
    "trace": {"roles"},
    "checks": {"trace", "roles"},
    "node": {"roles", "cycle", "storage"},
    "simulation": {"roles", "cycle", "node", "storage", "faults", "trace", "checks"},
    "scenarios": {"roles", "trace", "checks", "faults", "runtime", "simulation"},
    "runtime": {"roles", "cycle", "node", "wire", "storage", "faults", "trace", "checks"},
}
"""Room of the engine -> the other rooms that it may import."""

FACES = {"paxos_engine", "paxos_engine.scenarios", "paxos_engine.simulation"}
"""What the console may import of the engine, and the engine itself may not."""

PURE = {"socket", "threading", "time", "os", "asyncio", "selectors", "pathlib", "secrets", "io"}
"""What a role must not touch: the protocol does no I/O and has no clock."""


SCREEN = {"paxos_tui", "textual", "rich", "click"}
"""What the engine must do without."""

ACTS = {"open", "eval", "exec", "compile", "__import__", "input", "print", "breakpoint"}
"""What a role must not call, though it needs no import for it."""


def imports(source: str) -> set[str]:
    """Return the modules that a source imports, wherever in it; a relative one begins with a dot.

    `from package import name` is the package: whether `name` is a module in it does not matter,
    since the rooms are always named in full.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def violations(source: str, room: str) -> list[str]:
    """Return what a module of a room of the engine imports or calls, and must not."""
    wrong = []
    for module in sorted(imports(source)):
        top, *inside = module.split(".")
        if module.startswith("."):
            wrong.append(f"imports {module}: say the whole name")
        elif module in FACES and inside in ([], [room]):
            wrong.append("imports a public face that it is part of")
        elif top == "paxos_engine" and inside[0] not in {room, *MAY_IMPORT[room]}:
            wrong.append(f"imports {module}, and {room} lies below it")
        elif top in SCREEN or (room == "roles" and top in PURE):
            wrong.append(f"imports {module}")
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = {func.id for func in calls if isinstance(func, ast.Name)}
    return wrong + [f"calls {name}" for name in sorted(named & ACTS) if room == "roles"]


def files(room: str) -> list[Path]:
    """Return the modules of a room of the engine."""
    folder = ENGINE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [ENGINE / f"{room}.py"]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_the_rooms_below_it_and_the_roles_are_pure(room: str) -> None:
    for path in files(room):
        assert violations(path.read_text(encoding="utf-8"), room) == [], path.name


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("roles", "from paxos_engine import Cluster"),
        ("runtime", "from paxos_engine import Cluster"),
        ("runtime", "import paxos_engine"),
        ("runtime", "from paxos_engine import wire"),
        ("simulation", "from paxos_engine.simulation import Tally"),
        ("roles", "from . import events"),
        ("roles", "from .. import wire"),
        ("trace", "from ..runtime.cluster import Cluster"),
        ("roles", "import paxos_engine.wire.codec"),
        ("wire", "from paxos_engine.storage.disk import Disk"),
        ("simulation", "from paxos_engine.runtime.node import RunningNode"),
        ("runtime", "def f():\n    from paxos_engine.simulation.world import World"),
        ("trace", "import textual.app"),
        ("runtime", "from paxos_tui.cli import main"),
        ("roles", "import time"),
        ("roles", "from os import path"),
        ("roles", "text = open('a').read()"),
        ("roles", "def f(x):\n    return eval(x)"),
        ("roles", "exec('x')"),
        ("roles", "__import__('socket')"),
        ("roles", "print('x')"),
    ],
)
def test_each_of_these_breaks_a_rule(room: str, source: str) -> None:
    assert len(violations(source, room)) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("roles", "from paxos_engine.roles.events import Event"),
        ("runtime", "from paxos_engine.wire.pump import Pump\nimport time\nopen('a')"),
        ("roles", "self.sessions.open('C1', 1)"),
        ("roles", "import random"),
    ],
)
def test_and_none_of_these_does(room: str, source: str) -> None:
    assert violations(source, room) == []


def test_every_room_has_a_rule() -> None:
    rooms = {p.stem for p in ENGINE.iterdir() if p.stem not in ("__init__", "__pycache__", "py")}
    assert {room for room in rooms if (ENGINE / room).is_dir() or room in ("cycle", "node")} <= set(
        MAY_IMPORT
    )


def test_the_engine_knows_no_screen() -> None:
    for path in ENGINE.rglob("*.py"):
        used = {module.split(".")[0] for module in imports(path.read_text(encoding="utf-8"))}
        assert not used & SCREEN, path.name


def test_the_console_uses_only_the_public_faces_of_the_engine() -> None:
    for path in TUI.rglob("*.py"):
        used = {
            m for m in imports(path.read_text(encoding="utf-8")) if m.startswith("paxos_engine")
        }
        assert used <= FACES, f"{path.name} imports {used - FACES}"


def test_only_the_command_that_runs_them_imports_the_benchmarks() -> None:
    users = {
        path.relative_to(ROOT).as_posix()
        for path in [*ENGINE.rglob("*.py"), *TUI.rglob("*.py")]
        if any(m.split(".")[0] == "benchmarks" for m in imports(path.read_text(encoding="utf-8")))
    }
    assert users == {"paxos_tui/bench.py"}


@pytest.mark.parametrize("face", sorted(FACES))
def test_a_public_face_names_what_it_exports(face: str) -> None:
    module = importlib.import_module(face)
    for name in module.__all__:
        assert hasattr(module, name)


def test_importing_the_engine_imports_no_textual_opens_nothing_and_starts_nothing() -> None:
    program = (
        "import sys, threading, socket\n"
        "opened = []\n"
        "real = socket.socket.__init__\n"
        "def note(self, *a, **k): opened.append(1); real(self, *a, **k)\n"
        "socket.socket.__init__ = note\n"
        "import paxos_engine\n"
        "assert not any(m.split('.')[0] in ('textual', 'rich', 'click') for m in sys.modules)\n"
        "assert 'paxos_engine.simulation' not in sys.modules\n"
        "assert threading.active_count() == 1\n"
        "assert not opened\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


LONGER = {"events.py": 560}
"""The glossary belongs in one place, however many words it has."""


def test_no_function_is_longer_than_seventy_lines_and_no_file_than_five_hundred() -> None:
    for path in [*ENGINE.rglob("*.py"), *TUI.rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= LONGER.get(path.name, 500), path.name
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= 70, f"{path.name}: {node.name} has {length} lines: split it"
