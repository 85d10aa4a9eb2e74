"""Messages as plain lists and back: which fields each kind has, and in which order.

How a single field is read is in `reading.py`, and how many commands or answers are in `columns.py`.
"""

from __future__ import annotations

from operator import attrgetter, call
from typing import Any, Final

from paxos_engine.roles.messages import (
    Accept,
    Accepted,
    AcceptedReport,
    Accepts,
    CatchUpReply,
    CatchUpRequest,
    Compacted,
    Decision,
    Heartbeat,
    HeartbeatReply,
    Message,
    Nack,
    Prepare,
    Promise,
    Redirect,
    Replies,
    Reply,
    Request,
    Requests,
    SnapshotChunk,
    SnapshotRequest,
)
from paxos_engine.roles.values import (
    MAX_BATCH,
    NOOP,
    Batch,
    Command,
    NoOp,
    ProposalNumber,
    Value,
)
from paxos_engine.wire.columns import (
    columns_of_commands,
    columns_of_replies,
    read_commands,
    read_replies,
)
from paxos_engine.wire.reading import (
    Read,
    WireError,
    read_bool,
    read_bytes,
    read_content,
    read_first,
    read_instance,
    read_last,
    read_list,
    read_name,
    read_number,
    read_primary,
    read_some,
    read_state,
    read_text,
    shown,
)


def read_value(raw: Any) -> Value:
    """Return a value: None is the no-op, a list a command, a list of lists a batch.

    Raises:
        WireError: it is none of these.
    """
    if raw is None:
        return NOOP
    if type(raw) is list and raw and type(raw[0]) is list:
        return read_batch(raw)
    return read_command(raw)


def read_batch(raw: Any) -> Batch:
    """Return the commands of one instance, or raise WireError."""
    commands = read_commands(raw)
    if not 2 <= len(commands) <= MAX_BATCH:
        raise WireError(f"a batch of {len(commands)} commands, and 2 to {MAX_BATCH} make one")
    if any(command.opens_session for command in commands):
        raise WireError("a batch opens a session: each needs an instance of its own")
    return Batch(commands)


def read_command(raw: Any) -> Command:
    """Return a command, or raise WireError."""
    client, sequence, oldest, session, value = read_list(raw, 5)
    oldest, session, value = read_instance(oldest), read_instance(session), read_content(value)
    return Command(read_name(client), read_instance(sequence), value, oldest, session)


def read_reports(raw: Any) -> tuple[AcceptedReport, ...]:
    """Return the lines of a promise in ascending instances, or raise WireError."""
    reports = []
    before = 0
    for item in read_list(raw):
        instance, number, value = read_list(item, 3)
        report = AcceptedReport(read_instance(instance), read_number(number), read_value(value))
        if report.instance <= before:
            raise WireError(f"instance {report.instance} reported after {before}")
        before = report.instance
        reports.append(report)
    return tuple(reports)


def read_intervals(raw: Any) -> tuple[tuple[int, int], ...]:
    """Return intervals, disjoint and ascending, or raise WireError."""
    intervals = []
    before = 0
    for item in read_list(raw):
        low, high = read_list(item, 2)
        low, high = read_instance(low), read_instance(high)
        if not before < low <= high:
            raise WireError(f"the interval {low}..{high} after {before}")
        before = high
        intervals.append((low, high))
    return tuple(intervals)


def read_rows(raw: Any) -> tuple[tuple[ProposalNumber, Value], ...]:
    """Return rows of the history, or raise WireError."""
    return tuple(
        (read_number(number), read_value(value))
        for number, value in (read_list(item, 2) for item in read_list(raw))
    )


def read_values(raw: Any) -> tuple[Value, ...]:
    """Return what is proposed for several instances: commands in columns, or value for value.

    Raises:
        WireError: it is neither, or too many.
    """
    items = read_some(raw)
    match items[0]:
        case [str(), _, _, _, list()]:  # a run of commands; of a lone one the last is its text
            values: tuple[Value, ...] = read_commands(items)
        case _:
            values = tuple(map(read_value, items))
    if len(values) > MAX_BATCH:
        raise WireError(f"accepts for {len(values)} instances, and {MAX_BATCH} are the most")
    return values


SCHEMA: Final[tuple[tuple[type[Message], tuple[tuple[str, Read], ...]], ...]] = (
    (
        Prepare,
        (
            ("number", read_number),
            ("first", read_first),
            ("last", read_last),
            ("cursor", read_first),
        ),
    ),
    (
        Promise,
        (
            ("number", read_number),
            ("first", read_first),
            ("last", read_last),
            ("cursor", read_first),
            ("covers_to", read_last),
            ("final", read_bool),
            ("compacted", read_instance),
            ("reported", read_reports),
        ),
    ),
    (
        Accept,
        (
            ("number", read_number),
            ("instance", read_first),
            ("value", read_value),
            ("chosen_up_to", read_instance),
        ),
    ),
    (Accepted, (("number", read_number), ("intervals", read_intervals))),
    (Nack, (("number", read_number), ("instance", read_first), ("promised", read_number))),
    (
        Heartbeat,
        (("number", read_number), ("chosen_up_to", read_instance), ("compacted", read_instance)),
    ),
    (
        HeartbeatReply,
        (("number", read_number), ("promised", read_number), ("snapshot", read_instance)),
    ),
    (CatchUpRequest, (("first", read_first), ("last", read_instance))),
    (
        CatchUpReply,
        (
            ("first", read_first),
            ("entries", read_rows),
            ("chosen_up_to", read_instance),
            ("compacted", read_instance),
        ),
    ),
    (Compacted, (("number", read_number), ("instance", read_first), ("up_to", read_instance))),
    (SnapshotRequest, (("applied", read_instance), ("offset", read_instance))),
    (
        SnapshotChunk,
        (
            ("applied", read_first),
            ("state", read_state),
            ("size", read_instance),
            ("digest", read_bytes),
            ("offset", read_instance),
            ("data", read_bytes),
        ),
    ),
    (Request, (("command", read_command),)),
    (
        Redirect,
        (("client", read_name), ("sequence", read_instance), ("primary", read_primary)),
    ),
    (
        Reply,
        (
            ("client", read_name),
            ("sequence", read_instance),
            ("instance", read_first),
            ("result", read_text),
            ("outcome", read_name),
        ),
    ),
    (Requests, (("commands", read_commands),)),
    (Replies, (("replies", read_replies),)),
    (
        Accepts,
        (
            ("number", read_number),
            ("first", read_first),
            ("values", read_values),
            ("chosen_up_to", read_instance),
        ),
    ),
    (Decision, (("number", read_number), ("intervals", read_intervals))),
)
"""Kind number (the position) -> message class and its fields, in the order of the wire."""

_ATOMS: Final = frozenset((int, str, bool, bytes, type(None)))
_FIRST_BEFORE: Final = ("last", "cursor")


def plain(value: Any) -> Any:
    """Return a field as what msgpack knows: lists, numbers, text, bytes and None.

    Raises:
        TypeError: it is nothing that a message may carry. Sending a no-op in its place would
            have the cluster agree on what nobody said.
    """
    if type(value) in _ATOMS:  # most fields are: asked first, since this is on every message's way
        return value
    if type(value) is Command:
        return [value.client, value.sequence, value.oldest, value.session, value.value]
    if isinstance(value, tuple):
        if value and type(value[0]) is Command and {*map(type, value)} == {Command}:
            return columns_of_commands(value)
        if value and type(value[0]) is Reply:
            return columns_of_replies(value)
        return [item if type(item) in _ATOMS else plain(item) for item in value]
    if type(value) is Batch:
        return columns_of_commands(value.commands)
    if type(value) is NoOp:
        return None
    raise TypeError(f"a {type(value).__name__} does not travel in a message")


class _Kind:
    """One kind of message, with all that can be known of it before one is read or written."""

    def __init__(
        self, position: int, message: type[Message], fields: tuple[tuple[str, Read], ...]
    ) -> None:
        names = [name for name, _ in fields]
        self.position = position
        self.message = message
        self.checks = tuple(check for _, check in fields)
        self.items = 1 + len(fields)
        # The first name twice: it keeps the place of the kind, and of two names or more the getter
        # returns a tuple.
        self.fields_of = attrgetter(names[0], *names)
        self.ordered = [
            (names.index("first"), high, names.index(high))
            for high in _FIRST_BEFORE
            if high in names and "first" in names
        ]

    def write(self, message: Message) -> list[Any]:
        """Return a message as a list."""
        items = [
            value if type(value) in _ATOMS else plain(value) for value in self.fields_of(message)
        ]
        items[0] = self.position
        return items

    def read(self, items: list[Any]) -> Message:
        """Return the message that a list stands for, or raise WireError."""
        if len(items) != self.items:
            raise WireError(f"a list of {len(items)} items where {self.items} belong")
        read = [*map(call, self.checks, items[1:])]
        for low, name, high in self.ordered:
            if read[high] is not None and read[high] < read[low]:
                raise WireError(f"{name} {read[high]} lies before first {read[low]}")
        return self.message(*read)


_KINDS: Final = tuple(_Kind(at, *entry) for at, entry in enumerate(SCHEMA))
_KIND_OF: Final = {kind.message: kind for kind in _KINDS}


def to_plain(message: Message) -> list[Any]:
    """Return a message as a list: its kind, then its fields."""
    return _KIND_OF[type(message)].write(message)


def from_plain(raw: Any) -> Message:
    """Return the message that a list stands for.

    Raises:
        WireError: anything about it is not as it must be.
    """
    items = read_list(raw)
    if not items:
        raise WireError("an empty message")
    kind = items[0]
    if type(kind) is not int or not 0 <= kind < len(_KINDS):
        raise WireError(f"unknown kind {shown(kind)}")
    return _KINDS[kind].read(items)
