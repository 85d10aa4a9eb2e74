"""A client's commands as a view keeps them: those that wait, and what came of the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class PendingCommand:
    """A command that a client has not been answered yet."""

    client: str
    sequence: int
    value: str | bytes
    since: float
    retries: int = 0


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """The one answer to a command: what was asked, and what came of it."""

    client: str
    sequence: int
    value: str | bytes
    instance: int
    result: str
    outcome: str
    seconds: float
