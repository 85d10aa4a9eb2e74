"""Time and memory per command while the history grows: both have to stay flat.

    python -m benchmarks.growth 1000000     # one cluster, as by default, up to so many instances

One cluster answers command after command, and is looked at on the way. With compaction it is as it
runs by default; without, what a chosen instance takes in memory is seen. All nodes, the checker
and the workload are in the one process that is measured. The cases take turns, and each look is
compared with the first of its own run.
"""

from __future__ import annotations

import gc
import itertools
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from benchmarks import machine, ours, report
from benchmarks.apart import apart
from benchmarks.harness import Row, Sample, Table, Tell, Way, rows_of, take_turns
from benchmarks.machine import memory_now
from benchmarks.scale import Scale
from benchmarks.throughput import at
from paxos_engine import TraceLevel

OUTSTANDING: Final = 64
WARM_UP: Final = 300
"""Commands after which everything that is made once has been made."""

ALL_KEPT: Final = {"snapshot_every": 1_000_000, "retain": 2_000_000}

BY_DEFAULT: Final = "compaction as by default"

CASES: Final[Mapping[str, Mapping[str, Any]]] = {
    BY_DEFAULT: {},
    "no compaction": ALL_KEPT,
    "no compaction, nothing checked": {**ALL_KEPT, **at(TraceLevel.COUNTERS)},
}


ROUNDS: Final = 2
"""Rounds of the usual length: each takes some minutes, since a history has to grow."""

LONGEST: Final = 100_000
"""Instances of a history that is not compacted beyond which there is one round, for all: it takes a
quarter of an hour."""

MILLION: Final = 1_000_000
"""Instances up to which a history that is compacted goes, where the others go up to `LONGEST`."""

FIGURES: Final = ("CPU us a command", "us a command", "bytes an instance")


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return the table: for each case the looks, the first of which the others stand beside."""
    ways: dict[str, Way] = {
        case: partial(apart, grow, marks_of(case, scale), dict(options))
        for case, options in CASES.items()
    }
    taken = take_turns(ways, rounds_of(scale), tell)
    rows = [
        row
        for case, samples in taken.items()
        for row in looks_of(samples, marks_of(case, scale), case)
    ]
    return [table_of(rows)]


def marks_of(case: str, scale: Scale) -> tuple[int, ...]:
    """Return where a history is looked at.

    One that is compacted goes ten times as far as the others, which would not fit the memory: not
    before the last bounds are full can be seen that it grows no more.
    """
    if case == BY_DEFAULT and scale.instances[-1] == LONGEST:
        return (*scale.instances, MILLION)
    return scale.instances


def rounds_of(scale: Scale) -> int:
    """Return how many rounds there are time for."""
    return min(scale.rounds, ROUNDS) if scale.instances[-1] <= LONGEST else 1


def table_of(rows: list[Row]) -> Table:
    """Return the table of these rows."""
    return Table(
        f"growth with {OUTSTANDING} outstanding, beside the first thousand",
        rows,
        ["bytes an instance: of the whole process, all nodes and the checker together"],
    )


def looks_of(samples: Sequence[Sample], marks: Sequence[int], case: str = "") -> list[Row]:
    """Return a row for each mark, from runs that passed all of them."""
    looks: dict[str, list[Sample]] = {
        f"{mark:,}": [{name: sample[at_mark(name, mark)] for name in FIGURES} for sample in samples]
        for mark in marks
    }
    return rows_of(looks, list(looks)[:1], case)


def at_mark(figure: str, mark: int) -> str:
    """Return what a figure is called in the sample of a run, which has it at every mark."""
    return f"{figure} up to {mark:,}"


def grow(marks: Sequence[int], options: dict[str, Any]) -> Sample:
    """Return what a command took between two marks, for each of `FIGURES` and each mark."""
    with ours.running(ours.Setting(options=options)) as cluster:
        ours.submit_all(cluster, WARM_UP, OUTSTANDING)
        looks: dict[str, float] = {}
        for before, mark in itertools.pairwise((WARM_UP, *marks)):
            commands = mark - before
            gc.collect()
            memory, cpu = memory_now(), time.process_time()
            seconds = ours.submit_all(cluster, commands, OUTSTANDING)
            cpu = time.process_time() - cpu
            gc.collect()
            took = (cpu * 1e6, seconds * 1e6, memory_now() - memory)
            for figure, value in zip(FIGURES, took, strict=True):
                looks[at_mark(figure, mark)] = value / commands
        return ours.checked(cluster, looks)


def main() -> None:
    """Print how a cluster grows, ten times as many instances at each look."""
    last = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    marks = tuple(10**power for power in range(3, len(str(last))) if 10**power <= last)
    table = table_of(looks_of([grow(marks, {})], marks))
    report.show(machine.describe(), {"growth": [table]}, report.console_for(sys.stdout))


if __name__ == "__main__":
    main()
