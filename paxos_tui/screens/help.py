"""Help: every key, and every glyph with its colour; and the screen that shows a violation."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from paxos_tui.actions import ACTIONS
from paxos_tui.text import visible
from paxos_tui.widgets.paint import LEGEND, Painter

INTRO = (
    "A real Paxos cluster: leaders (L) propose, acceptors (A) vote. A value is chosen in a slot"
    " once a majority of acceptors accepted it under one number. Break what you like: the"
    " history stays one."
)


class HelpText(Painter, Static):
    """The text of the help screen, in the colours of the theme."""

    def on_mount(self) -> None:
        """Write it."""
        self.update(Group(Text(INTRO), Text(), self._keys(), Text(), self._glyphs()))

    def _keys(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        table.add_row(Text("1 to 9", self.paint("primary")), Text("Fail or recover A1 to A9"))
        for action in (a for a in ACTIONS if not a.shown.isdecimal()):
            table.add_row(Text(action.shown, self.paint("primary")), Text(action.help))
        moving = "Move in a table; end or G is the oldest row, home the newest"
        table.add_row(Text("arrows j k", self.paint("primary")), Text(moving))
        table.add_row(Text("tab", self.paint("primary")), Text("Next pane"))
        return table

    def _glyphs(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        for look in LEGEND:
            table.add_row(Text(look.glyph, self.paint(look.paint)), Text(look.meaning))
        return table


class HelpScreen(ModalScreen[None]):
    """Explains keys and glyphs; scrolls where the terminal is small."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,f1", "dismiss", "Close"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Show the text."""
        with VerticalScroll(id="help") as scroll:
            scroll.border_title = "help"
            scroll.border_subtitle = "escape closes"
            yield HelpText(markup=False)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one("#help").scroll_relative(y=lines, animate=False)


class ViolationScreen(ModalScreen[None]):
    """Stops everything: a rule was broken, and here is the evidence.

    Args:
        explanation: the rule, what happened, and the events that show it, line by line.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Look around")]

    def __init__(self, explanation: list[str]) -> None:
        super().__init__()
        self._explanation = explanation

    def compose(self) -> ComposeResult:
        """Show rule, story and evidence."""
        with VerticalScroll(id="violation") as scroll:
            scroll.border_title = "SAFETY VIOLATION: the view is stopped"
            scroll.border_subtitle = "escape looks around, q quits"
            text = "\n\n".join(visible(line) for line in self._explanation)
            yield Static(text, markup=False)
