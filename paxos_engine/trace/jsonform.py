"""One event as one JSON object, and back: the form of a trace in a file.

`docs/trace-format.md` defines it. A proposal number is [round, leader], the no-op is null, a
command an object, and text that is not UTF-8 is {"base64": ...}. The coders of each field follow
from its declared type, so an event or message that is added needs no line here.
"""

from __future__ import annotations

import base64
import json
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from typing import Any, Final, NamedTuple, TypeAlias

from paxos_engine.roles.events import ALL_EVENTS, Entry, Event, Sent
from paxos_engine.roles.messages import KINDS, AcceptedReport, Message, Reply
from paxos_engine.roles.values import NOOP, Batch, Command, NoOp, ProposalNumber, Value

Coder: TypeAlias = Callable[[Any], Any]


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


_DECODE: Final = json.JSONDecoder(parse_constant=_no_constant).decode

MICROSECONDS: Final = 6
"""Digits of a second that `t` has in a file."""


class TraceFormatError(ValueError):
    """A line that is no entry of a trace; the text says what is wrong with it."""


class UnknownEvent(TraceFormatError):
    """An event that is none of ours: a later version of the program may have written it.

    Args:
        text: what is unknown.
        seq: the number of its entry.
    """

    def __init__(self, text: str, seq: int) -> None:
        super().__init__(text)
        self.seq = seq


class UnknownMessage(UnknownEvent):
    """The sending of a message of a kind that is none of ours."""


class _Field(NamedTuple):
    name: str  # in memory
    key: str  # in the file
    write: Coder
    read: Coder
    default: Any


def to_line(entry: Entry) -> bytes:
    """Return an entry as a line of a file."""
    # Half a surrogate pair in a name would stop the writer; its escape is good JSON.
    text = json.dumps(to_json(entry), ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace")


def from_line(line: bytes) -> Entry:
    """Return the entry that a line of a file stands for; see `from_json`."""
    try:
        raw = _DECODE(line.decode())
    except UnicodeDecodeError as error:
        raise TraceFormatError(f"no UTF-8 at byte {error.start + 1}") from error
    except json.JSONDecodeError as error:
        raise TraceFormatError(f"no JSON (at character {error.pos + 1})") from error
    except RecursionError as error:
        raise TraceFormatError("no JSON (too many brackets in one another)") from error
    except ValueError as error:
        raise TraceFormatError(f"no JSON ({error!s:.60})") from error
    return from_json(raw)


def to_json(entry: Entry) -> dict[str, Any]:
    """Return an entry as an object that the json module can write."""
    event = entry.event
    out: dict[str, Any] = {
        "seq": entry.seq,
        "t": round(entry.t, MICROSECONDS),
        "node": entry.node,
        "event": event.name,
    }
    for field in _fields(type(event)):
        out[field.key] = field.write(getattr(event, field.name))
    if isinstance(event, Sent):
        out["kind"] = KINDS[type(event.body)]
        for field in _fields(type(event.body)):
            out[field.key] = field.write(getattr(event.body, field.name))
    return out


def from_json(raw: dict[str, Any]) -> Entry:
    """Return the entry that an object stands for; fields that it has beyond ours are ignored.

    Raises:
        UnknownEvent: its event, or its message, is none of ours.
        TraceFormatError: it is no entry, or it lacks a field, or one has the wrong type.
    """
    if not isinstance(raw, dict):
        raise TraceFormatError("an entry is an object")
    try:
        seq, t, node, name = raw["seq"], raw["t"], raw["node"], _text(raw["event"])
    except KeyError as error:
        raise TraceFormatError(f"an entry lacks {error}") from error
    kind = _BY_NAME.get(name)
    if kind is None:
        raise UnknownEvent(f"unknown event {name!r:.60}", _integer(seq))
    values = _read_fields(kind, name, raw)
    if kind is Sent:
        values["body"] = _message(raw, _integer(seq))
    try:
        return Entry(_integer(seq), _seconds(t), _text(node), kind(**values))
    except TraceFormatError as error:
        raise TraceFormatError(f"{name}: {error}") from error


def _message(raw: dict[str, Any], seq: int) -> Message:
    if "kind" not in raw:
        raise TraceFormatError("sent lacks 'kind'")
    name = _text(raw["kind"])
    kind = _BY_KIND.get(name)
    if kind is None:
        raise UnknownMessage(f"unknown kind of message {name!r:.60}", seq)
    message: Message = kind(**_read_fields(kind, name, raw))
    return message


def _read_fields(kind: type[Any], name: str, raw: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field, key, _, read, default in _fields(kind):
        if key in raw:
            try:
                values[field] = read(raw[key])
            except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
                raise TraceFormatError(f"{name}: {key!r} is {raw[key]!r:.60}") from error
        elif default is MISSING:
            raise TraceFormatError(f"{name} lacks {key!r}")
        else:
            values[field] = default
    return values


def _fields(kind: type[Any]) -> tuple[_Field, ...]:
    """Return how each field of an event or message is written and read; a body is not one."""
    known = _CODED.get(kind)
    if known is None:
        known = _CODED[kind] = tuple(_coded(kind))
    return known


def _coded(kind: type[Any]) -> Iterator[_Field]:
    hints = typing.get_type_hints(kind)
    for field in fields(kind):
        if kind is Sent and field.name == "body":
            continue
        key = field.name.rstrip("_")
        write, read = _QUORUM if key == "quorum" else _coder(hints[field.name])
        yield _Field(field.name, key, write, read, field.default)


# --- the coders: for each type how it is written, and how it is read -------------------------


def _coder(hint: Any) -> tuple[Coder, Coder]:
    """Return the coder of a declared type.

    Raises:
        TypeError: there is none, which a test finds out.
    """
    known = _CODERS.get(hint)
    if known is not None:
        return known
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        inner = tuple(a for a in arguments if a is not types.NoneType)
        if len(inner) == 1:
            return _optional(*_coder(inner[0]))
    elif origin is tuple and arguments[-1] is Ellipsis:
        return _many(*_coder(arguments[0]))
    elif origin is tuple:
        return _each([_coder(argument) for argument in arguments])
    elif origin is dict:
        return _same, _object
    raise TypeError(f"a trace file has no form for {hint}")


def _optional(write: Coder, read: Coder) -> tuple[Coder, Coder]:
    return (
        lambda value: None if value is None else write(value),
        lambda raw: None if raw is None else read(raw),
    )


def _many(write: Coder, read: Coder) -> tuple[Coder, Coder]:
    return (
        lambda value: [write(item) for item in value],
        lambda raw: tuple(read(item) for item in _list(raw)),
    )


def _each(coders: list[tuple[Coder, Coder]]) -> tuple[Coder, Coder]:
    return (
        lambda value: [w(item) for (w, _), item in zip(coders, value, strict=True)],
        lambda raw: tuple(r(item) for (_, r), item in zip(coders, _list(raw), strict=True)),
    )


def _same(value: Any) -> Any:
    return value


def _checked(kind: type[Any], word: str) -> Coder:
    def read(raw: Any) -> Any:
        if type(raw) is not kind:  # True is an int for isinstance, and no integer in a trace
            raise TraceFormatError(f"{raw!r:.60} is no {word}")
        return raw

    return read


_list: Final = _checked(list, "list")
_object: Final = _checked(dict, "object")


def _integer(raw: Any) -> int:
    if type(raw) is not int or not -(2**63) <= raw < 2**63:  # checks keep them in 64 bits
        raise TraceFormatError(f"{raw!r:.60} is no integer of 64 bits")
    return raw


def _seconds(raw: Any) -> float:
    if type(raw) is float or (type(raw) is int and abs(raw) < 2**53):
        return float(raw)
    raise TraceFormatError(f"{raw!r:.60} is no number of seconds")


def _write_text(value: str | bytes) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which no file can hold as it is
        raw = value.encode("utf-8", "surrogatepass")
        return {"base64": base64.b64encode(raw).decode(), "text": True}
    return value


def _read_content(raw: Any) -> str | bytes:
    if type(raw) is str:
        return raw
    content = base64.b64decode(_object(raw)["base64"], validate=True)
    return content.decode("utf-8", "surrogatepass") if raw.get("text") else content


def _read_bytes(raw: Any) -> bytes:
    content = _read_content(raw)
    if isinstance(content, str):
        raise TraceFormatError(f"{raw!r:.60} is no bytes")
    return content


def _text(raw: Any) -> str:
    if type(raw) is str:
        return raw
    try:
        content = _read_content(raw)
    except (KeyError, TypeError, ValueError) as error:
        raise TraceFormatError(f"{raw!r:.60} is no text") from error
    if isinstance(content, bytes):
        raise TraceFormatError(f"{raw!r:.60} is no text")
    return content


def _write_number(number: ProposalNumber) -> Any:
    return [number.round, number.leader]


def _read_number(raw: Any) -> ProposalNumber:
    round_, leader = _list(raw)
    number = ProposalNumber(_integer(round_), _integer(int(leader[1:])))
    if number.leader != leader:
        raise TraceFormatError(f"{leader!r:.60} is no leader")
    return number


def _write_command(command: Command) -> Any:
    out = {
        "client": _write_text(command.client),
        "sequence": command.sequence,
        "value": _write_text(command.value),
    }
    extra = {"oldest": command.oldest, "session": command.session}
    return {**out, **{key: number for key, number in extra.items() if number}}


def _read_command(raw: Any) -> Command:
    found = _object(raw)
    content = _read_content(found["value"])
    sequence, oldest = _integer(found["sequence"]), _integer(found.get("oldest", 0))
    session = _integer(found.get("session", 0))
    return Command(_text(found["client"]), sequence, content, oldest, session)


def _write_value(value: Value) -> Any:
    match value:
        case Command():
            return _write_command(value)
        case Batch(commands):
            return [_write_command(command) for command in commands]
        case NoOp():
            return None


def _read_value(raw: Any) -> Value:
    if raw is None:
        return NOOP
    if type(raw) is not list:
        return _read_command(raw)
    if len(raw) < 2:
        raise TraceFormatError("a list of commands for one instance has two or more")
    return Batch(tuple(map(_read_command, raw)))


def _write_report(report: AcceptedReport) -> Any:
    number, value = _write_number(report.number), _write_value(report.value)
    return {"instance": report.instance, "number": number, "value": value}


def _read_report(raw: Any) -> AcceptedReport:
    found = _object(raw)
    number = _read_number(found["number"])
    return AcceptedReport(_integer(found["instance"]), number, _read_value(found["value"]))


def _write_reply(reply: Reply) -> Any:
    return {field.key: field.write(getattr(reply, field.name)) for field in _fields(Reply)}


def _read_reply(raw: Any) -> Reply:
    return Reply(**_read_fields(Reply, "reply", _object(raw)))


_QUORUM: Final[tuple[Coder, Coder]] = (
    lambda quorum: {"phase1": quorum[0], "phase2": quorum[1]},
    lambda raw: (_integer(raw["phase1"]), _integer(raw["phase2"])),
)

_CODERS: Final[dict[Any, tuple[Coder, Coder]]] = {
    int: (_same, _integer),
    float: (_same, _seconds),
    bool: (_same, _checked(bool, "truth value")),
    str: (_write_text, _text),
    bytes: (_write_text, _read_bytes),
    str | bytes: (_write_text, _read_content),
    ProposalNumber: (_write_number, _read_number),
    Command: (_write_command, _read_command),
    Value: (_write_value, _read_value),
    AcceptedReport: (_write_report, _read_report),
    Reply: (_write_reply, _read_reply),
}

_BY_NAME: Final[dict[str, type[Event]]] = {event.name: event for event in ALL_EVENTS}
_BY_KIND: Final[dict[str, type[Any]]] = {kind: message for message, kind in KINDS.items()}

_CODED: Final[dict[type[Any], tuple[_Field, ...]]] = {}
