"""A replay as a picture: at a violation, on the way, and told as a scenario."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from paxos_tui.replay import ReplayApp, StoryApp
from paxos_tui.screens.help import ViolationScreen
from tests.tui.driving import Replay
from tests.tui.test_replay import failing
from tests.tui.test_snapshots import SIZES
from tests.tui.test_story import story

sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def still(app: ReplayApp) -> ReplayApp:
    app.animation_level = "none"
    return app


def recording() -> ReplayApp:
    return still(ReplayApp(failing(), "paxos-tui replay failure.jsonl", fps=0))


async def opened(pilot: Pilot[None]) -> Replay:
    """Wait until the trace stands where it opens."""
    assert isinstance(pilot.app, ReplayApp)
    replay = Replay(pilot.app, pilot)
    await replay.until(lambda: replay.app.main.is_whole and not replay.app._opening)
    await replay.settle()
    await replay.pilot.pause()
    return replay


@sizes
def test_a_replay_opens_at_the_violation(snap_compare: Any, size: Any) -> None:
    async def show(pilot: Pilot[None]) -> None:
        replay = await opened(pilot)
        await replay.until(lambda: isinstance(replay.app.screen, ViolationScreen))
        await pilot.pause()

    assert snap_compare(recording(), terminal_size=size, run_before=show)


@sizes
def test_a_replay_one_event_before_the_violation(snap_compare: Any, size: Any) -> None:
    async def show(pilot: Pilot[None]) -> None:
        replay = await opened(pilot)
        await replay.until(lambda: isinstance(replay.app.screen, ViolationScreen))
        await replay.press("escape", "comma")
        await pilot.pause()

    assert snap_compare(recording(), terminal_size=size, run_before=show)


@sizes
@pytest.mark.parametrize("wrong", [False, True], ids=["right", "wrong"])
def test_a_scenario_is_told(snap_compare: Any, size: Any, wrong: bool) -> None:
    async def show(pilot: Pilot[None]) -> None:
        replay = await opened(pilot)
        await replay.press(*["n"] * 5)
        await pilot.pause()

    app = still(StoryApp(story(wrong=wrong), fps=0))
    assert snap_compare(app, terminal_size=size, run_before=show)


@sizes
def test_a_scenario_at_its_end(snap_compare: Any, size: Any) -> None:
    async def show(pilot: Pilot[None]) -> None:
        replay = await opened(pilot)
        await replay.press("end")
        await replay.settle()
        await pilot.pause()

    app = still(StoryApp(story(wrong=True), fps=0))
    assert snap_compare(app, terminal_size=size, run_before=show)


def test_all_about_a_scenario(snap_compare: Any) -> None:
    async def show(pilot: Pilot[None]) -> None:
        replay = await opened(pilot)
        await replay.press("i")
        await pilot.pause()

    app = still(StoryApp(story(), fps=0))
    assert snap_compare(app, terminal_size=(120, 36), run_before=show)


@sizes
def test_help_of_a_scenario(snap_compare: Any, size: Any) -> None:
    async def show(pilot: Pilot[None]) -> None:
        replay = await opened(pilot)
        await replay.press("question_mark")
        await pilot.pause()
        await replay.press("end")
        await pilot.pause()

    app = still(StoryApp(story(), fps=0))
    assert snap_compare(app, terminal_size=size, run_before=show)
