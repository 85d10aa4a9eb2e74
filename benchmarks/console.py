"""The console in a real terminal, beside a bare and a naive application measured in the same way.

A key is a letter typed into an input, and its paint is that letter on the terminal: the letters
are of another script, since nothing else on the screen contains them.
"""

from __future__ import annotations

import compileall
import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias

import benchmarks
import paxos_engine
import paxos_tui
from benchmarks import bare_app, frames, naive_app, terminal
from benchmarks.harness import Sample, Table, Tell, Way, percentile, rows_of, take_turns
from benchmarks.scale import QUICK, Scale

CONSOLE: Final = (sys.executable, "-m", "paxos_tui")
BARE: Final = (sys.executable, "-m", "benchmarks.bare_app")
NAIVE: Final = (sys.executable, "-m", "benchmarks.naive_app")

LETTERS: Final = "абвгдежзийклмнопрстуфхцчшщъыьэюяАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"

PAUSE: Final = (0.05, 0.15)
"""Seconds between two keys: drawn between the two, so that no frame rate is met in step."""

LOADS: Final = (1_000, 10_000, 50_000)
"""Events a second that are asked for; a cluster that cannot do as many does what it can."""

INTERVALS_AT: Final = 10_000
INTERVALS: Final = {
    f"{milliseconds} ms": (
        sys.executable,
        "-c",
        f"from paxos_tui import cli; cli.SWITCH_INTERVAL = {milliseconds / 1e3}; cli.main()",
    )
    for milliseconds in (1, 5)
}
"""Until when a thread must let another have its turn: as the console sets it, as Python does."""

THREADS: Final = {"one thread": "one", "a thread for each node": "each"}

EVENTS: Final = re.compile(r" over ([\d,]+) events")
"""How many events there were so far, as the console's status line tells it."""

ENTRIES_A_COMMAND: Final = 13
"""The first guess; how many it really makes depends on how many commands share a message."""

TRIES: Final = 5
NEAR: Final = 0.1
"""How far from what is asked for a rate may be, as a part of it."""

FULL: Final = 0.95
"""As much of a rate with fewer commands says that more of them do not raise it."""

MOST_COMMANDS: Final = 5_000
"""The highest rate of its workload that the console takes."""

SETTLE: Final = 1.5
LOOK: Final = 2.0
"""Seconds before, and of, a look at how many events a workload makes."""

FIRST: Final = "clients"
"""What stands in the first frame that is painted: the name of a pane."""

READY: Final = "A1"
"""What stands in the first frame that shows the cluster: a node."""

CLEAR: Final = "\x05\x15"
"""To the end of an input, and take away what lies before: the prompt holds a number already."""

STARTS: Final = 5
"""Starts for each round of anything else: one takes no second, and no two take the same time."""

MIB: Final = 2**20

How: TypeAlias = tuple[int, float]
"""How many letters are typed, and for how many seconds the CPU is watched."""


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return tables about starting, about keys and CPU, and about frames and pages."""
    _compile()
    starts = take_turns(_starts(), STARTS * scale.rounds, tell)
    loads = LOADS[1:2] if scale is QUICK else LOADS
    uses = take_turns(_uses(_how(scale), loads), scale.rounds, tell)
    return [
        Table("from start to first paint", rows_of(starts, ["bare app"])),
        Table("from key to paint, and the part of a core", rows_of(uses, ["bare app, idle"])),
        intervals(scale, tell),
        frames.frames(scale, tell),
        frames.pages(scale, tell),
    ]


def intervals(scale: Scale, tell: Tell) -> Table:
    """Return a table about the console's own switch interval, beside Python's own."""
    rows = []
    for case, threads in THREADS.items():
        ways: dict[str, Way] = {
            name: partial(_slowest, (*command, "--threads", threads), _how(scale))
            for name, command in INTERVALS.items()
        }
        rows += rows_of(take_turns(ways, scale.rounds, tell), list(INTERVALS)[:1], case)
    title = f"from key to paint at {INTERVALS_AT:,} events/s, by switch interval"
    return Table(title, rows)


def _slowest(command: Sequence[str], how: How) -> Sample:
    """Put the slowest letters first: it is they that wait for another thread."""
    sample = typing(command, READY, *how, open_with="s", load=INTERVALS_AT)
    return {"p95 ms": sample["p95 ms"], **sample}


def _how(scale: Scale) -> How:
    return (15, 1.0) if scale is QUICK else (len(LETTERS), 5.0)


def _starts() -> dict[str, Way]:
    return {
        "bare app": partial(first_paint, BARE, bare_app.READY),
        "naive app": partial(first_paint, NAIVE, naive_app.READY),
        "console": partial(first_paint, CONSOLE, FIRST),
        "console, nodes shown": partial(first_paint, CONSOLE, READY),
    }


def _uses(how: How, loads: Sequence[int]) -> dict[str, Way]:
    return {
        "bare app, idle": partial(typing, BARE, bare_app.READY, *how),
        "naive app": partial(typing, NAIVE, naive_app.READY, *how),
        "console, idle": partial(typing, CONSOLE, READY, *how, open_with="s"),
        **{
            f"console, {load:,} events/s": partial(
                typing, CONSOLE, READY, *how, open_with="s", load=load
            )
            for load in loads
        },
    }


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
        seconds: for which its use of the CPU is watched, and its events counted.
        open_with: the key that opens its input.
        load: events a second that the console's own workload is to make.
    """
    with terminal.started(command) as screen:
        screen.until(ready)
        screen.rest(2.0)
        if load:
            steer(partial(_events, screen), load)
        watched = screen.watch(seconds, EVENTS if load else None)
        screen.press(open_with)
        screen.rest(1.0)
        took = list(_took(screen, keys))
        return {
            "p50 ms": percentile(took, 0.5) * 1e3,
            "p95 ms": percentile(took, 0.95) * 1e3,
            "part of a core": watched.share,
            "MiB": screen.memory() / MIB,
            **({"events/s": watched.a_second} if load else {}),
        }


def _took(screen: terminal.Terminal, keys: int) -> Iterator[float]:
    """Type so many letters, and yield the seconds until each is painted."""
    rng = random.Random(1)
    for letter in LETTERS[:keys]:
        screen.press(letter)
        yield screen.until(letter)
        screen.rest(rng.uniform(*PAUSE))


def steer(reach: Callable[[int], float], wanted: int) -> int:
    """Set a workload until it makes as many events as are asked for, or as many as there can be.

    Args:
        reach: sets the workload to so many commands a second, and returns the events a second.
        wanted: events a second.

    Returns:
        The commands a second that came nearest; the workload is left at them.
    """
    tried: dict[int, float] = {}
    load = min(MOST_COMMANDS, max(1, wanted // ENTRIES_A_COMMAND))
    while load not in tried and len(tried) < TRIES:
        tried[load] = reach(load)
        if abs(tried[load] - wanted) <= NEAR * wanted or _is_full(tried, load, wanted):
            break
        load = min(MOST_COMMANDS, max(1, round(load * wanted / max(1.0, tried[load]))))
    nearest = min(tried, key=lambda load: abs(tried[load] - wanted))
    if nearest != next(reversed(tried)):
        reach(nearest)
    return nearest


def _is_full(tried: Mapping[int, float], load: int, wanted: int) -> bool:
    """Say whether fewer commands made as many events, and still too few."""
    events = tried[load]
    return events < wanted and any(tried[less] > FULL * events for less in tried if less < load)


def _events(screen: terminal.Terminal, commands: int) -> float:
    """Set the console's workload, and return the events a second that it makes."""
    screen.press("W")
    screen.until("Values a second")
    screen.press(CLEAR)
    screen.rest(1.0)  # it takes its way through the widgets, and letters do not
    screen.press(f"{commands}\r")
    screen.until(f"workload {commands}/s")
    screen.rest(SETTLE)
    return screen.watch(LOOK, EVENTS).a_second
