"""The message log as a fold: who said what to whom, and what became of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from paxos_engine.roles.events import Delayed, Delivered, Duplicated, Lost, Refused, Sent
from paxos_engine.roles.messages import (
    KINDS,
    Accept,
    Accepted,
    Accepts,
    CatchUpRequest,
    Decision,
    Heartbeat,
    HeartbeatReply,
    Message,
    Nack,
    Prepare,
    Promise,
    Replies,
    Reply,
    Request,
    Requests,
    span,
)
from paxos_engine.trace.words import words, words_of_many

LOOK_AT_MOST: Final = 300
"""Characters or bytes of a value by which a message can be found."""


@dataclass(slots=True)
class LogLine:
    """One message on its way, and what became of it so far; its text is made when asked for."""

    seq: int
    t: float
    message: str
    from_: str
    to: str
    body: Message
    delays: str = ""
    fate: str = "in flight"
    cached: str = ""

    def copy(self) -> LogLine:
        """Return the same line, which has its own fate from here on."""
        return LogLine(
            *(self.seq, self.t, self.message, self.from_, self.to, self.body),
            *(self.delays, self.fate, self.cached),
        )

    @property
    def kind(self) -> str:
        """The word for the message."""
        return KINDS[type(self.body)]

    @property
    def instance(self) -> str:
        """The instance or instances that it is about."""
        match self.body:
            case Prepare(first=first, last=last) | Promise(first=first, last=last):
                return span(first, last)
            case CatchUpRequest(first=first, last=last) | Accepts(first=first, last=last):
                return span(first, last)
            case Accepted(intervals=intervals) | Decision(intervals=intervals):
                return ",".join(span(low, high) for low, high in intervals)
            case Accept(instance=instance) | Nack(instance=instance) | Reply(instance=instance):
                return str(instance)
            case Replies(replies=replies):
                return ",".join(_spans(sorted({reply.instance for reply in replies})))
            case _:
                return ""

    @property
    def number(self) -> str:
        """The proposal number, if it carries one."""
        return str(getattr(self.body, "number", ""))

    @property
    def value(self) -> str | bytes:
        """The value that it carries, as it came from outside."""
        match self.body:
            case Accept(value=value) | Request(command=value):
                return words(value)
            case Requests(commands=commands):
                return words_of_many(commands)
            case Accepts(values=values):
                return words_of_many(values)
            case Replies(replies=replies):
                return f"{len(replies)}: {', '.join(reply.result for reply in replies)}"
            case Promise(reported=reported):
                return f"{len(reported)} accepted" if reported else "nothing accepted"
            case Nack(promised=promised):
                return f"promised {promised}"
            case Reply(result=result, outcome=outcome):
                return result if outcome == "chosen" else f"outcome unknown: {result}"
            case _:
                return ""

    @property
    def text(self) -> str:
        """What a filter looks at, in small letters; a value counts with its beginning."""
        if not self.cached:
            value = self.value[:LOOK_AT_MOST]
            words = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
            about = f"{self.kind} {self.instance} {self.number} {words}"
            self.cached = f"{self.from_} -> {self.to} {about} ".lower()
        return self.cached + self.fate


def _spans(instances: Sequence[int]) -> Iterator[str]:
    """Yield ascending instances as people write them: neighbours as a range."""
    runs = groupby(enumerate(instances), key=lambda numbered: numbered[1] - numbered[0])
    for _, run in runs:
        members = [instance for _, instance in run]
        yield span(members[0], members[-1])


class MessageLog:
    """The last messages; heartbeats have a pane of their own and are left out.

    Args:
        most: how many messages are kept.
    """

    def __init__(self, most: int = 5_000) -> None:
        self.lines: deque[LogLine] = deque()
        self.version = 0
        self._most = most
        self._by_id: dict[str, LogLine] = {}

    def sent(self, seq: int, t: float, node: str, event: Sent) -> None:
        """Take a message that is about to leave."""
        if isinstance(event.body, Heartbeat | HeartbeatReply):
            return
        line = LogLine(seq, t, event.message, node, event.to, event.body)
        self.lines.append(line)
        self._by_id[event.message] = line
        if len(self.lines) > self._most:
            self._by_id.pop(self.lines.popleft().message, None)
        self.version += 1

    def fate(self, event: Delivered | Lost | Duplicated | Delayed | Refused) -> None:
        """Take what became of a message; several things can happen to one."""
        line = self._by_id.get(event.message)
        if line is None:
            return
        match event:
            case Delivered():
                line.fate = f"delivered{line.delays}"
            case Lost(reason=reason):
                line.fate = f"lost: {reason}{line.delays}"
            case Refused(reason=reason):
                line.fate = f"refused: {reason}"
            case Delayed(by=by, seconds=seconds):
                line.delays += ", held" if by == "hold" else f", delayed {seconds * 1000:.0f} ms"
                line.fate = line.delays[2:]
            case Duplicated():
                line.delays += ", duplicated"
        self.version += 1

    def copy(self) -> MessageLog:
        """Return the same log, which goes its own way from here on."""
        twin = MessageLog(self._most)
        twin.version = self.version
        twin.lines.extend(line.copy() for line in self.lines)
        twin._by_id = {line.message: line for line in twin.lines}
        return twin

    def clear(self) -> None:
        """Forget what was logged."""
        self.lines.clear()
        self._by_id.clear()
        self.version += 1
