"""Who leads, and when a leader claims it: a matter of progress, never of safety.

Two leaders that both think they are primary are slow, not wrong: the acceptors decide ("Paxos
Made Simple", 2.4). So everything here may be mistaken at any time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum
from typing import Final

from paxos_engine.roles.belief import ROUND_JUMP, Belief
from paxos_engine.roles.patience import jittered
from paxos_engine.roles.values import ZERO, ProposalNumber

FIRST_CLAIM: Final = 0.45
"""The part of the election time-out after which the first claim is made in a new cluster: a leader
that joins one where somebody leads has then heard a heartbeat."""

RANK_STEP: Final = 0.35
"""By how much of the time-out each lower rank waits longer, so that the highest claims first."""

RETRY_AFTER: Final = 1.5
"""Heartbeats for which a client waits for an answer at the least. It then asks another leader, and
before that one can have missed two heartbeats, so that it has the command in hand if it leads."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The clockwork of a leader; everything in seconds.

    `heartbeat_every` is the interval of heartbeats, `election_timeout` the silence after which a
    primary is suspected where heartbeats come steadily (see `Silence`; and after which one that
    hears no quorum falls silent): long enough that two in a row must be lost, and short enough that
    a command is answered by the next primary within three intervals. `gap_fill_after` is
    the age at which a gap is filled, `retransmit_after` and `retransmit_at_most` the bounds of
    the back-off, `catch_up_after` the stall after which a leader that is behind asks its peers.
    """

    heartbeat_every: float = 0.2
    election_timeout: float = 0.5
    gap_fill_after: float = 2.0
    retransmit_after: float = 0.15
    retransmit_at_most: float = 0.8
    catch_up_after: float = 0.3

    @property
    def retry_after(self) -> float:
        """Seconds for which a client waits for an answer, at the least."""
        return RETRY_AFTER * self.heartbeat_every

    def retransmission(self, attempts: int, rng: random.Random, usual: float = 0.0) -> float:
        """Return how long to wait after `attempts` sendings: exponential back-off with jitter.

        Args:
            attempts: how often it was sent again already.
            rng: the source of jitter.
            usual: seconds within which answers usually come; the wait is not shorter.
        """
        first = max(self.retransmit_after, usual)
        wait = min(first * 2.0 ** min(attempts, 16), max(first, self.retransmit_at_most))
        return jittered(wait, rng)


LONGEST_SILENCE: Final = 4.0
"""Election time-outs of silence that are borne at the most, however heartbeats have come."""

GRACE: Final = 1.25
"""Intervals by which a silence must exceed the longest one lately that ended well."""

FADES: Final = 0.98
"""What is left of the longest silence after each heartbeat: half of it after 35."""


class Silence:
    """How long a primary may be silent before it is suspected: learned from how it was heard.

    The time-out holds for a primary that is heard steadily. Where heartbeats are lost, or come late
    since the machine has more to do than it can, whoever keeps to it suspects a primary that leads,
    and the more often, the worse things are. So a silence counts only if it is longer than those
    that ended well (an adaptive detector, after Chen, Toueg and Aguilera, "On the Quality of
    Service of Failure Detectors", 2002).
    """

    __slots__ = ("_excused", "_longest", "_since", "_timing")

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._since: float | None = None
        self._longest = 0.0
        self._excused = False

    @property
    def longest(self) -> float:
        """Seconds of silence that are borne."""
        usual = self._timing.election_timeout
        borne = self._longest + GRACE * self._timing.heartbeat_every
        return min(max(borne, usual), LONGEST_SILENCE * usual)

    def end(self, now: float) -> None:
        """Note a heartbeat."""
        if self._since is not None:
            self._longest = max(now - self._since, FADES * self._longest)
        self._since = now
        self._excused = False

    def forget(self) -> None:
        """Wait for the first heartbeat of a primary; how long silences were before is kept."""
        self._since = None
        self._excused = False

    def may_be_ours(self) -> bool:
        """Say, once for each silence, that it may be our own fault."""
        excused, self._excused = self._excused, True
        return not excused


LONGEST_BACK_OFF: Final = 32.0
"""Election time-outs that a leader waits at the most, on average, after claims that failed."""


class Standing(Enum):
    """What a leader is at the moment."""

    FOLLOWING = "following"
    PREPARING = "preparing"
    PRIMARY = "primary"


class Election:
    """What one leader believes about the primacy.

    Args:
        name: the leader's id.
        rank: its position in the configuration, from 1; the highest claims first.
        leaders: how many leaders there are.
        timing: the clockwork.
        rng: where the jitter comes from, handed in so that a run can be repeated.
    """

    def __init__(
        self, name: str, rank: int, leaders: int, timing: Timing, rng: random.Random
    ) -> None:
        self.name = name
        self.rank = rank
        self.timing = timing
        self.rounds = Belief(ROUND_JUMP)
        self.primary: str | None = None
        self.primary_number = ZERO
        self.suspect_at = 0.0
        self._leaders = leaders
        self._silence = Silence(timing)
        self._failed_claims = 0  # since anybody was last known to lead
        self._rng = rng

    def start(self, now: float) -> None:
        """Begin to watch for heartbeats; the first claim of a new cluster comes soon."""
        wait = FIRST_CLAIM if self.rounds.highest == 0 else 1.0
        self._silence.forget()
        self.suspect_at = now + self._patience() * wait

    def saw(self, number: ProposalNumber) -> bool:
        """Note a number in use anywhere, since the next own one must be higher, if it can be so."""
        return self.rounds.takes(number.round)

    def next_number(self) -> ProposalNumber:
        """Return a number above every one seen, never to be returned again."""
        self.rounds.know(self.rounds.highest + 1)
        return ProposalNumber(self.rounds.highest, self.rank)

    def yields_to(self, theirs: ProposalNumber, ours: ProposalNumber) -> bool:
        """Say whether the heartbeat of `theirs` ends a primacy or a claim under `ours`.

        Numbers order by round, then rank: a claim made later wins.
        """
        return theirs > ours

    def heeds(self, theirs: ProposalNumber) -> bool:
        """Say whether a heartbeat counts as one of the primary: it is no older than the last."""
        return theirs >= self.primary_number

    def heard(self, sender: str, number: ProposalNumber, now: float) -> None:
        """Note the heartbeat of a primary, and be patient for another time-out."""
        if number != self.primary_number:
            self._silence.forget()
        self._silence.end(now)
        self.primary, self.primary_number = sender, number
        self._failed_claims = 0
        self.suspect_at = now + self._patience()

    def sees_progress(self, number: ProposalNumber, now: float) -> None:
        """Note that a value was chosen under `number`: if the primary's, it leads, and hears.

        Nothing may starve heartbeats, but a queue of what comes of its leading may lie before them.
        An accept alone would not do: one that hears nobody sends it again and again (S15).
        """
        if number == self.primary_number and self.primary != self.name:
            self.suspect_at = max(self.suspect_at, now + self._silence.longest)

    def suspects(self, now: float) -> bool:
        """Say whether the primary is to be suspected: it has been silent for too long.

        Who looks at the clock much too late stood still itself, or its clock was set, and what it
        missed meanwhile may be on its way; so it listens for one more interval, once (Dadgar,
        Phillips and Currey, "Lifeguard", 2018: local health).
        """
        if now < self.suspect_at:
            return False
        late = now > self.suspect_at + self.timing.heartbeat_every
        if late and self.primary not in (None, self.name) and self._silence.may_be_ours():
            self.suspect_at = now + self.timing.heartbeat_every
            return False
        return True

    def won(self, number: ProposalNumber) -> None:
        """Note that this leader is primary itself."""
        self.primary, self.primary_number = self.name, number
        self._failed_claims = 0

    def back_off(self, now: float) -> None:
        """Wait a random while before the next claim, so that duelling leaders come apart.

        Two leaders that outbid each other at once can go on for ever (2.4); random waits that
        grow with every claim that failed let one of them finish phase 1, however long it takes.
        """
        if self.primary == self.name:
            self.primary = None
        growth = min(2.0**self._failed_claims, LONGEST_BACK_OFF)
        self._failed_claims += 1
        self.suspect_at = now + self._patience() * growth * (0.5 + self._rng.random())

    def _patience(self) -> float:
        above = self._leaders - self.rank
        if self.primary_number.rank > self.rank:
            above -= 1  # the primary that is suspected claims nothing
        slower = 1.0 + RANK_STEP * above
        return self._silence.longest * slower * (1.0 + 0.1 * self._rng.random())


class PortElection(Election):
    """The seed's rule, for teaching: the higher port (here: rank) leads, whatever the numbers.

    A loud but deaf leader of high rank then blocks the others for ever (scenario S15).
    """

    def yields_to(self, theirs: ProposalNumber, ours: ProposalNumber) -> bool:
        """Say whether the sender's rank is higher."""
        return theirs.rank > ours.rank

    def heeds(self, theirs: ProposalNumber) -> bool:
        """Say whether the heartbeat comes from a higher rank; a lower one does not count."""
        return theirs.rank > self.rank
