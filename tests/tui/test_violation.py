"""A broken rule on a running cluster stops the screen, with the evidence."""

from __future__ import annotations

from textual.widgets import Static

from paxos_engine.checks.agreement import ONE_VALUE
from paxos_tui.screens.help import ViolationScreen
from tests.runtime.breaches import FAR, choose_twice
from tests.tui.driving import open_console


async def test_two_quorums_that_conflict_stop_the_screen_with_the_votes() -> None:
    async with open_console() as console:
        await console.submit("before")
        await console.until(lambda: console.app.view.answered == 1)
        choose_twice(console.cluster)
        await console.until(lambda: isinstance(console.app.screen, ViolationScreen))
        await console.until(lambda: console.app.screen.query(Static))
        text = str(console.app.screen.query_one(Static).content)
        assert f"Broken: {ONE_VALUE}" in text
        for acceptor, value, number in (("A1", "one", "50.L1"), ("A5", "another", "51.L2")):
            assert f"{acceptor} accepts C1#7 '{value}' for instance {FAR} under {number}" in text
        assert f"NOT SAFE: {ONE_VALUE}" in console.status()
        painted = console.app.main.query_one("AppHeader").render()
        await console.pilot.pause(1.2)
        assert console.app.main.query_one("AppHeader").render() == painted, "the view stands still"
