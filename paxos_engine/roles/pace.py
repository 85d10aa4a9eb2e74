"""When a primary sends again what is not chosen yet, and what it learns from what is."""

from __future__ import annotations

import random

from paxos_engine.roles.election import Timing
from paxos_engine.roles.patience import LONGEST_WAIT, Patience


class Pace:
    """When a primary sends again what is not chosen yet.

    What was sent twice says nothing about how long it took, since nobody knows which sending was
    answered (Karn's rule). Where that happens to everything, nothing is ever learned; so what is
    new waits twice as long after each time, until something is chosen that was sent once (RFC 6298,
    5.5 to 5.7).

    Args:
        timing: the least and the most that is waited.
        rng: the source of jitter.
    """

    def __init__(self, timing: Timing, rng: random.Random) -> None:
        self._timing = timing
        self._rng = rng
        self._patience = Patience(timing.retransmit_after)
        self._sent_once: dict[int, float] = {}  # instance -> when
        self._slower = 1.0  # what is new waits so many times as long
        self._slower_since = float("-inf")

    def begin(self, instance: int, now: float) -> float:
        """Note that something is sent for `instance`; return when it is to be sent again."""
        self._sent_once[instance] = now
        usual = min(self._patience.wait * self._slower, LONGEST_WAIT)
        return now + self._timing.retransmission(0, self._rng, usual)

    def again(self, instance: int, attempts: int, now: float) -> float:
        """Note that it is sent again; return when that is due once more.

        All that was under way at once makes what is new wait longer once, and not once each.

        Args:
            instance: what it is sent for.
            attempts: how often it was sent again, this time included.
            now: seconds.
        """
        sent = self._sent_once.pop(instance, self._slower_since)
        if sent > self._slower_since:
            self._slower, self._slower_since = 2.0 * self._slower, now
        return now + self._timing.retransmission(attempts, self._rng, self._patience.wait)

    def chosen(self, instance: int, now: float) -> None:
        """Learn from what is chosen how long that took, if it was sent once."""
        sent = self._sent_once.pop(instance, None)
        if sent is not None:
            self._patience.took(now - sent)
            self._slower = 1.0

    def forget(self) -> None:
        """Wait for nothing that was sent any more; what was learned is kept."""
        self._sent_once.clear()
