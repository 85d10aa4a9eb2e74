"""When a primary sends again: not before an answer may be expected, however slow the cluster is."""

from __future__ import annotations

import random

import pytest

from paxos_engine.roles.election import Timing
from paxos_engine.roles.pace import Pace
from paxos_engine.roles.patience import LONGEST_WAIT, Patience, jittered

TIMING = Timing()
LEAST = TIMING.retransmit_after
WINDOW = 64


class NoJitter(random.Random):
    """A generator that always draws the middle."""

    def random(self) -> float:
        """Return the middle."""
        return 0.5


def new_pace() -> Pace:
    """Return the pace of a primary that has proposed nothing yet."""
    return Pace(TIMING, NoJitter())


def windows(pace: Pace, count: int, takes: float) -> list[int]:
    """Let the cluster take so long for each window; return how many sendings each one needs."""
    now, sendings = 0.0, []
    for first in range(1, count * WINDOW, WINDOW):
        instances = range(first, first + WINDOW)
        due = [pace.begin(instance, now) for instance in instances]
        end, attempts = now + takes, 0
        while min(due) < end:
            now, attempts = min(due), attempts + 1
            due = [pace.again(instance, attempts, now) for instance in instances]
        for instance in instances:
            pace.chosen(instance, end)
        now = end
        sendings.append(1 + attempts)
    return sendings


def test_where_all_is_chosen_at_once_the_wait_is_the_least() -> None:
    pace = new_pace()
    assert windows(pace, 5, takes=0.001) == [1] * 5
    assert pace.begin(10_000, 0.0) == pytest.approx(LEAST)


def test_a_cluster_slower_than_that_is_soon_told_everything_once_only() -> None:
    # Answering the same twice is what a slow cluster has no time for: it would never catch up.
    sendings = windows(new_pace(), 10, takes=1.0)
    assert sendings[0] > 1
    assert sendings[4:] == [1] * 6


def test_what_was_sent_twice_does_not_say_how_long_it_took() -> None:
    pace = new_pace()
    for instance in range(1, 100):
        pace.begin(instance, 0.0)
        pace.again(instance, 1, 0.2)
        pace.chosen(instance, 1.0)  # lost the first time, perhaps, and answered at once
        pace.begin(1_000 + instance, 1.0)
        pace.chosen(1_000 + instance, 1.001)
    assert pace.begin(10_000, 0.0) == pytest.approx(LEAST)


def test_what_is_new_waits_twice_as_long_after_a_window_that_was_sent_again() -> None:
    pace = new_pace()
    for instance in range(WINDOW):
        pace.begin(instance, 0.0)
    for instance in range(WINDOW):
        pace.again(instance, 1, 0.2)
    assert pace.begin(100, 1.0) - 1.0 == pytest.approx(2 * LEAST)
    pace.again(100, 1, 2.0)
    assert pace.begin(101, 3.0) - 3.0 == pytest.approx(4 * LEAST)


def test_each_further_sending_of_the_same_waits_twice_as_long_up_to_a_bound() -> None:
    pace = new_pace()
    pace.begin(1, 0.0)
    waits = [pace.again(1, attempts, 0.0) for attempts in (1, 2, 3, 4)]
    assert waits == pytest.approx([0.3, 0.6, 0.8, 0.8])


def test_no_outage_makes_the_wait_longer_than_its_bound() -> None:
    pace = new_pace()
    for outage in range(2_000):
        pace.begin(outage, float(outage))
        pace.again(outage, 1, outage + 0.5)
    assert pace.begin(2_000, 2_000.0) - 2_000.0 == pytest.approx(LONGEST_WAIT)


def test_who_yields_learns_nothing_from_what_is_chosen_later() -> None:
    pace = new_pace()
    pace.begin(1, 0.0)
    pace.forget()
    pace.chosen(1, 60.0)
    assert pace.begin(2, 60.0) - 60.0 == pytest.approx(LEAST)


def test_a_least_beyond_the_longest_wait_holds() -> None:
    patience = Patience(10.0)
    patience.took(0.1)
    assert patience.wait == 10.0


def test_no_jitter_makes_anybody_ask_again_before_the_usual_time_is_over() -> None:
    patience, rng = Patience(LEAST), random.Random(1)
    for _ in range(100):
        patience.took(0.5)
    assert min(jittered(patience.wait, rng) for _ in range(1_000)) >= 0.5
