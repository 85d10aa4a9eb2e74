"""One event as one JSON object, and back: the form of a trace in a file.

`docs/trace-format.md` defines it. A proposal number is [round, leader], the no-op is null, a
command an object, and text that is not UTF-8 is {"base64": ...}.
"""

from __future__ import annotations

import base64
import types
import typing
from dataclasses import MISSING, fields
from typing import Any, Final

from paxos_engine.roles.events import ALL_EVENTS, Entry, Sent
from paxos_engine.roles.messages import KINDS, AcceptedReport, Message
from paxos_engine.roles.values import NOOP, Command, NoOp, ProposalNumber, Value

_BY_NAME: Final = {event.name: event for event in ALL_EVENTS}
_BY_KIND: Final = {kind: message for message, kind in KINDS.items()}


class TraceFormatError(ValueError):
    """A line that is no entry of a trace; the text says what is wrong with it."""


def to_json(entry: Entry) -> dict[str, Any]:
    """Return an entry as an object that the json module can write."""
    event = entry.event
    out: dict[str, Any] = {
        "seq": entry.seq,
        "t": round(entry.t, 6),
        "node": entry.node,
        "event": event.name,
    }
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name == "body":
            out["kind"] = KINDS[type(value)]
            out["body"] = {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        else:
            out[field.name.rstrip("_")] = _plain(value)
    return out


def from_json(raw: dict[str, Any]) -> Entry:
    """Return the entry that an object stands for.

    Raises:
        TraceFormatError: it is none, or it lacks a field.
    """
    try:
        kind = _BY_NAME.get(raw["event"])
        if kind is None:
            raise TraceFormatError(f"unknown event {raw['event']!r:.40}")
        values = {}
        hints = typing.get_type_hints(kind)
        for field in fields(kind):
            key = field.name.rstrip("_")
            if kind is Sent and key == "body":
                values["body"] = _message(raw["kind"], raw["body"])
            elif key in raw:
                values[field.name] = _typed(raw[key], hints[field.name])
            elif field.default is MISSING:
                raise TraceFormatError(f"{raw['event']} lacks {key!r}")
        return Entry(int(raw["seq"]), float(raw["t"]), str(raw["node"]), kind(**values))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, TraceFormatError):
            raise
        raise TraceFormatError(f"no entry of a trace: {error!r:.120}") from error


def _plain(value: Any) -> Any:
    match value:
        case ProposalNumber():
            return [value.round, value.leader]
        case AcceptedReport(instance, number, accepted):
            return {"instance": instance, "number": _plain(number), "value": _plain(accepted)}
        case NoOp():
            return None
        case Command(client, sequence, content, oldest):
            out = {"client": client, "sequence": sequence, "value": _text(content)}
            return {**out, "oldest": oldest} if oldest else out
        case tuple() | list():
            return [_plain(item) for item in value]
        case bytes() | str():
            return _text(value)
        case _:
            return value


def _text(value: str | bytes) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    try:
        value.encode()
    except UnicodeEncodeError:
        raw = value.encode("utf-8", "surrogatepass")
        return {"base64": base64.b64encode(raw).decode(), "text": True}
    return value


def _value_of(raw: Any) -> Value:
    if raw is None:
        return NOOP
    content = _content_of(raw["value"])
    return Command(raw["client"], raw["sequence"], content, raw.get("oldest", 0))


def _content_of(raw: Any) -> str | bytes:
    if isinstance(raw, str):
        return raw
    content = base64.b64decode(raw["base64"], validate=True)
    return content.decode("utf-8", "surrogatepass") if raw.get("text") else content


def _number_of(raw: Any) -> ProposalNumber:
    return ProposalNumber(raw[0], int(raw[1].removeprefix("L")))


def _message(kind: str, raw: dict[str, Any]) -> Message:
    message = _BY_KIND[kind]
    hints = typing.get_type_hints(message)
    return message(**{f.name: _typed(raw[f.name], hints[f.name]) for f in fields(message)})


def _typed(raw: Any, hint: Any) -> Any:
    """Return `raw` as the type that a field declares."""
    if hint == Value or hint == Value | None:
        return _value_of(raw)
    if hint == Command | None:
        return None if raw is None else _value_of(raw)
    if hint == str | bytes:
        return _content_of(raw)
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        inner = [arg for arg in typing.get_args(hint) if arg is not types.NoneType]
        return None if raw is None else _typed(raw, inner[0])
    if origin is tuple:
        arguments = typing.get_args(hint)
        if arguments[-1] is Ellipsis:
            return tuple(_typed(item, arguments[0]) for item in raw)
        return tuple(_typed(i, a) for i, a in zip(raw, arguments, strict=True))
    if hint is ProposalNumber:
        return _number_of(raw)
    if hint is AcceptedReport:
        number = _number_of(raw["number"])
        return AcceptedReport(raw["instance"], number, _value_of(raw["value"]))
    if hint is Command:
        return _value_of(raw)
    if hint is str and isinstance(raw, dict):
        return _content_of(raw)
    return raw
