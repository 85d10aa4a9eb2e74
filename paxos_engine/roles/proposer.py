"""What a primary has under way: phase 2 of many instances at once, and their retransmission."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from paxos_engine.roles.effects import Effects
from paxos_engine.roles.leader_protocol import PaxosLeaderProtocol, ProposalState
from paxos_engine.roles.log import ReplicatedLog
from paxos_engine.roles.messages import Accept, Prepare
from paxos_engine.roles.pace import Pace
from paxos_engine.roles.values import (
    MAX_COMMAND_BYTES,
    NOOP,
    Command,
    Value,
    command_size,
    commands_of,
    value_of,
)


@dataclass(slots=True)
class Proposals:
    """The proposals of one primacy that are not chosen yet, and the commands that wait.

    `own` says what this leader would like to see in an instance: the commands of it that do not
    come out there take the next free instance. An instance decides up to `batch` commands.
    """

    pace: Pace
    batch: int = 1
    own: dict[int, Value] = field(default_factory=dict)
    under_way: dict[int, PaxosLeaderProtocol] = field(default_factory=dict)
    _queue: deque[tuple[Command, int]] = field(default_factory=deque)  # each with its size
    _queued_bytes: int = 0
    _due: list[tuple[float, int, PaxosLeaderProtocol, int]] = field(default_factory=list)
    _ticket: int = 0

    @property
    def deadline(self) -> float | None:
        """When the next retransmission is due."""
        return self._due[0][0] if self._due else None

    def take(self, command: Command) -> None:
        """Queue a client's command that is not in hand yet (see `Service.take`)."""
        size = command_size(command)
        self._queue.append((command, size))
        self._queued_bytes += size

    def next_value(self, log: ReplicatedLog) -> Value | None:
        """Take from the queue what the next instance is to decide; None if nothing for now.

        A batch that is not full waits while anything is under way, as small segments do in TCP
        (RFC 896): what comes meanwhile shares an instance, and a lone command waits for nothing.
        """
        if not self._queue:
            return None
        full = len(self._queue) >= self.batch or self._queued_bytes > MAX_COMMAND_BYTES
        if self.under_way and not full:
            return None
        commands: list[Command] = []
        size = 0
        while self._queue and len(commands) < self.batch:
            command, cost = self._queue[0]
            size += cost
            alone = command.opens_session  # its id is its instance
            if commands and (alone or size > MAX_COMMAND_BYTES):
                break
            self._queue.popleft()
            self._queued_bytes -= cost
            if log.reply(command) is not None:
                continue
            commands.append(command)
            if alone:
                break
        return value_of(commands) if commands else None

    def begin(self, proposal: PaxosLeaderProtocol, now: float) -> None:
        """Watch over a proposal until it is chosen."""
        self.under_way[proposal.instance] = proposal
        self._schedule(proposal, 0, self.pace.begin(proposal.instance, now))

    def decided(self, instance: int, value: Value, now: float) -> None:
        """Forget an instance; what was wanted there and did not come out is tried again."""
        self.pace.chosen(instance, now)
        self._forget(instance, value)

    def _forget(self, instance: int, value: Value) -> None:
        self.under_way.pop(instance, None)
        self.displaced(instance, value)

    def displaced(self, instance: int, value: Value) -> None:
        """Put what was wanted in an instance and is not part of `value` at the queue's head."""
        wanted = self.own.pop(instance, NOOP)
        if wanted is value:
            return
        came = {_key(command) for command in commands_of(value)}
        lost = [(c, command_size(c)) for c in commands_of(wanted) if _key(c) not in came]
        self._queue.extendleft(reversed(lost))
        self._queued_bytes += sum(size for _, size in lost)

    def overtaken(self, up_to: int) -> None:
        """Forget the instances that a snapshot covers; what was wanted there is tried again."""
        for instance in [i for i in {*self.under_way, *self.own} if i <= up_to]:
            self._forget(instance, NOOP)

    def abandon(self) -> None:
        """Drop everything under way: another leader goes on, and the clients ask there."""
        self._queue.clear()
        self._queued_bytes = 0
        self.own.clear()
        self.pause()

    def pause(self) -> None:
        """Stop retransmitting under the old number; the commands stay in hand."""
        self.under_way.clear()
        self.pace.forget()
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
            attempts += 1
            self._schedule(proposal, attempts, self.pace.again(proposal.instance, attempts, now))

    def _schedule(self, proposal: PaxosLeaderProtocol, attempts: int, due: float) -> None:
        self._ticket += 1
        heapq.heappush(self._due, (due, self._ticket, proposal, attempts))


def send(
    proposal: PaxosLeaderProtocol,
    peers: tuple[str, ...],
    chosen_up_to: int,
    effects: Effects,
    quorum: Collection[str] | None = None,
) -> None:
    """Send a proposal's prepare or accept to the acceptors that have not answered it.

    The accept goes to the peer leaders too: votes carry no value, so they need it to learn.

    Args:
        proposal: whose.
        peers: the other leaders.
        chosen_up_to: the sender's prefix of chosen instances.
        effects: takes the messages.
        quorum: the acceptors that an accept goes to for the time being; None for all of them.
            Whom it does not reach has only nothing to say: any quorum will do ("Paxos Made
            Simple", 2.2).
    """
    instance, number = proposal.instance, proposal.number
    if proposal.state is ProposalState.PREPARING:
        lacking = [a for a in proposal.quorums.acceptors if a not in proposal.promises]
        effects.send_all(lacking, Prepare(number, instance, instance, instance))
    elif proposal.value is not None:
        asked = proposal.quorums.acceptors if quorum is None else quorum
        lacking = [a for a in asked if a not in proposal.voters]
        accept = Accept(number, instance, proposal.value, chosen_up_to)
        effects.send_all((*lacking, *peers), accept)


def _key(command: Command) -> tuple[str, int]:
    return (command.client, command.sequence)
