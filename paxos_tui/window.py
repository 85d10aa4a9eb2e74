"""The base of every console: its terminal, its themes, its keys and its frames.

`PaxosApp` is the console over a running cluster, `ReplayApp` the one over a trace.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.app import SystemCommand
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Input

from paxos_tui.actions import LEAVING, READ_INSTANCE
from paxos_tui.looking import Looking
from paxos_tui.loop import steady_loop
from paxos_tui.screens.main import MainScreen
from paxos_tui.terminal import HUNG_UP, LastResort, SteadyDriver, is_gone, leaving_by_signal
from paxos_tui.themes import DEFAULT_VARIABLES, load_shipped, stylesheet
from paxos_tui.widgets.line_table import LineTable

LOOK_FOR_TERMINAL = 0.5
"""Seconds between two looks whether the terminal is still there."""


class Window(Looking):
    """A console with a main screen; what it shows and can do is for its children to say.

    Args:
        main: the screen.
        theme: the name of the theme to begin with.
        extra_themes: themes of the user's own.
        fps: frames a second; 0 for a still picture.
        notice: a line to begin with.
    """

    CSS = stylesheet()
    BINDINGS: ClassVar = [*LEAVING]
    TITLE = "paxos-tui"
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        main: MainScreen,
        *,
        theme: str = "paxos-dark",
        extra_themes: Sequence[Theme] = (),
        fps: int = 10,
        notice: str = "",
    ) -> None:
        driver = None if os.environ.get("TEXTUAL_DRIVER") else SteadyDriver
        super().__init__(driver_class=driver)
        for each in (*load_shipped(), *extra_themes):
            self.register_theme(each)
        self.theme = theme
        self.theme_names = tuple(each.name for each in (*load_shipped(), *extra_themes))
        self.main = main
        self._names = frozenset(action.name.split("(")[0] for action in self.guide.actions)
        self._fps = fps
        self._notice = notice
        self._moment: frozenset[str] = frozenset()
        self._leaving: int | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._last_resort: LastResort | None = None

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give the names of our own colours a value in every theme."""
        return DEFAULT_VARIABLES

    def get_default_screen(self) -> Screen[None]:
        """Open the main screen."""
        return self.main

    # --- what children do ----------------------------------------------------------------

    def begin(self) -> None:
        """Start what is looked at, now that there is a screen to see it on."""

    def end(self) -> None:
        """Stop what is looked at; a second time is harmless."""

    def frame(self) -> None:
        """Do what is due, and paint."""
        raise NotImplementedError

    def last_word(self) -> str:
        """Return what is amiss at the end, which nobody sees once the screen is gone."""
        return ""

    def tick(self) -> None:
        """Do what a frame does, as often as the console is to be painted."""
        self.frame()

    def makes_sense(self, action: str) -> bool:
        """Say whether the palette has to offer an action: not for nodes that do not exist."""
        return True

    def offer(self) -> None:
        """Let the footer offer what makes sense at this moment."""
        moment = self.main.actions_of_the_moment(self.view)
        if moment != self._moment:
            self._moment = moment
            self.refresh_bindings()

    # --- life ----------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Begin, and paint at every frame."""
        self._loop = asyncio.get_running_loop()
        if self._leaving is not None:
            self._exit_in_order(self._leaving)
            return
        self.begin()
        if self._notice:
            self.say(self._notice, wrong=True)
        self.call_after_refresh(self.frame)
        if self._fps:
            self.set_interval(1 / self._fps, self.tick)
        if not self.is_headless:
            self.set_interval(LOOK_FOR_TERMINAL, self._leave_with_terminal)

    def on_unmount(self) -> None:
        """Stop what was begun."""
        self.end()

    def run_on_terminal(self, *, mouse: bool = True) -> int:
        """Run until the person leaves, a signal asks for it or the terminal is gone.

        Return the exit code. What was amiss and cannot be seen on the screen any more is said on
        standard error, and makes the exit code 1.
        """
        self._last_resort = LastResort(self.end)
        try:
            with leaving_by_signal(self.leave), asyncio.Runner(loop_factory=steady_loop) as runner:
                self.run(mouse=mouse, loop=runner.get_loop())
                self.end()
            word = self.last_word()
            if word:
                with contextlib.suppress(OSError):  # the terminal is gone
                    print(word, file=sys.stderr)
        finally:
            self._last_resort.close()
        return self._leaving or self.return_code or (1 if word else 0)

    def leave(self, code: int) -> None:
        """Leave in order; called from signal handlers and from the threads of the driver."""
        if self._leaving is not None:
            return
        self._leaving = code
        if self._last_resort is not None:
            self._last_resort.ask(code)
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: we are leaving already
                self._loop.call_soon_threadsafe(self._exit_in_order, code)

    def _exit_in_order(self, code: int) -> None:
        """Leave, once the screen that is being built is complete and can be taken down."""
        if self.main.ready or self._loop is None:
            self.exit(return_code=code)
        else:
            self._loop.call_later(0.02, self._exit_in_order, code)

    def _leave_with_terminal(self) -> None:
        """Leave when the terminal is gone: one that does not control us dies without a signal."""
        if is_gone(sys.__stdin__.fileno() if sys.__stdin__ else 0):
            self.leave(HUNG_UP)

    # --- keys ----------------------------------------------------------------------------

    async def type(self, event: events.Key | events.Paste) -> None:
        """Let what was typed act, and keep pasted text from acting."""
        if isinstance(event, events.Key) or isinstance(self.focused, Input):
            await super().type(event)
        elif self.screen is self.main:
            self.say(self.guide.pasted, wrong=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let our keys act on the main screen only, and only while it can be read."""
        if action not in self._names:
            return super().check_action(action, parameters)
        if action == READ_INSTANCE.name and not isinstance(self.focused, LineTable):
            return False  # enter belongs to whatever else has the focus
        return self.screen is self.main and (action == "quit" or not self.main.is_too_small)

    def action_leave_now(self) -> None:
        """Leave, whatever is open."""
        self.exit()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer every action in the command palette, and every theme by name."""
        for action in self.guide.actions:
            if action.name != "palette" and self.makes_sense(action.name):
                callback = partial(self.call_later, self.run_action, action.name)
                yield SystemCommand(action.title, f"{action.help} ({action.shown})", callback)
        for name in self.theme_names:
            yield SystemCommand(f"theme {name}", "Change to this theme", partial(self._wear, name))

    def _wear(self, theme: str) -> None:
        self.theme = theme
