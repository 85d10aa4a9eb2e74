"""Client sessions: the memory by which a command that is asked twice is applied once.

A session opens by a chosen command, and its id is that instance, so no two are ever mixed up,
whatever is retried or arrives late. It is part of the replicated state: every leader opens,
uses and expires the same sessions at the same instances.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from paxos_engine.roles.values import Command

LIFE: Final = 100_000
"""Instances without a command after which a session expires: a rule of the log itself, since
clocks differ between leaders."""

EXPIRED: Final = "session expired, outcome unknown"


@dataclass(slots=True)
class Session:
    """What the history remembers of one client: the replies that it may still ask for."""

    client: str
    last_used: int
    oldest: int = 0
    replies: dict[int, tuple[int, str]] = field(default_factory=dict)

    def forget_before(self, oldest: int) -> None:
        """Drop the replies below `oldest`: the client has got them."""
        if oldest <= self.oldest:
            return
        passed: Iterable[int] = range(self.oldest, oldest)
        if oldest - self.oldest > len(self.replies):  # a client may skip as many as it likes
            passed = [sequence for sequence in self.replies if sequence < oldest]
        for sequence in passed:
            self.replies.pop(sequence, None)
        self.oldest = oldest


class Sessions:
    """All open sessions, the one longest unused first."""

    def __init__(self) -> None:
        self._open: OrderedDict[int, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, client: str, instance: int) -> None:
        """Open the session of `client` whose opening command was chosen in `instance`."""
        self._open[instance] = Session(client, instance)

    def find(self, command: Command) -> Session | None:
        """Return the session that a command belongs to, if it is open."""
        session = self._open.get(command.session)
        return session if session is not None and session.client == command.client else None

    def use(self, command: Command, instance: int) -> Session | None:
        """Return the session of a command that was chosen in `instance`, if it is open."""
        session = self.find(command)
        if session is not None and session.last_used != instance:  # not once for each of a batch
            session.last_used = instance
            self._open.move_to_end(command.session)
        return session

    def expire(self, instance: int) -> None:
        """Close what has been unused for `LIFE` instances when `instance` is applied."""
        while self._open:
            oldest = next(iter(self._open))
            if self._open[oldest].last_used + LIFE > instance:
                return
            del self._open[oldest]

    def to_plain(self) -> list[Any]:
        """Return everything as lists, in order."""
        return [
            [at, s.client, s.last_used, s.oldest, [[k, *v] for k, v in s.replies.items()]]
            for at, s in self._open.items()
        ]

    @classmethod
    def from_plain(cls, plain: list[Any]) -> Sessions:
        """Return what `to_plain` wrote.

        Raises:
            ValueError: it is something else.
            TypeError: likewise.
        """
        sessions = cls()
        for at, client, last_used, oldest, replies in plain:
            known = {sequence: (instance, result) for sequence, instance, result in replies}
            counts = [at, last_used, oldest, *known, *(instance for instance, _ in known.values())]
            texts = [client, *(result for _, result in known.values())]
            if {*map(type, counts)} != {int} or {*map(type, texts)} != {str}:
                raise ValueError("a session is made of whole numbers and texts")
            sessions._open[at] = Session(client, last_used, oldest, known)
        return sessions
