"""What a card says of a leader: how far it has come, and that nobody waits for it."""

from __future__ import annotations

import pytest
from textual.app import ComposeResult

from paxos_engine import ClusterView, Entry, Header, NodeView
from paxos_engine.roles.events import WrittenOff
from paxos_tui.themes import DEFAULT_VARIABLES, stylesheet
from paxos_tui.widgets.node_card import NodeCard, progress
from paxos_tui.widgets.paint import PaintingApp


class CardApp(PaintingApp):
    """The card of one leader."""

    CSS = stylesheet()

    def __init__(self, view: ClusterView) -> None:
        super().__init__()
        self.view = view

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULT_VARIABLES

    def compose(self) -> ComposeResult:
        yield NodeCard(self.view.nodes["L1"])


@pytest.mark.parametrize(
    ("chosen", "ahead", "fetched", "said"),
    [
        (1_000_000, 0, None, "log 1000000"),
        (0, 1_000_000, None, "log 0 % of 1.0M"),
        (420_000, 1_000_000, None, "log 42 % of 1.0M"),
        (9_999, 12_400, None, "log 80 % of 12k"),
        (0, 1_000_000, 0.5, "snapshot 50 %"),
    ],
)
def test_how_far_a_leader_has_come_is_told_in_parts_of_what_it_missed(
    chosen: int, ahead: int, fetched: float | None, said: str
) -> None:
    node = NodeView("L1", "leader", chosen_up_to=chosen, applied_up_to=chosen, fetched=fetched)
    assert progress(node, ahead) == said


@pytest.mark.parametrize("size", [(20, 8), (12, 3)])
async def test_a_leader_that_is_written_off_has_it_on_its_card_until_it_is_back(
    size: tuple[int, int],
) -> None:
    view = ClusterView()
    header = Header(("A1", "A2", "A3"), ("L1", "L2"), (2, 2), "multi", 1, {})
    view.apply(Entry(0, 0.0, "cluster", header))
    async with CardApp(view).run_test(size=size) as pilot:
        card = pilot.app.query_one(NodeCard)
        view.apply(Entry(1, 1.0, "cluster", WrittenOff(("L1",), "L1 is gone for good")))
        card.show(view, in_focus=False)
        assert "written off" in card.text
        view.apply(Entry(2, 2.0, "cluster", WrittenOff((), "L1 comes back")))
        card.show(view, in_focus=False)
        assert "written off" not in card.text
