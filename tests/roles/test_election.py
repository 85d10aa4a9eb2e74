"""Who claims when: the highest rank first, and ever later after claims that failed."""

from __future__ import annotations

import random
from itertools import pairwise
from statistics import mean

from paxos_engine.roles.election import LONGEST_BACK_OFF, Election, Timing
from paxos_engine.roles.values import ProposalNumber

TIMING = Timing(election_timeout=1.0)


def election(rank: int = 2, seed: int = 0) -> Election:
    return Election(f"L{rank}", rank, 2, TIMING, random.Random(seed))


def waits(claims: int, seed: int) -> list[float]:
    """Return how long a leader waits after each of so many claims that failed."""
    duel = election(seed=seed)
    found = []
    for _ in range(claims):
        duel.back_off(0.0)
        found.append(duel.suspect_at)
    return found


def test_the_wait_grows_with_every_claim_that_fails_so_that_some_phase_1_has_time_to_end() -> None:
    averages = [
        mean(column) for column in zip(*(waits(6, seed) for seed in range(50)), strict=True)
    ]
    for before, after in pairwise(averages):
        assert 1.7 < after / before < 2.3


def test_the_wait_is_random_so_that_two_leaders_come_apart() -> None:
    assert len({round(waits(3, seed)[-1], 3) for seed in range(20)}) == 20


def test_the_wait_is_bounded_and_short_again_once_somebody_leads() -> None:
    duel = election()
    for _ in range(40):
        duel.back_off(0.0)
    assert duel.suspect_at <= LONGEST_BACK_OFF * 1.1 * 1.5
    duel.heard("L1", ProposalNumber(50, 1), 0.0)
    duel.back_off(0.0)
    assert duel.suspect_at <= 1.1 * 1.5


def test_the_highest_rank_loses_patience_first() -> None:
    high, low = election(2), election(1)
    for each in (high, low):
        each.start(0.0)
    assert high.suspect_at < low.suspect_at
