"""A trace played in its own time, faster or slower, with pauses to read what is told.

The clock is whoever calls `advance`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from paxos_tui.playback import Playback

SPEEDS: Final = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0)
"""Seconds of the recording for each second that passes."""

READ_AT_LEAST: Final = 1.5
READ_A_LETTER: Final = 0.04
"""Seconds for which playing waits at a line of narration: so many, and so many for each letter."""


class Line(NamedTuple):
    """What is told after the entry of this number."""

    seq: int
    text: str


class Narration:
    """What is told along a trace.

    Args:
        told: (number of the entry, text), in order; what belongs to one entry is told together.
    """

    def __init__(self, told: Sequence[tuple[int, str]] = ()) -> None:
        joined: dict[int, str] = {}
        for seq, text in told:
            joined[seq] = f"{joined[seq]} {text}" if seq in joined else text
        self.lines = [Line(seq, " ".join(text.split())) for seq, text in joined.items()]
        self._seqs = [line.seq for line in self.lines]

    def at(self, seq: int) -> int:
        """Return how many lines have been told after the entry `seq`."""
        return bisect_right(self._seqs, seq)

    def following(self, seq: int) -> Line | None:
        """Return the first line that is told later."""
        at = self.at(seq)
        return self.lines[at] if at < len(self.lines) else None

    def before(self, seq: int) -> Line | None:
        """Return the last line that was told before the entry `seq`."""
        at = bisect_left(self._seqs, seq)
        return self.lines[at - 1] if at else None


class Player:
    """Moves a cursor with time.

    Args:
        playback: the cursor.
        narration: where playing waits for a while.
        speed: to begin with, one of `SPEEDS`.
    """

    def __init__(self, playback: Playback, narration: Narration, speed: float = 1.0) -> None:
        self.playback = playback
        self.narration = narration
        self.speed = speed
        self.playing = False
        self.stop_at: int | None = None  # a line at which playing ends: that of a violation
        self._clock = 0.0
        self._reading = 0.0  # seconds for which it still waits

    def toggle(self) -> None:
        """Play, or pause."""
        self.playing = not self.playing
        self._clock = self.playback.view.now
        self._reading = 0.0

    def change_speed(self, steps: int) -> None:
        """Go to the next higher speed, or the next lower one."""
        at = SPEEDS.index(self.speed) + steps
        self.speed = SPEEDS[max(0, min(len(SPEEDS) - 1, at))]

    def advance(self, seconds: float, most: int) -> bool:
        """Let time pass: take what has happened by then, `most` entries of it.

        Args:
            seconds: that have passed; counted once, however often this has to be called.
            most: entries that are taken at once.

        Returns:
            Whether more has happened by then than was taken.
        """
        seconds = self._read(seconds)
        self._clock += seconds * self.speed
        for _ in range(most):
            following = self.playback.peek()
            if following is None:
                self._wait_at_end()
                return False
            if not self.playing or self._reading > 0:
                return False
            if following.entry.t > self._clock:
                self.playback.view.advance(self._clock)
                return False
            self.playback.step()
            self._look_at(following.line, following.entry.seq)
        return True

    def catch_up(self) -> None:
        """Let time stand still while more happened than could be taken."""
        self._clock = min(self._clock, self.playback.view.now)

    def _read(self, seconds: float) -> float:
        """Spend time on reading first; return what is left of it."""
        spent = min(seconds, self._reading)
        self._reading -= spent
        return seconds - spent

    def _look_at(self, line: int, seq: int) -> None:
        if line == self.stop_at:
            self.playing = False
        told = self.narration.at(seq)
        if told and self.narration.lines[told - 1].seq == seq:
            letters = len(self.narration.lines[told - 1].text)
            self._reading = READ_AT_LEAST + letters * READ_A_LETTER
            self._clock = self.playback.view.now

    def _wait_at_end(self) -> None:
        """End, unless more is being written."""
        if not self.playback.source.is_growing:
            self.playing = False
        self._clock = min(self._clock, self.playback.view.now)
