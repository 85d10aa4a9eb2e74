"""The application: it drains the trace at frame rate, paints, and carries out what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.theme import Theme

from paxos_engine import Cluster
from paxos_tui.actions import LIVE
from paxos_tui.breaking import Breaking
from paxos_tui.feed import Feed, LiveFeed
from paxos_tui.network import Network
from paxos_tui.pace import Pace, news
from paxos_tui.screens.help import ViolationScreen
from paxos_tui.screens.main import MainScreen
from paxos_tui.submitting import Submitting
from paxos_tui.window import Window

FOLD_SECONDS = 0.01
"""One step of folding events; while more have come it goes on, and keys come in between."""

FOLD_SECONDS_TYPING = 0.0025
"""The same while somebody types: a key on its way to the screen waits for several steps."""


class PaxosApp(Submitting, Breaking, Network, Window):
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

    BINDINGS: ClassVar = [action.binding for action in LIVE.actions]
    guide = LIVE

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
        main = MainScreen(LIVE)
        super().__init__(main=main, theme=theme, extra_themes=extra_themes, fps=fps, notice=notice)
        self.cluster = cluster
        if feed is None:
            if cluster is None:
                raise ValueError("a console needs a cluster or a feed")
            feed = LiveFeed(cluster)
        self.feed = feed
        self.view = feed.new_view()
        self._pace = Pace()
        self._told_violation = False
        self._frozen = False
        self._catching_up = False

    # --- life ----------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the cluster."""
        if self.cluster is not None:
            self.cluster.start()

    def end(self) -> None:
        """Stop the cluster: threads joined, sockets closed, recording complete."""
        if self.cluster is not None:
            self.cluster.stop()

    def last_word(self) -> str:
        """Say so when the recording is not what it should be."""
        error = self.cluster.recording_error if self.cluster is not None else ""
        return f"NOT RECORDED: {error}" if error else ""

    def makes_sense(self, action: str) -> bool:
        """Leave out what is done to a node that this cluster does not have."""
        nodes = self.cluster.nodes if self.cluster is not None else ()
        one_node = action.startswith("toggle_node(")
        return not (one_node and nodes) or action in {f"toggle_node('{node}')" for node in nodes}

    def action_freeze(self) -> None:
        """Pause or resume painting; the cluster runs on."""
        self._frozen = not self._frozen
        if self._frozen:
            self.main.show(self.view, self.feed.verdict, ["PAUSED (space resumes)"])

    async def on_event(self, event: events.Event) -> None:
        """Let keys go before what lies behind a prompt."""
        if isinstance(event, events.Key):
            self._pace.typed()
        await super().on_event(event)

    # --- frames --------------------------------------------------------------------------

    def frame(self) -> None:
        """Do what is due, fold what has come, and paint it."""
        if self._keep_up():
            self._paint(self._notes())

    def tick(self) -> None:
        """Do the same, but paint no more often than that is of use, and leaves time for keys."""
        if self._keep_up():
            notes = self._notes()
            covered = self.screen is not self.main
            if not self._frozen and self._pace.is_due((news(self.view), notes), covered=covered):
                self._paint(notes)
                self.call_after_refresh(self._pace.painted)

    def _keep_up(self) -> bool:
        """Do what is due and fold what has come; return whether there is a screen to paint."""
        if not self.main.is_whole:
            return False  # not composed yet, or being taken down
        self.work()
        self.tell_answers()
        self._fold()
        self._watch_violation()
        self._catch_up()
        self.offer()
        return True

    def _paint(self, notes: list[str]) -> None:
        if not self._frozen:
            self.main.show(self.view, self.feed.verdict, notes)

    def _fold(self) -> None:
        seconds = FOLD_SECONDS_TYPING if self._pace.is_typing else FOLD_SECONDS
        self.feed.pump(self.view, seconds)

    def _catch_up(self) -> None:
        """Fold on while the screen is behind, in steps with keys between."""
        if self.feed.behind and not self._catching_up:
            self._catching_up = True
            self.call_later(self._catch_up_more)

    def _catch_up_more(self) -> None:
        self._fold()
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
            self.main.show(self.view, self.feed.verdict, ["VIOLATION"])
            self._frozen = True
            self.push_screen(ViolationScreen(self.feed.explain(found)))
