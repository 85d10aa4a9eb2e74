"""How a screen that lies over another goes: once, and never another in its place."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, OptionList


class ClosesOnce:
    """Put before the base of a screen: only the screen on top can be taken away, and by itself.

    What closes a screen comes as a message. A second one may be under way when the first is heard,
    and would take away whatever is on top by then.
    """

    @property
    def is_on_top(self) -> bool:
        """Whether this is the screen that keys go to."""
        assert isinstance(self, Screen)
        return self.app.screen_stack[-1:] == [self]

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Go, with an answer; do nothing where this screen is gone already, or covered."""
        assert isinstance(self, Screen)
        return Screen.dismiss(self, result) if self.is_on_top else AwaitComplete()


class OneCommandPalette(ClosesOnce, CommandPalette):
    """The command palette, which runs the command that was picked once."""

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _pick_once(self, event: Message) -> None:
        if not self.is_on_top:
            event.stop()
            event.prevent_default()
