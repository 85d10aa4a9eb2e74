"""The votes of an acceptor over all instances, in columns: a million objects stall the collector.

The vote for an undecided instance is with its protocol object, and here is only that there is one.
Once the instance is decided its vote is put away here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from paxos_engine.roles.values import ProposalNumber, Value


class Vote(NamedTuple):
    """What an acceptor holds for a decided instance."""

    promised: ProposalNumber
    number: ProposalNumber
    value: Value


class Votes:
    """For which instances there is a vote, ascending, and the votes that are put away."""

    __slots__ = ("_numbers", "_promises", "_values", "instances")

    def __init__(self) -> None:
        self.instances: list[int] = []
        self._numbers: list[ProposalNumber | None] = []  # None where the vote is not put away
        self._values: list[Value | None] = []
        self._promises: dict[int, ProposalNumber] = {}  # where it is not the number of the vote

    @property
    def last(self) -> int:
        """The highest instance with a vote, 0 if there is none."""
        return self.instances[-1] if self.instances else 0

    def note(self, instance: int) -> None:
        """Note that there is a first vote for `instance`."""
        at = bisect_left(self.instances, instance) if instance < self.last else len(self.instances)
        self.instances.insert(at, instance)
        self._numbers.insert(at, None)
        self._values.insert(at, None)

    def starting(self, first: int) -> Iterator[int]:
        """Yield the instances from `first` on."""
        for at in range(bisect_left(self.instances, first), len(self.instances)):
            yield self.instances[at]

    def put_away(self, instance: int, vote: Vote) -> None:
        """Keep the vote for an instance, which has been noted."""
        at = bisect_left(self.instances, instance)
        self._promises.pop(instance, None)
        self._numbers[at], self._values[at] = vote.number, vote.value
        if vote.promised != vote.number:
            self._promises[instance] = vote.promised

    def kept(self, instance: int) -> Vote | None:
        """Return the vote for `instance`, None where none is put away."""
        if not self.instances or instance > self.instances[-1]:
            return None  # most are asked for when they are new
        at = bisect_left(self.instances, instance)
        number, value = self._numbers[at], self._values[at]
        if self.instances[at] != instance or number is None or value is None:
            return None
        return Vote(self._promises.get(instance, number), number, value)

    def take_out(self, instance: int) -> None:
        """Forget what was put away for `instance`: its protocol object has it again."""
        if instance > self.last:
            return
        at = bisect_left(self.instances, instance)
        if self.instances[at] == instance:
            self._numbers[at] = self._values[at] = None
            self._promises.pop(instance, None)

    def promises(self, first: int) -> Iterator[ProposalNumber]:
        """Yield what is promised for each instance from `first` on whose vote is put away."""
        for at in range(bisect_left(self.instances, first), len(self.instances)):
            number = self._numbers[at]
            if number is not None:
                yield self._promises.get(self.instances[at], number)

    def drop(self, up_to: int) -> None:
        """Forget every vote up to `up_to`."""
        gone = bisect_right(self.instances, up_to)
        for column in (self.instances, self._numbers, self._values):
            del column[:gone]
        self._promises = {i: number for i, number in self._promises.items() if i > up_to}
