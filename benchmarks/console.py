"""The console in a real terminal, beside a bare Textual application measured in the same way.

A key is a letter typed into an input, and its paint is that letter on the terminal: the letters
are of another script, since nothing else on the screen contains them.
"""

from __future__ import annotations

import compileall
import random
import sys
from collections.abc import Sequence
from functools import partial
from typing import Final

import benchmarks
import paxos_engine
import paxos_tui
from benchmarks import bare_app, frames, terminal
from benchmarks.harness import Sample, Table, Tell, Way, percentile, rows_of, take_turns
from benchmarks.scale import QUICK, Scale

CONSOLE: Final = (sys.executable, "-m", "paxos_tui")
BARE: Final = (sys.executable, "-m", "benchmarks.bare_app")

LETTERS: Final = "абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"

PAUSE: Final = (0.05, 0.15)
"""Seconds between two keys: drawn between the two, so that no frame rate is met in step."""

ENTRIES_A_COMMAND: Final = 25
LOADS: Final = (1_000, 10_000, 50_000)
"""Events a second that are asked for; a cluster that cannot do as many does what it can."""

FIRST: Final = "clients"
"""What stands in the first frame that is painted: the name of a pane."""

READY: Final = "A1"
"""What stands in the first frame that shows the cluster: a node."""

CLEAR: Final = "\x05\x15"
"""To the end of an input, and take away what lies before: the prompt holds a number already."""

STARTS: Final = 5
"""Starts for each round of anything else: one takes no second, and no two take the same time."""

MIB: Final = 2**20


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return a table about starting, and one about keys and CPU."""
    _compile()
    keys = 15 if scale is QUICK else len(LETTERS)
    seconds = 1.0 if scale is QUICK else 5.0
    start: dict[str, Way] = {
        "bare app": partial(first_paint, BARE, bare_app.READY),
        "console": partial(first_paint, CONSOLE, FIRST),
        "console, nodes shown": partial(first_paint, CONSOLE, READY),
    }
    use: dict[str, Way] = {
        "bare app, idle": partial(typing, BARE, bare_app.READY, keys, seconds),
        "console, idle": partial(typing, CONSOLE, READY, keys, seconds, open_with="s"),
    }
    for load in LOADS[1:2] if scale is QUICK else LOADS:
        use[f"console, {load:,} events/s"] = partial(
            typing, CONSOLE, READY, keys, seconds, open_with="s", load=load // ENTRIES_A_COMMAND
        )
    return [
        Table(
            "from start to first paint",
            rows_of(take_turns(start, STARTS * scale.rounds, tell), ["bare app"]),
        ),
        Table(
            "from key to paint, and the part of a core",
            rows_of(take_turns(use, scale.rounds, tell), ["bare app, idle"]),
        ),
        frames.frames(scale, tell),
        frames.pages(scale, tell),
    ]


def _compile() -> None:
    """Compile the program as it is once it was started, and as pip leaves Textual."""
    for package in (paxos_engine, paxos_tui, benchmarks):
        for path in package.__path__:
            compileall.compile_dir(path, quiet=2)


def first_paint(command: Sequence[str], ready: str) -> Sample:
    """Return how long a program takes to paint something of its own."""
    with terminal.started(command) as screen:
        return {"ms": screen.until(ready) * 1e3, "MiB": screen.memory() / MIB}


def typing(
    command: Sequence[str],
    ready: str,
    keys: int,
    seconds: float,
    open_with: str = "",
    load: int = 0,
) -> Sample:
    """Return how long letters take to appear, and what the program does meanwhile.

    Args:
        command: the program.
        ready: what it paints first.
        keys: how many letters.
        seconds: for which its use of the CPU is watched.
        open_with: the key that opens its input.
        load: commands a second of the console's own workload.
    """
    rng = random.Random(1)
    with terminal.started(command) as screen:
        screen.until(ready)
        screen.rest(2.0)
        if load:
            for keys_pressed in ("W", CLEAR, str(load), "\r"):
                screen.rest(1.0)
                screen.press(keys_pressed)
            screen.until(f"workload {load}/s")
            screen.rest(2.0)
        share = screen.cpu_share(seconds)
        screen.press(open_with)
        screen.rest(1.0)
        took = []
        for letter in LETTERS[:keys]:
            screen.press(letter)
            took.append(screen.until(letter))
            screen.rest(rng.uniform(*PAUSE))
        return {
            "p50 ms": percentile(took, 0.5) * 1e3,
            "p95 ms": percentile(took, 0.95) * 1e3,
            "part of a core": share,
        }
