"""A node that cannot come back is named, with the reason."""

from __future__ import annotations

import pytest

from paxos_engine.roles.events import Crashed
from paxos_tui.screens.prompt import PromptScreen
from paxos_tui.widgets.node_card import NodeCard
from tests.tui.driving import open_console


class TestWhatStaysDown:
    """A node that cannot come back is named, and the reason is on the screen."""

    @pytest.mark.parametrize(("steps", "did"), [([], "prepared"), (["n", "n"], "voted")])
    async def test_a_wiped_node(self, steps: list[str], did: str) -> None:
        async with open_console() as console:
            await console.press(*steps)
            node = console.app.main.node_in_focus
            await console.press("D")
            await console.until(lambda: isinstance(console.app.screen, PromptScreen))
            question = console.app.screen._question  # type: ignore[attr-defined]
            assert question.startswith(f"Type yes to wipe {node} for good.")
            assert f"may have {did}" in question
            await console.type("yes")
            await console.until(lambda: console.app.view.nodes[node].standing == "wiped")
            assert "f brings it back" not in console.said()
            await console.press("f")
            await console.until(lambda: f"it may have {did}" in console.said())
            await console.press("5", "r")
            await console.until(lambda: f"{node} (wiped) cannot come back" in console.said())
            assert not console.cluster.is_failed("A5")
            card = console.app.main.query_one(f"#card-{node}", NodeCard)
            await console.until(lambda: "WIPED" in card.text)

    async def test_a_node_whose_disk_broke(self) -> None:
        async with open_console() as console:
            console.cluster.trace.publish("A1", Crashed("disk: write failed", "everything"))
            await console.until(lambda: "A1 broken: disk: write failed" in console.status())
            card = console.app.main.query_one("#card-A1", NodeCard)
            await console.until(lambda: "BROKEN" in card.text)

    async def test_v_says_that_it_does_nothing_to_a_node_that_is_down(self) -> None:
        async with open_console() as console:
            await console.press("f", "v")
            await console.until(
                lambda: "L1 is down (failed): pausing it does nothing." in console.said()
            )
