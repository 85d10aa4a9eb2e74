"""Ways take turns, and a ratio compares what lies next to each other in time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.harness import Figure, Sample, Spread, percentile, rows_of, take_turns


class Machine:
    """A machine with a clock of its own, on which work takes longer from round to round."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slowness = 1.0
        self.order: list[str] = []

    def work(self, name: str, seconds: float) -> Callable[[], Sample]:
        """Return a way that takes so long on the machine as it was at first."""

        def way() -> Sample:
            began = self.now
            self.now += seconds * self.slowness
            self.order.append(name)
            return {"s": self.now - began}

        return way

    def tire(self) -> Sample:
        """Become ten times as slow; a way that takes no time."""
        self.slowness *= 10
        return {"s": 0.0}


def test_every_way_has_its_turn_in_every_round() -> None:
    machine = Machine()
    ways = {name: machine.work(name, 1) for name in ("ours", "floor", "peer")}
    taken = take_turns(ways, 3)
    assert machine.order == ["ours", "floor", "peer"] * 3
    assert [len(samples) for samples in taken.values()] == [3, 3, 3]


def test_it_says_what_comes_next() -> None:
    machine, told = Machine(), list[str]()
    take_turns({"ours": machine.work("ours", 1)}, 2, told.append)
    assert told == ["ours, 1 of 2", "ours, 2 of 2"]


def test_a_machine_that_slows_down_moves_the_figures_and_not_the_ratio() -> None:
    machine = Machine()
    ways = {
        "floor": machine.work("floor", 2),
        "ours": machine.work("ours", 3),
        "weather": machine.tire,
    }
    floor, ours, _ = rows_of(take_turns(ways, 3), ["floor"])
    assert ours.figures["s"].spread == Spread(30, 3, 300)
    assert ours.figures["s"].ratio("floor") == Spread(1.5, 1.5, 1.5)
    assert floor.figures["s"].ratios == {}


def test_a_reference_that_did_not_take_part_gives_no_ratio() -> None:
    (ours,) = rows_of({"ours": [{"s": 1.0}]}, ["PySyncObj"])
    assert ours.figures["s"].ratios == {}


@pytest.mark.parametrize("reference", [{"s": 0.0}, {"bytes": 5.0}])
def test_nor_does_one_that_was_zero_or_measured_something_else(reference: Sample) -> None:
    taken = {"ours": [{"s": 1.0}], "floor": [reference]}
    ours, _ = rows_of(taken, ["floor"])
    assert ours.figures["s"].ratios == {}


def test_a_row_carries_its_case() -> None:
    (row,) = rows_of({"ours": [{"s": 1.0}]}, case="64 outstanding")
    assert (row.name, row.case) == ("ours", "64 outstanding")


def test_a_spread_is_the_median_and_the_range() -> None:
    assert Figure((5.0, 1.0, 2.0)).spread == Spread(2, 1, 5)


@pytest.mark.parametrize(("part", "value"), [(0.0, 1), (0.5, 51), (0.99, 100), (1.0, 100)])
def test_a_percentile_is_one_of_the_values(part: float, value: int) -> None:
    assert percentile(range(1, 101), part) == value
