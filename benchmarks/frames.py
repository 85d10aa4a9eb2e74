"""The console over made-up events: what a frame costs the thread of the screen, and what a page."""

from __future__ import annotations

import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import terminal
from benchmarks.harness import Sample, Table, Tell, Way, rows_of, take_turns
from benchmarks.scale import Scale

FRAME: Final = (sys.executable, "-m", "benchmarks.frame_app")
FRAMES: Final = {"at rest": 0, "1,000 events a frame": 1_000}
INSTANCES: Final = (1_000, 1_000_000)
FIRST_AND_PAGE: Final = ("ms a page", "ms first frame")


def frames(scale: Scale, tell: Tell) -> Table:
    """Return a table about one frame: to fold the events that have come, and to paint."""
    rows = []
    for case, events in FRAMES.items():
        ways: dict[str, Way] = {
            "everything anew": partial(frame, "everything", 1_000, events, "ms a frame"),
            "console": partial(frame, "changed", 1_000, events, "ms a frame"),
        }
        rows += rows_of(take_turns(ways, scale.rounds, tell), ["everything anew"], case)
    return Table("a frame, in CPU time of the thread of the screen", rows)


def pages(scale: Scale, tell: Tell) -> Table:
    """Return a table about going down a page of instances."""
    ways: dict[str, Way] = {
        f"{instances:,} instances": partial(frame, "changed", instances, 0, *FIRST_AND_PAGE)
        for instances in INSTANCES
    }
    taken = take_turns(ways, scale.rounds, tell)
    return Table(
        "the table of instances, in CPU time of the thread of the screen",
        rows_of(taken, [f"{INSTANCES[0]:,} instances"]),
    )


def frame(how: str, instances: int, events: int, *figures: str) -> Sample:
    """Return figures of the console over made-up events, see `frame_app`."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "figures.json"
        command = (*FRAME, how, str(instances), str(events), str(report))
        with terminal.started(command) as screen:
            screen.until_it_ends()
        found = json.loads(report.read_text(encoding="utf-8"))
        return {name: found[name] for name in figures}
