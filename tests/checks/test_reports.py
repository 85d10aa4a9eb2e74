"""A promise tells all that was accepted below its number, and nothing that was not."""

from __future__ import annotations

import pytest

from paxos_engine.checks.holdings import Holdings
from paxos_engine.checks.reports import TRUE_REPORT, ReportsTrue
from paxos_engine.roles.events import Crashed, Dropped
from tests.checks.histories import History, cmd, n, report, rules, verdicts

X, Y = cmd("x", 1), cmd("y", 2)
WIPE = Crashed("wipe", "its disk")
POWER_CUT = Crashed("power cut", "what was not synced")


def broken(history: History) -> set[str]:
    holdings = Holdings()
    return rules([holdings, ReportsTrue(holdings)], history)


def voted() -> History:
    """A1 has accepted x under 1.L1 in instance 1."""
    return History().vote("A1", n(1), 1, X)


def test_a_promise_that_reports_what_was_accepted_is_right() -> None:
    told = report(1, n(1), X)
    assert not broken(voted().promise("A1", n(2), reported=(told,)).page("A1", n(2), told))


def test_a_promise_that_hides_a_vote_is_caught_in_the_event_and_in_the_message() -> None:
    holdings = Holdings()
    [violation] = verdicts([holdings, ReportsTrue(holdings)], voted().promise("A1", n(2)))
    assert violation.rule == TRUE_REPORT
    assert violation.evidence == (1, 3)
    assert violation.text == (
        "A1 reports nothing for 1 in its promise of 2.L1, although it had accepted a proposal"
        " numbered 1.L1"
    )
    assert broken(voted().page("A1", n(2))) == {TRUE_REPORT}


def test_a_report_of_what_was_never_accepted_is_caught() -> None:
    assert broken(voted().page("A2", n(2), report(1, n(1), X))) == {TRUE_REPORT}
    assert broken(voted().page("A1", n(3), report(1, n(2), X))) == {TRUE_REPORT}


def test_a_report_with_another_value_is_caught() -> None:
    assert broken(voted().page("A1", n(2), report(1, n(1), Y))) == {TRUE_REPORT}


def test_a_report_of_an_older_vote_than_the_last_one_is_caught() -> None:
    history = voted().vote("A1", n(2), 1, Y)
    assert broken(history.page("A1", n(3), report(1, n(1), X))) == {TRUE_REPORT}
    again = voted().vote("A1", n(2), 1, Y)
    assert not broken(again.page("A1", n(3), report(1, n(2), Y)))


def test_what_lies_outside_of_the_promised_range_need_not_be_told() -> None:
    assert not broken(voted().page("A1", n(2), first=2))


def test_each_page_tells_what_lies_in_it() -> None:
    history = voted().vote("A1", n(1), 9, Y)
    first = report(1, n(1), X)
    assert not broken(
        history.page("A1", n(2), first, covers_to=5, final=False).page(
            "A1", n(2), report(9, n(1), Y), cursor=6
        )
    )
    short = voted().vote("A1", n(1), 9, Y)
    assert broken(short.page("A1", n(2), first, covers_to=9, final=False)) == {TRUE_REPORT}


def test_what_was_accepted_under_the_number_itself_or_above_may_be_told_or_not() -> None:
    """A promise that waits for a slow disk may leave after a later vote of the same node."""
    assert not broken(History().vote("A1", n(5), 1, X).page("A1", n(5)))
    assert not broken(voted().vote("A1", n(5), 1, Y).page("A1", n(2), report(1, n(1), X)))


def test_what_was_compacted_need_not_be_told() -> None:
    history = voted().say("A1", Dropped(1)).page("A1", n(2), compacted=1)
    assert not broken(history)
    assert not broken(voted().say("A1", Dropped(1)).page("A1", n(2), report(1, n(1), X)))


def test_compaction_is_no_excuse_where_there_was_none() -> None:
    assert broken(voted().page("A1", n(2), compacted=1)) == {TRUE_REPORT}


def test_a_vote_that_a_power_cut_took_back_is_not_reported() -> None:
    lost = History().vote("A1", n(1), 1, X, sync=False).say("A1", POWER_CUT)
    assert not broken(lost.restart("A1", n(0, 0)).page("A1", n(2)))
    kept = History().vote("A1", n(1), 1, X).say("A1", POWER_CUT).restart("A1", n(1), 1, mark=1)
    assert broken(kept.page("A1", n(2))) == {TRUE_REPORT}


def test_the_vote_before_one_that_a_power_cut_took_back_is_reported_again() -> None:
    history = voted().vote("A1", n(2), 1, Y, sync=False).say("A1", POWER_CUT)
    history.restart("A1", n(1), 1, mark=1)
    assert not broken(history.page("A1", n(3), report(1, n(1), X)))
    assert broken(history.page("A1", n(4))) == {TRUE_REPORT}


def test_a_wiped_acceptor_has_nothing_to_tell() -> None:
    assert not broken(voted().say("A1", WIPE).restart("A1", n(0, 0)).page("A1", n(2)))


@pytest.mark.parametrize("number", [1, 2])
def test_what_was_accepted_before_the_trace_began_may_be_reported(number: int) -> None:
    told = report(1, n(number), X)
    history = History().restart("A1", n(2), accepted=1, mark=4)
    history.promise("A1", n(3), reported=(told,)).page("A1", n(3), told)
    assert not broken(history)


def test_once_reported_it_is_known_and_cannot_be_hidden_or_changed() -> None:
    history = History().restart("A1", n(1), accepted=1, mark=4)
    history.promise("A1", n(3), reported=(report(1, n(1), X),))
    assert broken(history.page("A1", n(4))) == {TRUE_REPORT}
    history.entries.pop()
    history.entries.pop()
    assert broken(history.page("A1", n(4), report(1, n(1), Y))) == {TRUE_REPORT}
