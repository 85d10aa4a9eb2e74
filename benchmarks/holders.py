"""What an instance takes in memory before it is compacted, by the module that made it."""

from __future__ import annotations

import gc
import tracemalloc
from collections import Counter
from collections.abc import Mapping
from typing import Final

from benchmarks import growth, ours
from benchmarks.apart import apart
from benchmarks.harness import Row, Table, Tell, rows_of
from benchmarks.parts import ELSEWHERE, module_of, parts_of
from benchmarks.scale import Scale

FRAMES: Final = 3
"""Callers that are remembered of each allocation: what Python made of a dataclass has ours next."""

SMALL: Final = 0.01
"""The part of the whole below which a module is not named."""

TOGETHER: Final = "together"
REST: Final = "smaller ones"
ALL: Final = "all that Python counts"
PROCESS: Final = "the process, not counted"
BYTES, SHARE = "bytes an instance", "% of what is counted"


def table(scale: Scale, tell: Tell) -> Table:
    """Return the table; one run counts, and another says what the process takes."""
    marks = scale.instances[:2]
    first, last = (growth.WARM_UP, *marks)[-2:]
    tell(f"memory by module, {last:,} instances")
    made = apart(grown, first, last)
    tell(f"memory of the process, {last:,} instances")
    process = apart(growth.grow, marks, dict(growth.ALL_KEPT))[growth.at_mark(BYTES, last)]
    return Table(
        f"memory by module, from instance {first:,} to {last:,}, all kept, everything checked",
        rows(made) + rows_of({PROCESS: [{BYTES: process}]}, case=TOGETHER),
        [
            "all seven nodes, the client and the checker together, with values of 16 B",
            "by who made it: what is read from a datagram and then kept counts for who read it",
            "not counted: a run of its own, whose memory is rounded up and taken in pages",
        ],
    )


def rows(made: Mapping[str, float]) -> list[Row]:
    """Return a row for each of the larger modules, by part, then the rest, and all.

    Args:
        made: module -> bytes an instance.
    """
    whole = sum(made.values())
    by_part: dict[str, dict[str, float]] = {}
    for module, size in sorted(made.items(), key=lambda item: -item[1]):
        if size >= SMALL * whole:
            by_part.setdefault(part_of(module), {})[module] = size
    rest = whole - sum(sum(named.values()) for named in by_part.values())
    ordered = sorted(by_part.items(), key=lambda item: -sum(item[1].values()))
    return [
        row
        for part, found in [*ordered, (TOGETHER, {REST: rest, ALL: whole})]
        for row in rows_of(
            {name: [{BYTES: size, SHARE: 100 * size / whole}] for name, size in found.items()},
            case=part,
        )
    ]


def part_of(module: str) -> str:
    """Return the part of a module."""
    return next(iter(parts_of(module)), ELSEWHERE)


def grown(first: int, last: int) -> dict[str, float]:
    """Return how many bytes an instance each module made that are kept.

    Args:
        first: the instance after which is counted.
        last: the instance up to which.
    """
    tracemalloc.start(FRAMES)
    with ours.running(ours.Setting(options=growth.ALL_KEPT)) as cluster:
        ours.submit_all(cluster, first, growth.OUTSTANDING)
        before = snapshot()
        ours.submit_all(cluster, last - first, growth.OUTSTANDING)
        after = snapshot()
        ours.checked(cluster, {})
    held = counted(after)
    held.subtract(counted(before))
    return {module: size / (last - first) for module, size in held.items()}


def snapshot() -> tracemalloc.Snapshot:
    """Return what is held now; counted later, since that takes memory too."""
    gc.collect()
    return tracemalloc.take_snapshot()


def counted(held: tracemalloc.Snapshot) -> Counter[str]:
    """Return the bytes that were held, by the innermost module of ours that had them made."""
    sizes: Counter[str] = Counter()
    for alike in held.statistics("traceback"):
        modules = (module_of(frame.filename) for frame in reversed(alike.traceback))
        sizes[next(filter(None, modules), ELSEWHERE)] += alike.size
    return sizes
