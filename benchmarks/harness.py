"""What all benchmarks share: ways that take turns, medians, ranges, and ratios to a reference.

Absolute figures move with the machine, and with whatever else it does. A ratio is therefore taken
within each round, between samples that lie next to each other in time; its median is what holds.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Sample: TypeAlias = Mapping[str, float]
"""One look: figure with its unit -> value."""

Way: TypeAlias = Callable[[], Sample]
"""Something that can be measured once more."""

Taken: TypeAlias = Mapping[str, Sequence[Sample]]
"""Way -> its samples, one a round."""

Tell: TypeAlias = Callable[[str], None]
"""Told what is measured next."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the samples lie."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured of one thing.

    Args:
        values: one a round.
        ratios: reference -> value divided by that of the reference, one a round.
    """

    values: tuple[float, ...]
    ratios: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def spread(self) -> Spread:
        """Median and range of the values."""
        return Spread.of(self.values)

    def ratio(self, reference: str) -> Spread:
        """Return median and range of the ratios to a reference; KeyError if there are none."""
        return Spread.of(self.ratios[reference])


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured.

    Args:
        name: what it is: ours, or a reference.
        figures: name with unit -> figure; the first is what the table is about.
        case: the circumstances, where a table has several.
    """

    name: str
    figures: Mapping[str, Figure]
    case: str = ""


@dataclass(slots=True)
class Table:
    """Rows that may be compared, and what has to be known about them."""

    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def find(self, name: str, case: str = "") -> Row | None:
        """Return the row of that name in that case."""
        return next((r for r in self.rows if (r.name, r.case) == (name, case)), None)


def take_turns(
    ways: Mapping[str, Way], rounds: int, tell: Tell = lambda what: None
) -> dict[str, list[Sample]]:
    """Measure every way once a round, in the order given, so that all see the same weather.

    Args:
        ways: name -> way.
        rounds: how often.
        tell: told what comes next.
    """
    taken: dict[str, list[Sample]] = {name: [] for name in ways}
    for turn in range(1, rounds + 1):
        for name, way in ways.items():
            tell(f"{name}, {turn} of {rounds}")
            taken[name].append(way())
    return taken


def rows_of(taken: Taken, references: Iterable[str] = (), case: str = "") -> list[Row]:
    """Return a row for each way, with ratios to those of the references that took part.

    A ratio to a reference that was zero is left out, and so is one to a figure that the reference
    does not have.
    """
    present = [name for name in references if name in taken]
    return [
        Row(name, {figure: _figure(taken, name, figure, present) for figure in samples[0]}, case)
        for name, samples in taken.items()
    ]


def _figure(taken: Taken, name: str, figure: str, references: Sequence[str]) -> Figure:
    values = tuple(sample[figure] for sample in taken[name])
    ratios = {}
    for reference in references:
        beside = [sample.get(figure, 0.0) for sample in taken[reference]]
        if reference != name and all(beside):
            ratios[reference] = tuple(a / b for a, b in zip(values, beside, strict=True))
    return Figure(values, ratios)


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which `part` (0 to 1) of the values lie; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
