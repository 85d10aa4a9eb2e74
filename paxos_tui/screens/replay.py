"""The main screen of a replay: what a live console shows, and where in the trace one stands."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from paxos_engine import ClusterView
from paxos_tui.actions import Guide
from paxos_tui.screens.closing import ClosesOnce
from paxos_tui.screens.main import MainScreen
from paxos_tui.story import Story
from paxos_tui.text import visible
from paxos_tui.widgets.lines import AppHeader
from paxos_tui.widgets.paint import Painter
from paxos_tui.widgets.play_line import Moment, NarrationPane, PlayLine, Telling

TOLD_IN_FULL: Final = 23
"""Rows from which on a narration may take its five without taking the last ones of the tables."""


class ReplayScreen(MainScreen):
    """The main screen, with a line of progress, and a narration where there is one.

    Args:
        guide: what can be done.
        title: what is replayed.
        told: whether there is a narration.
    """

    OF_THE_MOMENT: ClassVar = frozenset({"violation"})
    has_violation = False

    def __init__(self, guide: Guide, title: str, *, told: bool) -> None:
        super().__init__(guide)
        self._title = title
        self._told = told

    def compose_foot(self) -> ComposeResult:
        """Put narration and progress above the status line."""
        if self._told:
            yield NarrationPane(markup=False)
        yield PlayLine()

    def on_mount(self) -> None:
        """Say what is replayed."""
        super().on_mount()
        self.query_one(AppHeader).title = self._title

    def on_resize(self, event: events.Resize) -> None:
        """Keep some rows for the tables where a narration would take them all."""
        self.set_class(self._told and event.size.height < TOLD_IN_FULL, "-short")

    def show_moment(self, moment: Moment, telling: Telling | None) -> None:
        """Paint where one stands, and what is told."""
        self.query_one(PlayLine).show(moment)
        if telling is not None:
            self.query_one(NarrationPane).show(telling)

    def actions_of_the_moment(self, view: ClusterView) -> frozenset[str]:
        """Offer to go to the violation, once there is one."""
        self._moment = frozenset({"violation"} if self.has_violation else ())
        return self._moment


class StoryText(Painter, Static):
    """All about a scenario, and what was expected of it."""

    def __init__(self, story: Story) -> None:
        super().__init__(markup=False)
        self._story = story

    def on_mount(self) -> None:
        """Write it."""
        self.update(self.text())

    def text(self) -> Text:
        """Return question, rules, expectations, explanation and answer."""
        story, scenario = self._story, self._story.scenario
        text = Text()
        for head, words in (
            ("question", scenario.question),
            ("rules", story.about_rules),
        ):
            self._paragraph(text, head, words)
        text.append("expected\n", self.paint("head"))
        for check in story.performance.checks:
            mark, paint = ("✓", "up") if check.met else ("✗ UNMET", "fault")
            text.append(f"{mark} ", self.paint(paint))
            text.append(f"{visible(str(check))}\n")
        text.append("\n")
        self._paragraph(text, "outcome", story.performance.verdict)
        for line in story.performance.explanation:
            text.append(f"{visible(line)}\n")
        if story.performance.explanation:
            text.append("\n")
        self._paragraph(text, "answer", scenario.answer)
        return text

    def _paragraph(self, text: Text, head: str, words: str) -> None:
        text.append(f"{head}\n", self.paint("head"))
        text.append(f"{visible(' '.join(words.split()))}\n\n")


class StoryScreen(ClosesOnce, ModalScreen[None]):
    """Tells all about a scenario; scrolls where the terminal is small.

    Args:
        story: what was played.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,i,q", "dismiss", "Close")]

    def __init__(self, story: Story) -> None:
        super().__init__()
        self._story = story

    def compose(self) -> ComposeResult:
        """Show the text."""
        with VerticalScroll(id="story") as scroll:
            scroll.border_subtitle = "up down pgup pgdn: scroll   escape: close"
            yield StoryText(self._story)
