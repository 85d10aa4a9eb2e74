"""What a replay costs: to open a trace, to survey it, to go anywhere in it and to step back.

A real cluster is recorded once, and its trace is opened as `paxos-tui replay` opens it, without a
screen. Times are CPU seconds, beside what it takes to parse the same lines with the json module
alone; how much of an event's time in the survey is reading its line shows where it is read only.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.apart import apart
from benchmarks.harness import Sample, Table, Tell, Way, rows_of, take_turns
from benchmarks.machine import memory_most
from benchmarks.scale import Scale
from benchmarks.trace import MIB, PARSE, parse, read, reading, record
from paxos_engine import TraceFile, relax_collector
from paxos_tui.playback import Playback

SEEKS: Final = 8
STEPS_BACK: Final = 20
"""Steps back after each seek."""

AT_ONCE: Final = 2_000
"""Entries that the survey looks at between two looks at the keyboard; here there is none."""

EVENT: Final = "CPU us an event"
MEMORY: Final = "MiB"
MOMENT: Final = "CPU ms"

SURVEY: Final = "survey: read, fold and check"
MOMENTS: Final = (
    "until the first event can be shown",
    "until the number of events is known",
    "seek to anywhere, median",
    "seek to anywhere, longest",
    "one step back, median",
    "one step back, longest",
)


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return a table about the pass over all events, and one about what a person waits for."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        path = Path(name) / "trace.jsonl"
        tell(f"recording {scale.events:,} events")
        apart(record, path, scale.events)
        size = path.stat().st_size
        ways: dict[str, Way] = {
            PARSE: partial(apart, reading, parse, path),
            "read": partial(apart, reading, read, path),
            SURVEY: partial(apart, replay, path),
        }
        taken = take_turns(ways, scale.rounds, tell)
    whole = {name: _only(samples, (EVENT, MEMORY)) for name, samples in taken.items()}
    moments: dict[str, list[Sample]] = {
        PARSE: [{MOMENT: sample[EVENT] * scale.events / 1e3} for sample in taken[PARSE]]
    }
    moments |= {name: [{MOMENT: s[name]} for s in taken[SURVEY]] for name in MOMENTS}
    return [
        Table(
            f"a pass over {scale.events:,} events, {size / 1e6:,.0f} MB",
            rows_of(whole, [PARSE]),
            ["MiB: beyond what the process had before"],
        ),
        Table(
            f"what is waited for in {scale.events:,} events",
            rows_of(moments, [PARSE]),
            [f"{SEEKS} seeks to events by chance, and {STEPS_BACK} steps back after each"],
        ),
    ]


def _only(samples: Sequence[Sample], figures: Sequence[str]) -> list[Sample]:
    return [{figure: sample[figure] for figure in figures} for sample in samples]


def replay(path: Path) -> Sample:
    """Open a trace, survey it, and go about in it; return what each took.

    Raises:
        RuntimeError: the trace is damaged, or breaks a rule.
    """
    relax_collector()
    before, now, began = memory_most(), time.process_time, time.process_time()
    playback = Playback(TraceFile(path))
    playback.step()
    first, began = now() - began, now()
    while playback.source.look():
        pass
    count, began = now() - began, now()
    while playback.work(AT_ONCE):
        pass
    survey = now() - began
    if playback.damage or playback.survey.violation is not None:
        raise RuntimeError(f"a trace to replay: {playback.damage or 'a rule was broken'}")
    memory = memory_most() - before
    seeks, steps = _go_about(playback)
    waits = (first, count, *_typical_and_longest(seeks), *_typical_and_longest(steps))
    return {
        EVENT: survey / playback.source.lines * 1e6,
        MEMORY: memory / MIB,
        **{name: seconds * 1e3 for name, seconds in zip(MOMENTS, waits, strict=True)},
    }


def _go_about(playback: Playback) -> tuple[list[float], list[float]]:
    """Return the CPU seconds of each seek, and of each step back."""
    chance, now = random.Random(1), time.process_time
    seeks: list[float] = []
    steps: list[float] = []
    while len(seeks) < SEEKS:
        playback.go_to_event(chance.randrange(playback.count))
        began = now()
        playback.settle()
        seeks.append(now() - began)
        for _ in range(STEPS_BACK):
            began = now()
            playback.back()
            steps.append(now() - began)
    return seeks, steps


def _typical_and_longest(seconds: Sequence[float]) -> tuple[float, float]:
    return statistics.median(seconds), max(seconds)
