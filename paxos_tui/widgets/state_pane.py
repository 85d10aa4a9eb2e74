"""The state pane: how far each leader has applied the history, and what the state is."""

from __future__ import annotations

from paxos_engine import ClusterView, NodeView
from paxos_tui.text import visible
from paxos_tui.widgets.drawn import Part
from paxos_tui.widgets.line_table import LineTable, column, rest
from paxos_tui.widgets.node_card import progress


class StatePane(LineTable):
    """One row for each leader, then one for each key, as changed since the trace began."""

    def stamp(self, view: ClusterView) -> object:
        """Return what changes with each applied instance."""
        return [(n.applied_up_to, n.state_hash, n.fetched, view.behind(n)) for n in view.leaders]

    def row_count(self) -> int:
        """Return how many leaders and keys there are."""
        ahead = self._ahead()
        return len(self.view.leaders) + len(ahead.items) if self.view and ahead else 0

    def heading(self, width: int) -> list[Part]:
        """Return the names of the columns."""
        return [column("who or key", 14), Part(_meaning(self.view))]

    def row(self, number: int, width: int) -> list[Part]:
        """Return one leader, or one key."""
        assert self.view is not None
        leaders = self.view.leaders
        if number < len(leaders):
            node = leaders[number]
            target = self.view.behind(node)
            doing = f", {progress(node, target)}" if target or node.fetched is not None else ""
            text = f"{node.applied_up_to:,} applied{doing}  {node.state_hash or '-'}"
            return [column(node.name, 14, "strong"), Part(text, "chosen")]
        ahead = self._ahead()
        assert ahead is not None
        key = sorted(ahead.items)[number - len(leaders)]
        parts = [column(visible(key, 14), 14)]
        parts.append(Part(visible(ahead.items[key], rest(parts, width)), "plain"))
        return parts

    def _ahead(self) -> NodeView | None:
        """Return the leader that has applied most."""
        leaders = self.view.leaders if self.view else []
        return max(leaders, key=lambda node: node.applied_up_to, default=None)


def _meaning(view: ClusterView | None) -> str:
    """Say what the second column holds: not all keys, where the trace began later than they."""
    partial = view is not None and (view.before_trace or any(n.snapshot for n in view.leaders))
    content = "content (changed since the trace began)" if partial else "content"
    return f"applied and hash, or {content}"
