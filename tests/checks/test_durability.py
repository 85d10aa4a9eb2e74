"""Nothing leaves before its record is durable, and no answer is without a record."""

from __future__ import annotations

from paxos_engine.checks.durability import DURABLE_FIRST, RECORDED, DurableBeforeSent
from paxos_engine.checks.holdings import OVERTAKEN_KEPT, Holdings
from paxos_engine.roles.events import Crashed, Dropped
from paxos_engine.roles.messages import Accepted, Heartbeat, Promise
from tests.checks.histories import History, cmd, n, report, rules, verdicts

X = cmd("x")


def broken(history: History) -> set[str]:
    holdings = Holdings()
    return rules([holdings, DurableBeforeSent(holdings)], history)


def test_an_answer_after_the_sync_of_its_record_is_right() -> None:
    history = History().promise("A1", n(1)).page("A1", n(1))
    assert not broken(history.vote("A1", n(1), 1, X).acknowledge("A1", n(1), 1))


def test_an_answer_before_the_sync_of_its_record_is_caught() -> None:
    history = History().vote("A1", n(1), 1, X, sync=False).acknowledge("A1", n(1), 1)
    holdings = Holdings()
    [violation] = verdicts([holdings, DurableBeforeSent(holdings)], history)
    assert violation.rule == DURABLE_FIRST
    assert "depends on record 1, and its disk has vouched for 0" in violation.text
    assert broken(History().promise("A1", n(1), sync=False).page("A1", n(1))) == {DURABLE_FIRST}


def test_any_message_of_any_node_waits_for_what_it_rests_on() -> None:
    beat = Heartbeat(n(1), 0)
    assert broken(History().send("L1", "A1", beat, after=1)) == {DURABLE_FIRST}
    history = History().restart("L1", None, mark=7)
    assert not broken(history.send("L1", "A1", beat, after=7)), "what it came with is durable"
    assert broken(history.send("L1", "A1", beat, after=8)) == {DURABLE_FIRST}


def test_an_answer_that_claims_to_rest_on_less_than_its_record_is_caught() -> None:
    history = History().vote("A1", n(1), 1, X, sync=False)
    assert broken(history.acknowledge("A1", n(1), 1, after=0)) == {RECORDED}
    promise = History().promise("A1", n(1), sync=False)
    promise._marks["A1"] = 0
    assert broken(promise.page("A1", n(1))) == {RECORDED}


def test_an_acknowledgement_of_what_was_not_accepted_is_caught() -> None:
    history = History().vote("A1", n(1), 1, X)
    assert broken(history.acknowledge("A1", n(1), 2)) == {RECORDED}
    assert broken(History().vote("A1", n(1), 1, X).acknowledge("A1", n(2), 1)) == {RECORDED}


def test_every_instance_of_an_interval_has_to_be_accepted() -> None:
    history = History().vote("A1", n(1), 1, X).vote("A1", n(1), 3, X)
    whole = Accepted(n(1), ((1, 1), (3, 3)))
    assert not broken(history.send("A1", "L1", whole))
    assert broken(history.send("A1", "L1", Accepted(n(1), ((1, 3),)))) == {RECORDED}


def test_a_promise_that_was_never_made_is_caught() -> None:
    assert broken(History().vote("A1", n(1), 1, X).page("A1", n(2))) == {RECORDED}


def test_a_promise_that_is_repeated_rests_on_its_first_record() -> None:
    history = History().promise("A1", n(1)).vote("A1", n(1), 1, X, sync=False)
    first = history._marks["A1"] - 1
    history._marks["A1"] = first
    assert not broken(history.page("A1", n(1)))


def test_a_promise_that_a_wider_one_or_a_vote_covers_needs_no_record_of_its_own() -> None:
    """In classic mode a leader asks for one instance under a number promised for all."""
    history = History().promise("A1", n(1)).page("A1", n(1), first=7, last=7)
    assert not broken(history)
    narrow = History().promise("A1", n(1), first=8)
    assert broken(narrow.page("A1", n(1), first=7, last=7)) == {RECORDED}
    voted = History().vote("A1", n(1), 7, X)
    assert not broken(voted.page("A1", n(1), report(7, n(1), X), first=7, last=7))
    unsynced = History().vote("A1", n(1), 7, X, sync=False)
    unsynced._marks["A1"] = 0
    assert broken(unsynced.page("A1", n(1), first=7, last=7)) == {RECORDED}


def test_a_vote_that_was_overtaken_may_still_be_told() -> None:
    """Both were cast in one turn, and the answers leave after one sync."""
    history = History().vote("A1", n(1), 1, X, sync=False).vote("A1", n(2), 1, X, sync=False)
    history.sync("A1").acknowledge("A1", n(1), 1)
    assert not broken(history.acknowledge("A1", n(2), 1))


def test_a_vote_that_was_overtaken_often_may_be_told_though_its_record_is_forgotten() -> None:
    history = History()
    for round_ in range(1, OVERTAKEN_KEPT + 3):
        history.vote("A1", n(round_), 1, X)
    assert not broken(history.acknowledge("A1", n(1), 1))
    assert broken(history.acknowledge("A1", n(1), 2)) == {RECORDED}  # there it never voted


def test_a_number_without_a_vote_is_caught_though_many_votes_were_overtaken() -> None:
    history = History()
    for round_ in range(1, 2 * OVERTAKEN_KEPT, 2):
        history.vote("A1", n(round_), 1, X)
    assert broken(history.acknowledge("A1", n(4), 1)) == {RECORDED}


def test_a_promise_rests_on_the_first_record_that_covers_its_range() -> None:
    history = History().promise("A1", n(1), 1, 9)
    assert not broken(history.page("A1", n(1), first=1, last=9))
    assert not broken(history.page("A1", n(1), first=4, last=6))
    history = History().promise("A1", n(1), 1, 9)
    assert broken(history.page("A1", n(1), first=4, last=10)) == {RECORDED}
    history = History().promise("A1", n(1), 1).promise("A1", n(1), 3)
    again = Promise(n(1), 3, None, 3, None, True, 0, ())
    assert not broken(history.send("A1", "L1", again, after=1))


def test_what_a_power_cut_left_counts_with_all_that_came_before_it() -> None:
    history = History().vote("A1", n(1), 1, X)
    history.vote("A1", n(2), 1, X, sync=False).vote("A1", n(3), 1, X, sync=False)
    history.say("A1", Crashed("power cut", "1 vote")).restart("A1", n(2), 1, mark=2)
    assert not broken(history.acknowledge("A1", n(2), 1, after=2))
    assert not broken(history.acknowledge("A1", n(1), 1, after=2))


def test_a_vote_that_was_compacted_meanwhile_may_still_be_told() -> None:
    history = History().vote("A1", n(1), 1, X).say("A1", Dropped(1))
    assert not broken(history.acknowledge("A1", n(1), 1))


def test_a_power_cut_takes_back_the_right_to_answer() -> None:
    history = History().vote("A1", n(1), 1, X, sync=False)
    history.say("A1", Crashed("power cut", "1 vote")).restart("A1", n(0, 0))
    assert broken(history.acknowledge("A1", n(1), 1)) == {RECORDED}


def test_a_wiped_disk_vouches_for_nothing() -> None:
    history = History().vote("A1", n(1), 1, X).say("A1", Crashed("wipe", "everything"))
    assert broken(history.send("A1", "L1", Heartbeat(n(1), 0), after=1)) == {DURABLE_FIRST}


def test_a_number_that_was_never_accepted_is_caught_beside_a_vote_that_was_overtaken() -> None:
    history = History().vote("A1", n(1), 1, X).vote("A1", n(3), 1, X)
    assert not broken(history.acknowledge("A1", n(1), 1))
    assert broken(history.acknowledge("A1", n(2), 1)) == {RECORDED}


def test_what_was_accepted_before_the_trace_began_may_be_told() -> None:
    history = History().restart("A1", n(1), accepted=1, mark=3)
    assert not broken(history.acknowledge("A1", n(1), 1))
