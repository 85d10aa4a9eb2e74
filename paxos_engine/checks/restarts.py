"""What was durable is there after a restart, and nothing else is.

("Paxos Made Simple", 2.5: stable storage, preserved during failures, maintains the information
that the acceptor must remember.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from paxos_engine.checks.base import Check, Invariant, Watched
from paxos_engine.checks.holdings import WIPE, Holding, Holdings
from paxos_engine.roles.events import (
    Applied,
    Crashed,
    Entry,
    Restarted,
    SnapshotMade,
    Synced,
    Violation,
)

SURVIVES: Final = "what is durable survives a restart"
NOT_INVENTED: Final = "a restart invents nothing"


@dataclass(slots=True)
class _Disk:
    """What is known of the disk of a node, with the entries that say so."""

    mark: int = 0  # vouched for
    mark_seq: int = 0
    applied: int = 0
    applied_durably: int = 0
    applied_seq: int = 0


class DurableSurvives(Check):
    """Watches what nodes say that they found on their disks.

    What a node held before this trace began is not known; a wiped disk owes nothing.

    Args:
        holdings: what acceptors hold; it must observe each entry after this check does.
    """

    watches: ClassVar[Watched] = (Synced, Applied, SnapshotMade, Crashed, Restarted)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            SURVIVES,
            '"Paxos Made Simple", 2.5',
            "A node that restarts finds every record on its disk that the disk had vouched for:"
            " promises, votes, and how far a leader had applied.",
        ),
        Invariant(
            NOT_INVENTED,
            '"Paxos Made Simple", 2.5',
            "A node that restarts finds nothing on its disk that it has not written.",
        ),
    )

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._disks: dict[str, _Disk] = {}

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        event = entry.event
        if isinstance(event, Applied):
            if not event.more:
                self._disk(entry.node).applied = event.instance
        elif isinstance(event, Synced):
            disk = self._disk(entry.node)
            disk.mark, disk.mark_seq = event.mark, entry.seq
            if disk.applied != disk.applied_durably:
                disk.applied_durably, disk.applied_seq = disk.applied, entry.seq
        elif isinstance(event, SnapshotMade):
            disk = self._disk(entry.node)
            disk.applied = max(disk.applied, event.applied)
        elif isinstance(event, Crashed) and event.kind == WIPE:
            self._disks[entry.node] = _Disk()
        elif isinstance(event, Restarted):
            return self._restart(entry, event)
        return None

    def _disk(self, node: str) -> _Disk:
        found = self._disks.get(node)
        if found is None:
            found = self._disks[node] = _Disk()
        return found

    def _restart(self, entry: Entry, event: Restarted) -> Violation | None:
        node, known = entry.node, self._disks.get(entry.node)
        holding = self._holdings.of(node)
        self._disks[node] = _Disk(event.mark, entry.seq, event.applied, event.applied, entry.seq)
        if known is None and holding is None:
            return None  # it lived before this trace
        disk, held = known or _Disk(), holding or Holding()
        return (
            _vouched(entry, event, disk)
            or _history(entry, event, disk)
            or _votes(entry, event, held)
            or _promises(entry, event, held)
        )


def _vouched(entry: Entry, event: Restarted, disk: _Disk) -> Violation | None:
    if event.mark < disk.mark:
        text = (
            f"{entry.node} restarts with {event.mark} records, and its disk had vouched for"
            f" {disk.mark}"
        )
        return Violation(SURVIVES, (disk.mark_seq, entry.seq), text)
    return None


def _votes(entry: Entry, event: Restarted, holding: Holding) -> Violation | None:
    is_acceptor = event.promised is not None
    mark_unknown = holding.doubtful or holding.wiped
    if is_acceptor and event.mark > holding.written and not mark_unknown:
        text = (
            f"{entry.node} restarts with {event.mark} records, and it had written {holding.written}"
        )
        return Violation(NOT_INVENTED, (entry.seq,), text)
    votes = holding.votes_up_to(event.mark)
    if event.accepted < votes:
        text = (
            f"{entry.node} restarts with votes in {event.accepted} instances, and it had voted in"
            f" {votes}"
        )
        return Violation(SURVIVES, (entry.seq,), text)
    if event.accepted > votes and not (holding.inherited or holding.doubtful):
        text = (
            f"{entry.node} restarts with votes in {event.accepted} instances, and it had voted in"
            f" {votes} only"
        )
        return Violation(NOT_INVENTED, (entry.seq,), text)
    return None


def _promises(entry: Entry, event: Restarted, holding: Holding) -> Violation | None:
    promised = event.promised
    if promised is None:
        return None
    binding = holding.binding_up_to(event.mark)
    if promised < binding:
        text = f"{entry.node} restarts with the promise of {promised}, not of {binding}"
        return Violation(SURVIVES, (entry.seq,), text)
    if promised > holding.highest_up_to(event.mark):
        text = f"{entry.node} restarts with the promise of {promised}, which it never gave"
        return Violation(NOT_INVENTED, (entry.seq,), text)
    return None


def _history(entry: Entry, event: Restarted, disk: _Disk) -> Violation | None:
    if event.applied < disk.applied_durably:
        text = (
            f"{entry.node} restarts with the history applied up to {event.applied}, and"
            f" {disk.applied_durably} was durable"
        )
        return Violation(SURVIVES, (disk.applied_seq, entry.seq), text)
    if event.applied > disk.applied:
        text = (
            f"{entry.node} restarts with the history applied up to {event.applied}, and it had"
            f" applied {disk.applied}"
        )
        return Violation(NOT_INVENTED, (entry.seq,), text)
    return None
