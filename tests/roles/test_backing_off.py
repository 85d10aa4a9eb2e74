"""Waiting: retransmission grows, jitters and is bounded, and random back-off ends duels (2.4)."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from paxos_engine.roles.election import Election, Timing
from paxos_engine.roles.values import ProposalNumber

TIMING = Timing()
ROUND_TRIP = 0.2
"""Seconds that a leader needs for both phases; a claim made meanwhile outbids it."""


class Fixed(random.Random):
    """A generator that always says the same."""

    def __init__(self, says: float) -> None:
        super().__init__(0)
        self._says = says

    def random(self) -> float:
        """Return what it always says."""
        return self._says


class ConstantBackOff(Election):
    """A leader that was outbid waits for the same time each time, as every other one does."""

    def back_off(self, now: float) -> None:
        """Wait for exactly one time-out."""
        self.suspect_at = now + self.timing.election_timeout


def test_each_retransmission_waits_twice_as_long_as_the_one_before_up_to_a_bound() -> None:
    waits = [TIMING.retransmission(attempts, Fixed(0.5)) for attempts in range(6)]
    assert waits == pytest.approx([0.15, 0.3, 0.6, 0.8, 0.8, 0.8])


@pytest.mark.parametrize("attempts", [0, 1, 2, 3, 10, 100, 10**6])
def test_the_jitter_of_a_retransmission_is_a_quarter_to_both_sides(attempts: int) -> None:
    middle = TIMING.retransmission(attempts, Fixed(0.5))
    assert TIMING.retransmission(attempts, Fixed(0.0)) == pytest.approx(0.75 * middle)
    assert TIMING.retransmission(attempts, Fixed(1.0)) == pytest.approx(1.25 * middle)
    assert middle <= TIMING.retransmit_at_most


def test_two_nodes_that_lost_a_message_at_once_do_not_send_again_at_once() -> None:
    one, other = random.Random("1/L1"), random.Random("1/L2")
    waits = {TIMING.retransmission(3, rng) for rng in (one, other, one, other)}
    assert len(waits) == 4


def test_the_same_seed_gives_the_same_waits() -> None:
    def waits() -> list[float]:
        rng = random.Random(7)
        return [TIMING.retransmission(attempts, rng) for attempts in range(10)]

    assert waits() == waits()


def rounds_of_a_duel(election: type[Election], seed: int) -> int:
    """Return after how many rounds one of two leaders that outbid each other gets through.

    In each round both are outbid at the same moment. Who claims first gets through unless the
    other claims within a round trip; then both are outbid again. 100 rounds mean for ever.
    """
    rivals = [election(f"L{n}", 2, 2, TIMING, random.Random(f"{seed}/{n}")) for n in (1, 2)]
    now = 0.0
    for duel in range(1, 101):
        for rival in rivals:
            rival.back_off(now)
        first, second = sorted(rival.suspect_at for rival in rivals)
        if second - first > ROUND_TRIP:
            return duel
        now = second
    return 100


def test_with_constant_back_off_a_duel_goes_on_for_ever() -> None:
    assert all(rounds_of_a_duel(ConstantBackOff, seed) == 100 for seed in range(10))


def test_with_random_back_off_a_duel_is_over_soon() -> None:
    rounds = [rounds_of_a_duel(Election, seed) for seed in range(200)]
    assert max(rounds) <= 12
    assert sum(rounds) / len(rounds) < 3


@pytest.mark.parametrize("says", [0.0, 0.5, 1.0])
def test_back_off_is_half_a_time_out_at_least_and_never_more_than_twice_the_patience(
    says: float,
) -> None:
    election = Election("L2", 2, 2, TIMING, Fixed(says))
    election.back_off(10.0)
    least = 0.5 * TIMING.election_timeout
    assert least <= election.suspect_at - 10.0 <= 2.0 * TIMING.election_timeout


def claims(rank: int, leaders: int, begin: Callable[[Election], None]) -> float:
    """Return when a leader of this rank claims after `begin`, without jitter."""
    election = Election(f"L{rank}", rank, leaders, TIMING, Fixed(0.0))
    begin(election)
    return election.suspect_at


def test_the_highest_rank_claims_first_and_each_lower_one_waits_longer() -> None:
    waits = [claims(rank, 3, lambda e: e.start(0.0)) for rank in (3, 2, 1)]
    assert waits == sorted(waits)
    assert len(set(waits)) == 3


def test_the_first_claim_comes_sooner_than_one_after_a_silence_but_not_before_a_heartbeat() -> None:
    new = claims(1, 2, lambda e: e.start(0.0))
    silent = claims(1, 2, lambda e: e.heard("L2", ProposalNumber(1, 2), 0.0))
    assert TIMING.heartbeat_every < new < 0.7 * silent


def test_numbers_go_on_above_every_number_seen() -> None:
    election = Election("L1", 1, 2, TIMING, Fixed(0.0))
    assert election.saw(ProposalNumber(7, 2))
    assert [election.next_number(), election.next_number()] == [(8, 1), (9, 1)]
