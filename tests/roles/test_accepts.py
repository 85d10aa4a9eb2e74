"""Accepts that share a message: each is voted on, and learned, as if it had come alone."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.belief import WINDOW
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.election import Timing
from paxos_engine.roles.events import AcceptedValue, Event, Learned, Refused, Rejected
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.messages import (
    Accept,
    Accepted,
    Accepts,
    Envelope,
    Message,
    Nack,
    Prepare,
)
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import NOOP, Command, ProposalNumber, Value

LEADERS = ("L1", "L2")
SEVERAL = tuple(Command("C1", n, f"v{n}", 1, 1) for n in range(1, 6))

numbers = st.builds(ProposalNumber, st.integers(1, 3), st.integers(1, 2))
instances = st.integers(1, 8)
before = st.lists(
    st.builds(Accept, numbers, instances, st.sampled_from(SEVERAL), st.just(0))
    | st.builds(lambda number, at: Prepare(number, at, at, at), numbers, instances)
    | st.builds(lambda number, at: Prepare(number, at, None, at), numbers, instances),
    max_size=8,
)
together = st.builds(
    Accepts,
    numbers,
    st.integers(1, 4),
    st.lists(st.sampled_from([*SEVERAL, NOOP]), min_size=2, max_size=5).map(tuple),
    st.just(0),
)


def hand(role: PaxosAcceptor | PaxosLeader, sender: str, messages: Sequence[Message]) -> Effects:
    """Hand a role these messages, one after the other; return all that it answered."""
    effects = Effects()
    for number, message in enumerate(messages):
        step = role.receive(Envelope(f"{sender}.{number}", sender, role.name, message), 0.0)
        effects.events += step.events
        effects.messages += step.messages
    return effects


def acknowledged(effects: Effects, to: str) -> list[tuple[ProposalNumber, int]]:
    """Return the votes of which a leader is told."""
    return [
        (message.number, instance)
        for receiver, message, _ in effects.messages
        if receiver == to and isinstance(message, Accepted)
        for low, high in message.intervals
        for instance in range(low, high + 1)
    ]


def verdicts(effects: Effects) -> list[Event]:
    return [e for e in effects.events if isinstance(e, AcceptedValue | Rejected)]


def nacks(effects: Effects) -> list[Message]:
    return [each.message for each in effects.messages if isinstance(each.message, Nack)]


@given(before=before, accepts=together)
def test_an_acceptor_votes_on_each_as_if_it_had_come_alone(
    before: list[Message], accepts: Accepts
) -> None:
    one, other = PaxosAcceptor("A1", LEADERS), PaxosAcceptor("A1", LEADERS)
    hand(one, "L1", before)
    hand(other, "L1", before)
    joined, apart = hand(one, "L1", [accepts]), hand(other, "L1", [*accepts.each()])
    assert verdicts(joined) == verdicts(apart)
    assert nacks(joined) == nacks(apart)
    for leader in LEADERS:
        assert acknowledged(joined, leader) == acknowledged(apart, leader)
    assert one.checkpoint() == other.checkpoint()


def test_an_acceptor_acknowledges_at_once_what_it_voted_for_and_nothing_between() -> None:
    acceptor = PaxosAcceptor("A1", LEADERS)
    hand(acceptor, "L2", [Prepare(ProposalNumber(2, 2), 3, 3, 3)])
    effects = hand(acceptor, "L1", [Accepts(ProposalNumber(1, 1), 1, SEVERAL, 0)])
    votes = [each.message for each in effects.messages if isinstance(each.message, Accepted)]
    assert votes == [Accepted(ProposalNumber(1, 1), ((1, 2), (4, 5)))] * len(LEADERS)


@pytest.mark.parametrize(
    ("first", "chosen_up_to"), [(2 * WINDOW, 0), (5, 5), (WINDOW - 2, 0)],
    ids=["far beyond what is chosen", "of what is chosen already", "its end beyond the window"],
)  # fmt: skip
def test_accepts_beyond_belief_get_no_vote_at_all(first: int, chosen_up_to: int) -> None:
    acceptor = PaxosAcceptor("A1", LEADERS)
    effects = hand(acceptor, "L1", [Accepts(ProposalNumber(1, 1), first, SEVERAL, chosen_up_to)])
    assert [type(event) for event in effects.events] == [Refused]
    assert not effects.messages
    assert acceptor.votes == 0


def leader(name: str) -> PaxosLeader:
    quorums = Quorums.majorities(["A1", "A2", "A3"])
    return PaxosLeader(name, LEADERS, quorums, Timing(), random.Random(1))


def learned(effects: Effects) -> list[tuple[int, Value]]:
    return [(e.instance, e.value) for e in effects.events if isinstance(e, Learned)]


@pytest.mark.parametrize("votes_first", [False, True])
def test_a_leader_learns_each_of_them_from_the_votes(votes_first: bool) -> None:
    number = ProposalNumber(1, 1)
    follower = leader("L2")
    accepts = Accepts(number, 1, SEVERAL, 0)
    told: list[tuple[int, Value]] = []
    for _ in range(2):
        if not votes_first:
            told += learned(hand(follower, "L1", [accepts]))
        for acceptor in ("A1", "A3"):
            told += learned(hand(follower, acceptor, [Accepted(number, ((1, 5),))]))
        votes_first = False
    assert told == [*enumerate(SEVERAL, 1)]


def test_a_leader_refuses_accepts_under_a_number_of_its_own() -> None:
    effects = hand(leader("L1"), "L2", [Accepts(ProposalNumber(1, 1), 1, SEVERAL, 0)])
    [refused] = [event for event in effects.events if isinstance(event, Refused)]
    assert "only L1 proposes under" in refused.reason
