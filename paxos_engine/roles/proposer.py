"""What a primary has under way: phase 2 of many instances at once, and their retransmission."""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field

from paxos_engine.roles.effects import Effects
from paxos_engine.roles.election import Timing
from paxos_engine.roles.leader_protocol import PaxosLeaderProtocol, ProposalState
from paxos_engine.roles.messages import Accept, Prepare
from paxos_engine.roles.values import Command


@dataclass(slots=True)
class Proposals:
    """The proposals of one primacy that are not chosen yet, and the commands that wait.

    `own` says which command this leader would like to see in an instance: if another value comes
    out there, the command takes the next free instance.
    """

    timing: Timing
    rng: random.Random
    queue: deque[Command] = field(default_factory=deque)
    own: dict[int, Command] = field(default_factory=dict)
    under_way: dict[int, PaxosLeaderProtocol] = field(default_factory=dict)
    _in_hand: set[tuple[str, int]] = field(default_factory=set)
    _due: list[tuple[float, int, PaxosLeaderProtocol, int]] = field(default_factory=list)
    _ticket: int = 0

    @property
    def deadline(self) -> float | None:
        """When the next retransmission is due."""
        return self._due[0][0] if self._due else None

    def take(self, command: Command) -> bool:
        """Queue a client's command; return False if it is in hand already."""
        key = (command.client, command.sequence)
        if key in self._in_hand:
            return False
        self._in_hand.add(key)
        self.queue.append(command)
        return True

    def begin(self, proposal: PaxosLeaderProtocol, now: float) -> None:
        """Watch over a proposal until it is chosen."""
        self.under_way[proposal.instance] = proposal
        self._schedule(proposal, 0, now)

    def displaced(self, instance: int) -> None:
        """Put the command that lost its instance to another value at the head of the queue."""
        command = self.own.pop(instance, None)
        if command is not None:
            self.queue.appendleft(command)

    def decided(self, instance: int, command: Command | None) -> None:
        """Forget an instance; what was wanted there and did not come out is displaced."""
        self.under_way.pop(instance, None)
        wanted = self.own.get(instance)
        if wanted is None:
            return
        if command is not None and _key(command) == _key(wanted):
            del self.own[instance]
        else:
            self.displaced(instance)

    def overtaken(self, up_to: int) -> None:
        """Forget the instances that a snapshot covers; what was wanted there is tried again."""
        for instance in [i for i in {*self.under_way, *self.own} if i <= up_to]:
            self.decided(instance, None)

    def applied(self, command: Command) -> None:
        """Forget a command that is applied: a later copy is answered from the session."""
        self._in_hand.discard(_key(command))

    def abandon(self) -> None:
        """Drop everything under way: another leader goes on, and the clients ask there."""
        self.queue.clear()
        self.own.clear()
        self._in_hand.clear()
        self.pause()

    def pause(self) -> None:
        """Stop retransmitting under the old number; the commands stay in hand."""
        self.under_way.clear()
        self._due.clear()

    def retransmit(
        self, now: float, peers: tuple[str, ...], chosen_up_to: int, effects: Effects
    ) -> None:
        """Send again, to those who have not answered, what is due at `now`."""
        while self._due and self._due[0][0] <= now:
            _, _, proposal, attempts = heapq.heappop(self._due)
            if self.under_way.get(proposal.instance) is not proposal:
                continue
            send(proposal, peers, chosen_up_to, effects)
            self._schedule(proposal, attempts + 1, now)

    def _schedule(self, proposal: PaxosLeaderProtocol, attempts: int, now: float) -> None:
        self._ticket += 1
        wait = self.timing.retransmission(attempts, self.rng)
        heapq.heappush(self._due, (now + wait, self._ticket, proposal, attempts))


def send(
    proposal: PaxosLeaderProtocol, peers: tuple[str, ...], chosen_up_to: int, effects: Effects
) -> None:
    """Send a proposal's prepare or accept to the acceptors that have not answered it.

    The accept goes to the peer leaders too: votes carry no value, so they need it to learn.
    """
    instance, number = proposal.instance, proposal.number
    if proposal.state is ProposalState.PREPARING:
        lacking = [a for a in proposal.quorums.acceptors if a not in proposal.promises]
        effects.send_all(lacking, Prepare(number, instance, instance, instance))
    elif proposal.value is not None:
        lacking = [a for a in proposal.quorums.acceptors if a not in proposal.voters]
        accept = Accept(number, instance, proposal.value, chosen_up_to)
        effects.send_all((*lacking, *peers), accept)


def _key(command: Command) -> tuple[str, int]:
    return (command.client, command.sequence)
