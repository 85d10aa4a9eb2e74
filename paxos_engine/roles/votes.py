"""The votes of an acceptor, in columns: a million objects would stall the collector."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TypeAlias

from paxos_engine.roles.values import ProposalNumber, Value

Vote: TypeAlias = tuple[ProposalNumber, Value]
"""What was accepted last for an instance, and under which number."""


class Votes:
    """The instances with a vote, ascending, and beside each what was accepted there last."""

    __slots__ = ("_numbers", "_values", "instances")

    def __init__(self) -> None:
        self.instances: list[int] = []
        self._numbers: list[ProposalNumber] = []
        self._values: list[Value] = []

    @property
    def last(self) -> int:
        """The highest instance with a vote, 0 if there is none."""
        return self.instances[-1] if self.instances else 0

    def cast(self, instance: int, number: ProposalNumber, value: Value) -> None:
        """Keep a vote, in place of an earlier one for the same instance."""
        if instance > self.last:  # as most are
            at = len(self.instances)
        else:
            at = bisect_left(self.instances, instance)
            if self.instances[at] == instance:
                self._numbers[at], self._values[at] = number, value
                return
        self.instances.insert(at, instance)
        self._numbers.insert(at, number)
        self._values.insert(at, value)

    def of(self, instance: int) -> Vote | None:
        """Return the vote for `instance`, None where there is none."""
        if not self.instances or instance > self.instances[-1]:
            return None  # most are asked for when they are new
        at = bisect_left(self.instances, instance)
        if self.instances[at] != instance:
            return None
        return self._numbers[at], self._values[at]

    def numbers(self, first: int) -> Iterator[tuple[int, ProposalNumber]]:
        """Yield the instances from `first` on, each with the number of its vote."""
        for at in range(bisect_left(self.instances, first), len(self.instances)):
            yield self.instances[at], self._numbers[at]

    def drop(self, up_to: int) -> None:
        """Forget every vote up to `up_to`."""
        gone = bisect_right(self.instances, up_to)
        for column in (self.instances, self._numbers, self._values):
            del column[:gone]
