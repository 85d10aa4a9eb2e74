"""Where in a trace one stands, what just happened, and what is told of it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import Final

from rich.cells import cell_len
from rich.text import Text
from textual.widgets import Static

from paxos_tui.text import fit, visible
from paxos_tui.widgets.lines import Line
from paxos_tui.widgets.paint import Painter

LEAST_BAR = 8
MOST_BAR = 60
"""Cells that a progress bar has; where there is no room for the least, there is none."""

TEXT_SHOWN = 400
"""Characters of an event that are shown."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where one stands.

    Args:
        position: events that have happened.
        count: events that there are.
        so_far: whether more are being written.
        t: seconds since the start.
        total: seconds that the trace takes, as far as is known.
        speed: seconds of the recording for each second.
        playing: whether time passes.
        told: the last event in words.
        broken: whether a rule is broken by now.
        notes: what else has to be known, the most important first.
    """

    position: int
    count: int
    so_far: bool
    t: float
    total: float
    speed: float
    playing: bool
    told: str
    broken: bool
    notes: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """A glyph and a word for whether time passes."""
        if self.playing:
            return "▶ playing"
        if self.position >= self.count and not self.so_far:
            return "■ at the end"
        return "‖ paused"


class PlayLine(Line):
    """Progress in words and as a bar; below it the last event."""

    _moment: Moment | None = None

    def on_resize(self) -> None:
        """Make the bar as long as there is room now."""
        if self._moment is not None:
            self.show(self._moment)

    def show(self, moment: Moment) -> None:
        """Paint where one stands."""
        self._moment = moment
        so_far = " so far" if moment.so_far else ""
        head = f"{moment.state}  event {moment.position:,} of {moment.count:,}{so_far}  "
        foot = f"{moment.t:.3f} of {moment.total:.3f} s  {moment.speed:g}x"
        width = max(1, self.size.width - 2)  # without the padding
        free = min(MOST_BAR, width - cell_len(head + foot) - 2)
        # Notes stand first: a long event must not push them out of sight.
        notes = "".join(f"! {note}  " for note in moment.notes)
        told = fit(visible(moment.told[:TEXT_SHOWN]), max(1, width - cell_len(notes)))
        self.say(
            [
                (head, "primary" if moment.playing else "strong"),
                *_bar(moment.position, moment.count, free),
                (f"{foot}\n", "plain"),
                (notes, "fault"),
                (told, "fault" if moment.broken else "dim"),
            ]
        )


def _bar(done: int, whole: int, width: int) -> list[tuple[str, str]]:
    if width < LEAST_BAR:
        return []
    filled = min(width, width * done // max(1, whole))
    return [("━" * filled, "primary"), ("─" * (width - filled), "dim"), ("  ", "plain")]


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told of a scenario.

    Args:
        title: which scenario.
        rules: under which rules.
        wrong: whether they are wrong ones.
        at: how many lines were told.
        count: how many there are.
        text: what is told now.
        outcome: what is expected of it, or what it came to.
        good: whether that is as it should be; None while it is not known.
    """

    title: str
    rules: str
    wrong: bool
    at: int
    count: int
    text: str
    outcome: str = ""
    good: bool | None = None


CLIPPED: Final = 2
"""Lines that are told on a short terminal, below the title."""


class NarrationPane(Painter, Static):
    """The line that is told now, and how it came out once that is known.

    On a short terminal it tells one of these, in two lines: how it came out, once that is known.
    """

    _shown: tuple[Telling, int] | None = None

    def on_resize(self) -> None:
        """Clip it to the room that there is now."""
        if self._shown is not None:
            self.show(self._shown[0])

    def show(self, telling: Telling) -> None:
        """Tell it."""
        width = self.content_size.width if self.screen.has_class("-short") else 0
        if (telling, width) == self._shown:
            return
        self._shown = (telling, width)
        if width:
            telling = _clipped(telling, width)
        text = Text()
        text.append(visible(telling.title), self.paint("primary"))
        text.append("  ")
        text.append(visible(telling.rules), self.paint("fault" if telling.wrong else "dim"))
        text.append(f"  {telling.at} of {telling.count}\n", self.paint("dim"))
        text.append(visible(telling.text), self.paint("strong"))
        if telling.outcome:
            paint = {None: "dim", True: "up", False: "fault"}[telling.good]
            text.append(f"\n{visible(telling.outcome)}", self.paint(paint))
        self.update(text)


def _clipped(telling: Telling, width: int) -> Telling:
    said = telling.text if telling.good is None else telling.outcome
    lines = textwrap.wrap(visible(said), width, max_lines=CLIPPED, placeholder=" …")
    beside = f"  {telling.rules}  {telling.at} of {telling.count}"
    title = fit(visible(telling.title), max(1, width - cell_len(beside))).rstrip()
    return replace(telling, title=title, text=" ".join(lines), outcome="")
