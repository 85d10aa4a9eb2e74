"""Proposal numbers: each has one owner, is prepared once, and proposes one value per instance.

("Paxos Made Simple", 2.5: different proposers choose their numbers from disjoint sets, and each
remembers the highest-numbered proposal that it has tried to issue.)
"""

from __future__ import annotations

from typing import ClassVar, Final

from paxos_engine.checks.base import Check, IntSet, Invariant, Watched
from paxos_engine.roles.events import (
    AcceptedValue,
    BecamePrimary,
    Crashed,
    Entry,
    Prepared,
    Proposed,
    Synced,
    Violation,
)
from paxos_engine.roles.values import ProposalNumber

ONE_OWNER: Final = "a number has one owner"
ONE_USE: Final = "a number is prepared once"
ONE_PROPOSAL: Final = "one proposal per number and instance"
PROPOSED_FIRST: Final = "only what was proposed is accepted"


class NumbersOwned(Check):
    """Watches who uses which proposal number, also over crashes.

    A number whose record a power cut took before it was synced has left its node in no message,
    and may be used again.

    Bound: one entry for each number that was ever prepared; single instances in runs.
    """

    watches: ClassVar[Watched] = (Prepared, Proposed, BecamePrimary, Synced, Crashed)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            ONE_OWNER,
            '"Paxos Made Simple", 2.5',
            "Leaders choose their numbers from disjoint sets: nobody uses the number of another.",
        ),
        Invariant(
            ONE_USE,
            '"Paxos Made Simple", 2.5',
            "A leader begins phase 1 with a number that it has not used before, crashes or not.",
        ),
    )

    def __init__(self) -> None:
        self._ranges: dict[ProposalNumber, int] = {}  # number -> seq of its prepare for a range
        self._singles: dict[ProposalNumber, IntSet] = {}
        self._unsynced: dict[str, list[ProposalNumber]] = {}

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        match entry.event:
            case Synced():
                self._unsynced.pop(entry.node, None)
            case Prepared(number=number) as prepared:
                return _owner(entry, number) or self._prepared(entry, prepared)
            case Proposed(number=number) | BecamePrimary(number=number):
                return _owner(entry, number)
            case Crashed(kind=kind) if kind != "crash":  # which keeps what was written
                for number in self._unsynced.pop(entry.node, ()):
                    self._ranges.pop(number, None)
        return None

    def _prepared(self, entry: Entry, event: Prepared) -> Violation | None:
        number = event.number
        if event.to_instance is None:
            before = self._ranges.setdefault(number, entry.seq)
            if before == entry.seq:
                self._unsynced.setdefault(entry.node, []).append(number)
                return None
            text = f"{entry.node} prepares {number} a second time"
            return Violation(ONE_USE, (before, entry.seq), text)
        if self._singles.setdefault(number, IntSet()).add(event.from_instance):
            return None
        text = f"{entry.node} prepares {number} for {event.from_instance} a second time"
        return Violation(ONE_USE, (entry.seq,), text)


class ProposedOnce(Check):
    """Watches that a leader proposes once per number and instance, and that votes follow that.

    Bound: a run of instances for each number that was proposed under.
    """

    watches: ClassVar[Watched] = (Proposed, AcceptedValue)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            ONE_PROPOSAL,
            '"Paxos Made Simple", 2.2',
            "A leader proposes once under a number in an instance; afterwards it only repeats"
            " itself.",
        ),
        Invariant(
            PROPOSED_FIRST,
            '"Paxos Made Simple", 2.1',
            "An acceptor accepts only what a leader has proposed under that number.",
        ),
    )

    def __init__(self) -> None:
        self._proposed: dict[ProposalNumber, IntSet] = {}

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        event = entry.event
        if isinstance(event, AcceptedValue):
            if event.instance in self._proposed.get(event.number, ()):
                return None
            text = (
                f"{entry.node} accepted {event.number} for {event.instance}, which nobody proposed"
            )
            return Violation(PROPOSED_FIRST, (entry.seq,), text)
        if isinstance(event, Proposed):
            if self._proposed.setdefault(event.number, IntSet()).add(event.instance):
                return None
            what = f"for {event.instance} under {event.number}"
            text = f"{entry.node} proposes {what} a second time"
            return Violation(ONE_PROPOSAL, (entry.seq,), text)
        return None


def _owner(entry: Entry, number: ProposalNumber) -> Violation | None:
    if entry.node == number.leader:
        return None
    text = f"{entry.node} uses {number}, which belongs to {number.leader}"
    return Violation(ONE_OWNER, (entry.seq,), text)
