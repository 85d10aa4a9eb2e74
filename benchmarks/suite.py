"""All benchmarks by name, and the running of those that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks import (
    burst,
    checks,
    console,
    floor,
    growth,
    hotspots,
    latency,
    recovery,
    replay,
    rot,
    simulator,
    storage,
    takeover,
    threads,
    throughput,
    trace,
)
from benchmarks.harness import Table, Tell
from benchmarks.scale import Scale
from paxos_engine import OutcomeUnknown


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark.

    Args:
        about: what it measures, beside what.
        measure: runs it.
    """

    about: str
    measure: Callable[[Scale, Tell], list[Table]]


FAILED: Final = "could not be measured"
"""The title of what stands for a benchmark that failed."""

BENCHMARKS: Final[dict[str, Benchmark]] = {
    "floor": Benchmark("the bare shape of a command, with no protocol", floor.measure),
    "latency": Benchmark("1 outstanding, beside the floor and PySyncObj", latency.measure),
    "throughput": Benchmark("64 to 4,096 outstanding, beside the same", throughput.measure),
    "burst": Benchmark("100,000 commands at once, beside a closed loop", burst.measure),
    "threads": Benchmark("where the time of a command goes, and settings", threads.measure),
    "profile": Benchmark("CPU, memory and imports, by part of the program", hotspots.measure),
    "takeover": Benchmark("from the primary's failure to the next answer", takeover.measure),
    "recovery": Benchmark("restart, catch-up and snapshot", recovery.measure),
    "simulator": Benchmark("beside a bare heap loop, checks off and on", simulator.measure),
    "checks": Benchmark("each safety check, per event", checks.measure),
    "trace": Benchmark("writing, reading and checking a trace", trace.measure),
    "replay": Benchmark("opening, surveying and seeking a trace", replay.measure),
    "growth": Benchmark("time and memory per command as the history grows", growth.measure),
    "storage": Benchmark("the log beside bare writes, SQLite and LMDB", storage.measure),
    "rot": Benchmark("what the log notices of flipped bits", rot.measure),
    "console": Benchmark("first paint, key to paint, CPU, beside a bare app", console.measure),
}


def run(names: Sequence[str], scale: Scale, tell: Tell) -> dict[str, list[Table]]:
    """Run benchmarks; one that fails takes nothing from the others.

    Args:
        names: which, in this order.
        scale: how much.
        tell: told what is measured next.
    """
    results = {}
    for name in names:

        def told(what: str, name: str = name) -> None:
            tell(f"{name}: {what}")

        try:
            results[name] = BENCHMARKS[name].measure(scale, told)
        except (RuntimeError, OSError, OutcomeUnknown) as error:
            results[name] = [Table(FAILED, notes=[f"{type(error).__name__}: {error}"])]
    return results
