"""A proposal number belongs to one leader, is prepared once, and proposes once per instance."""

from __future__ import annotations

from paxos_engine.checks.numbers import (
    ONE_OWNER,
    ONE_PROPOSAL,
    ONE_USE,
    PROPOSED_FIRST,
    NumbersOwned,
    ProposedOnce,
)
from paxos_engine.roles.events import BecamePrimary, Crashed, Prepared
from tests.checks.histories import History, cmd, n, rules

X = cmd("x")


def classic(number: int, instance: int) -> Prepared:
    return Prepared(n(number), instance, instance, "classic")


def test_a_leader_that_uses_the_number_of_another_is_caught() -> None:
    assert rules([NumbersOwned()], History().prepare("L2", n(1, 1))) == {ONE_OWNER}
    assert rules([NumbersOwned()], History().propose("L2", n(1, 1), 1, X)) == {ONE_OWNER}
    leads = History().say("L1", BecamePrimary(n(1, 2), "takeover"))
    assert rules([NumbersOwned()], leads) == {ONE_OWNER}


def test_the_same_round_of_two_leaders_is_two_numbers() -> None:
    assert not rules([NumbersOwned()], History().prepare("L1", n(1, 1)).prepare("L2", n(1, 2)))


def test_a_number_that_is_used_again_after_a_crash_is_caught() -> None:
    history = History().prepare("L1", n(1)).sync("L1").say("L1", Crashed("power cut", "memory"))
    assert rules([NumbersOwned()], history.prepare("L1", n(1))) == {ONE_USE}


def test_a_new_number_after_a_crash_is_right() -> None:
    history = History().prepare("L1", n(1)).say("L1", Crashed("power cut", "everything"))
    assert not rules([NumbersOwned()], history.prepare("L1", n(2)))


def test_a_number_that_a_power_cut_took_before_its_sync_may_be_used_again() -> None:
    """No message under it has left: its record was not durable yet."""
    history = History().prepare("L1", n(1)).say("L1", Crashed("power cut", "1 record"))
    assert not rules([NumbersOwned()], history.prepare("L1", n(1)))
    kept = History().prepare("L1", n(1)).say("L1", Crashed("crash", "its memory"))
    assert rules([NumbersOwned()], kept.prepare("L1", n(1))) == {ONE_USE}


def test_classic_mode_prepares_one_number_once_per_instance() -> None:
    history = History().say("L1", classic(1, 1)).say("L1", classic(1, 2))
    assert not rules([NumbersOwned()], history)
    assert rules([NumbersOwned()], history.say("L1", classic(1, 2))) == {ONE_USE}


def test_a_second_proposal_under_one_number_is_caught() -> None:
    history = History().propose("L1", n(1), 1, X)
    assert not rules([ProposedOnce()], history)
    assert rules([ProposedOnce()], history.propose("L1", n(1), 1, X)) == {ONE_PROPOSAL}


def test_a_proposal_for_another_instance_or_under_a_higher_number_is_right() -> None:
    history = History().propose("L1", n(1), 1, X).propose("L1", n(1), 2, X)
    assert not rules([ProposedOnce()], history.propose("L1", n(2), 1, X))


def test_a_vote_for_what_nobody_proposed_is_caught() -> None:
    history = History().propose("L1", n(1), 1, X)
    assert rules([ProposedOnce()], history.vote("A1", n(1), 2, X)) == {PROPOSED_FIRST}


def test_a_vote_for_what_was_proposed_is_right() -> None:
    assert not rules([ProposedOnce()], History().propose("L1", n(1), 1, X).vote("A1", n(1), 1, X))
