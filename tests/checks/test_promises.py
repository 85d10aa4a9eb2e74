"""An acceptor keeps its promises, over ranges, votes and crashes."""

from __future__ import annotations

import pytest

from paxos_engine.checks.promises import NEVER_LESS, NOT_BELOW, PromisesKept
from paxos_engine.roles.events import Crashed, Dropped, Failed
from tests.checks.histories import History, cmd, n, rules, verdicts

X = cmd("x")
POWER_CUT = Crashed("power cut", "what was not synced")


def broken(history: History) -> set[str]:
    return rules([PromisesKept()], history)


def test_a_lower_promise_after_a_higher_one_is_caught() -> None:
    history = History().promise("A1", n(2)).promise("A1", n(1, 2))
    [violation] = verdicts([PromisesKept()], history)
    assert violation.rule == NEVER_LESS
    assert violation.evidence == (1, 3)
    assert violation.text == "A1 promised 1.L2 for 1.. although it had promised 2.L1"


def test_promises_that_rise_or_are_repeated_are_right() -> None:
    assert not broken(History().promise("A1", n(1)).promise("A1", n(1)).promise("A1", n(1, 2)))


def test_each_acceptor_has_promises_of_its_own() -> None:
    assert not broken(History().promise("A1", n(2)).promise("A2", n(1)))


def test_a_vote_below_a_promise_is_caught() -> None:
    assert broken(History().promise("A1", n(2, 2)).vote("A1", n(2, 1), 7, X)) == {NOT_BELOW}


def test_a_vote_at_a_promise_or_above_is_right() -> None:
    assert not broken(History().promise("A1", n(2)).vote("A1", n(2), 1, X).vote("A1", n(3), 1, X))


def test_a_promise_binds_only_the_instances_that_it_covers() -> None:
    assert not broken(History().promise("A1", n(2), first=5).vote("A1", n(1), 4, X))
    assert broken(History().promise("A1", n(2), first=5).vote("A1", n(1), 5, X)) == {NOT_BELOW}


def test_a_higher_promise_further_up_does_not_lift_the_one_below() -> None:
    history = History().promise("A1", n(2), first=1).promise("A1", n(5), first=10)
    assert not broken(history.vote("A1", n(2), 9, X))


def test_a_promise_for_everything_must_top_each_single_promise_in_it() -> None:
    history = History().promise("A1", n(5), first=8, last=8)
    assert broken(history.promise("A1", n(4), first=3)) == {NEVER_LESS}


def test_a_promise_for_everything_above_a_single_promise_is_free_of_it() -> None:
    history = History().promise("A1", n(5), first=8, last=8)
    assert not broken(history.promise("A1", n(4), first=9))


def test_a_vote_raises_the_promise_of_its_instance_only() -> None:
    history = History().vote("A1", n(3), 1, X)
    assert not broken(History().vote("A1", n(3), 1, X).vote("A1", n(2), 2, X))
    assert broken(history.vote("A1", n(2), 1, X)) == {NOT_BELOW}


def test_a_promise_is_kept_over_a_crash_if_it_was_synced() -> None:
    history = History().promise("A1", n(2)).say("A1", POWER_CUT)
    assert broken(history.promise("A1", n(1))) == {NEVER_LESS}


@pytest.mark.parametrize("end", [POWER_CUT, Failed("power cut")])
def test_a_promise_that_a_power_cut_took_back_binds_nobody(end: Crashed | Failed) -> None:
    history = History().promise("A1", n(2), sync=False).say("A1", end)
    assert not broken(history.promise("A1", n(1)))


def test_a_failure_that_keeps_the_memory_keeps_the_promise() -> None:
    history = History().promise("A1", n(2), sync=False).say("A1", Failed())
    assert broken(history.promise("A1", n(1))) == {NEVER_LESS}


def test_votes_for_many_instances_under_one_number_take_the_memory_of_one_run() -> None:
    check = PromisesKept()
    history = History()
    for instance in range(1, 1001):
        history.vote("A1", n(1), instance, X)
    assert not verdicts([check], history)
    assert check._durable["A1"]._points[n(1)].runs == 1


def test_a_vote_in_an_instance_that_was_compacted_binds_no_promise_for_others() -> None:
    """Found by the simulator: the instance is decided, and forgotten by its acceptor."""
    history = History().vote("A1", n(6), 4, X)
    assert broken(history.promise("A1", n(5, 2), first=2)) == {NEVER_LESS}
    compacted = History().vote("A1", n(6), 4, X).say("A1", Dropped(4))
    assert not broken(compacted.promise("A1", n(5, 2), first=2))


def test_a_wiped_acceptor_has_promised_nothing() -> None:
    history = History().promise("A1", n(2)).say("A1", Crashed("wipe", "its disk"))
    assert not broken(history.promise("A1", n(1)))
    assert broken(History().promise("A1", n(2)).promise("A1", n(1))) == {NEVER_LESS}


def test_what_a_power_cut_left_on_the_disk_after_all_binds() -> None:
    history = History().promise("A1", n(2), sync=False).say("A1", POWER_CUT)
    assert broken(history.restart("A1", n(2), mark=1).promise("A1", n(1))) == {NEVER_LESS}
