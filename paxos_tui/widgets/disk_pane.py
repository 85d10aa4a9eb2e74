"""The disk pane: what each node has written, and what of that is durable."""

from __future__ import annotations

from paxos_engine import ClusterView, NodeView
from paxos_tui.widgets.drawn import Part
from paxos_tui.widgets.line_table import LineTable, column, rest
from paxos_tui.widgets.paint import BEAT

NARROW = 46
"""Cells below which the kind of disk is left out."""


class DiskPane(LineTable):
    """One row for each node that keeps records."""

    def stamp(self, view: ClusterView) -> object:
        """Return what changes with every record and every tenth of a second."""
        return (int(view.now * 10), [(n.written, n.synced) for n in view.nodes.values()])

    def row_count(self) -> int:
        """Return how many nodes there are."""
        return len(self.view.leaders) + len(self.view.acceptors) if self.view else 0

    def heading(self, width: int) -> list[Part]:
        """Return the names of the columns."""
        names = [("node", 4), ("disk", 6), ("pending", 7), ("synced", 7), ("bytes", 8)]
        if width < NARROW:
            del names[1]
        return [*(column(name, size) for name, size in names), Part("last sync")]

    def row(self, number: int, width: int) -> list[Part]:
        """Return one node."""
        assert self.view is not None
        node = [*self.view.leaders, *self.view.acceptors][number]
        parts = [
            column(node.name, 4, "strong"),
            column(node.disk or "-", 6),
            _pending(node),
            column(str(node.synced), 7),
            column("-" if node.disk == "memory" else _size(node.disk_bytes), 8),
        ]
        if width < NARROW:
            del parts[1]
        since = "never" if node.synced_at is None else f"{self.view.now - node.synced_at:.1f} s ago"
        parts.append(Part(since[: rest(parts, width)], BEAT.paint))
        return parts


def _size(count: int) -> str:
    """Return a number of bytes in at most eight characters."""
    if count < 100_000:
        return f"{count:,}"
    return f"{count / 1000:,.0f} k" if count < 10**8 else f"{count / 10**6:,.0f} M"


def _pending(node: NodeView) -> Part:
    # What a leader learned is written a little later, and nobody waits for it.
    waits = node.unsynced > 0 and node.role != "leader"
    return column(f"{node.unsynced}{' !' if waits else ''}", 7, "fault" if waits else "plain")
