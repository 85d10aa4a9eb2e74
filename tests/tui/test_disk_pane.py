"""What the disk pane says of what is written and not durable yet."""

from __future__ import annotations

from paxos_engine import NOOP, ClusterView, Entry, Event, Header, ProposalNumber
from paxos_engine.roles.events import AcceptedValue, Learned
from paxos_tui.widgets.disk_pane import DiskPane

NUMBER = ProposalNumber(1, 1)


def pending(node: str, event: Event) -> tuple[str, str]:
    """Return the pending column of a node of which this was heard, and how it is painted."""
    view = ClusterView()
    header = Header(("A1",), ("L1",), (1, 1), "multi", 1, {})
    view.apply(Entry(0, 0.0, "cluster", header))
    view.apply(Entry(1, 1.0, node, event))
    pane = DiskPane()
    pane.view = view
    part = pane.row([*view.leaders, *view.acceptors].index(view.nodes[node]), 60)[2]
    return part.text.strip(), part.paint


def test_a_vote_that_is_not_durable_is_a_fault_since_its_answer_waits() -> None:
    assert pending("A1", AcceptedValue(1, NUMBER, NOOP, 1)) == ("1 !", "fault")


def test_what_a_leader_learned_is_none_since_nobody_waits_for_it() -> None:
    assert pending("L1", Learned(1, NUMBER, NOOP, "votes", ("A1",), mark=1)) == ("1", "plain")
