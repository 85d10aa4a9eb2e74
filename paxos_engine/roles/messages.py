"""The messages of the protocol: everything that one node may say to another.

Each is a frozen dataclass with one line that describes it (`describe`), which is also what log
panes, text scripts and failed assertions print. `wire/` turns them into bytes; roles never see
bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from paxos_engine.roles.frozen import frozen
from paxos_engine.roles.values import Command, ProposalNumber, Value


class AcceptedReport(NamedTuple):
    """One line of a promise: the highest-numbered proposal accepted for an instance."""

    instance: int
    number: ProposalNumber
    value: Value


@frozen
class Prepare:
    """Phase 1a: promise `number` for the instances `first`..`last` (`last` None: all from there).

    `cursor` is the instance from which on the answer is wanted: `first`, or the start of the
    next page when the promise is longer than one datagram.
    """

    number: ProposalNumber
    first: int
    last: int | None
    cursor: int

    def describe(self) -> str:
        """Return the message as one line."""
        page = f" page from {self.cursor}" if self.cursor != self.first else ""
        return f"prepare {self.number} {span(self.first, self.last)}{page}"


@frozen
class Promise:
    """Phase 1b: nothing below `number` will be accepted in `first`..`last` any more.

    One page of the report: everything accepted in `cursor`..`covers_to` (None: to the end of the
    range). It counts only when the pages up to the one marked `final` have all arrived.
    """

    number: ProposalNumber
    first: int
    last: int | None
    cursor: int
    covers_to: int | None
    final: bool
    compacted: int
    reported: tuple[AcceptedReport, ...]

    @property
    def tells_of_one(self) -> bool:
        """Whether this is a whole report on a range of one instance: half of one says nothing."""
        one = self.first == self.cursor == self.last
        fits = all(report.instance == self.first for report in self.reported)
        return one and self.final and fits and self.compacted < self.first

    def describe(self) -> str:
        """Return the message as one line."""
        said = ", ".join(f"{r.instance}: {r.number} {r.value}" for r in self.reported[:3])
        more = f", and {len(self.reported) - 3} more" if len(self.reported) > 3 else ""
        report = f"accepted {said}{more}" if self.reported else "nothing accepted"
        page = "" if self.final else f", more after {self.covers_to}"
        return f"promise {self.number} {span(self.first, self.last)} ({report}{page})"


@frozen
class Accept:
    """Phase 2a: accept `value` for `instance` under `number`.

    `chosen_up_to` is the sender's prefix of chosen instances: an acceptor refuses an instance
    that lies further beyond it than the window allows.
    """

    number: ProposalNumber
    instance: int
    value: Value
    chosen_up_to: int

    def each(self) -> tuple[Accept]:
        """Return the accepts that this stands for: itself."""
        return (self,)

    def describe(self) -> str:
        """Return the message as one line."""
        return f"accept {self.number} {self.instance}: {self.value}"


@frozen
class Accepts:
    """Phase 2a for several instances that follow each other, under one number.

    `values` are those of `first` and the following instances; each is an accept of its own.
    """

    number: ProposalNumber
    first: int
    values: tuple[Value, ...]
    chosen_up_to: int

    @property
    def last(self) -> int:
        """The last instance."""
        return self.first + len(self.values) - 1

    def each(self) -> Iterator[Accept]:
        """Yield the accepts that this stands for."""
        for instance, value in enumerate(self.values, self.first):
            yield Accept(self.number, instance, value, self.chosen_up_to)

    def describe(self) -> str:
        """Return the message as one line."""
        values = ", ".join(map(str, self.values))
        return f"accepts {self.number} {span(self.first, self.last)}: {values}"


@frozen
class Accepted:
    """Phase 2b: the sender accepted `number` in the instances of `intervals` (inclusive pairs).

    Intervals are explicit, never "up to": an acceptor must not vouch for an accept it missed.
    """

    number: ProposalNumber
    intervals: tuple[tuple[int, int], ...]

    def describe(self) -> str:
        """Return the message as one line."""
        return f"accepted {self.number} {spans(self.intervals)}"


@frozen
class Decision:
    """A leader tells the others that `number` is chosen in the instances of `intervals`.

    It carries no value: a number has at most one in an instance, and the accept told them which.
    """

    number: ProposalNumber
    intervals: tuple[tuple[int, int], ...]

    def describe(self) -> str:
        """Return the message as one line."""
        return f"decision {self.number} {spans(self.intervals)}"


MAX_INTERVALS: Final = 256
"""Intervals that one message names at the most, so that it stays a small one."""


@frozen
class Nack:
    """A refusal: `number` is too low for `instance`, since `promised` was promised."""

    number: ProposalNumber
    instance: int
    promised: ProposalNumber

    def describe(self) -> str:
        """Return the message as one line."""
        return f"nack {self.number} {self.instance}: promised {self.promised}"


@frozen
class Heartbeat:
    """A primary says that it leads under `number`, and how far its prefix of the history goes.

    Up to `compacted` a majority of leaders has durable snapshots: every node may drop that.
    """

    number: ProposalNumber
    chosen_up_to: int
    compacted: int = 0

    def describe(self) -> str:
        """Return the message as one line."""
        return f"heartbeat {self.number} chosen up to {self.chosen_up_to}"


@frozen
class HeartbeatReply:
    """A node heard the primary; `promised` is the highest number an acceptor promised anywhere.

    A leader answers too, with the instance up to which its durable snapshot reaches.
    """

    number: ProposalNumber
    promised: ProposalNumber
    snapshot: int = 0

    def describe(self) -> str:
        """Return the message as one line."""
        return f"heartbeat-reply {self.number}: promised {self.promised}"


@frozen
class CatchUpRequest:
    """A leader asks a peer for the chosen values of `first`..`last`."""

    first: int
    last: int

    def describe(self) -> str:
        """Return the message as one line."""
        return f"catch-up-request {span(self.first, self.last)}"


@frozen
class CatchUpReply:
    """A leader tells a peer the chosen values from `first` on, without holes.

    Up to `compacted` it has none any more: the peer needs its snapshot.
    """

    first: int
    entries: tuple[tuple[ProposalNumber, Value], ...]
    chosen_up_to: int
    compacted: int = 0

    def describe(self) -> str:
        """Return the message as one line."""
        last = self.first + len(self.entries) - 1
        which = span(self.first, last) if self.entries else "nothing"
        return f"catch-up-reply {which} of {self.chosen_up_to}"


@frozen
class Compacted:
    """An acceptor will not speak of `instance`: it has dropped everything up to `up_to`.

    Answering "nothing accepted" instead would let a leader choose a second value there.
    """

    number: ProposalNumber
    instance: int
    up_to: int

    def describe(self) -> str:
        """Return the message as one line."""
        return f"compacted {self.number} {self.instance}: dropped up to {self.up_to}"


@frozen
class SnapshotRequest:
    """A leader asks a peer for its snapshot, from byte `offset` of the one after `applied` on.

    `applied` 0 asks for whatever is the latest.
    """

    applied: int
    offset: int

    def describe(self) -> str:
        """Return the message as one line."""
        return f"snapshot-request of {self.applied or 'the latest'} from byte {self.offset}"


@frozen
class SnapshotChunk:
    """A piece of a snapshot: `data` at `offset` of `size` bytes, whose digest is `digest`."""

    applied: int
    state: str
    size: int
    digest: bytes
    offset: int
    data: bytes

    def describe(self) -> str:
        """Return the message as one line."""
        return f"snapshot-chunk of {self.applied}: byte {self.offset} of {self.size}"


@frozen
class Request:
    """A client asks a leader to have `command` chosen."""

    command: Command

    @property
    def commands(self) -> tuple[Command]:
        """The commands that this asks for: the one."""
        return (self.command,)

    def describe(self) -> str:
        """Return the message as one line."""
        return f"request {self.command}"


@frozen
class Requests:
    """A client asks for many commands at once; each is handled for itself, in this order."""

    commands: tuple[Command, ...]

    def describe(self) -> str:
        """Return the message as one line."""
        return f"requests of {len(self.commands)}: {', '.join(map(str, self.commands))}"


@frozen
class Redirect:
    """A leader that is not primary sends a client on; `primary` None: it knows of none."""

    client: str
    sequence: int
    primary: str | None

    def describe(self) -> str:
        """Return the message as one line."""
        return f"redirect {self.client}#{self.sequence} to {self.primary or 'nobody known'}"


@frozen
class Reply:
    """The one answer to a command: it is chosen, in `instance`, and applied with `result`.

    `outcome` is "unknown" where its session had expired: it may have been applied before.
    """

    client: str
    sequence: int
    instance: int
    result: str
    outcome: str = "chosen"

    def describe(self) -> str:
        """Return the message as one line."""
        who = f"{self.client}#{self.sequence}"
        return f"reply {who} {self.outcome} in {self.instance}: {self.result}"


@frozen
class Replies:
    """The answers to many commands of a client; each is the one answer to its command."""

    replies: tuple[Reply, ...]

    def describe(self) -> str:
        """Return the message as one line."""
        return f"replies to {len(self.replies)}: {', '.join(r.describe() for r in self.replies)}"


Message: TypeAlias = (
    Prepare
    | Promise
    | Accept
    | Accepted
    | Nack
    | Heartbeat
    | HeartbeatReply
    | CatchUpRequest
    | CatchUpReply
    | Compacted
    | SnapshotRequest
    | SnapshotChunk
    | Request
    | Redirect
    | Reply
    | Requests
    | Replies
    | Accepts
    | Decision
)

KINDS: dict[type[Message], str] = {
    Prepare: "prepare",
    Promise: "promise",
    Accept: "accept",
    Accepted: "accepted",
    Nack: "nack",
    Heartbeat: "heartbeat",
    HeartbeatReply: "heartbeat-reply",
    CatchUpRequest: "catch-up-request",
    CatchUpReply: "catch-up-reply",
    Compacted: "compacted",
    SnapshotRequest: "snapshot-request",
    SnapshotChunk: "snapshot-chunk",
    Request: "request",
    Redirect: "redirect",
    Reply: "reply",
    Requests: "requests",
    Replies: "replies",
    Accepts: "accepts",
    Decision: "decision",
}
"""The word for each message, as the trace, the screen and the documentation use it."""


class Envelope(NamedTuple):
    """A message on its way: its unique id, who sent it, and to whom."""

    id: str
    sender: str
    to: str
    message: Message


def span(first: int, last: int | None) -> str:
    """Return `first`..`last` as people write it: `7`, `7..9`, or `7..` without an end."""
    if last is None:
        return f"{first}.."
    return str(first) if first == last else f"{first}..{last}"


def spans(intervals: Iterable[tuple[int, int]]) -> str:
    """Return intervals as people write them: `2, 7..9`."""
    return ", ".join(span(low, high) for low, high in intervals)
