"""One turn of a node: messages in, records to disk, one sync, messages out.

Both drivers run this very code, so the order that safety rests on is written once: everything
that a step says must be remembered is durable before anything that it says is sent. What it only
notes is written with that, or else a little later, and holds nothing back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from paxos_engine.roles.effects import Effects, Outgoing, Record, Role
from paxos_engine.roles.events import Delivered, Event, Synced
from paxos_engine.roles.joining import all_together
from paxos_engine.roles.messages import Envelope

NOTED_FOR: Final = 0.1
"""Seconds for which what is only noted may wait for a sync."""


class Publish(Protocol):
    """How a node states what happened."""

    def __call__(self, node: str, /, *events: Event) -> None:
        """Tell the trace what happened on `node`, in this order."""


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
        self.sync_at: float | None = None  # when what was appended will be synced
        self._mark = 0
        self._count = 0
        self.holds_back = False  # what was said depends on what is not durable yet
        self._compact = False
        self._outbox: dict[str, list[Outgoing]] = defaultdict(list)
        self._sync_after = sync_after
        self._disk = disk
        self._transport = transport
        self._publish = publish

    def receive(self, envelope: Envelope, now: float) -> None:
        """Hand one message to the role, saying first that it was delivered.

        Raises:
            DiskFailure: the disk could not take what has to be remembered.
        """
        if self._tells_messages:
            self._publish(self.role.name, Delivered(envelope.id, envelope.sender))
        self.take(self.role.receive(envelope, now))

    def take(self, effects: Effects) -> None:
        """Take what a step of the role came to: tell it, and keep its records and its messages.

        Raises:
            DiskFailure: the disk could not take what has to be remembered.
        """
        if effects.events:
            self._publish(self.role.name, *effects.events)
        if effects.records:
            self._disk.append(effects.records)
            self._mark = effects.mark
            self._count += len(effects.records)
            if effects.binds and not self.holds_back:
                # What was noted before goes to the disk with it, whenever that was to be.
                self.holds_back, self.sync_at = True, None
        if effects.compact:
            self._compact = True
        for outgoing in effects.messages:
            self._outbox[outgoing.to].append(outgoing)

    def end_turn(self, now: float) -> None:
        """Sync once, then send what the steps of this turn have said.

        Args:
            now: the time of this turn, in seconds on the driver's clock.

        Raises:
            DiskFailure: the disk could not; nothing that rests on it was sent.
        """
        if not self.holds_back:
            self._speak(now)
        if self._count and self.sync_at is None:
            wait = self._sync_after()
            self.sync_at = now + (wait if self.holds_back else max(wait, NOTED_FOR))
        if self.sync_at is not None and now >= self.sync_at:
            self._sync()
            self._speak(now)

    def _sync(self) -> None:
        written = self._disk.sync()
        self._publish(self.role.name, Synced(self._mark, self._count, written, self._disk.kind))
        self.sync_at, self._count, self.holds_back = None, 0, False

    def _speak(self, now: float) -> None:
        """Send what was said, all of which rests on what is durable by now."""
        if self._outbox:
            outbox = all_together(self._outbox)
            self._outbox.clear()
            # Nothing but `end_turn` may call this: an answer that overtakes its record is a lie
            # after a crash.
            self._transport.send(outbox, now)
        if self._compact:
            self._compact = False
            self._disk.replace(self.role.checkpoint())
