"""Gaps: when a primary fills one, and what came out of it."""

from __future__ import annotations

from paxos_engine.roles.events import GapFilled
from paxos_engine.roles.messages import AcceptedReport
from paxos_engine.roles.values import NoOp, Value


class GapWatch:
    """Says when the first hole of a history has been open for too long.

    Args:
        fill_after: seconds.
    """

    def __init__(self, fill_after: float) -> None:
        self._fill_after = fill_after
        self._since: tuple[int, float] | None = None

    @property
    def deadline(self) -> float | None:
        """When the present hole will be too old."""
        return self._since[1] + self._fill_after if self._since else None

    def forget(self) -> None:
        """Begin anew: the holes are being filled."""
        self._since = None

    def due(self, first_open: int, highest_chosen: int, busy: bool, now: float) -> bool:
        """Take a look; return whether the hole at `first_open` is to be filled now."""
        if highest_chosen < first_open or busy:
            self._since = None
        elif self._since is None or self._since[0] != first_open:
            self._since = (first_open, now)
        elif now >= self._since[1] + self._fill_after:  # the very sum that `deadline` returns
            self._since = None
            return True
        return False


def how_filled(
    instance: int, gap: tuple[str, AcceptedReport | None], value: Value, wanted: Value | None
) -> GapFilled:
    """Say what came out of a gap: the value found, the no-op, or the own command.

    Args:
        instance: the gap.
        gap: why it was filled, and what the promises reported there.
        value: what was chosen.
        wanted: what this leader would have liked there.
    """
    reason, found = gap
    if found is not None:
        return GapFilled(instance, reason, "found", value, found.number)
    if isinstance(value, NoOp):
        return GapFilled(instance, reason, "no-op", value)
    return GapFilled(instance, reason, "own" if value == wanted else "learned", value)
