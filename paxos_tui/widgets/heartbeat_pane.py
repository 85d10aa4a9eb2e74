"""The heartbeat pane: who hears the primary, how long ago, and every beat of the last seconds."""

from __future__ import annotations

from textual.geometry import Size

from paxos_engine import ClusterView, NodeView
from paxos_tui.widgets.drawn import Part
from paxos_tui.widgets.line_table import LineTable, column, rest
from paxos_tui.widgets.paint import BEAT, FAILED, star

BUCKET_SECONDS = 0.25


def beats(node: NodeView, now: float, width: int) -> str:
    """Return a strip of the last seconds, newest right: a bar where a beat was heard."""
    marks = ["·"] * width
    for t in node.heartbeats:
        position = width - 1 - int((now - t) / BUCKET_SECONDS)
        if 0 <= position < width:
            marks[position] = "┃"
    return "".join(marks)


class HeartbeatPane(LineTable):
    """One row for each node that can hear a primary."""

    def stamp(self, view: ClusterView) -> object:
        """Return what changes with each bucket of time."""
        return (int(view.now / BUCKET_SECONDS), view.primaries, len(view.nodes))

    def row_count(self) -> int:
        """Return how many nodes there are."""
        return len(self.view.leaders) + len(self.view.acceptors) if self.view else 0

    def heading(self, width: int) -> list[Part]:
        """Return the names of the columns."""
        return [column("node", 5), column("hears", 11), column("since", 7), Part("beats")]

    def row(self, number: int, width: int) -> list[Part]:
        """Return one node."""
        assert self.view is not None
        node = [*self.view.leaders, *self.view.acceptors][number]
        failed = node.status != "up"
        name = f"{star(node)} {node.name}"
        since = "never" if node.heartbeat_at is None else f"{self._age(node):.1f} s"
        heard = "sends" if node.heartbeat_from == node.name else node.heartbeat_from
        parts = [
            column(name, 5, "primary" if node.leads else "strong"),
            column(f"{FAILED.glyph} {node.standing}" if failed else heard, 11, "plain"),
            column(since, 7, "down" if self._age(node) > 1.0 else "plain"),
        ]
        free = rest(parts, width)
        parts.append(Part(beats(node, self.view.now, free), "down" if failed else BEAT.paint))
        return parts

    def _give_room(self, room: Size) -> None:
        """Grow with the rows: a busy machine lays out the frame before the nodes are known."""
        has_more = room.height != self.virtual_size.height
        super()._give_room(room)
        if has_more and self.outer_size:
            self.refresh(layout=True)

    def _age(self, node: NodeView) -> float:
        assert self.view is not None
        return self.view.now - node.heartbeat_at if node.heartbeat_at is not None else 0.0
