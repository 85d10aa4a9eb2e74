"""The workload is a closed loop: so many commands outstanding, and never one more."""

from __future__ import annotations

import threading
from collections import deque

import pytest

from benchmarks.driver import LEAST, Done, Window, closed_loop
from benchmarks.ours import Count


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Answers the oldest command on a thread of its own, and notes how many are outstanding.

    Args:
        clock: put on by a millisecond for each answer.
        fail_after: answers after which commands end with an error.
    """

    def __init__(self, clock: Clock, fail_after: int = 1_000_000) -> None:
        self.most = 0
        self._clock = clock
        self._left = fail_after
        self._waiting: deque[Done] = deque()
        self._outstanding = 0
        self._arrived = threading.Semaphore(0)
        self._ended = False
        self._thread = threading.Thread(target=self._serve)

    def ask(self, done: Done) -> None:
        """Take a command."""
        self._outstanding += 1
        self.most = max(self.most, self._outstanding)
        self._waiting.append(done)
        self._arrived.release()

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended = True
        self._arrived.release()
        self._thread.join()

    def _serve(self) -> None:
        while self._arrived.acquire() and not self._ended:
            self._clock.now += 0.001
            self._outstanding -= 1
            self._left -= 1
            self._waiting.popleft()(None if self._left >= 0 else RuntimeError("out of order"))


@pytest.mark.parametrize("outstanding", [1, 7, 64])
def test_so_many_are_outstanding_and_never_one_more(outstanding: int) -> None:
    clock = Clock()
    with Server(clock) as server:
        closed_loop(server.ask, outstanding, Count(500), clock)
    assert 1 <= server.most <= outstanding


def test_every_command_that_was_asked_is_waited_for() -> None:
    clock, count = Clock(), Count(100)
    with Server(clock) as server:
        closed_loop(server.ask, 8, count, clock)
    assert count.answers == 108


def test_a_rate_counts_what_is_answered_after_the_warm_up() -> None:
    clock = Clock()
    window = Window(warm_up=0.1, seconds=1.0, clock=clock)

    def answer_at_once(done: Done) -> None:
        clock.now += 0.004
        done(None)

    closed_loop(answer_at_once, 1, window, clock)
    figures = window.figures()
    assert figures["commands/s"] == pytest.approx(250, abs=1)
    assert figures["p50 us"] == pytest.approx(4_000)


def test_a_window_stays_open_until_enough_is_answered_for_a_rate() -> None:
    clock = Clock()
    window = Window(warm_up=0.0, seconds=1.0, clock=clock)

    def answer_slowly(done: Done) -> None:
        clock.now += 0.5
        done(None)

    closed_loop(answer_slowly, 1, window, clock)
    assert len(window.latencies) == LEAST
    assert window.figures()["commands/s"] == pytest.approx(2.0)


def test_with_nothing_answered_there_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="no command was answered within 60 seconds"):
        Window(0, 1.0, Clock()).figures()


def test_a_command_that_ends_otherwise_ends_the_run() -> None:
    clock = Clock()
    with Server(clock, fail_after=10) as server, pytest.raises(RuntimeError, match="out of order"):
        closed_loop(server.ask, 4, Count(1_000), clock)
