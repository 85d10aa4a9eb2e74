"""When a running console paints: news at once, the rest seldom, and so that no key waits long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from paxos_engine import ClusterView

AT_REST: Final = 0.25
"""Seconds between two paintings while nothing but heartbeats happens."""

PAINTING: Final = 0.25
"""The part of the time that may go into painting; a key that comes in then has to wait."""

LONGEST: Final = 0.5
"""Seconds between two paintings of news, however long each takes; and of what lies behind a prompt,
since there everything is tinted anew."""

TYPING: Final = 0.3
"""Seconds after a key for which a person is taken to be typing."""

WHILE_TYPING: Final = 2.0
"""Seconds between two paintings of what lies behind a prompt that a person is typing into."""

Clock = Callable[[], float]


class Pace:
    """Says at each frame whether to paint.

    A painting costs nearly the same whatever has changed, and under load the node threads make it
    take several times as long: what is spaced out is paintings, by what the last one took.

    Args:
        clock: a monotonic clock in seconds.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._news: object = None
        self._began = float("-inf")
        self._not_before = float("-inf")
        self._typed_at = float("-inf")

    @property
    def is_typing(self) -> bool:
        """Whether a key has come lately."""
        return self._clock() - self._typed_at < TYPING

    def typed(self) -> None:
        """Take note that a key has come."""
        self._typed_at = self._clock()

    def is_due(self, news: object, *, covered: bool = False) -> bool:
        """Say whether to paint now; if so, it is taken as begun.

        Args:
            news: something that is different when more has happened than heartbeats.
            covered: whether a prompt lies over what is to be painted.
        """
        now = self._clock()
        not_before = self._not_before
        if covered:
            not_before = self._began + (WHILE_TYPING if self.is_typing else LONGEST)
        if now < not_before or (news == self._news and now - self._began < AT_REST):
            return False
        self._news, self._began = news, now
        return True

    def painted(self) -> None:
        """Take note that the last painting has reached the terminal."""
        took = self._clock() - self._began
        self._not_before = self._began + min(LONGEST, took / PAINTING)


def news(view: ClusterView) -> object:
    """Return something that stays as it is while nothing but heartbeats happens."""
    nodes = [
        (
            *(node.standing, node.status_reason, node.phase, node.number, node.is_primary),
            *(node.applied_up_to, node.fetched, node.written, node.synced),
        )
        for node in view.nodes.values()
    ]
    commands = (view.answered, view.unknown, view.retried, len(view.pending))
    about = (view.matrix.version, view.messages.version, len(view.gaps), len(view.open_gaps))
    return (nodes, commands, about, view.fault_text, view.written_off, view.skipped)
