"""The last vote of an acceptor in each instance, in rows of machine numbers.

A row of Python's own numbers takes some five times the forty-eight bytes of one of these.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from paxos_engine.roles.values import ProposalNumber


class Vote(NamedTuple):
    """A vote, as the trace tells it.

    Args:
        mark: that of its record.
        round: of its number.
        rank: of its number.
        digest: of the value voted for.
        seq: of the entry that tells of it.
    """

    mark: int
    round: int
    rank: int
    digest: int
    seq: int

    @property
    def number(self) -> ProposalNumber:
        """The number it was cast under."""
        return ProposalNumber(self.round, self.rank)


_ROW: Final = Struct(f"{len(Vote._fields)}q")


class VoteTable:
    """The instances with a vote, ascending, and beside each its last vote."""

    __slots__ = ("_instances", "_rows")

    def __init__(self) -> None:
        self._instances = array("q")
        self._rows = bytearray()

    def __len__(self) -> int:
        return len(self._instances)

    def __contains__(self, instance: int) -> bool:
        return self._place(instance) is not None

    def get(self, instance: int) -> Vote | None:
        """Return the vote in `instance`, None where there is none."""
        at = self._place(instance)
        return None if at is None else Vote._make(_ROW.unpack_from(self._rows, at * _ROW.size))

    def put(self, instance: int, vote: Vote) -> None:
        """Keep a vote, in place of an earlier one in the same instance."""
        instances = self._instances
        if not instances or instance > instances[-1]:  # as most are
            instances.append(instance)
            self._rows += _ROW.pack(*vote)
            return
        at = bisect_left(instances, instance)
        replaced = instances[at] == instance
        if not replaced:
            instances.insert(at, instance)
        self._rows[at * _ROW.size : (at + replaced) * _ROW.size] = _ROW.pack(*vote)

    def remove(self, instance: int) -> None:
        """Forget the vote in `instance`; KeyError if there is none."""
        at = self._place(instance)
        if at is None:
            raise KeyError(instance)
        self._cut(at, at + 1)

    def drop(self, up_to: int) -> None:
        """Forget every vote up to `up_to`."""
        self._cut(0, bisect_right(self._instances, up_to))

    def between(self, first: int, last: int | None) -> Iterator[tuple[int, Vote]]:
        """Return the instances of `first`..`last` (None: no end) that have a vote, with it."""
        low = bisect_left(self._instances, first)
        high = len(self._instances) if last is None else bisect_right(self._instances, last)
        rows = _ROW.iter_unpack(self._rows[low * _ROW.size : high * _ROW.size])
        return zip(self._instances[low:high], map(Vote._make, rows), strict=True)

    def _cut(self, low: int, high: int) -> None:
        del self._instances[low:high]
        del self._rows[low * _ROW.size : high * _ROW.size]

    def _place(self, instance: int) -> int | None:
        instances = self._instances
        if not instances or instance > instances[-1]:
            return None  # most are asked for when they are new
        at = instance - instances[0]  # where none is missing, as nearly always
        if not 0 <= at < len(instances) or instances[at] != instance:
            at = bisect_left(instances, instance)
        return at if instances[at] == instance else None
