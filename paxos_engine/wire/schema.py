"""Messages as plain lists and back: strict, bounded, and with one clear line for what is wrong.

Nothing that comes from the wire is believed: types are compared exactly (a bool is no number),
numbers are bounded, and what does not fit raises `WireError` before anything is built from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import attrgetter, call
from typing import Any, Final, TypeAlias

from paxos_engine.roles.messages import (
    Accept,
    Accepted,
    AcceptedReport,
    CatchUpReply,
    CatchUpRequest,
    Compacted,
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
    MAX_INSTANCE,
    MAX_ROUND,
    NOOP,
    Batch,
    Command,
    NoOp,
    ProposalNumber,
    Value,
)

MAX_RANK: Final = 1_000
MAX_NAME: Final = 64
_NO_NAME: Final = f"is no name: 1 to {MAX_NAME} printable characters"
MAX_ITEMS: Final = 4_096
"""Reports, rows, intervals, or messages in one list: several times what a page ever holds."""


class WireError(ValueError):
    """A datagram, or a message in it, that makes no sense; the text is one line."""


Read: TypeAlias = Callable[[Any], Any]


def shown(raw: Any) -> str:
    """Return a few words for something that came from the wire, however long or deep it is."""
    match raw:
        case str() | bytes():
            return repr(raw[:40])
        case list():
            return f"a list of {len(raw)} items"  # its repr may nest deeper than Python recurses
        case _:
            return repr(raw)[:40]


def read_int(raw: Any, most: int) -> int:
    """Return a whole number from 0 to `most`, or raise WireError."""
    if type(raw) is not int or not 0 <= raw <= most:
        raise WireError(f"{shown(raw)} is no whole number from 0 to {most}")
    return raw


def read_instance(raw: Any) -> int:
    """Return an instance (or 0), or raise WireError."""
    if type(raw) is int and 0 <= raw < MAX_INSTANCE:  # most numbers are: spare them the call
        return raw
    return read_int(raw, MAX_INSTANCE - 1)


def read_last(raw: Any) -> int | None:
    """Return the end of a range, None for an open one, or raise WireError."""
    return None if raw is None else read_instance(raw)


def read_name(raw: Any) -> str:
    """Return a short printable text, or raise WireError."""
    if type(raw) is not str or len(raw) > MAX_NAME:
        raise WireError(f"{shown(raw)} {_NO_NAME}")
    return _name(raw)


@lru_cache(1_024)
def _name(text: str) -> str:
    """Return the one text for a name: every command names its client, and is kept."""
    if not text or not text.isprintable():
        raise WireError(f"{shown(text)} {_NO_NAME}")
    return text


def read_primary(raw: Any) -> str | None:
    """Return the name of a primary or None, or raise WireError."""
    return None if raw is None else read_name(raw)


def read_list(raw: Any, length: int | None = None) -> list[Any]:
    """Return a list of `length` items (or of any bounded length), or raise WireError."""
    if type(raw) is not list or len(raw) > MAX_ITEMS:
        raise WireError(f"{shown(raw)} where a list of at most {MAX_ITEMS} items belongs")
    if length is not None and len(raw) != length:
        raise WireError(f"a list of {len(raw)} items where {length} belong")
    return raw


def read_number(raw: Any) -> ProposalNumber:
    """Return a proposal number, its round bounded, or raise WireError."""
    round_, rank = read_list(raw, 2)
    return ProposalNumber(read_int(round_, MAX_ROUND - 1), read_int(rank, MAX_RANK))


def read_bool(raw: Any) -> bool:
    """Return True or False, or raise WireError."""
    if type(raw) is not bool:
        raise WireError(f"{shown(raw)} is neither true nor false")
    return raw


def read_text(raw: Any) -> str:
    """Return a text of any length, or raise WireError."""
    if type(raw) is not str:
        raise WireError(f"{shown(raw)} is no text")
    return raw


def read_bytes(raw: Any) -> bytes:
    """Return bytes of any length, or raise WireError."""
    if type(raw) is not bytes:
        raise WireError(f"{shown(raw)} is no bytes")
    return raw


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
    oldest, session, value = read_instance(oldest), read_instance(session), _read_content(value)
    return Command(read_name(client), read_instance(sequence), value, oldest, session)


def _read_content(raw: Any) -> str | bytes:
    if type(raw) is not str and type(raw) is not bytes:
        raise WireError(f"{shown(raw)} is neither text nor bytes")
    return raw


def read_commands(raw: Any) -> tuple[Command, ...]:
    """Return several commands, which come in columns; or raise WireError."""
    commands: list[Command] = []
    for run in _some(raw):
        client, session, sequences, oldests, values = read_list(run, 5)
        client, session, values = read_name(client), read_instance(session), _some(values)
        for value in values if {*map(type, values)} - {str, bytes} else ():
            _read_content(value)  # one of them is neither
        sequences = _read_instances(sequences, len(values))
        oldests = _read_instances(oldests, len(values))
        commands += [
            Command(client, sequence, value, oldest, session)
            for sequence, value, oldest in zip(sequences, values, oldests, strict=True)
        ]
    if len(commands) > MAX_ITEMS:
        raise WireError(f"{len(commands)} commands in one message, and {MAX_ITEMS} are the most")
    return tuple(commands)


def _columns(commands: Sequence[Command]) -> list[Any]:
    """Return commands as columns, for each run of one session: most are of a single client."""
    runs = []
    for (client, session), several in groupby(commands, attrgetter("client", "session")):
        run = [*several]
        sequences, oldests = [c.sequence for c in run], [c.oldest for c in run]
        runs.append([client, session, sequences, oldests, [c.value for c in run]])
    return runs


def _read_instances(raw: Any, count: int) -> list[int]:
    numbers = read_list(raw, count)
    if {*map(type, numbers)} != {int} or min(numbers) < 0 or max(numbers) >= MAX_INSTANCE:
        return [read_instance(number) for number in numbers]  # one of them is none
    return numbers


def read_replies(raw: Any) -> tuple[Reply, ...]:
    """Return the answers to many commands, or raise WireError."""
    return tuple(map(_reply, _some(raw)))


def _some(raw: Any) -> list[Any]:
    items = read_list(raw)
    if not items:
        raise WireError("an empty list where something belongs")
    return items


def _reply(raw: Any) -> Reply:
    client, sequence, instance, result, outcome = read_list(raw, 5)
    sequence, instance = read_instance(sequence), _first(instance)
    return Reply(read_name(client), sequence, instance, read_text(result), read_name(outcome))


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


def _first(raw: Any) -> int:
    instance = read_instance(raw)
    if instance < 1:
        raise WireError("instances begin at 1")
    return instance


def _state(raw: Any) -> str:
    state = read_text(raw)
    if len(state) != 16 or set(state) - set("0123456789abcdef"):
        raise WireError(f"{shown(raw)} is no hash of a state")
    return state


SCHEMA: Final[tuple[tuple[type[Message], tuple[tuple[str, Read], ...]], ...]] = (
    (
        Prepare,
        (("number", read_number), ("first", _first), ("last", read_last), ("cursor", _first)),
    ),
    (
        Promise,
        (
            ("number", read_number),
            ("first", _first),
            ("last", read_last),
            ("cursor", _first),
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
            ("instance", _first),
            ("value", read_value),
            ("chosen_up_to", read_instance),
        ),
    ),
    (Accepted, (("number", read_number), ("intervals", read_intervals))),
    (Nack, (("number", read_number), ("instance", _first), ("promised", read_number))),
    (
        Heartbeat,
        (("number", read_number), ("chosen_up_to", read_instance), ("compacted", read_instance)),
    ),
    (
        HeartbeatReply,
        (("number", read_number), ("promised", read_number), ("snapshot", read_instance)),
    ),
    (CatchUpRequest, (("first", _first), ("last", read_instance))),
    (
        CatchUpReply,
        (
            ("first", _first),
            ("entries", read_rows),
            ("chosen_up_to", read_instance),
            ("compacted", read_instance),
        ),
    ),
    (Compacted, (("number", read_number), ("instance", _first), ("up_to", read_instance))),
    (SnapshotRequest, (("applied", read_instance), ("offset", read_instance))),
    (
        SnapshotChunk,
        (
            ("applied", _first),
            ("state", _state),
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
            ("instance", _first),
            ("result", read_text),
            ("outcome", read_name),
        ),
    ),
    (Requests, (("commands", read_commands),)),
    (Replies, (("replies", read_replies),)),
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
    if type(value) is Reply:
        return [value.client, value.sequence, value.instance, value.result, value.outcome]
    if isinstance(value, tuple):
        if value and type(value[0]) is Command:
            return _columns(value)
        return [item if type(item) in _ATOMS else plain(item) for item in value]
    if type(value) is Batch:
        return _columns(value.commands)
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


def kind_number(message: type[Message]) -> int:
    """Return the number by which the wire knows a kind of message."""
    return _KIND_OF[message].position


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
