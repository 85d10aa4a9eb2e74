"""Commands a second with many outstanding, beside the floor and PySyncObj.

Everything is measured at a base, and along each axis away from it. A long run measures every
combination.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from benchmarks import etcd, floor, ours, peer
from benchmarks.apart import apart
from benchmarks.harness import Row, Table, Tell, Way, rows_of, take_turns
from benchmarks.scale import LONG, QUICK, Scale
from paxos_engine import TraceLevel

OUTSTANDING: Final = (64, 256, 1_024, 4_096)
SIZES: Final = (16, 1_024, 16_384)
ACCEPTORS: Final = (3, 5, 7)

BATCH: Final = 256
"""Commands that an instance may decide where batching is on."""

BARE: Final = {"trace_level": TraceLevel.COUNTERS, "threads": "one"}
"""What a reference does: it tells and checks nothing, and has as few threads as it can."""

CONFIGURATIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ours": {},
    "ours, bare": BARE,
    "ours, batching": {"batch": BATCH},
    "ours, batching, bare": {"batch": BATCH, **BARE},
}
"""Row -> options of `ClusterConfig` that make it; a switch that matters gets a line of its own."""

DURABLE_TITLE: Final = "durable beside in memory"
DURABLE: Final = "durable"
IN_MEMORY: Final = "in memory"
DURABLE_OUTSTANDING: Final = 1_024
"""Outstanding commands with which a disk is compared with none."""

AT_LEVELS: Final = 64
"""Outstanding commands with which the levels of the trace are compared."""


class Case(NamedTuple):
    """The circumstances."""

    outstanding: int
    size: int = 16
    acceptors: int = 5
    durable: bool = False

    def __str__(self) -> str:
        where = "durable" if self.durable else "in memory"
        return f"{self.outstanding:,} out, {self.size:,} B, {self.acceptors} acceptors, {where}"


def cases(scale: Scale) -> Iterator[Case]:
    """Return what is measured at this scale."""
    if scale is LONG:
        for durable, acceptors, size, out in itertools.product(
            (False, True), ACCEPTORS, SIZES, OUTSTANDING
        ):
            yield Case(out, size, acceptors, durable)
        return
    few = scale is QUICK
    for durable in (False, True):
        for outstanding in OUTSTANDING[1:3] if few else OUTSTANDING:
            yield Case(outstanding, durable=durable)
    for size in () if few else SIZES[1:]:
        yield Case(256, size=size)
    for acceptors in () if few else (3, 7):
        yield Case(256, acceptors=acceptors)


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return the table of rates, and those of disks and of the levels of the trace."""
    rates = Table("commands a second, closed loop")
    for case in cases(scale):
        rates.rows += _rows(case, scale, tell)
    rates.notes.append("bare: one thread for all nodes, no trace and no checks")
    rates.notes.append(peer.JOURNAL if peer.is_installed() else peer.SKIPPED)
    rates.notes.append(etcd.HOW if etcd.is_installed() else etcd.SKIPPED)
    return [rates, _disks(scale, tell), _levels(scale, tell)]


def _rows(case: Case, scale: Scale, tell: Tell) -> list[Row]:
    def told(what: str) -> None:
        tell(f"{case}: {what}")

    taken = take_turns(_ways(case, scale), scale.rounds, told)
    return rows_of(taken, ["floor", "floor, coalesced", *peer.SETTINGS, etcd.NAME], str(case))


def _ways(case: Case, scale: Scale) -> dict[str, Way]:
    common = (case.outstanding, scale.seconds, scale.warm_up)
    ways: dict[str, Way] = {
        "floor": partial(apart, floor.run, *common, case.acceptors),
        "floor, coalesced": partial(apart, floor.run, *common, case.acceptors, floor.COALESCED),
    }
    for name, options in CONFIGURATIONS.items():
        setting = ours.Setting(case.acceptors, case.size, case.durable, options)
        ways[name] = partial(apart, ours.load, *common, setting)
    if peer.is_installed():
        for name in peer.SETTINGS:
            how = {"nodes": case.acceptors, "size": case.size, "durable": case.durable}
            ways[name] = partial(apart, peer.load, *common, name, **how)
    if etcd.is_installed() and case.durable and case.outstanding <= etcd.MOST:
        ways[etcd.NAME] = partial(apart, etcd.load, *common, case.acceptors, case.size)
    return ways


def _disks(scale: Scale, tell: Tell) -> Table:
    """Compare a cluster with disks with the same one in memory, in turns."""
    common = (DURABLE_OUTSTANDING, scale.seconds, scale.warm_up)
    table = Table(f"{DURABLE_OUTSTANDING:,} outstanding, {DURABLE_TITLE}")
    for name, options in CONFIGURATIONS.items():
        ways: dict[str, Way] = {
            where: partial(
                apart, ours.load, *common, ours.Setting(durable=durable, options=options)
            )
            for where, durable in ((IN_MEMORY, False), (DURABLE, True))
        }

        def told(what: str, name: str = name) -> None:
            tell(f"{name}: {what}")

        table.rows += rows_of(take_turns(ways, scale.rounds, told), [IN_MEMORY], name)
    return table


def _levels(scale: Scale, tell: Tell) -> Table:
    """Compare what is told: every event, no messages, or nothing but counters."""
    common = (AT_LEVELS, scale.seconds, scale.warm_up)
    ways: dict[str, Way] = {
        level.value: partial(apart, ours.load, *common, ours.Setting(options=at(level)))
        for level in TraceLevel
    }

    def told(what: str) -> None:
        tell(f"trace level: {what}")

    title = f"{AT_LEVELS} outstanding, by trace level"
    table = Table(title, rows_of(take_turns(ways, scale.rounds, told), [TraceLevel.COUNTERS.value]))
    table.notes.append("safety is checked at level everything, most of it at protocol")
    return table


def at(level: TraceLevel) -> dict[str, Any]:
    """Return the options of a cluster whose trace tells so much."""
    return {"trace_level": level}
