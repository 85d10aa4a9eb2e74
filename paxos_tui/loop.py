"""The event loop of a console that shares its interpreter with a cluster at full speed."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable
from typing import Final

LOOK_EVERY: Final = 0.002
"""Seconds for which the loop goes on with what is ready before it looks for more."""


class SteadySelector(selectors.DefaultSelector):
    """A selector that asks the system only now and then while the loop has something to do.

    Between any two rounds of callbacks asyncio asks for input without waiting. Each time that hands
    the interpreter to the threads of the nodes, and to get it back takes a switch interval or
    more; a key on its way to the screen passes through a dozen rounds.

    Args:
        clock: a monotonic clock in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._next_look = float("-inf")

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; nothing, if there is no time to wait and the last look is fresh."""
        if timeout is not None and timeout <= 0 and self._clock() < self._next_look:
            return []
        found = super().select(timeout)
        self._next_look = self._clock() + LOOK_EVERY
        return found


def steady_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop that keeps the interpreter while it has something to do."""
    return asyncio.SelectorEventLoop(SteadySelector())
