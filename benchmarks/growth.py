"""Time and memory per command while the history grows: both have to stay flat.

    python -m benchmarks.growth 1000000     # one cluster, as by default, up to so many instances

One cluster answers command after command, and is looked at on the way. With compaction it is as it
runs by default; without, what a chosen instance takes in memory is seen. All nodes, the checker
and the workload are in the one process that is measured.
"""

from __future__ import annotations

import gc
import itertools
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

from benchmarks import machine, ours, report
from benchmarks.apart import apart
from benchmarks.harness import Sample, Table, Tell, rows_of
from benchmarks.machine import memory_now
from benchmarks.scale import Scale
from benchmarks.throughput import at
from paxos_engine import TraceLevel

OUTSTANDING: Final = 64
WARM_UP: Final = 300
"""Commands after which everything that is made once has been made."""

ALL_KEPT: Final = {"snapshot_every": 1_000_000, "retain": 2_000_000}

CASES: Final[Mapping[str, Mapping[str, Any]]] = {
    "compaction as by default": {},
    "no compaction": ALL_KEPT,
    "no compaction, nothing checked": {**ALL_KEPT, **at(TraceLevel.COUNTERS)},
}


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return the table; it takes one run for each case, since the looks are what is compared."""
    table = Table(f"growth with {OUTSTANDING} outstanding, beside the first thousand")
    for case, options in CASES.items():
        tell(f"{case}, up to {scale.instances[-1]:,} instances")
        looks = apart(grow, scale.instances, dict(options))
        table.rows += rows_of({name: [look] for name, look in looks.items()}, list(looks)[:1], case)
    table.notes = ["bytes an instance: of the whole process, all nodes and the checker together"]
    return [table]


def grow(marks: tuple[int, ...], options: dict[str, Any]) -> dict[str, Sample]:
    """Return what a command took between two marks: mark -> figures."""
    with ours.running(ours.Setting(options=options)) as cluster:
        ours.submit_all(cluster, WARM_UP, OUTSTANDING)
        looks: dict[str, Sample] = {}
        for before, mark in itertools.pairwise((WARM_UP, *marks)):
            commands = mark - before
            gc.collect()
            memory, cpu = memory_now(), time.process_time()
            seconds = ours.submit_all(cluster, commands, OUTSTANDING)
            cpu = time.process_time() - cpu
            gc.collect()
            looks[f"{mark:,}"] = {
                "CPU us a command": cpu / commands * 1e6,
                "us a command": seconds / commands * 1e6,
                "bytes an instance": (memory_now() - memory) / commands,
            }
        ours.checked(cluster, {})
        return looks


def main() -> None:
    """Print how a cluster grows, ten times as many instances at each look."""
    last = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    marks = tuple(10**power for power in range(3, len(str(last))) if 10**power <= last)
    looks = grow(marks, {})
    rows = rows_of({name: [look] for name, look in looks.items()}, list(looks)[:1])
    tables = [Table(f"growth with {OUTSTANDING} outstanding, beside the first thousand", rows)]
    report.show(machine.describe(), {"growth": tables}, report.console_for(sys.stdout))


if __name__ == "__main__":
    main()
