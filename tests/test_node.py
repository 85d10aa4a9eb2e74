"""A node between its driver and its role: what each failure would forget, said before it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from paxos_engine.node import Node
from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.effects import Outgoing
from paxos_engine.roles.messages import Accept, Envelope, Message, Prepare
from paxos_engine.roles.values import NOOP, ProposalNumber
from paxos_engine.storage.memory import MemoryDisk

ONE, TWO = ProposalNumber(1, 1), ProposalNumber(2, 2)


class Nowhere:
    """A network in which nothing arrives."""

    def send(self, batches: Mapping[str, Sequence[Outgoing]], now: float) -> None:
        """Lose it all."""


def acceptor(sync_after: float) -> Node:
    """Return an acceptor whose disk takes that many seconds to sync."""
    return Node(
        lambda: PaxosAcceptor("A1", ["L1", "L2"]),
        MemoryDisk(),
        Nowhere(),
        lambda node, event: None,
        lambda: sync_after,
    )


def hear(node: Node, *messages: tuple[str, Message]) -> None:
    """Hand a node messages in one turn."""
    envelopes = [
        Envelope(f"{sender}.{n}", sender, "A1", message)
        for n, (sender, message) in enumerate(messages)
    ]
    node.turn(envelopes, [], 0.0)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("crash", "its memory; 2 promises, 1 accepted value not yet on disk, but written"),
        ("power cut", "its memory, and 2 promises, 1 accepted value not yet on disk"),
        ("wipe", "its memory and its disk: 0 records on it"),
    ],
)
def test_what_is_not_on_disk_is_named_before_a_crash_forgets_it(kind: str, said: str) -> None:
    node = acceptor(sync_after=10.0)
    hear(
        node,
        ("L1", Prepare(ONE, 1, None, 1)),
        ("L2", Prepare(TWO, 1, None, 1)),
        ("L2", Accept(TWO, 1, NOOP, 0)),
    )
    assert node.forgets(kind) == said


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("crash", "its memory"),
        ("power cut", "its memory, and nothing else: all is on disk"),
        ("wipe", "its memory and its disk: 1 record on it"),
    ],
)
def test_what_is_on_disk_only_a_wipe_forgets(kind: str, said: str) -> None:
    node = acceptor(sync_after=0.0)
    hear(node, ("L1", Prepare(ONE, 1, None, 1)))
    assert node.forgets(kind) == said


def test_a_crash_keeps_what_was_written_and_a_power_cut_does_not() -> None:
    promises = []
    for kind in ("crash", "power cut"):
        node = acceptor(sync_after=10.0)
        hear(node, ("L1", Prepare(ONE, 1, None, 1)))
        node.crash(kind)
        node.recover()
        assert isinstance(node.role, PaxosAcceptor)
        promises.append(node.role.highest)
    assert promises == [ONE, ProposalNumber(0, 0)]


@pytest.mark.parametrize("failed", [False, True])
def test_a_node_that_tells_of_no_message_does_and_says_all_else(failed: bool) -> None:
    said: list[str] = []
    node = Node(
        lambda: PaxosAcceptor("A1", ["L1"]),
        MemoryDisk(),
        Nowhere(),
        lambda node, event: said.append(event.name),
        tells_messages=False,
    )
    if failed:
        node.fail()
    hear(node, ("L1", Prepare(ONE, 1, None, 1)))
    assert said == (["failed"] if failed else ["promised", "synced"])
