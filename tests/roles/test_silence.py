"""How long a primary may be silent: until it is suspected, never so long that nobody leads.

A suspicion is never wrong in what it may choose, only in what it costs. So what is held here is
that a primary which is gone is suspected soon, and one that leads is not, though its heartbeats are
lost or late.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from paxos_engine.roles.election import LONGEST_SILENCE, Election, Timing
from paxos_engine.roles.values import ProposalNumber

TIMING = Timing(heartbeat_every=0.2, election_timeout=0.5)
BEAT = TIMING.heartbeat_every
PRIMARY = ProposalNumber(1, 2)


class NoJitter(random.Random):
    """A generator that always says 0."""

    def random(self) -> float:
        """Say 0."""
        return 0.0


def follower(rank: int = 1, leaders: int = 2) -> Election:
    return Election(f"L{rank}", rank, leaders, TIMING, NoJitter())


def hear(election: Election, silences: Iterable[float], number: ProposalNumber = PRIMARY) -> float:
    """Let heartbeats be heard with these silences between them; return when the last one was."""
    now = 10.0
    election.heard(f"L{number.rank}", number, now)
    for silence in silences:
        now += silence
        election.heard(f"L{number.rank}", number, now)
    return now


def borne(election: Election, last: float) -> float:
    """Return how long a silence is borne, in heartbeats."""
    return (election.suspect_at - last) / BEAT


def test_a_primary_heard_steadily_is_suspected_after_two_and_a_half_heartbeats() -> None:
    election = follower()
    last = hear(election, [BEAT] * 50)
    assert borne(election, last) == pytest.approx(2.5)
    assert not election.suspects(last + 2.49 * BEAT)
    assert election.suspects(last + 2.51 * BEAT)


def test_where_every_other_heartbeat_is_lost_two_more_must_be_lost_in_a_row() -> None:
    election = follower()
    last = hear(election, [2 * BEAT] * 10)
    assert borne(election, last) > 3.2


def test_a_silence_that_ended_well_is_borne_again_and_one_heartbeat_more() -> None:
    election = follower()
    last = hear(election, [BEAT, 6 * BEAT, BEAT, BEAT])
    assert borne(election, last) > 6.0


def test_a_long_silence_is_forgotten_when_heartbeats_are_heard_steadily_again() -> None:
    election = follower()
    last = hear(election, [6 * BEAT, *[BEAT] * 200])
    assert borne(election, last) == pytest.approx(2.5)


def test_no_silence_is_borne_beyond_a_bound() -> None:
    election = follower()
    last = hear(election, [1000.0, BEAT])
    assert election.suspect_at - last <= LONGEST_SILENCE * TIMING.election_timeout


def test_the_time_between_two_primaries_is_no_silence_of_either() -> None:
    election = follower()
    hear(election, [BEAT] * 5)
    election.heard("L2", ProposalNumber(7, 2), 100.0)
    assert borne(election, 100.0) == pytest.approx(2.5)


def test_who_was_down_has_not_heard_a_silence() -> None:
    election = follower()
    hear(election, [BEAT] * 5)
    election.start(100.0)
    election.heard("L2", PRIMARY, 100.1)
    assert borne(election, 100.1) == pytest.approx(2.5)


def test_the_next_in_rank_to_the_primary_waits_for_nobody_and_each_lower_one_longer() -> None:
    patience = {}
    for rank in (1, 2, 3):
        election = follower(rank, leaders=4)
        patience[rank] = borne(election, hear(election, [BEAT], ProposalNumber(1, 4)))
    assert patience[3] == pytest.approx(2.5)
    assert patience[3] + 0.8 < patience[2]
    assert patience[2] + 0.8 < patience[1]


def test_a_primary_of_low_rank_is_suspected_by_the_highest_first() -> None:
    patience = []
    for rank in (3, 2):
        election = follower(rank, leaders=3)
        patience.append(borne(election, hear(election, [BEAT], ProposalNumber(1, 1))))
    assert patience[0] == pytest.approx(2.5)
    assert patience[0] + 0.8 < patience[1]


# --- signs of life that are no heartbeats ----------------------------------------------------


def test_what_is_chosen_under_the_number_of_the_primary_shows_that_it_leads() -> None:
    election = follower()
    last = hear(election, [BEAT] * 5)
    election.sees_progress(PRIMARY, last + 0.4)
    assert not election.suspects(last + 0.4 + 2.4 * BEAT)
    assert election.suspects(last + 0.4 + 2.6 * BEAT)


def test_what_is_chosen_under_another_number_does_not() -> None:
    election = follower()
    last = hear(election, [BEAT] * 5)
    election.sees_progress(ProposalNumber(1, 1), last + 0.4)
    assert election.suspects(last + 2.6 * BEAT)


# --- whose fault a silence is ------------------------------------------------------------------


def test_who_looks_at_the_clock_too_late_listens_for_one_more_heartbeat() -> None:
    election = follower()
    last = hear(election, [BEAT] * 5)
    woke = last + 60.0
    assert not election.suspects(woke)
    assert election.suspect_at == pytest.approx(woke + BEAT)
    election.heard("L2", PRIMARY, woke + 0.01)
    assert not election.suspects(woke + BEAT)


def test_who_is_late_again_suspects_all_the_same() -> None:
    election = follower()
    last = hear(election, [BEAT] * 5)
    assert not election.suspects(last + 60.0)
    assert election.suspects(last + 120.0)


def test_who_knows_of_no_primary_waits_for_none() -> None:
    election = follower()
    election.start(0.0)
    assert election.suspects(60.0)
