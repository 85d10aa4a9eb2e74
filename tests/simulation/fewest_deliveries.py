"""The search of a small cluster by deliveries in place of turns: how few lead to a state.

The turns are those of the real search, and a turn costs the messages that arrive in it, those of
clients included. Claims cost nothing, and neither do echoes, which nobody needs to hear: so what it
says can be too little, never too much.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from paxos_engine.roles.assembly import Rules
from paxos_engine.roles.leader_protocol import PaxosLeaderProtocol
from paxos_engine.roles.values import Command, Value
from paxos_engine.simulation.moves import Bounds, Moves, Outcomes, Spoken, State
from paxos_engine.simulation.steps import Deliver, Input, RoleSteps

SAID: Final = Command("checker", 0, "two values are reported")
"""What a leader proposes that hears of two values: no client asks for it."""


class SaysThatTwoAreReported(PaxosLeaderProtocol):
    """The right rule, but where it has to choose among two values: there it says so."""

    def value_to_propose(self, own: Value) -> Value:
        """Propose `SAID` where acceptors report different values."""
        values = {p.report.value for p in self.promises.values() if p.report is not None}
        return SAID if len(values) > 1 else super().value_to_propose(own)


class AllMoves(Moves):
    """The turns of the real search, those included that others lead to by silent steps."""

    def _without_followers(
        self, steps: RoleSteps, outcomes: Outcomes, inputs: list[Input]
    ) -> list[Spoken]:
        return [*outcomes]  # one of them may be had for fewer deliveries than by way of another


class FewestDeliveries:
    """Finds the nearest state in which a leader proposes on reports of two values (Dijkstra, 1959).

    Args:
        bounds: how small the cluster is; its rules are the right ones.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._moves = AllMoves(replace(bounds, rules=Rules(leader_protocol=SaysThatTwoAreReported)))
        self._acceptor_turns: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self._leader_turns: dict[tuple[int, ...], list[tuple[int, int]]] = {}

    def until_two_are_reported(self) -> int | None:
        """Return after how many deliveries that can be; None if it cannot be at all."""
        start = self._moves.start
        costs, done = {start: 0}, set[State]()
        queue = [(0, start)]
        while queue:
            cost, state = heapq.heappop(queue)
            if state in done:
                continue
            done.add(state)
            if any(value == SAID for _, value in self._moves.proposed(state[0])):
                return cost
            for after, more in self._after(state):
                if after not in costs or cost + more < costs[after]:
                    costs[after] = cost + more
                    heapq.heappush(queue, (cost + more, after))
        return None

    def _after(self, state: State) -> Iterator[tuple[State, int]]:
        """Yield every state that one turn leads to, with the deliveries that the turn takes."""
        moves = self._moves
        leaders, *acceptors = state
        for position, acceptor in enumerate(acceptors):
            if acceptor in acceptors[:position]:
                continue  # its mirror image
            for then, cost in self._acceptor_turn(acceptor, leaders):
                there = (*state[: position + 1], then, *state[position + 2 :])
                yield moves.canonical(there), cost
        for which in range(len(moves.leader_steps)):
            for others, cost in self._leader_turn(which, leaders, acceptors):
                there = (others, *[moves.settle(acceptor, others) for acceptor in acceptors])
                yield moves.canonical(there), cost

    def _acceptor_turn(self, acceptor: int, leaders: int) -> list[tuple[int, int]]:
        key = (acceptor, leaders)
        if key not in self._acceptor_turns:
            outcomes = self._moves.acceptor_outcomes(acceptor, leaders)
            self._acceptor_turns[key] = _costs(outcomes)
        return self._acceptor_turns[key]

    def _leader_turn(self, which: int, leaders: int, acceptors: list[int]) -> list[tuple[int, int]]:
        answers = sorted(map(self._moves.to_leader[which], acceptors))
        key = (which, leaders, *answers)
        if key not in self._leader_turns:
            outcomes = self._moves.leader_outcomes(which, leaders, answers)
            self._leader_turns[key] = _costs(outcomes)
        return self._leader_turns[key]


def _costs(outcomes: dict[int, tuple[Input, ...]]) -> list[tuple[int, int]]:
    return [
        (then, sum(isinstance(what, Deliver) for what in how)) for then, how in outcomes.items()
    ]
