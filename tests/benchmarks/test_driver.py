"""The workload is a closed loop: so many commands outstanding, and never one more."""

from __future__ import annotations

import threading
from collections import deque

import pytest

from benchmarks.driver import LEAST, Ask, Done, Window, closed_loop
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


def steady(clock: Clock, seconds: float) -> Ask:
    """Return a server that answers at once, after so long."""

    def ask(done: Done) -> None:
        clock.now += seconds
        done(None)

    return ask


def test_a_rate_counts_what_is_answered_after_the_warm_up() -> None:
    clock = Clock()
    window = Window(warm_up=0.1, seconds=1.0, clock=clock)
    closed_loop(steady(clock, 0.004), 1, window, clock)
    figures = window.figures()
    assert figures["commands/s"] == pytest.approx(250)
    assert figures["p50 us"] == pytest.approx(4_000)
    assert clock.now == pytest.approx(1.1, abs=0.01)


def test_while_work_piles_up_no_answer_counts() -> None:
    clock = Clock()
    window = Window(warm_up=0.0, seconds=0.1, outstanding=100, clock=clock)
    clock.now = 5.0
    for _ in range(100):
        window.answered(5.0)
    assert window.latencies == []
    clock.now += 0.01
    window.answered(0.01)
    assert window.latencies == [0.01]


@pytest.mark.parametrize(("outstanding", "least"), [(1, LEAST), (100, 100)])
def test_a_window_stays_open_until_enough_is_answered_for_a_rate(
    outstanding: int, least: int
) -> None:
    clock = Clock()
    window = Window(warm_up=0.0, seconds=1.0, outstanding=outstanding, clock=clock)
    closed_loop(steady(clock, 0.2), 1, window, clock)
    assert len(window.latencies) == least
    assert window.figures()["commands/s"] == pytest.approx(5.0)


def test_with_too_little_answered_there_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="too little was answered within 60 seconds"):
        Window(0, 1.0, clock=Clock()).figures()


def test_a_command_that_ends_otherwise_ends_the_run() -> None:
    clock = Clock()
    with Server(clock, fail_after=10) as server, pytest.raises(RuntimeError, match="out of order"):
        closed_loop(server.ask, 4, Count(1_000), clock)
