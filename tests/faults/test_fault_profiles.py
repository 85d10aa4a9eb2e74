"""The faults of one link, and the four named mixtures."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from paxos_engine.faults.profiles import DISTRIBUTIONS, LONGEST_DELAY, PROFILES, LinkFaults


def draws(faults: LinkFaults, count: int = 5_000) -> list[float]:
    """Draw delays from a fixed seed."""
    rng = random.Random(5)
    return [faults.draw_delay(rng) for _ in range(count)]


def test_a_uniform_delay_lies_between_nothing_and_the_delay() -> None:
    drawn = draws(LinkFaults(delay=0.03, distribution="uniform"))
    assert 0 <= min(drawn) < 0.001
    assert 0.029 < max(drawn) <= 0.03


def test_an_exponential_delay_has_the_delay_as_its_mean() -> None:
    drawn = draws(LinkFaults(delay=0.02, distribution="exponential"))
    assert 0.018 < sum(drawn) / len(drawn) < 0.022


def test_a_pareto_delay_has_the_delay_as_its_least_and_a_heavy_tail() -> None:
    drawn = sorted(draws(LinkFaults(delay=0.01, distribution="pareto")))
    assert 0.01 <= drawn[0] < 0.0101
    assert drawn[len(drawn) // 2] < 0.02
    assert drawn[-1] > 0.5


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_no_delay_is_longer_than_the_longest(distribution: str) -> None:
    drawn = draws(LinkFaults(delay=0.2, distribution=distribution, longest=0.1))
    assert max(drawn) == 0.1


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_without_a_delay_nothing_waits(distribution: str) -> None:
    assert set(draws(LinkFaults(distribution=distribution), 10)) == {0.0}


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ({"loss": 1.1}, "loss is 1.1: give a probability, 0 to 1"),
        ({"duplicate": -0.1}, "duplicate is -0.1"),
        ({"reorder": math.nan}, "reorder is nan"),
        ({"loss": "much"}, "loss is 'much'"),
        ({"loss": True}, "loss is True"),
        ({"delay": LONGEST_DELAY + 1}, "delay is 61.0: give seconds, 0 to 60"),
        ({"delay": math.inf}, "delay is inf"),
        ({"gap": -1}, "gap is -1"),
        ({"longest": None}, "longest is None"),
        ({"distribution": "normal"}, "distribution is 'normal': choose one of fixed, uniform"),
    ],
)
def test_faults_out_of_range_are_refused_in_one_line(faults: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refusal:
        LinkFaults(**faults)
    assert "\n" not in str(refusal.value)


def test_the_profiles_go_from_calm_to_hostile() -> None:
    assert list(PROFILES) == ["calm", "jittery", "lossy", "hostile"]
    assert PROFILES["calm"] == LinkFaults()
    assert PROFILES["jittery"].loss == 0 < PROFILES["jittery"].reorder
    assert 0.1 <= PROFILES["lossy"].loss <= 0.2
    assert PROFILES["lossy"].duplicate > 0
    assert 0.15 <= PROFILES["hostile"].loss <= 0.2
    assert PROFILES["hostile"].duplicate == 0.1
    assert PROFILES["hostile"].reorder > 0


@pytest.mark.parametrize("name", list(PROFILES))
def test_no_profile_delays_a_heartbeat_near_to_its_time_out(name: str) -> None:
    faults = PROFILES[name]
    assert max(draws(faults)) + faults.gap < 0.5


@pytest.mark.parametrize("name", list(PROFILES))
def test_a_profile_survives_as_data_and_has_a_line_about_it(name: str) -> None:
    assert LinkFaults.from_dict(PROFILES[name].to_dict()) == PROFILES[name]
    assert (PROFILES[name].describe() == "perfect") == (name == "calm")
