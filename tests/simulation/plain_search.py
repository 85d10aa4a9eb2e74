"""The search without any of its reductions: every single step of every role, one by one.

Nothing waits, nothing is put away, no states are merged, votes and heartbeats are delivered, and
leaders learn. It is far too slow for more than the smallest clusters, and there it says what the
real search has to find.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.effects import Role
from paxos_engine.roles.election import Standing
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.messages import Accept, Accepted, Prepare
from paxos_engine.simulation.moves import Bounds, Moves, State
from paxos_engine.simulation.rolestate import needs_command
from paxos_engine.simulation.steps import (
    ACCEPTORS,
    LEADERS,
    Act,
    Deliver,
    Input,
    Letters,
    RoleSteps,
    request_of,
)


class Seen(NamedTuple):
    """What can be seen of a state from outside: what acceptors hold, and what was proposed."""

    acceptors: tuple[tuple[str, str, str], ...]
    proposed: frozenset[tuple[str, str]]


class Node(NamedTuple):
    """A role's state, and what the node ever sent."""

    state: int
    sent: int


Plain = tuple[Node, ...]


class PlainSearch:
    """Visits everything within some bounds; `counts_votes` delivers votes to leaders too."""

    def __init__(self, bounds: Bounds, *, counts_votes: bool = True) -> None:
        shape = bounds.shape
        self.bounds = bounds
        self.counts_votes = counts_votes
        self.names = (*shape.leader_names, *shape.acceptor_names)
        self.leaders = shape.leader_names
        self.letters = Letters()
        self.steps = [
            RoleSteps(shape, name, self.letters, crashes=bounds.crashes, counts_votes=True)
            for name in self.names
        ]

    def states(self) -> set[Plain]:
        start = tuple(Node(steps.start, 0) for steps in self.steps)
        seen, todo = {start}, [start]
        while todo:
            for after in self._after(todo.pop()):
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
        return seen

    def seen(self, state: Plain) -> Seen:
        roles = [steps.role(node.state) for steps, node in zip(self.steps, state, strict=True)]
        sent = [letter.message for node in state for letter in self.letters.of(node.sent)]
        return Seen(
            tuple(sorted(held(role) for role in roles if isinstance(role, PaxosAcceptor))),
            frozenset((str(m.number), str(m.value)) for m in sent if isinstance(m, Accept)),
        )

    def _after(self, state: Plain) -> Iterator[Plain]:
        for position, node in enumerate(state):
            for what in self._inputs(position, state):
                then, sent = self.steps[position].step(node.state, what)
                after = Node(then, node.sent | sent)
                if after != node:
                    yield (*state[:position], after, *state[position + 1 :])

    def _inputs(self, position: int, state: Plain) -> Iterator[Input]:
        me, role = self.names[position], self.steps[position].role(state[position].state)
        group = LEADERS if me in self.leaders else ACCEPTORS
        for sender, node in zip(self.names, state, strict=True):
            for letter in self.letters.of(node.sent):
                vote = letter.message if isinstance(letter.message, Accepted) else None
                if letter.to not in (me, group):
                    continue
                if vote is None or (self.counts_votes and not heard_twice(role, sender, vote)):
                    yield Deliver(sender, letter.message)
        if self.bounds.crashes:
            yield Act.CRASH
        if isinstance(role, PaxosLeader):
            sent = self.letters.of(state[position].sent)
            used = {m.number for _, m in sent if isinstance(m, Prepare)}
            claims = role.standing is Standing.FOLLOWING and not role.log.knows(1)
            if claims and len(used) < self.bounds.rounds:
                yield Act.SUSPECT  # who knows instance 1 prepares others
            if needs_command(role):
                yield request_of(me)


def heard_twice(leader: Role, voter: str, vote: Accepted) -> bool:
    """Say whether a leader holds a vote twice; more often would only make its list longer."""
    assert isinstance(leader, PaxosLeader)
    record = leader.learner.records.get(1)
    proposal = record.proposals.get(vote.number) if record else None
    return proposal is not None and proposal.voters.count(voter) > 1


def held(acceptor: PaxosAcceptor) -> tuple[str, str, str]:
    protocol = acceptor._at(1)
    return (str(protocol.promised), str(protocol.accepted_number), str(protocol.accepted_value))


def seen_by_search(moves: Moves, state: State) -> Seen:
    """Return what can be seen of a state of the real search."""
    roles = [moves.acceptor_steps.role(moves.acceptor(each).state) for each in state[1:]]
    return Seen(
        tuple(sorted(held(role) for role in roles if isinstance(role, PaxosAcceptor))),
        frozenset((str(number), str(value)) for number, value in moves.proposed(state[0])),
    )
