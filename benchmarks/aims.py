"""What the program aims at, and whether a run met it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from rich import box
from rich.console import Console
from rich.table import Table as Grid

from benchmarks import latency, peer
from benchmarks.harness import Figure, Spread
from benchmarks.report import Results, number, shown
from benchmarks.throughput import DURABLE, DURABLE_TITLE, IN_MEMORY, Case
from paxos_engine import TraceLevel

Look: TypeAlias = Callable[[Results], Spread | None]
"""Finds what was measured, median and range; None if it was not measured."""

Verdict: TypeAlias = Literal["met", "missed", "not measured"]

BARE: Final = "ours, bare"
BATCHING: Final = "ours, batching, bare"
FILLING: Final = "up to the first mark, what has a bound fills up"
BARE_INSTANCE: Final = 250
"""Bytes that an instance may take in memory, beyond its value."""

VALUE: Final = 16
FLAT: Final = 10.0
"""Bytes an instance up to which memory is called flat: pages come and go."""


@dataclass(frozen=True, slots=True)
class Aim:
    """One bound.

    Args:
        figure: what it is about.
        bound: "at most" or "at least".
        limit: the bound's value.
        unit: of the value, or beside what it is a ratio.
        look: finds the measured value.
        lacking: why there is none, where the reason is known.
    """

    figure: str
    bound: Literal["at most", "at least"]
    limit: float
    unit: str
    look: Look
    lacking: str = ""

    def judge(self, results: Results) -> tuple[Verdict, Spread | None]:
        """Return the verdict, and what its median was found in."""
        found = self.look(results)
        if found is None:
            return "not measured", None
        value = found.median
        good = value <= self.limit if self.bound == "at most" else value >= self.limit
        return ("met" if good else "missed"), found


def find(
    results: Results, benchmark: str, title: str, row: str, case: str = "", figure: str = ""
) -> Figure | None:
    """Return a figure; the row's first if it is not named.

    Args:
        results: of the run.
        benchmark: its name.
        title: a part of the table's title.
        row: the row's name.
        case: the row's case.
        figure: the figure's name with unit.
    """
    for table in results.get(benchmark, ()):
        if title in table.title and (found := table.find(row, case)) is not None:
            return found.figures.get(figure or next(iter(found.figures)))
    return None


def value(benchmark: str, title: str, row: str, case: str = "", figure: str = "") -> Look:
    """Return what finds a figure; the arguments are those of `find`."""

    def look(results: Results) -> Spread | None:
        found = find(results, benchmark, title, row, case, figure)
        return None if found is None else found.spread

    return look


def ratio(reference: str, benchmark: str, title: str, row: str, case: str = "") -> Look:
    """Return what finds the ratio of a row's first figure to a reference."""

    def look(results: Results) -> Spread | None:
        found = find(results, benchmark, title, row, case)
        if found is None or reference not in found.ratios:
            return None
        return found.ratio(reference)

    return look


def last(case: str, figure: str) -> Look:
    """Return what finds a figure of growth at the last mark of a case, beyond the first."""

    def look(results: Results) -> Spread | None:
        rows = [row for table in results.get("growth", ()) for row in table.rows]
        marks = [row for row in rows if row.case == case]
        return marks[-1].figures[figure].spread if len(marks) > 1 else None

    return look


def rate_beside(reference: str, case: Case, row: str = "ours") -> Look:
    """Return what finds the ratio of a rate."""
    return ratio(reference, "throughput", "closed loop", row, str(case))


def latency_beside(reference: str, row: str = latency.BARE_CALLER) -> Look:
    """Return what finds the ratio of the latency that a waiting caller sees."""
    return ratio(reference, "latency", "in memory", row)


EVERYTHING, COUNTERS = TraceLevel.EVERYTHING.value, TraceLevel.COUNTERS.value
PLAIN, BATCHED = peer.SETTINGS
LOADED: Final = "console, 10,000 events/s"

ONE: Final = "latency, 1 outstanding"
MANY: Final = "throughput, 256 outstanding"
MORE: Final = "throughput, 1,024 outstanding, batching"

AIMS: Final = (
    Aim(
        ONE,
        "at most",
        1.5,
        "x floor",
        latency_beside("floor"),
    ),
    Aim(ONE, "at most", 0.2, "x PySyncObj", latency_beside(PLAIN)),
    Aim(MANY, "at least", 5, "x floor", rate_beside("floor", Case(256), BARE)),
    Aim(
        MANY,
        "at least",
        0.25,
        "x floor, coalesced",
        rate_beside("floor, coalesced", Case(256), BARE),
    ),
    Aim(MANY, "at least", 40, "x PySyncObj", rate_beside(PLAIN, Case(256), BARE)),
    Aim(
        MORE,
        "at least",
        1.0,
        "x floor, coalesced",
        rate_beside("floor, coalesced", Case(1_024), BATCHING),
    ),
    Aim(
        MORE,
        "at least",
        10,
        "x PySyncObj, batching",
        rate_beside(BATCHED, Case(1_024), BATCHING),
    ),
    Aim(
        "durable, 1,024 outstanding",
        "at least",
        0.5,
        "x in memory",
        ratio(IN_MEMORY, "throughput", DURABLE_TITLE, DURABLE, BARE),
    ),
    Aim(
        "full trace, 64 outstanding",
        "at least",
        0.4,
        "x counters only",
        ratio(COUNTERS, "throughput", "by trace level", EVERYTHING),
    ),
    Aim(
        "a burst, all answered",
        "at least",
        0.8,
        "x steady",
        ratio("steady", "burst", "at once", "burst"),
    ),
    Aim("takeover", "at most", 3, "heartbeat intervals", value("takeover", "failure", "idle")),
    Aim(
        "console, start to first paint",
        "at most",
        1.6,
        "x bare app",
        ratio("bare app", "console", "first paint", "console"),
    ),
    *(
        Aim(
            f"console, key to paint, {when}, {quantile}",
            "at most",
            limit,
            "ms",
            value("console", "key to paint", row, figure=f"{quantile} ms"),
        )
        for when, row, limits in (
            ("idle", "console, idle", {"p50": 10, "p95": 25}),
            ("10,000 events/s", LOADED, {"p50": 25, "p95": 60}),
        )
        for quantile, limit in limits.items()
    ),
    Aim(
        f"memory, before compaction, {VALUE} B values",
        "at most",
        BARE_INSTANCE + VALUE,
        "bytes an instance",
        last("no compaction", "bytes an instance"),
        FILLING,
    ),
    Aim(
        "memory, with compaction",
        "at most",
        FLAT,
        "bytes an instance",
        last("compaction as by default", "bytes an instance"),
        FILLING,
    ),
    Aim(
        "simulator, checks off",
        "at least",
        100_000,
        "deliveries and timers/s",
        value("simulator", "simulator", "checks off"),
    ),
    Aim(
        "simulator, checks on",
        "at least",
        60_000,
        "deliveries and timers/s",
        value("simulator", "simulator", "checks on"),
    ),
)

NEEDED: Final = (
    "latency",
    "throughput",
    "burst",
    "takeover",
    "simulator",
    "growth",
    "console",
)
"""The benchmarks that the aims are about."""


def as_data(results: Results) -> list[dict[str, Any]]:
    """Return every aim with its verdict, as what JSON can hold."""
    judged = []
    for aim in AIMS:
        verdict, found = aim.judge(results)
        judged.append(
            {
                "figure": aim.figure,
                "bound": aim.bound,
                "limit": aim.limit,
                "unit": aim.unit,
                "measured": None if found is None else found.median,
                "range": None if found is None else [found.low, found.high],
                "verdict": verdict,
                "reason": aim.lacking if found is None else "",
            }
        )
    return judged


def show(results: Results, console: Console) -> None:
    """Print the aims as a table."""
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("figure", "aim", "measured", "verdict"):
        grid.add_column(heading, justify="right" if heading == "measured" else "left")
    for aim in as_data(results):
        measured = "" if aim["range"] is None else shown(Spread(aim["measured"], *aim["range"]))
        bound = f"{aim['bound']} {number(aim['limit'])} {aim['unit']}"
        verdict = f"{aim['verdict']}: {aim['reason']}" if aim["reason"] else aim["verdict"]
        grid.add_row(aim["figure"], bound, measured, verdict)
    console.print("\naims", style="bold")
    console.print(grid)
