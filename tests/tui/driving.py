"""A running console, and what a person at its keyboard can do and see."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input, Static

from paxos_engine import Cluster, ClusterConfig, ClusterView
from paxos_tui.app import PaxosApp
from paxos_tui.replay import ReplayApp, StoryApp
from paxos_tui.screens.prompt import PromptScreen
from paxos_tui.story import Story
from paxos_tui.survey import Source
from paxos_tui.widgets.line_table import LineTable
from paxos_tui.widgets.play_line import NarrationPane, PlayLine
from paxos_tui.window import Window

PATIENCE = 60.0

A = TypeVar("A", bound=Window)


class Keyboard(Generic[A]):
    """A running window and what a person at its keyboard can do and see."""

    def __init__(self, app: A, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        notify = app.notify

        def notify_for_long(*words: Any, timeout: float | None = None, **more: Any) -> None:
            """Let a toast stand until the next one: on a busy machine it is gone unseen."""
            notify(*words, timeout=PATIENCE, **more)

        app.notify = notify_for_long  # type: ignore[method-assign]

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    def press_at_once(self, text: str) -> None:
        """Press keys without leaving any time between them."""
        for character in text:
            named = {"\r": "enter", "\x1b": "escape"}
            key = named.get(character) or _character_to_key(character)
            self.app.post_message(events.Key(key, character))

    async def type(self, text: str) -> None:
        """Answer the prompt with `text`."""
        await self.until(lambda: isinstance(self.app.screen, PromptScreen))
        await self.until(lambda: self.app.screen.query(Input))
        self.app.screen.query_one(Input).value = text
        await self.press("enter")

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds; fail, saying what is on screen, if it never does."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, self.status()
            await self.pilot.pause(0.02)

    def status(self) -> str:
        """Return what the two lines at the foot say."""
        lines = [self.app.main.query_one(name) for name in ("StatusLine", "WaitingLine")]
        return "  ".join(text for line in lines for text, _ in line._parts)  # type: ignore[attr-defined]

    def asked(self) -> str:
        """Return what a question says, once it stands there."""
        texts = self.app.screen.query(Static)
        return str(texts.first().content) if texts else ""

    def said(self) -> str:
        """Return the toast on the screen."""
        return "\n".join(notice.message for notice in self.app._notifications)

    def pane(self, name: str) -> LineTable:
        """Return a pane by its id."""
        return self.app.main.query_one(f"#{name}", LineTable)

    def rows(self, name: str, width: int = 80) -> list[str]:
        """Return the text of each row of a pane."""
        table = self.pane(name)
        count = table.row_count()
        return ["".join(part.text for part in table.row(n, width)) for n in range(count)]

    def footer(self) -> list[str]:
        """Return what the footer offers, in order."""
        offered = self.app.main.active_bindings.values()
        return [active.binding.description for active in offered if active.binding.show]

    def palette(self) -> set[str]:
        """Return the names of what the command palette offers."""
        return {command.title for command in self.app.get_system_commands(self.app.screen)}


class Console(Keyboard[PaxosApp]):
    """The console over a running cluster."""

    def __init__(self, app: PaxosApp, pilot: Pilot[None], cluster: Cluster) -> None:
        super().__init__(app, pilot)
        self.cluster = cluster

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds, and have it painted: a running console takes its time."""
        await super().until(holds)
        self.app.frame()
        await self.pilot.pause()

    async def submit(self, value: str) -> None:
        """Submit a value through the prompt."""
        await self.press("s")
        await self.type(value)


@asynccontextmanager
async def open_console(
    size: tuple[int, int] = (120, 36), config: ClusterConfig | None = None
) -> AsyncIterator[Console]:
    cluster = Cluster(config or ClusterConfig(election_timeout=0.5, heartbeat_every=0.05))
    app = PaxosApp(cluster, fps=20)
    async with app.run_test(size=size) as pilot:
        console = Console(app, pilot, cluster)
        await console.until(lambda: is_settled(app.view))
        yield console


def is_settled(view: ClusterView) -> bool:
    """Say whether one leads and every leader knows it: on a busy machine two may begin to claim."""
    heard = {node.heartbeat_from for node in view.leaders}
    return len(view.primaries) == 1 and heard == set(view.primaries)


class Replay(Keyboard[ReplayApp]):
    """The console over a trace."""

    @property
    def position(self) -> int:
        """How many events have happened at the cursor."""
        return self.app.playback.position

    async def press(self, *keys: str) -> None:
        """Press keys, each when the cursor is where the one before sent it."""
        for key in keys:
            await self.pilot.press(key)
            await self.until(lambda: self.app.playback.goal is None)

    def progress(self) -> str:
        """Return what the two lines of progress say."""
        return "".join(text for text, _ in self.app.main.query_one(PlayLine)._parts)

    def told(self) -> str:
        """Return what the narration says."""
        return str(self.app.main.query_one(NarrationPane).content)

    async def settle(self) -> None:
        """Wait until the cursor is where it is to go, and all of the trace was looked at."""
        playback = self.app.playback
        await self.until(lambda: playback.is_surveyed and playback.goal is None)
        await self.pilot.pause()


@asynccontextmanager
async def open_replay(
    source: Source | Story, size: tuple[int, int] = (120, 36), **options: Any
) -> AsyncIterator[Replay]:
    """Open a trace, or a scenario that was played."""
    app = (
        StoryApp(source, fps=20, **options)
        if isinstance(source, Story)
        else ReplayApp(source, "paxos-tui replay t.jsonl", fps=20, **options)
    )
    async with app.run_test(size=size) as pilot:
        replay = Replay(app, pilot)
        await replay.until(lambda: not app._opening and app.main.is_whole)
        await replay.settle()
        yield replay
