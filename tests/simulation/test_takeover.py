"""Takeovers on the virtual clock: soon after a failure, and seldom without one.

The measure is the interval of heartbeats. Each run lets the primary fail at another moment between
two of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from statistics import median

import pytest

from paxos_engine.faults.profiles import PROFILES
from paxos_engine.roles.assembly import Shape
from paxos_engine.roles.events import Answered, Entry, Suspected
from paxos_engine.simulation.plan import Act, Ask, Plan
from paxos_engine.simulation.world import World

SHAPE = Shape()
BEAT = SHAPE.timing.heartbeat_every
QUIET_FROM = 3.0
"""Seconds after which somebody leads and has been heard."""


def played(plan: Plan, until: float) -> list[Entry]:
    """Play a plan and return its trace."""
    entries: list[Entry] = []
    World(plan, (entries.append,)).run(until)
    return entries


def takeover(seed: int, shape: Shape, asks_before: int = 0) -> float:
    """Let the primary fail; return how many heartbeats later the next command is answered."""
    fails_at = QUIET_FROM + random.Random(seed).random() * BEAT
    primary = f"L{shape.leaders}"
    early = [Ask(fails_at - 0.0005, "C1", f"early {n}") for n in range(asks_before)]
    asks = (Ask(0.5, "C1", "first"), *early, Ask(fails_at, "C1", "after"))
    plan = Plan(seed, shape, asks=asks, acts=(Act(fails_at, "fail", (primary,)),))
    for entry in played(plan, fails_at + 20.0):
        event = entry.event
        if isinstance(event, Answered) and event.sequence == len(asks):
            return (entry.t - fails_at) / BEAT
    raise AssertionError("the command is never answered")


def suspicions(entries: Iterable[Entry]) -> int:
    """Count the suspicions once somebody leads."""
    return sum(isinstance(e.event, Suspected) and e.t > QUIET_FROM for e in entries)


@pytest.mark.parametrize("leaders", [2, 3, 5])
@pytest.mark.parametrize("under_way", [0, 16])
def test_the_next_command_after_a_failure_is_answered_within_three_heartbeats(
    leaders: int, under_way: int
) -> None:
    took = [takeover(seed, Shape(leaders=leaders), under_way) for seed in range(25)]
    assert median(took) <= 2.7
    assert max(took) <= 3.0


@pytest.mark.parametrize(("profile", "at_most"), [("calm", 0), ("jittery", 0), ("lossy", 6)])
def test_a_primary_that_leads_is_seldom_suspected_whatever_the_network_does(
    profile: str, at_most: int
) -> None:
    for seed in range(3):
        plan = Plan(seed, SHAPE, faults=PROFILES[profile])
        assert suspicions(played(plan, QUIET_FROM + 60.0)) <= at_most


@pytest.mark.parametrize("seconds", [-30.0, 3.0, 30.0])
def test_a_clock_that_jumps_makes_nobody_suspect_a_primary_that_leads(seconds: float) -> None:
    jumps = tuple(
        Act(QUIET_FROM + 5.0 * number, "clock jump", (name,), seconds)
        for number, name in enumerate(("L1", "A1", "A2"), start=1)
    )
    assert suspicions(played(Plan(1, SHAPE, acts=jumps), QUIET_FROM + 30.0)) == 0


@pytest.mark.parametrize("rate", [0.3, 0.7, 1.5, 2.0])
def test_a_clock_that_runs_slow_or_fast_makes_nobody_suspect_one(rate: float) -> None:
    turned = (Act(QUIET_FROM, "clock", ("L1",), rate),)
    assert suspicions(played(Plan(1, SHAPE, acts=turned), QUIET_FROM + 30.0)) == 0


def test_a_leader_that_stood_still_suspects_nobody_when_it_goes_on() -> None:
    stood_still = (
        Act(QUIET_FROM, "pause", ("L1",)),
        Act(QUIET_FROM + 10.0, "recover", ("L1",)),
    )
    assert suspicions(played(Plan(1, SHAPE, acts=stood_still), QUIET_FROM + 20.0)) == 0
