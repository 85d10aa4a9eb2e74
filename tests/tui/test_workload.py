"""What is submitted by itself follows what is answered, and never piles up beyond a bound."""

from __future__ import annotations

import pytest

from paxos_tui import submitting
from tests.tui.driving import open_console

BOUND = 50


@pytest.fixture(autouse=True)
def _small_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitting, "MOST_WAITING", BOUND)


async def test_a_workload_that_nobody_answers_is_held_back_and_nothing_of_it_is_made_up() -> None:
    async with open_console() as console:
        await console.press("1", "2", "3")
        await console.until(lambda: console.app.view.nodes["A3"].status == "failed")
        await console.press("W")
        await console.type("1000")
        await console.until(lambda: "held back" in console.status())
        for _ in range(5):
            await console.pilot.pause(0.1)
            assert console.cluster.unanswered <= BOUND
        worked = console.app._worked
        assert worked <= BOUND
        await console.press("w", "r")
        await console.until(lambda: console.app.view.answered == worked)
        assert console.app._worked == worked


async def test_a_burst_waits_for_answers_and_comes_to_its_end() -> None:
    async with open_console() as console:
        await console.press("1", "2", "3")
        await console.until(lambda: console.app.view.nodes["A3"].status == "failed")
        await console.press("b")
        await console.type("500")
        await console.until(lambda: console.cluster.unanswered == BOUND)
        await console.until(lambda: "burst: 450 to go" in console.status())
        await console.press("r")
        await console.until(lambda: console.app.view.answered == 500)
