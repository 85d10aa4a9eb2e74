"""The entries that happened last, kind by kind, so that a violation can be shown with its causes.

What is frequent reaches back a short while, what is rare (promises, crashes, primaries) far.
Messages are not kept, but for promises: it is what nodes do with them that proves something.

Bound: `KEPT` entries of each kind of event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any, Final

from paxos_engine.roles.events import (
    ALL_EVENTS,
    AcceptedValue,
    Answered,
    Applied,
    Crashed,
    Delayed,
    Delivered,
    Duplicated,
    Entry,
    HeartbeatHeard,
    Lost,
    Prepared,
    Promised,
    Proposed,
    Restarted,
    Sent,
    Submitted,
    Violation,
)
from paxos_engine.roles.messages import Promise
from paxos_engine.roles.values import MAX_INSTANCE

KEPT: Final = 500
"""Entries that are kept of each kind. Each costs a little speed, since its memory is not used again
while it is still in the processor's cache."""

MOST_COMPANIONS: Final = 3
"""Entries that are added to the evidence of a check: the last ones."""

MESSAGES: Final = {Sent, Delivered, Lost, Duplicated, Delayed, HeartbeatHeard}

KINDS_KEPT: Final[tuple[type[Any], ...]] = (
    Promise,
    *(event for event in ALL_EVENTS if event not in MESSAGES),
)
"""The kinds of entries that can be evidence; of sendings, those of a message of this type."""


class RecentEntries:
    """The last entries of each kind."""

    def __init__(self) -> None:
        self._rings: dict[type[Any], deque[Entry]] = {
            kind: deque(maxlen=KEPT) for kind in KINDS_KEPT
        }

    def of(self, kind: type[Any]) -> Callable[[Entry], None]:
        """Return what takes the entries of one of `KINDS_KEPT`."""
        return self._rings[kind].append

    def __iter__(self) -> Iterator[Entry]:
        """Yield what is kept, in order."""
        yield from sorted(chain.from_iterable(self._rings.values()), key=lambda entry: entry.seq)

    def find(self, seqs: Iterable[int]) -> list[Entry]:
        """Return the entries with these `seq`, in order, as far as they are kept."""
        wanted = set(seqs)
        return [entry for entry in self if entry.seq in wanted]

    def with_companions(self, violation: Violation, entry: Entry) -> Violation:
        """Return the violation with what it repeats or contradicts added to its evidence.

        The checks keep numbers of what happened long ago, not entries; as long as the entry is
        here, it can be named.

        Args:
            violation: what was found.
            entry: where it was found.
        """
        evidence = {*violation.evidence}
        like = [e.seq for e in self if e.seq < entry.seq and _bears_on(e, entry)]
        evidence.update(like[-MOST_COMPANIONS:])
        return Violation(violation.rule, tuple(sorted(evidence)), violation.text)


def _bears_on(earlier: Entry, entry: Entry) -> bool:
    """Say whether an earlier entry claims the same place in the history as `entry`."""
    match earlier.event, entry.event:
        case Prepared() as one, Prepared() as other:
            return (one.number, one.to_instance) == (other.number, other.to_instance)
        case Proposed() as one, Proposed() as other:
            return (one.number, one.instance) == (other.number, other.instance)
        case Applied() as one, Applied() as other:
            return one.instance == other.instance or _same_command(one, other)
        case (Submitted() | Answered()) as one, Answered() as other:
            return (one.client, one.sequence) == (other.client, other.sequence)
        case (Promised() | AcceptedValue()) as one, (Promised() | AcceptedValue()) as other:
            same = earlier.node == entry.node
            return same and one.number > other.number and _overlap(one, other)
        case Crashed(), Restarted():
            return earlier.node == entry.node
    return False


def _overlap(one: Promised | AcceptedValue, other: Promised | AcceptedValue) -> bool:
    low, high = _extent(one)
    first, last = _extent(other)
    return first <= high and low <= last


def _extent(event: Promised | AcceptedValue) -> tuple[int, int]:
    if isinstance(event, AcceptedValue):
        return event.instance, event.instance
    return event.from_instance, MAX_INSTANCE if event.to_instance is None else event.to_instance


def _same_command(one: Applied, other: Applied) -> bool:
    if one.command is None or other.command is None:
        return False
    return (one.command.client, one.command.session, one.command.sequence) == (
        other.command.client,
        other.command.session,
        other.command.sequence,
    )
