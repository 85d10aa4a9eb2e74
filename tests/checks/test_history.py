"""What is learned was chosen, what is applied is one history, what is answered is true."""

from __future__ import annotations

import pytest

from paxos_engine.checks.agreement import AgreementChecker
from paxos_engine.checks.history import (
    ANSWER_IS_TRUE,
    APPLIED_ONCE,
    IN_ORDER,
    LEARNED_IS_CHOSEN,
    ONE_ANSWER,
    SAME_PREFIX,
    VOTERS_ARE_QUORUM,
    AnsweredOnce,
    AppliedInOrder,
    LearnedIsChosen,
)
from paxos_engine.roles.events import Applied, Crashed, Restarted
from paxos_engine.roles.values import Batch
from tests.checks.histories import QUORUMS, History, cmd, n, rules

X, Y, Z = cmd("x", 1), cmd("y", 2), cmd("z", 3)


def learning(history: History) -> set[str]:
    agreement = AgreementChecker(QUORUMS)
    return rules([agreement, LearnedIsChosen(QUORUMS, agreement)], history)


def applying(history: History) -> set[str]:
    return rules([AppliedInOrder()], history)


def answering(history: History) -> set[str]:
    agreement = AgreementChecker(QUORUMS)
    return rules([agreement, AnsweredOnce(agreement)], history)


def test_learning_what_was_chosen_is_right() -> None:
    assert not learning(History().choose(1, X).learn("L1", 1, X, "A1", "A2"))


@pytest.mark.parametrize("source", ["votes", "catch-up", "snapshot"])
def test_learning_another_value_than_the_chosen_one_is_caught(source: str) -> None:
    history = History().choose(1, X).learn("L1", 1, Y, "A1", "A2", source=source)
    assert learning(history) == {LEARNED_IS_CHOSEN}


def test_instances_are_counted_from_one_and_nothing_is_chosen_below() -> None:
    assert learning(History().choose(1, X).learn("L1", 0, X, source="catch-up")) == {
        LEARNED_IS_CHOSEN
    }


def test_learning_what_is_not_chosen_yet_is_caught() -> None:
    history = History().vote("A1", n(1), 1, X).learn("L1", 1, X, source="catch-up")
    assert learning(history) == {LEARNED_IS_CHOSEN}


def test_a_quorum_is_made_of_distinct_acceptors() -> None:
    twice = History().choose(1, X).learn("L1", 1, X, "A1", "A1")
    assert learning(twice) == {VOTERS_ARE_QUORUM}
    strangers = History().choose(1, X).learn("L1", 1, X, "A1", "L2")
    assert learning(strangers) == {VOTERS_ARE_QUORUM}


def test_what_comes_from_a_peer_needs_no_voters() -> None:
    assert not learning(History().choose(1, X).learn("L2", 1, X, source="catch-up"))


def test_a_hole_in_what_a_leader_applies_is_caught() -> None:
    assert applying(History().apply("L1", 1, X).apply("L1", 3, Y)) == {IN_ORDER}
    assert applying(History().apply("L1", 2, X)) == {IN_ORDER}


def test_an_instance_that_is_applied_again_is_caught() -> None:
    assert IN_ORDER in applying(History().apply("L1", 1, X).apply("L1", 1, X))


def test_leaders_apply_in_order_each_at_its_own_pace() -> None:
    history = History().apply("L1", 1, X).apply("L1", 2, None).apply("L2", 1, X)
    assert not applying(history.apply("L2", 2, None))


def test_a_leader_that_crashed_goes_on_from_wherever_its_disk_is() -> None:
    history = History().apply("L1", 1, X).apply("L1", 2, Y).say("L1", Crashed("kill", "memory"))
    history.say("L1", Restarted(None, 0, 1, 1))
    assert not applying(history.apply("L1", 2, Y).apply("L1", 3, None))
    assert applying(history.say("L1", Crashed("kill", "memory")).apply("L1", 3, None)) == {IN_ORDER}


def test_two_leaders_that_apply_different_commands_in_one_instance_are_caught() -> None:
    """Also where both come to the same state, as after two reads."""
    history = History().apply("L1", 1, X).apply("L2", 1, Y)
    assert applying(history) == {SAME_PREFIX}
    assert applying(History().apply("L1", 1, None).apply("L2", 1, Y)) == {SAME_PREFIX}


def test_two_leaders_in_different_states_after_one_instance_are_caught() -> None:
    history = History().apply("L1", 1, X).apply("L2", 1, X, state="other")
    assert applying(history) == {SAME_PREFIX}


def test_a_command_that_is_applied_in_two_instances_is_caught() -> None:
    assert applying(History().apply("L1", 1, X).apply("L1", 2, X)) == {APPLIED_ONCE}


def test_a_command_that_is_chosen_twice_is_applied_as_a_duplicate() -> None:
    assert not applying(History().apply("L1", 1, X).apply("L1", 2, X, duplicate_of=1))


def test_a_command_whose_session_had_expired_is_not_applied() -> None:
    history = History().apply("L1", 1, X)
    expired = Applied(2, X, "session expired, outcome unknown", "s2", expired=True)
    assert not applying(history.say("L1", expired))


def batch(leader: str, history: History, *, instance: int = 1, state: str = "") -> History:
    """Let a leader apply x and y in one instance."""
    history.apply(leader, instance, X, "half", more=True)
    return history.apply(leader, instance, Y, state)


def test_the_commands_of_an_instance_come_one_by_one_and_leaders_between_each_other() -> None:
    history = History().apply("L1", 1, X, more=True).apply("L2", 1, X, more=True)
    history.apply("L1", 1, Y).apply("L2", 1, Y).apply("L1", 2, None)
    assert not applying(history.apply("L2", 2, None))


def test_a_leader_that_applies_half_of_an_instance_is_caught() -> None:
    history = batch("L1", History())
    assert applying(history.apply("L2", 1, X)) == {SAME_PREFIX}


def test_a_leader_that_goes_on_before_the_instance_is_done_is_caught() -> None:
    assert applying(History().apply("L1", 1, X, more=True).apply("L1", 2, Y)) == {IN_ORDER}


def test_the_same_commands_in_another_order_are_caught() -> None:
    history = batch("L1", History()).apply("L2", 1, Y, more=True)
    assert applying(history.apply("L2", 1, X)) == {SAME_PREFIX}


def test_another_state_after_the_last_command_of_an_instance_is_caught() -> None:
    history = batch("L2", batch("L1", History()), state="other")
    assert applying(history) == {SAME_PREFIX}


def test_a_command_that_is_applied_twice_within_one_instance_is_caught() -> None:
    assert applying(History().apply("L1", 1, X, more=True).apply("L1", 1, X)) == {APPLIED_ONCE}


def test_what_a_leader_had_begun_when_it_crashed_is_forgotten() -> None:
    history = History().apply("L1", 1, X, more=True).say("L1", Crashed("kill", "memory"))
    history.say("L1", Restarted(None, 0, 0, 0))
    assert not applying(batch("L2", batch("L1", history)))


def test_an_answer_names_the_instance_that_holds_its_command_among_others() -> None:
    history = History().submit(X).submit(Y).choose(1, Batch((X, Y)))
    assert not answering(history.answer(Y, 1).answer(X, 1))
    other = History().submit(X).submit(Z).choose(1, Batch((X, Y)))
    assert answering(other.answer(Z, 1)) == {ANSWER_IS_TRUE}


def test_one_true_answer_to_a_command_is_right() -> None:
    assert not answering(History().submit(X).choose(1, X).answer(X, 1))


def test_a_second_answer_is_caught() -> None:
    history = History().submit(X).choose(1, X).answer(X, 1).answer(X, 1)
    assert answering(history) == {ONE_ANSWER}


def test_an_answer_to_what_nobody_asked_is_caught() -> None:
    assert answering(History().choose(1, X).answer(X, 1)) == {ANSWER_IS_TRUE}


def test_an_answer_that_names_an_instance_with_another_command_is_caught() -> None:
    history = History().submit(X).choose(1, Y)
    assert answering(history.answer(X, 1)) == {ANSWER_IS_TRUE}


def test_an_answer_before_the_command_is_chosen_is_caught() -> None:
    assert answering(History().submit(X).answer(X, 1)) == {ANSWER_IS_TRUE}
