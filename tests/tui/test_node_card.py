"""What a card says of a leader that catches up."""

from __future__ import annotations

import pytest

from paxos_engine import NodeView
from paxos_tui.widgets.node_card import progress


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
