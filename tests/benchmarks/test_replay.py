"""A replay that is measured: every wait of a person, beside the same reference."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.replay import MOMENTS, SURVEY, measure
from benchmarks.scale import QUICK
from benchmarks.trace import PARSE


def test_the_pass_and_every_wait_stand_beside_parsing_the_same_file() -> None:
    a_pass, waits = measure(replace(QUICK, events=600, rounds=2), lambda what: None)
    assert a_pass.title.startswith("a pass over 600 events")
    assert [row.name for row in a_pass.rows] == [PARSE, "read", SURVEY]
    assert [row.name for row in waits.rows] == [PARSE, *MOMENTS]
    for row in a_pass.rows:
        assert list(row.figures) == ["CPU us an event", "MiB"]
    for row in [*a_pass.rows[1:], *waits.rows[1:]]:
        first = next(iter(row.figures.values()))
        assert len(first.values) == 2
        assert list(first.ratios) == [PARSE]


def test_what_parsing_takes_is_the_same_in_both_tables() -> None:
    a_pass, waits = measure(replace(QUICK, events=600), lambda what: None)
    (an_event,) = a_pass.rows[0].figures["CPU us an event"].values
    (all_of_them,) = waits.rows[0].figures["CPU ms"].values
    assert round(all_of_them * 1e3 / an_event) == 600
