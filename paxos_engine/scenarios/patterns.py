"""Patterns: how a scenario names an event of the trace, or messages on their way.

    A1 accepted instance 3 value X          an event: node, word, then fields and their values
    L2 delivered promise from A1            one about a message: its kind may follow the word
    accept L1->A2,A3 instance 3             messages: kind, link, then fields and their values

Words, kinds and fields are those of `docs/trace-format.md`; `*` stands for any node or kind.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

from paxos_engine.roles import events as ev
from paxos_engine.roles.messages import (
    KINDS,
    Accepted,
    AcceptedReport,
    Accepts,
    CatchUpRequest,
    Decision,
    Envelope,
    Message,
    Prepare,
    Promise,
)
from paxos_engine.roles.values import Batch, Command

NODE: Final = re.compile(r"[ALC][1-9]\d?")
"""A node's name: A1, L2, C1."""

LINK: Final = re.compile(r"(?P<senders>[^\s>-]+)->(?P<receivers>[^\s>-]+)")

Wanted: TypeAlias = tuple[tuple[str, str], ...]
"""Fields and the values that they must have, as text."""

_EVENTS: Final = {kind.name: kind for kind in ev.ALL_EVENTS if kind is not ev.Header}
_MESSAGES: Final = {word: kind for kind, word in KINDS.items()}
_OF_MESSAGES: Final = (ev.Sent, ev.Delivered, ev.Lost, ev.Duplicated, ev.Delayed, ev.Refused)


class PatternError(ValueError):
    """A pattern, or another line of a scenario's language, that means nothing; says why."""


@dataclass(frozen=True, slots=True)
class MessagePattern:
    """Messages of a kind on some links.

    Args:
        text: as it was written.
        kinds: the messages meant; empty for all of them.
        senders: who may have sent it; empty for anybody.
        receivers: to whom; empty for anybody.
        wanted: fields that it must have.
    """

    text: str
    kinds: frozenset[type[Any]]
    senders: frozenset[str]
    receivers: frozenset[str]
    wanted: Wanted

    def matches(self, envelope: Envelope) -> bool:
        """Say whether a message is one of those meant."""
        return (
            (not self.kinds or type(envelope.message) in self.kinds)
            and (not self.senders or envelope.sender in self.senders)
            and (not self.receivers or envelope.to in self.receivers)
            and all(_has(envelope.message, name, text) for name, text in self.wanted)
        )


@dataclass(frozen=True, slots=True)
class EventPattern:
    """An event of the trace.

    Args:
        text: as it was written.
        nodes: where it may happen; empty for anywhere.
        event: which event.
        message: for events about a message: what its kind must be; None for any.
        wanted: fields that the event, or its message, must have.
    """

    text: str
    nodes: frozenset[str]
    event: type[ev.Event]
    message: type[Any] | None
    wanted: Wanted

    def matches(self, entry: ev.Entry, messages: Mapping[str, Message]) -> bool:
        """Say whether an entry is the event meant.

        Args:
            entry: of the trace.
            messages: every message sent so far, by id.
        """
        if type(entry.event) is not self.event or (self.nodes and entry.node not in self.nodes):
            return False
        body = _message_of(entry.event, messages)
        if self.message is not None and type(body) is not self.message:
            return False
        return all(_entry_has(entry.event, body, name, text) for name, text in self.wanted)


def event_pattern(text: str) -> EventPattern:
    """Read the pattern of an event.

    Raises:
        PatternError: it names nothing that can happen.
    """
    words = split(text)
    if len(words) < 2:
        raise PatternError(f'{text!r} names no event: write for example "A1 accepted instance 3"')
    event = _EVENTS.get(words[1])
    if event is None:
        raise PatternError(f"no event {words[1]!r}{nearest(words[1], _EVENTS)}")
    rest, message = words[2:], None
    names = {field.name.rstrip("_") for field in fields(event)} - {"body"}
    if event in _OF_MESSAGES:
        if rest and rest[0] in _MESSAGES:
            message, rest = _MESSAGES[rest[0]], rest[1:]
        kinds = [message] if message is not None else list(_MESSAGES.values())
        names |= {name for kind in kinds for name in _names_of(kind)}
    wanted = _pairs(rest, names, f"an event {event.name!r}")
    return EventPattern(text, _nodes(words[0]), event, message, wanted)


def message_pattern(text: str) -> MessagePattern:
    """Read the pattern of messages.

    Raises:
        PatternError: it names no messages.
    """
    words = split(text)
    link = LINK.fullmatch(words[1]) if len(words) > 1 else None
    if link is None:
        raise PatternError(f'{text!r} names no messages: write for example "accept L1->A2"')
    kinds: list[type[Any]] = []
    if words[0] != "*":
        for word in words[0].split(","):
            if word not in _MESSAGES:
                raise PatternError(f"no message {word!r}{nearest(word, _MESSAGES)}")
            kinds.append(_MESSAGES[word])
    names = {name for kind in kinds or _MESSAGES.values() for name in _names_of(kind)}
    wanted = _pairs(words[2:], names, f"a message {words[0]!r}")
    senders, receivers = _nodes(link["senders"]), _nodes(link["receivers"])
    return MessagePattern(text, frozenset(kinds), senders, receivers, wanted)


def split(text: str) -> list[str]:
    """Return the words of a line; quotes keep several together.

    Raises:
        PatternError: a quotation does not end.
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise PatternError(f"{text!r}: {error}".lower()) from error


def nearest(word: str, words: Iterable[str]) -> str:
    """Return a hint at the known word that is most like `word`, or else at all of them."""
    known = sorted(words)
    close = difflib.get_close_matches(word, known, 1, 0.6)
    return f": is it {close[0]!r}?" if close else f": there are {', '.join(known)}"


def nodes_named(text: str) -> list[str]:
    """Return the nodes that a list such as `A1,A2` names.

    Raises:
        PatternError: one of them is no name of a node.
    """
    for name in text.split(","):
        if not NODE.fullmatch(name):
            raise PatternError(f"{name!r} is no name of a node: write A1, L2 or C1")
    return text.split(",")


def _nodes(text: str) -> frozenset[str]:
    return frozenset() if text == "*" else frozenset(nodes_named(text))


def _pairs(words: list[str], names: set[str], of: str) -> Wanted:
    for name in words[::2]:
        if name not in names:
            raise PatternError(f"{of} has no field {name!r}{nearest(name, names)}")
    if len(words) % 2:
        raise PatternError(f"the field {words[-1]!r} has no value")
    return tuple(zip(words[::2], words[1::2], strict=True))


# --- what a field holds ------------------------------------------------------------------


_IN_RANGE: Final = (Prepare, Promise, CatchUpRequest, Accepted, Accepts, Decision)
"""Messages about ranges: they have an `instance` in the sense that it lies in one."""


def _names_of(kind: type[Any]) -> set[str]:
    names = {field.name for field in fields(kind)}
    return names | {"instance"} if kind in _IN_RANGE else names


def _message_of(event: ev.Event, messages: Mapping[str, Message]) -> Message | None:
    if isinstance(event, ev.Sent):
        return event.body
    return messages.get(event.message) if isinstance(event, _OF_MESSAGES) else None


def _entry_has(event: ev.Event, body: Message | None, name: str, text: str) -> bool:
    for field in fields(event):
        if field.name.rstrip("_") == name and name != "body":
            return _is(getattr(event, field.name), text)
    return body is not None and _has(body, name, text)


def _has(message: Message, name: str, text: str) -> bool:
    if name == "instance" and isinstance(message, _IN_RANGE):
        return text.isdecimal() and _covers(message, int(text))
    return hasattr(message, name) and _is(getattr(message, name), text)


def _covers(
    message: Prepare | Promise | CatchUpRequest | Accepted | Accepts | Decision, instance: int
) -> bool:
    match message:
        case Accepted(intervals=intervals) | Decision(intervals=intervals):
            return any(low <= instance <= high for low, high in intervals)
        case Prepare(first=first, last=last) | Promise(first=first, last=last):
            return first <= instance and (last is None or instance <= last)
        case CatchUpRequest(first=first, last=last) | Accepts(first=first, last=last):
            return first <= instance <= last


def _is(actual: object, text: str) -> bool:
    """Say whether a field holds what was written: a list does if one of its members is that."""
    match actual:
        case Command(value=value):
            return value == text
        case Batch(commands):
            return any(command.value == text for command in commands)
        case AcceptedReport(value=value):
            return _is(value, text)
        case bool() | None:
            return text == {True: "yes", False: "no", None: "nobody"}[actual]
        case tuple() if type(actual) is tuple:
            if not actual:
                return text == "nothing"
            names = ",".join(str(item) for item in actual)
            return names == text or any(_is(item, text) for item in actual)
        case _:
            return str(actual) == text
