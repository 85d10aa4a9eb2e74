"""How long to wait for an answer before asking again: learned from the answers that came.

Who waits too short sends everything twice, and the slower a cluster is, the more of its time goes
into that, until nothing else is left. So clients and primaries go by the rules that keep the
internet from such a collapse (RFC 6298; Karn and Partridge, "Improving Round-Trip Time Estimates in
Reliable Transport Protocols", 1987).
"""

from __future__ import annotations

import random
from typing import Final

EARLIEST: Final = 0.75
"""The part of a wait that jitter leaves at the least; it adds as much at the most."""

LONGEST_WAIT: Final = 2.0
"""Seconds that the wait for an answer may grow to where answers do come, but slowly."""


def jittered(wait: float, rng: random.Random) -> float:
    """Return `wait` in seconds, a little shorter or longer, so that who waited at once parts."""
    return wait * (EARLIEST + 2.0 * (1.0 - EARLIEST) * rng.random())


class Patience:
    """How long answers usually take, and so when one is missed.

    Args:
        least: seconds; no answer is missed sooner than this.
    """

    def __init__(self, least: float) -> None:
        self._least = least
        self._smoothed: float | None = None
        self._deviation = 0.0

    @property
    def wait(self) -> float:
        """Seconds to wait, before jitter: no answer is missed before the usual time is over.

        That is the mean and four deviations (RFC 6298, section 2).
        """
        if self._smoothed is None:
            return self._least
        usual = (self._smoothed + 4.0 * self._deviation) / EARLIEST
        return min(max(usual, self._least), max(LONGEST_WAIT, self._least))

    def took(self, seconds: float) -> None:
        """Learn from an answer that took so long."""
        if self._smoothed is None:
            self._smoothed, self._deviation = seconds, seconds / 2.0
        else:
            self._deviation += (abs(seconds - self._smoothed) - self._deviation) / 4.0
            self._smoothed += (seconds - self._smoothed) / 8.0
