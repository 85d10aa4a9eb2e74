"""Help: every key, and every glyph with its colour; and the screen that shows a violation."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from paxos_tui.actions import Guide
from paxos_tui.screens.closing import ClosesOnce
from paxos_tui.text import visible
from paxos_tui.widgets.paint import COLOURS, IN_FOCUS, LEGEND, Painter

SIDE_BY_SIDE: Final = 104
"""Columns from which on glyphs and keys stand side by side."""


class HelpText(Painter, Static):
    """The text of the help screen, in the colours of the theme.

    Args:
        guide: what can be done.
    """

    def __init__(self, guide: Guide) -> None:
        super().__init__(markup=False)
        self._guide = guide

    def on_mount(self) -> None:
        """Write it."""
        self.update(self.text(self.app.size.width))

    def on_resize(self) -> None:
        """Write it for the width that there is now."""
        self.update(self.text(self.app.size.width))

    def text(self, width: int) -> Group:
        """Return everything: glyphs first, beside the keys where there is room."""
        glyphs = Group(self._head("glyphs"), self._glyphs(), Text(), self._colours())
        keys = Group(self._head("keys"), self._keys())
        if width < SIDE_BY_SIDE:
            return Group(Text(self._guide.intro), Text(), glyphs, Text(), keys)
        table = Table.grid(padding=(0, 3), expand=True)
        table.add_column(ratio=1)
        table.add_column(ratio=1)
        table.add_row(glyphs, keys)
        return Group(Text(self._guide.intro), Text(), table)

    def _head(self, words: str) -> Text:
        return Text(words, self.paint("head"))

    def _keys(self) -> Table:
        table = _two_columns()
        actions = self._guide.actions
        if any(action.shown.isdecimal() for action in actions):
            by_number = "Fail acceptor A1 to A9, or let it recover"
            table.add_row(Text("1 to 9", self.paint("primary")), Text(by_number))
        for action in (a for a in actions if not a.shown.isdecimal()):
            table.add_row(Text(action.shown, self.paint("primary")), Text(action.help))
        for keys, meaning in self._guide.moving:
            table.add_row(Text(keys, self.paint("primary")), Text(meaning))
        return table

    def _glyphs(self) -> Table:
        table = _two_columns()
        for look in LEGEND:
            meaning = self._guide.in_focus if look is IN_FOCUS else ""
            table.add_row(Text(look.glyph, self.paint(look.paint)), Text(meaning or look.meaning))
        return table

    def _colours(self) -> Group:
        table = _two_columns()
        for paint, meaning in COLOURS:
            table.add_row(Text("■■■", self.paint(paint)), Text(meaning))
        return Group(self._head("colours"), table)


def _two_columns() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    return table


class HelpScreen(ClosesOnce, ModalScreen[None]):
    """Explains keys and glyphs; scrolls where the terminal is small.

    Args:
        guide: what can be done.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,f1", "dismiss", "Close"),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("end,G", "scroll(10000)", show=False),
        Binding("home", "scroll(-10000)", show=False),
    ]

    def __init__(self, guide: Guide) -> None:
        super().__init__()
        self._guide = guide

    def compose(self) -> ComposeResult:
        """Show the text."""
        with VerticalScroll(id="help", can_focus=False) as scroll:
            scroll.border_title = "help"
            scroll.border_subtitle = "up down pgup pgdn end: scroll   escape: close"
            yield HelpText(self._guide)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self.query_one("#help").scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by screens."""
        self.action_scroll(pages * max(1, self.query_one("#help").size.height - 2))


class ViolationScreen(ClosesOnce, ModalScreen[None]):
    """Stops everything: a rule was broken, and here is the evidence.

    Args:
        explanation: the rule, what happened, and the events that show it, line by line.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Look around"),
        Binding("q", "app.leave_now", "Quit"),
    ]

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
