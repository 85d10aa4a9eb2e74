"""One turn of a node: messages in, records to disk, one sync, messages out.

Both drivers run this very code, so the order that safety rests on is written once: everything
that a step says must be remembered is durable before anything that it says is sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

from paxos_engine.roles.effects import Effects, Outgoing, Record, Role
from paxos_engine.roles.events import Delivered, Event, Synced
from paxos_engine.roles.messages import Accepted, Envelope, joined

Publish: TypeAlias = Callable[[str, Event], None]
"""How a node states what happened: (node, event)."""


class CycleDisk(Protocol):
    """What a turn needs of storage."""

    @property
    def kind(self) -> str:
        """The word by which the trace says what vouches for durability."""

    def append(self, records: Sequence[Record]) -> None:
        """Add records."""

    def sync(self) -> int:
        """Make them durable; return the bytes written."""

    def replace(self, records: Sequence[Record]) -> None:
        """Keep `records` in place of everything so far."""


class Transport(Protocol):
    """What a turn needs of the network."""

    def send(self, batches: Mapping[str, Sequence[Outgoing]], now: float) -> None:
        """Send the messages for each peer."""


class NodeCycle:
    """The turns of one node.

    Args:
        role: the pure protocol object.
        disk: where its records go before its messages leave.
        transport: how its messages leave.
        publish: how the trace is told.
        sync_after: seconds for which a sync may wait for more records (a slow disk).
        tells_messages: whether deliveries are published.
    """

    def __init__(
        self,
        role: Role,
        disk: CycleDisk,
        transport: Transport,
        publish: Publish,
        sync_after: Callable[[], float] = lambda: 0.0,
        tells_messages: bool = True,
    ) -> None:
        self.role = role
        self._tells_messages = tells_messages
        self.sync_at: float | None = None  # when what is held back will be synced and sent
        self._mark = 0
        self._count = 0
        self._compact = False
        self._outbox: dict[str, list[Outgoing]] = defaultdict(list)
        self._sync_after = sync_after
        self._disk = disk
        self._transport = transport
        self._publish = publish

    def run(self, steps: Iterable[Callable[[], Effects]], now: float) -> None:
        """Run some steps of the role, sync once, then send what they said.

        Args:
            steps: calls into the role, each made after the one before was published.
            now: the time of this turn, in seconds on the driver's clock.

        Raises:
            DiskFailure: the disk could not; nothing that rests on it was sent.
        """
        for step in steps:
            effects = step()
            for event in effects.events:
                self._publish(self.role.name, event)
            if effects.records:
                self._disk.append(effects.records)
                self._mark, self._count = effects.mark, self._count + len(effects.records)
            self._compact = self._compact or effects.compact
            for outgoing in effects.messages:
                _put(self._outbox[outgoing.to], outgoing)
        if self._count and self.sync_at is None:
            wait = self._sync_after()
            self.sync_at = now + wait if wait else None
        if self.sync_at is None or now >= self.sync_at:
            self._flush(now)

    def _flush(self, now: float) -> None:
        """Sync once what was appended, then send everything that was said meanwhile."""
        self.sync_at = None
        if self._count:
            written = self._disk.sync()
            self._publish(self.role.name, Synced(self._mark, self._count, written, self._disk.kind))
            self._count = 0
        outbox, self._outbox = self._outbox, defaultdict(list)
        if outbox:
            # Nothing above this line may send: an answer that overtakes its record is a lie
            # after a crash.
            self._transport.send(outbox, now)
        if self._compact:
            self._compact = False
            self._disk.replace(self.role.checkpoint())

    def receive(self, envelope: Envelope, now: float) -> Effects:
        """Hand one message to the role, saying first that it was delivered."""
        if self._tells_messages:
            self._publish(self.role.name, Delivered(envelope.id, envelope.sender))
        return self.role.receive(envelope, now)


def _put(batch: list[Outgoing], outgoing: Outgoing) -> None:
    """Add a message for one peer; an acknowledgement joins the one before it, if they fit."""
    message = outgoing.message
    if batch and isinstance(message, Accepted):
        before = batch[-1].message
        together = joined(before, message) if isinstance(before, Accepted) else None
        if together is not None:
            batch[-1] = Outgoing(outgoing.to, together, outgoing.after)
            return
    batch.append(outgoing)
