"""The console is left from wherever one is, and its cluster ends with it."""

from __future__ import annotations

import pytest

from paxos_engine import Violation
from paxos_tui.screens.help import ViolationScreen
from tests.tui.driving import open_console


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_q_leaves_and_stops_the_cluster(key: str) -> None:
    async with open_console() as console:
        await console.press(key)
        await console.until(lambda: not console.app.is_running)
    assert console.cluster._stopped


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c"])
@pytest.mark.parametrize("opening", ["question_mark", "s", "C", "colon"])
async def test_ctrl_q_and_ctrl_c_leave_whatever_is_open(opening: str, key: str) -> None:
    async with open_console() as console:
        await console.press(opening)
        await console.until(lambda: console.app.screen is not console.app.main)
        await console.press(key)
        await console.until(lambda: not console.app.is_running)


async def test_q_leaves_from_the_violation_as_it_says() -> None:
    async with open_console() as console:
        console.cluster.trace.publish("checker", Violation("a rule", (1,), "a story"))
        await console.until(lambda: isinstance(console.app.screen, ViolationScreen))
        await console.press("q")
        await console.until(lambda: not console.app.is_running)
