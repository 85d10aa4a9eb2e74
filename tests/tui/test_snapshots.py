"""The main screen as a picture, in every state, size and theme; fed from recorded traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from paxos_engine import read_trace
from paxos_tui.app import PaxosApp
from paxos_tui.feed import FrozenFeed
from tests.tui.record_traces import STATES

TRACES = Path(__file__).parent / "traces"
SIZES = [(80, 24), (160, 48)]
THEMES = ["paxos-contrast", "paxos-dark", "paxos-light", "paxos-safe"]


def console(state: str, theme: str = "paxos-dark") -> PaxosApp:
    """Return the console over a recorded trace: no thread, no clock."""
    entries = list(read_trace(TRACES / f"{state}.jsonl"))
    app = PaxosApp(feed=FrozenFeed(entries), fps=0, theme=theme)
    app.animation_level = "none"
    return app


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
def test_the_main_screen_in_every_state(snap_compare: Any, state: str, size: Any) -> None:
    assert snap_compare(console(state), terminal_size=size)


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_once(snap_compare: Any, theme: str) -> None:
    assert snap_compare(console("no_quorum", theme), terminal_size=(120, 36))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_help(snap_compare: Any, size: Any) -> None:
    assert snap_compare(console("load"), terminal_size=size, press=["question_mark"])


@pytest.mark.parametrize("pane", [1, 2, 3, 4, 5, 6, 7])
def test_each_pane_of_a_small_terminal(snap_compare: Any, pane: int) -> None:
    async def show(pilot: Pilot[None]) -> None:
        for _ in range(pane):
            await pilot.press("tab")
        await pilot.pause()

    state = "gap" if pane == 4 else "adversarial"
    assert snap_compare(console(state), terminal_size=(80, 24), run_before=show)


def test_a_terminal_that_is_too_small_says_so(snap_compare: Any) -> None:
    assert snap_compare(console("load"), terminal_size=(50, 12))
