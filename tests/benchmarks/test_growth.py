"""Growth is shown with its range, each look beside the first of the same run."""

from __future__ import annotations

from benchmarks.growth import (
    BY_DEFAULT,
    CASES,
    FIGURES,
    at_mark,
    grow,
    looks_of,
    marks_of,
    rounds_of,
)
from benchmarks.harness import Spread
from benchmarks.scale import LONG, QUICK, USUAL

MARKS = (1_000, 10_000)


def run(first: float, second: float) -> dict[str, float]:
    """Return the sample of a run in which every figure is the same at a mark."""
    looks = zip(MARKS, (first, second), strict=True)
    return {at_mark(figure, mark): value for mark, value in looks for figure in FIGURES}


def test_each_mark_has_median_range_and_its_ratio_to_the_first_of_its_own_run() -> None:
    first, second = looks_of([run(100, 110), run(200, 240)], MARKS, "a case")
    assert [(row.case, row.name) for row in (first, second)] == [
        ("a case", "1,000"),
        ("a case", "10,000"),
    ]
    for figure in FIGURES:
        assert first.figures[figure].spread == Spread(150, 100, 200)
        assert second.figures[figure].spread == Spread(175, 110, 240)
        ratio = second.figures[figure].ratio("1,000")
        assert (round(ratio.low, 6), round(ratio.high, 6)) == (1.1, 1.2)


def test_a_range_needs_two_rounds_and_only_the_longest_history_has_one() -> None:
    assert [rounds_of(scale) for scale in (QUICK, USUAL, LONG)] == [1, 2, 1]


def test_a_compacted_history_alone_is_looked_at_up_to_a_million() -> None:
    for scale, last in ((QUICK, 1_000), (USUAL, 1_000_000), (LONG, 1_000_000)):
        assert marks_of(BY_DEFAULT, scale)[-1] == last
        assert marks_of(BY_DEFAULT, scale)[: len(scale.instances)] == scale.instances
        assert {marks_of(case, scale) for case in CASES if case != BY_DEFAULT} == {scale.instances}


def test_a_run_has_every_figure_at_every_mark() -> None:
    marks = (320, 340)
    sample = grow(marks, {})
    assert set(sample) == {at_mark(figure, mark) for mark in marks for figure in FIGURES}
    assert all(sample[at_mark("us a command", mark)] > 0 for mark in marks)
