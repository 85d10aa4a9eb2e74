"""Every reachable state of a small cluster, one by one: no order of events breaks agreement.

A message, once sent, may be delivered at any later time, any number of times, or never: so the
messages are a set that only grows, and each step delivers one of them. That covers all orders,
all duplicates and all losses at once. The rules under test are the per-instance protocols
themselves; what is here is only the exploration.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

import pytest

from paxos_engine.roles.acceptor_protocol import PaxosAcceptorProtocol
from paxos_engine.roles.leader_protocol import PaxosLeaderProtocol, PromiseHeard
from paxos_engine.roles.messages import Accept, AcceptedReport, Prepare
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import ZERO, Command, ProposalNumber, Value
from paxos_engine.scenarios.wrong_rules import (
    AcceptsBelowPromise,
    LastReplyOnly,
    OnlyMajorityReports,
    ReportsPromised,
)
from tests.roles.stage import Disagreement

ACCEPTORS = ("A1", "A2", "A3")
QUORUMS = Quorums.majorities(ACCEPTORS)
NUMBERS = (ProposalNumber(1, 1), ProposalNumber(1, 2), ProposalNumber(2, 1))
OWN = {n: Command("c", i, "xyz"[i]) for i, n in enumerate(NUMBERS)}
"""The value that each number's leader would like to see chosen."""


class Slot(NamedTuple):
    """What one acceptor holds."""

    promised: ProposalNumber = ZERO
    accepted: tuple[ProposalNumber, Value] | None = None


class State(NamedTuple):
    """The acceptors, and everything that was ever sent."""

    slots: tuple[Slot, ...] = (Slot(), Slot(), Slot())
    promises: frozenset[tuple[int, ProposalNumber, AcceptedReport | None]] = frozenset()
    accepts: frozenset[tuple[ProposalNumber, Value]] = frozenset()
    votes: frozenset[tuple[int, ProposalNumber, Value]] = frozenset()


class World:
    """Walks through all states that the given rules can reach under the first `numbers`."""

    def __init__(
        self,
        numbers: int,
        acceptor: type[PaxosAcceptorProtocol] = PaxosAcceptorProtocol,
        leader: type[PaxosLeaderProtocol] = PaxosLeaderProtocol,
    ) -> None:
        self.numbers = NUMBERS[:numbers]
        self.acceptor = acceptor
        self.leader = leader

    def explore(self) -> set[State]:
        """Return every reachable state; raise `Disagreement` at the first bad one."""
        seen = {State()}
        todo = [State()]
        while todo:
            for after in self._steps(todo.pop()):
                # Acceptors differ in nothing but their name: one order of them is enough.
                canonical = _canonical(after)
                if canonical not in seen:
                    _judge(canonical)
                    seen.add(canonical)
                    todo.append(canonical)
        return seen

    def _steps(self, state: State) -> Iterator[State]:
        for who in range(len(ACCEPTORS)):
            for number in self.numbers:
                yield from self._prepare(state, who, number)
            for number, value in state.accepts:
                yield from self._accept(state, who, number, value)
        for number in self.numbers:
            if all(number != sent for sent, _ in state.accepts):
                yield from self._propose(state, number)

    def _prepare(self, state: State, who: int, number: ProposalNumber) -> Iterator[State]:
        protocol = self.acceptor(1, *state.slots[who])
        if protocol.transition(Prepare(number, 1, 1, 1)):
            promise = (who, number, protocol.report())
            yield _with(state, who, protocol)._replace(promises=state.promises | {promise})

    def _accept(
        self, state: State, who: int, number: ProposalNumber, value: Value
    ) -> Iterator[State]:
        protocol = self.acceptor(1, *state.slots[who])
        if protocol.transition(Accept(number, 1, value, 0)):
            vote = (who, number, value)
            yield _with(state, who, protocol)._replace(votes=state.votes | {vote})

    def _propose(self, state: State, number: ProposalNumber) -> Iterator[State]:
        heard = [(who, report) for who, n, report in state.promises if n == number]
        for quorum in permutations(heard, QUORUMS.phase1):
            if len({who for who, _ in quorum}) < QUORUMS.phase1:
                continue
            protocol = self.leader(1, number, QUORUMS)
            for who, report in quorum:
                protocol.transition(PromiseHeard(ACCEPTORS[who], report))
            sent = (number, protocol.propose(OWN[number]))
            yield state._replace(accepts=state.accepts | {sent})


def _with(state: State, who: int, protocol: PaxosAcceptorProtocol) -> State:
    accepted = None
    if protocol.accepted_number is not None and protocol.accepted_value is not None:
        accepted = (protocol.accepted_number, protocol.accepted_value)
    slots = list(state.slots)
    slots[who] = Slot(protocol.promised, accepted)
    return state._replace(slots=tuple(slots))


def _canonical(state: State) -> State:
    """Rename the acceptors by what they hold and sent, so that mirror images fall together."""
    marks = [
        (
            repr(state.slots[who]),
            sorted(repr(p[1:]) for p in state.promises if p[0] == who),
            sorted(repr(v[1:]) for v in state.votes if v[0] == who),
        )
        for who in range(len(ACCEPTORS))
    ]
    order = sorted(range(len(ACCEPTORS)), key=marks.__getitem__)
    place = {old: new for new, old in enumerate(order)}
    return State(
        tuple(state.slots[old] for old in order),
        frozenset((place[w], n, r) for w, n, r in state.promises),
        state.accepts,
        frozenset((place[w], n, v) for w, n, v in state.votes),
    )


def _judge(state: State) -> None:
    chosen = {
        value
        for number, value in state.accepts
        if sum(1 for _, n, v in state.votes if (n, v) == (number, value)) >= QUORUMS.phase2
    }
    if len(chosen) > 1:
        raise Disagreement(f"both chosen: {sorted(map(str, chosen))}")


def test_no_order_of_delivery_of_two_proposals_lets_two_values_be_chosen() -> None:
    states = World(numbers=2).explore()
    everyone = [{v for _, _, v in s.votes} for s in states]
    assert any(len(voted) == 2 for voted in everyone), "the two proposals never competed"


def test_a_number_never_stands_for_two_values_in_any_reachable_state() -> None:
    for state in World(numbers=2).explore():
        numbers = [number for number, _ in state.accepts]
        assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(World(2, leader=LastReplyOnly), id="last reply only"),
        pytest.param(World(2, leader=OnlyMajorityReports), id="only majority reports"),
        pytest.param(World(2, acceptor=ReportsPromised), id="reports promised"),
        pytest.param(World(2, acceptor=AcceptsBelowPromise), id="accepts below promise"),
    ],
)
def test_the_same_walk_finds_each_wrong_rule(world: World) -> None:
    with pytest.raises(Disagreement):
        world.explore()
