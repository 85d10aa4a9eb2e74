"""Proposal numbers: each has one owner, is prepared once, and proposes one value per instance.

("Paxos Made Simple", 2.5: different proposers choose their numbers from disjoint sets, and each
remembers the highest-numbered proposal that it has tried to issue.)
"""

from __future__ import annotations

from typing import ClassVar, Final

from paxos_engine.checks.base import Check, IntSet
from paxos_engine.roles.events import (
    AcceptedValue,
    BecamePrimary,
    Entry,
    Event,
    Prepared,
    Proposed,
    Violation,
)
from paxos_engine.roles.values import ProposalNumber

ONE_OWNER: Final = "a number has one owner"
ONE_USE: Final = "a number is prepared once"
ONE_PROPOSAL: Final = "one proposal per number and instance"
PROPOSED_FIRST: Final = "only what was proposed is accepted"


class NumbersOwned(Check):
    """Watches who uses which proposal number, also over crashes."""

    watches: ClassVar[tuple[type[Event], ...]] = (Prepared, Proposed, BecamePrimary)

    def __init__(self) -> None:
        self._ranges: dict[ProposalNumber, int] = {}  # number -> seq of its prepare for a range
        self._singles: dict[ProposalNumber, IntSet] = {}

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        match entry.event:
            case Prepared(number=number) as prepared:
                return _owner(entry, number) or self._prepared(entry, prepared)
            case Proposed(number=number) | BecamePrimary(number=number):
                return _owner(entry, number)
        return None

    def _prepared(self, entry: Entry, event: Prepared) -> Violation | None:
        number = event.number
        if event.to_instance is None:
            before = self._ranges.setdefault(number, entry.seq)
            if before == entry.seq:
                return None
            text = f"{entry.node} prepares {number} a second time"
            return Violation(ONE_USE, (before, entry.seq), text)
        if self._singles.setdefault(number, IntSet()).add(event.from_instance):
            return None
        text = f"{entry.node} prepares {number} for {event.from_instance} a second time"
        return Violation(ONE_USE, (entry.seq,), text)


class ProposedOnce(Check):
    """Watches that a leader proposes once per number and instance, and that votes follow that."""

    watches: ClassVar[tuple[type[Event], ...]] = (Proposed, AcceptedValue)

    def __init__(self) -> None:
        self._proposed: dict[ProposalNumber, IntSet] = {}

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        match entry.event:
            case Proposed(instance=instance, number=number):
                if self._proposed.setdefault(number, IntSet()).add(instance):
                    return None
                text = f"{entry.node} proposes for {instance} under {number} a second time"
                return Violation(ONE_PROPOSAL, (entry.seq,), text)
            case AcceptedValue(instance=instance, number=number):
                if instance in self._proposed.get(number, ()):
                    return None
                text = f"{entry.node} accepted {number} for {instance}, which nobody proposed"
                return Violation(PROPOSED_FIRST, (entry.seq,), text)
        return None


def _owner(entry: Entry, number: ProposalNumber) -> Violation | None:
    if entry.node == number.leader:
        return None
    text = f"{entry.node} uses {number}, which belongs to {number.leader}"
    return Violation(ONE_OWNER, (entry.seq,), text)
