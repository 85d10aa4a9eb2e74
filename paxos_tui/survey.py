"""The first look at a trace: every event checked once, and places left to come back to.

It goes through the trace once, from its beginning to its end, ahead of whoever looks at it. A
moment of the trace is then reached from the checkpoint before it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from paxos_engine import (
    ClusterView,
    Damage,
    Entry,
    Header,
    MessageLog,
    Place,
    SafetyChecker,
    Violation,
    explain,
    instance_of,
    is_turn,
)

INSTANCES_KEPT: Final = 2_000
MESSAGES_KEPT: Final = 2_000
"""What a view of a replay keeps at least: what is older is seen by going back to it. It bounds what
a checkpoint costs."""

SPACING: Final = 4_096
"""Entries between two checkpoints of a trace that is not long."""

MOST_CHECKPOINTS: Final = 32
"""Checkpoints of a whole trace. When there are more, every other one goes and the spacing doubles:
memory is bounded, and a seek in a trace of n events folds n / 16 of them at the most."""


class Reading(Protocol):
    """Entries on their way in; `EntryReader` is one."""

    line: int
    damage: Damage | None
    hole: str

    def __next__(self) -> Entry:
        """Return the next entry."""


class Source(Protocol):
    """A trace that is read from any place on; `TraceFile` is one.

    `lines` is how many lines, or entries, are known so far, the header among them.
    """

    start: Place
    lines: int

    @property
    def header(self) -> Header:
        """What ran."""

    @property
    def is_growing(self) -> bool:
        """Whether more is being written."""

    def look(self) -> bool:
        """Look for lines that are not counted yet; return whether there was something new."""

    def read(self, place: Place) -> Reading:
        """Return the entries that follow `place`."""


class ListedTrace:
    """A trace in memory, as a source.

    Args:
        entries: what happened, the header first.
    """

    is_growing = False

    def __init__(self, entries: Sequence[Entry]) -> None:
        header = entries[0].event
        assert isinstance(header, Header), "a trace begins with its header"
        self.header = header
        self.start = Place(1, entries[0])
        self.lines = len(entries)
        self._entries = entries

    def look(self) -> bool:
        """Say that everything is known."""
        return False

    def read(self, place: Place) -> Reading:
        """Return the entries that follow `place`."""
        return _ListReading(self._entries, place.line)


class _ListReading:
    def __init__(self, entries: Sequence[Entry], line: int) -> None:
        self.line = line
        self.damage: Damage | None = None
        self.hole = ""
        self._entries = entries

    def __next__(self) -> Entry:
        if self.line >= len(self._entries):
            raise StopIteration
        self.line += 1
        return self._entries[self.line - 1]


class Checkpoint(NamedTuple):
    """A moment that can be gone back to; whoever does copies the view."""

    place: Place
    view: ClusterView


class Checkpoints:
    """Checkpoints in the order of the trace."""

    def __init__(self) -> None:
        self._lines: list[int] = []
        self._kept: list[Checkpoint] = []

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Checkpoint]:
        return iter(self._kept)

    def add(self, place: Place, view: ClusterView) -> None:
        """Keep a moment; `view` is copied."""
        at = bisect_right(self._lines, place.line)
        if at == 0 or self._lines[at - 1] != place.line:
            self._lines.insert(at, place.line)
            self._kept.insert(at, Checkpoint(place, view.copy()))

    def before(self, line: int) -> Checkpoint | None:
        """Return the last one that does not lie behind `line`."""
        at = bisect_right(self._lines, line)
        return self._kept[at - 1] if at else None

    def halve(self) -> None:
        """Drop every other one; the first stays."""
        del self._lines[1::2], self._kept[1::2]

    def drop_farthest(self, line: int) -> None:
        """Drop the one at that end which is farther from `line`."""
        last = line - self._lines[0] < self._lines[-1] - line
        self._lines.pop(-1 if last else 0)
        self._kept.pop(-1 if last else 0)


def replay_view() -> ClusterView:
    """Return an empty view for a replay."""
    view = ClusterView(past="are seen by going back", kept=INSTANCES_KEPT)
    view.messages = MessageLog(MESSAGES_KEPT)
    return view


class Survey:
    """The pass over a trace.

    Args:
        source: the trace.
    """

    def __init__(self, source: Source) -> None:
        self.place = source.start
        self.view = replay_view()
        self.checkpoints = Checkpoints()
        self.milestones = array("Q")  # the lines of turns, and of the votes that decided
        self.first_about: dict[int, int] = {}  # instance -> the first line about it
        self.broken: dict[str, int] = {}  # rule -> the line at which it was first found broken
        self.missed_at: int | None = None  # the line from which on "safe" cannot be said
        self.violation: Violation | None = None  # the first
        self.explanation: list[str] = []
        self.damage: Damage | None = None
        self.at_end = False
        self._spacing = SPACING
        self._source = source
        self._reading: Reading | None = None
        self._checker = SafetyChecker.of(source.header)
        self._checkpoint_due = self.place.line + SPACING
        self._take(source.start)
        self.checkpoints.add(self.place, self.view)

    @property
    def unchecked(self) -> str:
        """Why "safe" cannot be said of what was passed; empty if it can."""
        return self._checker.unchecked

    @property
    def rules(self) -> int:
        """How many rules this trace tells enough for."""
        return len(self._checker.rules)

    def resume(self) -> None:
        """Look again behind the end: more was written."""
        self.at_end = False

    def go(self, most: int) -> None:
        """Go on by `most` entries, or to the end."""
        if self._reading is None:
            self._reading = self._source.read(self.place)
        for _ in range(most):
            entry = next(self._reading, None)
            if self._reading.hole:
                self._checker.miss(self._reading.hole)
            if entry is None:
                self._note_missed()
                self.damage, self.at_end = self._reading.damage, True
                self._reading = None
                return
            self._take(Place(self._reading.line, entry))
            if self.place.line >= self._checkpoint_due:
                self._leave_checkpoint()

    def _take(self, place: Place) -> None:
        self.place = line, entry = place
        chosen = self.view.chosen_count
        self.view.apply(entry)
        if is_turn(entry) or self.view.chosen_count > chosen:
            self.milestones.append(line)
        instance = instance_of(entry)
        if instance is not None:
            self.first_about.setdefault(instance, line)
        if self._checker.observe(entry) is not None:
            self._note_broken()
        elif isinstance(entry.event, Violation):
            self._note_claimed(entry.event)
        self._note_missed()

    def _note_missed(self) -> None:
        if self.missed_at is None and self.unchecked:
            self.missed_at = self.place.line

    def _note_broken(self) -> None:
        for found in self._checker.violations:
            self.broken.setdefault(found.rule, self.place.line)
        if self.violation is None:
            self.violation = self._checker.violation
            self.explanation = self._checker.explanation

    def _note_claimed(self, claim: Violation) -> None:
        """Take what the trace says of itself: it counts where we have found nothing."""
        if self.violation is None:
            self.violation = claim
            self.broken.setdefault(claim.rule, self.place.line)
            self.explanation = explain(claim, self._checker.recent, self.unchecked)

    def _leave_checkpoint(self) -> None:
        self.checkpoints.add(self.place, self.view)
        if len(self.checkpoints) > MOST_CHECKPOINTS:
            self.checkpoints.halve()
            self._spacing *= 2
        self._checkpoint_due = self.place.line + self._spacing
