"""The application: it drains the trace at frame rate, paints, and carries out what is asked."""

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

from paxos_engine import Cluster
from paxos_tui.actions import ACTIONS, LEAVING
from paxos_tui.breaking import Breaking
from paxos_tui.feed import Feed, LiveFeed
from paxos_tui.looking import Looking
from paxos_tui.network import Network
from paxos_tui.screens.help import ViolationScreen
from paxos_tui.screens.main import MainScreen
from paxos_tui.screens.prompt import PromptScreen
from paxos_tui.submitting import Submitting
from paxos_tui.terminal import HUNG_UP, LastResort, SteadyDriver, is_gone, leaving_by_signal
from paxos_tui.themes import DEFAULT_VARIABLES, load_shipped, stylesheet

FOLD_SECONDS = 0.07
"""The part of a frame that may go into folding events; what is left over waits."""

CATCH_UP_SECONDS = 0.04
"""One step of folding between two frames while the screen is behind; keys come in between."""

LOOK_FOR_TERMINAL = 0.5
"""Seconds between two looks whether the terminal is still there."""

_NAMES = frozenset(action.name.split("(")[0] for action in ACTIONS)


class PaxosApp(Submitting, Breaking, Network, Looking):
    """The console over one cluster.

    Args:
        cluster: not started yet; the app starts it once it is on screen, and stops it. None for
            a feed of its own, with nothing to control.
        feed: where events come from, if not from the cluster.
        theme: the name of the theme to begin with.
        extra_themes: themes of the user's own.
        fps: frames a second; 0 for a still picture.
        notice: a line to begin with.
    """

    CSS = stylesheet()
    BINDINGS: ClassVar = [*LEAVING, *(action.binding for action in ACTIONS)]
    TITLE = "paxos-tui"
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        cluster: Cluster | None = None,
        *,
        feed: Feed | None = None,
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
        self.cluster = cluster
        if feed is None:
            if cluster is None:
                raise ValueError("a console needs a cluster or a feed")
            feed = LiveFeed(cluster)
        self.feed = feed
        self.view = feed.new_view()
        self.main = MainScreen()
        self._fps = fps
        self._notice = notice
        self._told_violation = False
        self._catching_up = False
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

    # --- life ----------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Start the cluster, now that there is a screen to see it on."""
        self._loop = asyncio.get_running_loop()
        if self._leaving is not None:
            self._exit_in_order(self._leaving)
            return
        if self.cluster is not None:
            self.cluster.start()
        if self._notice:
            self.say(self._notice, wrong=True)
        self.call_after_refresh(self.frame)
        if self._fps:
            self.set_interval(1 / self._fps, self.frame)
        if not self.is_headless:
            self.set_interval(LOOK_FOR_TERMINAL, self._leave_with_terminal)

    def on_unmount(self) -> None:
        """Stop the cluster: threads joined, sockets closed, recording complete."""
        if self.cluster is not None:
            self.cluster.stop()

    def run_on_terminal(self, *, mouse: bool = True) -> int:
        """Run until the person leaves, a signal asks for it or the terminal is gone.

        Return the exit code.
        """
        stop = self.cluster.stop if self.cluster is not None else lambda: None
        self._last_resort = LastResort(stop)
        try:
            with leaving_by_signal(self.leave):
                self.run(mouse=mouse)
                stop()
        finally:
            self._last_resort.close()
        return self._leaving or self.return_code or 0

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

    async def on_event(self, event: events.Event) -> None:
        """Keep keys for the prompt that is about to open, and pasted text from acting."""
        screen = self.screen if self.screen_stack else None
        if isinstance(event, events.Key) and isinstance(screen, PromptScreen):
            if screen.keep(event):
                return
        elif isinstance(event, events.Paste) and not isinstance(self.focused, Input):
            if screen is self.main:
                self.say("Pasted text does nothing here: press s first.", wrong=True)
            return
        await super().on_event(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let our keys act on the main screen only, and only while it can be read."""
        if action not in _NAMES:
            return super().check_action(action, parameters)
        return self.screen is self.main and (action == "quit" or not self.main.is_too_small)

    def action_leave_now(self) -> None:
        """Stop the cluster and leave, whatever is open."""
        self.exit()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer every action in the command palette, and every theme by name."""
        for action in ACTIONS:
            if action.name != "palette":
                callback = partial(self.call_later, self.run_action, action.name)
                yield SystemCommand(action.title, f"{action.help} ({action.shown})", callback)
        for name in self.theme_names:
            yield SystemCommand(f"theme {name}", "Change to this theme", partial(self._wear, name))

    def _wear(self, theme: str) -> None:
        self.theme = theme

    # --- frames --------------------------------------------------------------------------

    def frame(self) -> None:
        """Do what is due, fold what has come, and paint it."""
        if not self.main.is_whole:
            return  # not composed yet, or being taken down
        self.work()
        self.tell_answers()
        self.feed.pump(self.view, FOLD_SECONDS)
        self._watch_violation()
        if not self._frozen:
            self.main.show(self.view, self.feed, self._notes())
        self._catch_up()
        moment = self.main.actions_of_the_moment(self.view)
        if moment != self._moment:
            self._moment = moment
            self.refresh_bindings()

    def _catch_up(self) -> None:
        """Fold on until the next frame while the screen is behind, in steps with keys between."""
        if self.feed.behind and not self._catching_up:
            self._catching_up = True
            self.call_later(self._catch_up_more)

    def _catch_up_more(self) -> None:
        self.feed.pump(self.view, CATCH_UP_SECONDS)
        self._catching_up = False
        self._catch_up()

    def _notes(self) -> list[str]:
        notes = self.work_notes()
        if self.cluster is not None and self.cluster.recording_error:
            notes.insert(0, f"! {self.cluster.recording_error}")
        if self.feed.behind >= 0.5:
            notes.insert(0, f"screen {self.feed.behind:.1f} s behind")
        return notes

    def _watch_violation(self) -> None:
        found = self.view.violation or self.feed.verdict.broken
        if found is not None and not self._told_violation:
            self._told_violation = True
            self.main.show(self.view, self.feed, ["VIOLATION"])
            self._frozen = True
            self.push_screen(ViolationScreen(self.feed.explain(found)))
