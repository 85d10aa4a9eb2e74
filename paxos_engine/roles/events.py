"""The glossary: everything that can happen in a cluster, in the order and words the user sees.

Roles, pumps, clients and drivers state what happened as one of these; the trace stamps it with
`seq`, `t` and `node` (see `Entry`). Panes, recorder, checkers and replay are folds over them.
A field whose name Python reserves ends in an underscore here and loses it in the JSON form.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar, NamedTuple, TypeAlias

from paxos_engine.roles.frozen import frozen
from paxos_engine.roles.messages import AcceptedReport, Message
from paxos_engine.roles.values import Command, ProposalNumber, Value


@frozen
class Event:
    """Base of all events; `name` is the word that stands for it in a trace file."""

    name: ClassVar[str] = "event"


# --- the cluster ---------------------------------------------------------------------------


@frozen
class Header(Event):
    """The first line of every trace: what ran.

    `ports` maps node names to UDP ports; `retain` is how many instances a leader keeps at the most
    while snapshots are lacking; `level` is how much the trace tells, see `trace/level.py`.
    """

    name: ClassVar[str] = "header"
    acceptors: tuple[str, ...]
    leaders: tuple[str, ...]
    quorum: tuple[int, int]
    mode: str
    seed: int
    faults: dict[str, Any]
    command: str = ""
    ports: dict[str, int] | None = None
    retain: int = 1_000_000
    format: str = "paxos-tui-trace"
    version: int = 1
    level: str = "everything"


# --- messages: node is the receiver (for `sent` the sender), `message` the unique id ---------


@frozen
class Sent(Event):
    """A message is about to leave; `after` is the durable mark it depends on."""

    name: ClassVar[str] = "sent"
    message: str
    to: str
    body: Message
    after: int


@frozen
class Delivered(Event):
    """A message came off the socket and is handed to its node."""

    name: ClassVar[str] = "delivered"
    message: str
    from_: str
    by: str = "network"


@frozen
class Lost(Event):
    """A message will not arrive; `reason` says which fault took it."""

    name: ClassVar[str] = "lost"
    message: str
    from_: str
    reason: str


@frozen
class Duplicated(Event):
    """The network sends a message a second time."""

    name: ClassVar[str] = "duplicated"
    message: str
    from_: str
    by: str


@frozen
class Delayed(Event):
    """The network keeps a message back for `seconds`."""

    name: ClassVar[str] = "delayed"
    message: str
    from_: str
    by: str
    seconds: float


@frozen
class Refused(Event):
    """A datagram, or a message in it, was dropped because it makes no sense; `reason` says why."""

    name: ClassVar[str] = "refused"
    message: str
    from_: str
    reason: str


# --- phase 1 ---------------------------------------------------------------------------------


@frozen
class Prepared(Event):
    """A leader begins phase 1 under a number that it has never used before.

    `mark` is that of the record by which the number is never used again.
    """

    name: ClassVar[str] = "prepared"
    number: ProposalNumber
    from_instance: int
    to_instance: int | None
    reason: str
    mark: int = 0


@frozen
class Promised(Event):
    """An acceptor promised `number`; `reported` is all that it had accepted in that range."""

    name: ClassVar[str] = "promised"
    number: ProposalNumber
    from_instance: int
    to_instance: int | None
    reported: tuple[AcceptedReport, ...]
    compacted: int
    mark: int


# --- phase 2 ---------------------------------------------------------------------------------


@frozen
class Proposed(Event):
    """A leader proposes `value`; `promises` are the messages that made the phase 1 quorum."""

    name: ClassVar[str] = "proposed"
    instance: int
    number: ProposalNumber
    value: Value
    promises: tuple[str, ...]


@frozen
class AcceptedValue(Event):
    """An acceptor accepted a proposal; the vote counts once a `synced` covers `mark`."""

    name: ClassVar[str] = "accepted"
    instance: int
    number: ProposalNumber
    value: Value
    mark: int


@frozen
class Rejected(Event):
    """An acceptor refused `number`, since it has promised `promised`."""

    name: ClassVar[str] = "rejected"
    instance: int
    number: ProposalNumber
    promised: ProposalNumber


@frozen
class Synced(Event):
    """Everything up to `mark` is durable now; `disk` says what kind of storage vouches for it."""

    name: ClassVar[str] = "synced"
    mark: int
    records: int
    bytes: int
    disk: str = "memory"


# --- the history -----------------------------------------------------------------------------


@frozen
class Learned(Event):
    """A leader learned what was chosen; `source` is votes (with `voters`), decision or catch-up.

    `mark` is that of the record that keeps it.
    """

    name: ClassVar[str] = "learned"
    instance: int
    number: ProposalNumber
    value: Value
    source: str
    voters: tuple[str, ...] = ()
    peer: str | None = None
    message: str | None = None
    mark: int = 0


@frozen
class Applied(Event):
    """A leader applied an instance, in order; a duplicate names the instance that did the work.

    Nothing was done where the command's session had `expired`. An instance of several commands has
    one entry for each, in order; all but the last say that there are `more`.
    """

    name: ClassVar[str] = "applied"
    instance: int
    command: Command | None
    result: str | None
    state: str
    duplicate_of: int | None = None
    changed: tuple[tuple[str, str | None], ...] = ()
    expired: bool = False
    more: bool = False


@frozen
class SnapshotMade(Event):
    """A leader has the state after `applied` instances as a snapshot: taken, or installed.

    `mark` is that of the record that keeps it.
    """

    name: ClassVar[str] = "snapshot"
    kind: str
    applied: int
    state: str
    bytes: int
    mark: int = 0


@frozen
class Dropped(Event):
    """A node dropped what it held up to `up_to`: all chosen, and covered by snapshots."""

    name: ClassVar[str] = "compacted"
    up_to: int


@frozen
class GapFound(Event):
    """A leader finds an instance open below others that it knows of."""

    name: ClassVar[str] = "gap_found"
    instance: int
    reason: str


@frozen
class GapFilled(Event):
    """A gap is closed: `outcome` is no-op, found, own or catch-up; `found_number` where found."""

    name: ClassVar[str] = "gap_filled"
    instance: int
    reason: str
    outcome: str
    value: Value
    found_number: ProposalNumber | None = None


@frozen
class CatchUpAsked(Event):
    """A leader that is behind asks a peer for chosen values."""

    name: ClassVar[str] = "catch_up"
    peer: str
    first: int
    last: int


# --- clients ---------------------------------------------------------------------------------


@frozen
class Submitted(Event):
    """A client was given a command; emitted before its first message leaves."""

    name: ClassVar[str] = "submitted"
    client: str
    sequence: int
    command: Command


@frozen
class SessionOpened(Event):
    """A client's session is open: `session` is the instance of the command that opened it."""

    name: ClassVar[str] = "session"
    client: str
    session: int


@frozen
class Retried(Event):
    """A client sends a command again; `to` is the leader it tries now."""

    name: ClassVar[str] = "retried"
    client: str
    sequence: int
    to: str
    reason: str


@frozen
class Answered(Event):
    """A client got the one answer to a command; `outcome` is chosen or unknown."""

    name: ClassVar[str] = "answered"
    client: str
    sequence: int
    instance: int
    result: str
    outcome: str
    seconds: float


# --- leading ---------------------------------------------------------------------------------


@frozen
class Suspected(Event):
    """A leader has heard no heartbeat for too long and is about to claim the primacy."""

    name: ClassVar[str] = "suspected"
    number: ProposalNumber
    reason: str


@frozen
class BecamePrimary(Event):
    """A leader completed phase 1 and leads under `number`."""

    name: ClassVar[str] = "primary"
    number: ProposalNumber
    reason: str


@frozen
class Yielded(Event):
    """A leader stops leading or campaigning, in favour of `number`."""

    name: ClassVar[str] = "yielded"
    number: ProposalNumber
    reason: str


@frozen
class HeartbeatHeard(Event):
    """A node heard the heartbeat of the primary that leads under `number`."""

    name: ClassVar[str] = "heartbeat"
    number: ProposalNumber
    from_: str
    reason: str = "heard"


# --- failures --------------------------------------------------------------------------------


@frozen
class Failed(Event):
    """A node is deaf and dumb from now on; its memory is kept."""

    name: ClassVar[str] = "failed"
    kind: str = "fail"
    forgotten: str = "nothing"


@frozen
class Recovered(Event):
    """A failed node hears and speaks again, with its memory."""

    name: ClassVar[str] = "recovered"
    kind: str = "fail"
    forgotten: str = "nothing"


@frozen
class Crashed(Event):
    """A node stopped: crash, power cut, wipe, or what broke; `forgotten` says what is lost."""

    name: ClassVar[str] = "crashed"
    kind: str
    forgotten: str


@frozen
class Restarted(Event):
    """A node is back with what its disk holds; `note` says what was unusual about that.

    `promised` is the highest number promised, `accepted` how many instances an acceptor has votes
    for, `applied` how far a leader's state goes and `state` its hash; `mark` counts the records
    behind it.
    """

    name: ClassVar[str] = "restarted"
    promised: ProposalNumber | None
    accepted: int
    applied: int
    mark: int
    note: str = ""
    state: str = ""


@frozen
class Paused(Event):
    """A node stands still: what is sent to it waits."""

    name: ClassVar[str] = "paused"
    kind: str = "pause"
    forgotten: str = "nothing"


@frozen
class Resumed(Event):
    """A paused node goes on, with its memory and an idea of the time that is over."""

    name: ClassVar[str] = "resumed"
    kind: str = "pause"
    forgotten: str = "nothing"


@frozen
class FaultsChanged(Event):
    """The fault plan was changed; `plan` is the whole of it, `reason` one line about it."""

    name: ClassVar[str] = "faults_changed"
    plan: dict[str, Any]
    reason: str


@frozen
class WrittenOff(Event):
    """A person says which leaders are gone for good: no snapshot of `leaders` is waited for.

    It is the whole list: a leader that it does not name counts, or counts again.
    """

    name: ClassVar[str] = "written_off"
    leaders: tuple[str, ...]
    reason: str


# --- the trace itself ------------------------------------------------------------------------


@frozen
class Skipped(Event):
    """`count` entries are missing here: this reader was slower than the cluster."""

    name: ClassVar[str] = "skipped"
    count: int


@frozen
class Violation(Event):
    """A safety rule was broken; `evidence` lists the `seq` of the entries that show it."""

    name: ClassVar[str] = "violation"
    rule: str
    evidence: tuple[int, ...]
    text: str = ""


class Entry(NamedTuple):
    """One stamped event: order, seconds since start, where, and what."""

    seq: int
    t: float
    node: str
    event: Event


EVENT_TYPES: TypeAlias = tuple[type[Event], ...]

ALL_EVENTS: EVENT_TYPES = (
    Header,
    Sent,
    Delivered,
    Lost,
    Duplicated,
    Delayed,
    Refused,
    Prepared,
    Promised,
    Proposed,
    AcceptedValue,
    Rejected,
    Synced,
    Learned,
    Applied,
    SnapshotMade,
    Dropped,
    GapFound,
    GapFilled,
    CatchUpAsked,
    Submitted,
    SessionOpened,
    Retried,
    Answered,
    Suspected,
    BecamePrimary,
    Yielded,
    HeartbeatHeard,
    Failed,
    Recovered,
    Crashed,
    Restarted,
    Paused,
    Resumed,
    FaultsChanged,
    WrittenOff,
    Skipped,
    Violation,
)
"""Every event type, in the order of this glossary."""


def describe(event: Event) -> str:
    """Return the event as one line: its word, then its fields, empty ones left out."""
    parts = [event.name]
    for field in fields(event):
        value = getattr(event, field.name)
        if value is not False and value not in (None, (), ""):
            parts.append(f"{field.name.rstrip('_')}={_text(value)}")
    return " ".join(parts)


def _text(value: object) -> str:
    match value:
        case AcceptedReport(instance, number, accepted):
            return f"{instance}: {number} {accepted}"
        case ProposalNumber():
            return str(value)
        case tuple():
            return f"[{', '.join(_text(item) for item in value)}]"
        case float():
            return f"{value:.3f}"
        case _:
            return getattr(value, "describe", value.__str__)()
