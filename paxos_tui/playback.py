"""A cursor over a trace: the view at any moment of it, forwards and backwards.

It knows no screen and no clock. It never goes past what the survey has seen, so that of every
moment it shows it is known what the checks say.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from paxos_engine import Entry, Place
from paxos_tui.survey import Checkpoints, Reading, Source, Survey

NEARBY: Final = 4_096
"""Entries around the cursor that stay read."""

STEP: Final = 512
"""Entries between two checkpoints near the cursor; a step back folds so many at the most."""

MOST_NEAR: Final = 8


class Reel:
    """The entries around the cursor, so that a step back and forth reads nothing anew.

    Args:
        source: the trace.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._reading: Reading | None = None
        self._begin = source.start  # the place before the first that is kept
        self._places: list[Place] = []
        self._lines: list[int] = []

    def after(self, place: Place) -> Place | None:
        """Return the place that follows; None at the end of what is written."""
        last = self._places[-1] if self._places else self._begin
        if not self._begin.line <= place.line <= last.line:
            self._begin = last = place
            self._places, self._lines, self._reading = [], [], None
        at = bisect_right(self._lines, place.line)
        return self._places[at] if at < len(self._lines) else self._read(last)

    def _read(self, last: Place) -> Place | None:
        if self._reading is None:
            self._reading = self._source.read(last)
        entry = next(self._reading, None)
        if entry is None:
            self._reading = None
            return None
        place = Place(self._reading.line, entry)
        self._places.append(place)
        self._lines.append(place.line)
        if len(self._places) > 2 * NEARBY:
            self._begin = self._places[NEARBY - 1]
            del self._places[:NEARBY], self._lines[:NEARBY]
        return place


@dataclass(frozen=True, slots=True)
class Goal:
    """Where the cursor is to go.

    Args:
        words: where that is, for a person.
        find: returns the line; None while the survey has to go on to know it, 0 if there is none.
    """

    words: str
    find: Callable[[], int | None]


class Playback:
    """The cursor; at first it stands at the header.

    Args:
        source: the trace.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.survey = Survey(source)
        self.place = source.start
        self.view = self.survey.view.copy()
        self.goal: Goal | None = None
        self.missed = ""  # the words of a goal that turned out not to exist
        self._reel = Reel(source)
        self._near = Checkpoints()
        self._near_due = STEP
        self._line: int | None = None  # of the goal, once it is known

    # --- asking it -----------------------------------------------------------------------

    @property
    def position(self) -> int:
        """How many events have happened: lines behind the header."""
        return self.place.line - 1

    @property
    def count(self) -> int:
        """How many events there are, as far as is known; of a damaged trace, up to the damage."""
        passed = self.survey.place.line
        return (passed if self.damage else max(passed, self.source.lines)) - 1

    @property
    def damage(self) -> str:
        """Why the trace cannot be read on; empty if it can, or while it is being written."""
        found = self.survey.damage
        return str(found) if found and self.survey.at_end and not self.source.is_growing else ""

    @property
    def is_surveyed(self) -> bool:
        """Whether the survey has seen everything that there is."""
        return self.survey.at_end

    @property
    def is_at_end(self) -> bool:
        """Whether nothing follows, as far as is known."""
        return self.survey.at_end and self.place.line >= self.survey.place.line

    def peek(self) -> Place | None:
        """Return the place that follows the cursor; None at the end of what is written."""
        while self.survey.place.line <= self.place.line and not self.survey.at_end:
            self.survey.go(1)
        return self._reel.after(self.place) if self.survey.place.line > self.place.line else None

    # --- moving at once ------------------------------------------------------------------

    def step(self) -> bool:
        """Go one event forward; return whether there was one."""
        self._forget_goal()
        following = self.peek()
        if following is not None:
            self._advance(following.line)
        return following is not None

    def back(self) -> bool:
        """Go one event back; return whether there was one."""
        self._forget_goal()
        line = self.place.line - 1
        if line < self.source.start.line:
            return False
        self._rewind(line)
        while self._advance(line):
            pass
        return True

    # --- moving by and by ----------------------------------------------------------------

    def work(self, most: int) -> bool:
        """Look at `most` entries of what is to be done; return whether there was anything.

        The goal comes first, then the survey, then what was written since.
        """
        if self.source.look():
            self.survey.resume()
            return True
        if self.goal is not None:
            self._pursue(self.goal, most)
            return True
        if not self.survey.at_end:
            self.survey.go(most)
            return True
        return False

    def settle(self) -> bool:
        """Reach the goal, however far it is; return whether there is such a place."""
        while self.goal is not None:
            self.work(STEP)
        return not self.missed

    def go_home(self) -> None:
        """Go to the header."""
        self._set_goal("the start", lambda: self.source.start.line)

    def go_to_end(self) -> None:
        """Go to the last event that is written."""
        self._set_goal("the end", self._end)

    def go_to_event(self, seq: int) -> None:
        """Go to the event of this number; where one is missing, to the event before it."""
        self._set_goal(f"event {seq:,}", lambda: self._last(lambda entry: entry.seq, seq, 0))

    def go_to_time(self, seconds: float) -> None:
        """Go to the last event that had happened by then, in seconds since the start."""
        self._set_goal(f"{seconds:g} s", lambda: self._last(lambda entry: entry.t, seconds, None))

    def go_to_instance(self, instance: int) -> None:
        """Go to the first event that names an instance."""
        name = f"instance {instance:,}"
        self._set_goal(name, lambda: self.survey.first_about.get(instance) or self._end(0))

    def go_to_violation(self, rule: str = "") -> None:
        """Go to the event by which a rule was broken first, any or this one."""
        self._set_goal("a violation", lambda: self._broken(rule) or self._end(0))

    def go_to_milestone(self, step: int) -> None:
        """Go to the next or previous milestone: a turn, or the vote that chose an instance."""
        start, end = self.source.start.line, self._end
        milestones = self.survey.milestones
        if step < 0:
            at = bisect_left(milestones, self.place.line)
            line = milestones[at - 1] if at else start
            self._set_goal("the milestone before", lambda: line)
            return
        here = self.place.line

        def following() -> int | None:
            at = bisect_right(milestones, here)
            return milestones[at] if at < len(milestones) else end()

        self._set_goal("the next milestone", following)

    # --- inside --------------------------------------------------------------------------

    def _set_goal(self, words: str, find: Callable[[], int | None]) -> None:
        self._forget_goal()
        self.goal = Goal(words, find)

    def _forget_goal(self) -> None:
        self.goal, self._line, self.missed = None, None, ""

    def _pursue(self, goal: Goal, most: int) -> None:
        if self._line is None:
            self._line = goal.find()
            if self._line is None:
                self.survey.go(most)
                return
            if self._line == 0:
                self.goal, self._line, self.missed = None, None, goal.words
                return
            self._rewind(self._line)
        for _ in range(most):
            if not self._advance(self._line):
                self.goal, self._line = None, None
                return

    def _advance(self, line: int) -> bool:
        """Take one more entry, if it does not lie behind `line`; return whether it did not."""
        following = self._reel.after(self.place)
        if following is None or following.line > line:
            return False
        self.view.apply(following.entry)
        self.place = following
        if self.place.line >= self._near_due and line - self.place.line < NEARBY:
            self._near_due = self.place.line + STEP
            self._near.add(self.place, self.view)
            if len(self._near) > MOST_NEAR:
                self._near.drop_farthest(self.place.line)
        return True

    def _rewind(self, line: int) -> None:
        """Go to the best place from which `line` is reached going forward."""
        found = [self.survey.checkpoints.before(line), self._near.before(line)]
        best = max((c for c in found if c is not None), key=lambda c: c.place.line)
        if self.place.line <= line and self.place.line >= best.place.line:
            return
        self.place, self.view = best.place, best.view.copy()
        self._near_due = self.place.line + STEP

    def _broken(self, rule: str) -> int | None:
        broken = self.survey.broken
        return broken.get(rule) if rule else min(broken.values(), default=None)

    def _end(self, none: int | None = None) -> int | None:
        """Once everything is known, return the last line, or `none`; None before."""
        if not self.survey.at_end:
            return None
        return self.survey.place.line if none is None else none

    def _last(self, key: Callable[[Entry], float], most: float, none: int | None) -> int | None:
        """Return the last line whose key is not above `most`, once the survey has passed it.

        Where the whole trace lies below, that is its last line, or `none`.
        """
        last = key(self.survey.place.entry)
        if last <= most:
            return self._end(none if last < most else None)
        start = self.source.start
        for checkpoint in self.survey.checkpoints:
            if key(checkpoint.place.entry) <= most:
                start = checkpoint.place
        line, reading = start.line, self.source.read(start)
        while (entry := next(reading, None)) and key(entry) <= most:
            line = reading.line
        return line
