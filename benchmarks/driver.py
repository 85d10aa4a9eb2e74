"""The workload: a closed loop, in which so many commands are outstanding and never one more.

Each answer asks the next command, so the pressure comes from the answers: no setting can pile up
work, and a slower cluster is asked less. The next command is asked where the answer arrives; a
thread that waited for it would measure how threads are switched.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeAlias

from benchmarks.harness import percentile

PATIENCE = 60.0
"""Seconds for which outstanding commands are waited for in the end."""

LEAST = 20
"""Answers that make a rate, however few are outstanding."""

Done: TypeAlias = Callable[[BaseException | None], None]
"""Told once per command: None, or why it has no answer."""

Ask: TypeAlias = Callable[[Done], None]
"""Submits one command."""

Clock: TypeAlias = Callable[[], float]


class Collector(Protocol):
    """What looks at the answers."""

    def more(self) -> bool:
        """Say whether another command shall be asked."""

    def answered(self, seconds: float) -> None:
        """Take the latency of one command."""


class Window:
    """Collects the answers within a stretch of time, once a steady state is reached.

    The first answers only say how work piles up: as many as are outstanding do not count, nor what
    comes within the warm-up. Where little is answered it stays open for longer, until a rate says
    something: as many answers as are outstanding.

    Args:
        warm_up: seconds that do not count.
        seconds: seconds that do, at least.
        outstanding: how many commands are outstanding.
        clock: a monotonic clock in seconds.
    """

    def __init__(
        self,
        warm_up: float,
        seconds: float,
        outstanding: int = 1,
        clock: Clock = time.perf_counter,
    ) -> None:
        self._clock = clock
        self._seconds = seconds
        self._warm_from = clock() + warm_up
        self._give_up = self._warm_from + seconds + PATIENCE
        self._to_pass = outstanding
        self._enough = max(LEAST, outstanding)
        self._begin: float | None = None
        self._last = 0.0
        self.latencies: list[float] = []

    def more(self) -> bool:
        """Say whether the time is not over."""
        return self._is_open(self._clock())

    def answered(self, seconds: float) -> None:
        """Take the latency of one command."""
        now = self._clock()
        if self._begin is None:
            self._to_pass -= 1
            if self._to_pass <= 0 and now >= self._warm_from:
                self._begin = now
        elif self._is_open(now):
            self.latencies.append(seconds)
            self._last = now

    def figures(self) -> dict[str, float]:
        """Return rate and latencies; RuntimeError if nothing was answered."""
        if self._begin is None or not self.latencies:
            raise RuntimeError(f"too little was answered within {PATIENCE:.0f} seconds")
        return {
            "commands/s": len(self.latencies) / (self._last - self._begin),
            "p50 us": percentile(self.latencies, 0.5) * 1e6,
            "p99 us": percentile(self.latencies, 0.99) * 1e6,
        }

    def _is_open(self, now: float) -> bool:
        if self._begin is None or len(self.latencies) < self._enough:
            return now < self._give_up
        return now < self._begin + self._seconds


def closed_loop(
    ask: Ask, outstanding: int, collector: Collector, clock: Clock = time.perf_counter
) -> None:
    """Keep commands outstanding for as long as the collector wants more.

    Args:
        ask: submits one command.
        outstanding: how many at once.
        collector: is told every answer.
        clock: a monotonic clock in seconds.

    Raises:
        BaseException: what a command ended with in place of an answer.
        RuntimeError: what was outstanding in the end is never answered.
    """
    ended = threading.Semaphore(0)
    failures: list[BaseException] = []

    def next_one() -> None:
        began = clock()

        def done(failure: BaseException | None) -> None:
            if failure is not None:
                failures.append(failure)
            else:
                collector.answered(clock() - began)
            if failures or not collector.more():
                ended.release()
            else:
                next_one()

        ask(done)

    for _ in range(outstanding):
        next_one()
    for _ in range(outstanding):
        while not ended.acquire(timeout=PATIENCE):
            if not collector.more():
                raise RuntimeError(f"a command was not answered within {PATIENCE:.0f} seconds")
    if failures:
        raise failures[0]
