"""What is dropped can be had elsewhere: snapshots of a majority of leaders cover it.

(Chandra, Griesemer, Redstone: "Paxos Made Live", 5.5: a snapshot makes the log before it
unnecessary.) An acceptor that dropped more could not tell a leader what was chosen, and no leader
could tell it either.
"""

from __future__ import annotations

from typing import ClassVar, Final

from paxos_engine.checks.base import Check, Invariant, Watched
from paxos_engine.roles.events import (
    Dropped,
    Entry,
    Header,
    Restarted,
    SnapshotMade,
    Violation,
    WrittenOff,
)
from paxos_engine.roles.quorum import covered_by_majority

COVERED: Final = "only what snapshots cover is dropped"


class DroppedIsCovered(Check):
    """Watches what nodes drop.

    A snapshot counts from the moment it is made; what a leader had before this trace began is
    taken to be all that it had applied. What was covered once stays so: a leader that is back after
    it was written off lacks what was dropped without it, and gets the snapshot.
    """

    watches: ClassVar[Watched] = (Header, SnapshotMade, Restarted, WrittenOff, Dropped)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            COVERED,
            'Chandra, Griesemer, Redstone, "Paxos Made Live", 5.5',
            "A node drops only instances that the snapshots of a majority of leaders cover, of all"
            " but those written off as gone for good: all chosen, and never needed again.",
        ),
    )

    def __init__(self) -> None:
        self._leaders: tuple[str, ...] = ()
        self._reached: dict[str, tuple[int, int]] = {}  # leader -> how far, and which entry says so
        self._written_off: frozenset[str] = frozenset()
        self._covered = 0

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        match entry.event:
            case Header(leaders=leaders):
                self._leaders = leaders
            case SnapshotMade(applied=applied) | Restarted(applied=applied):
                if applied > self._reached.get(entry.node, (0, 0))[0]:
                    self._reached[entry.node] = (applied, entry.seq)
                    self._count()
            case WrittenOff(leaders=leaders):
                self._written_off = frozenset(leaders)
                self._count()
            case Dropped(up_to=up_to) if self._leaders:
                return self._judge(entry, up_to)
        return None

    def _count(self) -> None:
        counted = [leader for leader in self._leaders if leader not in self._written_off]
        reached = [self._reached.get(leader, (0, 0))[0] for leader in counted]
        if reached:
            self._covered = max(self._covered, covered_by_majority(reached))

    def _judge(self, entry: Entry, up_to: int) -> Violation | None:
        if up_to <= self._covered:
            return None
        text = (
            f"{entry.node} drops everything up to {up_to}, and the snapshots of a majority of"
            f" leaders cover {self._covered}"
        )
        evidence = sorted(seq for _, seq in self._reached.values())
        return Violation(COVERED, (*evidence, entry.seq), text)
