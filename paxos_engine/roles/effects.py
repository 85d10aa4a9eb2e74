"""What a role answers: records to make durable, then messages to send, and what happened.

The order is the rule: a driver makes what was recorded durable before any message leaves that
depends on it. Sending a promise or a vote before its record is on disk would break agreement after
a crash ("Paxos Made Simple", 2.5: an acceptor records its response in stable storage before sending
it). On what is only noted no message depends: it is written with what is recorded next, or soon.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from paxos_engine.roles.events import Event
from paxos_engine.roles.frozen import frozen
from paxos_engine.roles.log import Snapshot
from paxos_engine.roles.messages import Envelope, Message
from paxos_engine.roles.values import ProposalNumber, Value


@frozen
class PromiseRecord:
    """An acceptor promised `number` for `first`..`last` (None: without end)."""

    number: ProposalNumber
    first: int
    last: int | None


@frozen
class AcceptRecord:
    """An acceptor accepted `value` under `number`, which also is its promise from now on."""

    number: ProposalNumber
    instance: int
    value: Value


@frozen
class RoundRecord:
    """A leader is about to use `round`; no restart may use it again."""

    round: int


@frozen
class ChosenRecord:
    """A leader learned that `value` is chosen for `instance`."""

    instance: int
    number: ProposalNumber
    value: Value


@frozen
class CompactedRecord:
    """Everything up to `up_to` is chosen, covered by snapshots, and dropped here."""

    up_to: int


@frozen
class SnapshotRecord:
    """A leader took a snapshot of its state, or installed that of a peer."""

    snapshot: Snapshot


Record: TypeAlias = (
    PromiseRecord | AcceptRecord | RoundRecord | ChosenRecord | CompactedRecord | SnapshotRecord
)


class Outgoing(NamedTuple):
    """A message to one node; `after` is the mark of the last record it depends on, 0 for none."""

    to: str
    message: Message
    after: int


@dataclass(slots=True)
class Effects:
    """The answer of one step of a role.

    `mark` counts the records that the role ever wrote, and `bound` is the mark of the last one that
    messages depend on. `compact` says that the role has dropped something: its disk may now keep
    what `checkpoint` returns in place of everything before.
    """

    mark: int = 0
    bound: int = 0
    compact: bool = False
    records: list[Record] = field(default_factory=list)
    messages: list[Outgoing] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def record(self, record: Record) -> int:
        """Add a record that must be durable before this step's messages leave; return its mark."""
        self.bound = self.note(record)
        return self.bound

    def note(self, record: Record) -> int:
        """Add a record that nothing which is said depends on; return its mark."""
        self.records.append(record)
        self.mark += 1
        return self.mark

    @property
    def binds(self) -> bool:
        """Whether what is said from now on depends on a record of this step."""
        return self.bound > self.mark - len(self.records)

    def send(self, to: str, message: Message) -> None:
        """Add a message to one node."""
        self.messages.append(Outgoing(to, message, self.bound))

    def send_all(self, nodes: Iterable[str], message: Message) -> None:
        """Add the same message to each of `nodes`."""
        self.messages += [Outgoing(node, message, self.bound) for node in nodes]

    def say(self, event: Event) -> None:
        """Add an event: something that happened, for the trace."""
        self.events.append(event)


class Role:
    """What both drivers know of a node: it receives, it ticks, and it says when to wake it.

    `deadline` is the time (seconds, on the driver's clock) before which `tick` has nothing to do;
    None while nothing is timed.
    """

    name: str

    @property
    def deadline(self) -> float | None:
        """The time of the next tick that would do something."""
        raise NotImplementedError

    def restore(self, records: Iterable[Record], mark: int) -> None:
        """Take back what was durable before a restart.

        Args:
            records: in the order in which they were written.
            mark: how many this node has ever written, those that a checkpoint replaced included.
        """

    def checkpoint(self) -> list[Record]:
        """Return records that restore the present state, in place of all that were written."""
        return []

    def start(self, now: float) -> Effects:
        """Begin at `now`; also called when a failed node is recovered, to restart its timers."""
        raise NotImplementedError

    def receive(self, envelope: Envelope, now: float) -> Effects:
        """Handle one message."""
        raise NotImplementedError

    def tick(self, now: float) -> Effects:
        """Do what is due at `now`."""
        raise NotImplementedError
