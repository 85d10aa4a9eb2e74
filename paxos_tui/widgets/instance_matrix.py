"""The instance matrix: what every node holds for every instance, newest first."""

from __future__ import annotations

from rich.cells import cell_len

from paxos_engine import CellState, ClusterView, Value, words
from paxos_tui.text import fit, visible
from paxos_tui.widgets.drawn import Part
from paxos_tui.widgets.line_table import LineTable, column
from paxos_tui.widgets.paint import CELLS, UNSYNCED, UNSYNCED_PROMISE, Look

OTHER_VOTE = CELLS[CellState.ACCEPTED].glyph
"""What stands before a value that has votes beside the chosen one."""

NOT_SEEN = "before this trace: not seen"


def value_text(value: Value | None, width: int) -> str:
    """Return a value as it may be painted; the no-op is a word, no value is nothing."""
    if value is None:
        return ""
    return visible(words(value), width)


def slot_width(view: ClusterView | None) -> int:
    """Return the cells that the number of an instance takes, for every one that there is."""
    return max(6, len(str(view.highest_instance))) if view else 6


def look_of(view: ClusterView, node: str, instance: int) -> Look:
    """Return how the cell of a node is shown; what is not on disk yet looks different."""
    state = view.cell(node, instance).state
    if view.is_unsynced(node, instance):
        return UNSYNCED_PROMISE if state is CellState.PROMISED else UNSYNCED
    return CELLS[state]


class InstanceTable(LineTable):
    """Base of the tables with a row for every instance that has been touched."""

    def row_count(self) -> int:
        """Return how many instances have been touched."""
        return self.view.highest_instance if self.view else 0

    @property
    def instance_at_cursor(self) -> int:
        """The instance under the cursor; 0 while there is none."""
        return max(0, self.row_count() - self.cursor)


class InstanceMatrix(InstanceTable):
    """Rows: instances. Columns: what is chosen, who knows, then a cell for every node."""

    def stamp(self, view: ClusterView) -> object:
        """Return the matrix's version."""
        return (view.matrix.version, len(view.nodes))

    def heading(self, width: int) -> list[Part]:
        """Return the names of the columns."""
        assert self.view is not None
        cell, value = self._widths(width)
        names = [node.name for node in (*self.view.leaders, *self.view.acceptors)]
        return [
            column("slot", slot_width(self.view)),
            column("chosen value", value),
            column("known", 5),
            *(column(name, cell) for name in names),
        ]

    def row(self, number: int, width: int) -> list[Part]:
        """Return one instance."""
        view = self.view
        assert view is not None
        instance, slot = view.highest_instance - number, slot_width(view)
        if not view.is_kept(instance):
            return [column(str(instance), slot, "strong"), Part("no longer kept", "dim")]
        cell_width, value_width = self._widths(width)
        chosen = view.chosen_value(instance)
        if chosen is None and instance <= view.before_trace:
            return [column(str(instance), slot, "strong"), Part(NOT_SEEN, "dim")]
        known = f"{view.known_by(instance)}/{len(view.leaders)}" if chosen else ""
        parts = [
            column(str(instance), slot, "strong"),
            self._value(instance, value_width),
            column(known, 5, "dim"),
        ]
        for node in (*view.leaders, *view.acceptors):
            cell = view.cell(node.name, instance)
            look = look_of(view, node.name, instance)
            ballot = f" {cell.number}" if cell.number and cell_width > 5 else ""
            parts.append(column(look.glyph + ballot, cell_width, look.paint))
        return parts

    def _value(self, instance: int, width: int) -> Part:
        """Return the chosen value; while there is none, that of the highest vote, with a "?"."""
        assert self.view is not None
        chosen = self.view.chosen_value(instance)
        if chosen is not None:
            other = self._other_vote(instance)
            mark = "" if other is None else f"  {OTHER_VOTE} {value_text(other, 12)}"
            said = value_text(chosen, max(1, width - cell_len(mark)))
            return column(said + mark, width, "chosen")
        candidate = self.view.candidate(instance)
        said = f"{value_text(candidate, width - 1)}?" if candidate is not None else ""
        return column(said, width, "accepted")

    def _other_vote(self, instance: int) -> Value | None:
        """Return what an acceptor voted for that is not the chosen value; None without such a vote.

        Old votes may stay behind; where they are a quorum's, two values are chosen.
        """
        assert self.view is not None
        cells = (self.view.cell(node.name, instance) for node in self.view.acceptors)
        return next((cell.value for cell in cells if cell.state is CellState.ACCEPTED), None)

    def _widths(self, width: int) -> tuple[int, int]:
        """Return the widths of a node's cell and of the value."""
        nodes = len(self.view.leaders) + len(self.view.acceptors) if self.view else 1
        slot = slot_width(self.view)
        free = width - slot - 5 - 3
        roomy = free - nodes * 9 >= 12
        cell = 8 if roomy else 2
        return cell, max(6, free - nodes * (cell + 1))


class NodeTable(InstanceTable):
    """The instance table of the node in focus, and its counters."""

    node = "L1"

    def stamp(self, view: ClusterView) -> object:
        """Return what changes with the node and its rows."""
        node = view.nodes.get(self.node)
        return (view.matrix.version, self.node, node and node.counters.total())

    def focus_on(self, node: str) -> None:
        """Show another node."""
        self.node = node

    def heading(self, width: int) -> list[Part]:
        """Return the names of the columns."""
        return [
            column("slot", slot_width(self.view)),
            column("state", 10),
            column("number", 8),
            Part("value"),
        ]

    def row(self, number: int, width: int) -> list[Part]:
        """Return one instance as this node has it."""
        assert self.view is not None
        instance, slot = self.view.highest_instance - number, slot_width(self.view)
        if not self.view.is_kept(instance):
            return [column(str(instance), slot, "strong"), Part("no longer kept", "dim")]
        cell = self.view.cell(self.node, instance)
        look = look_of(self.view, self.node, instance)
        free = max(1, width - slot - 21)
        said = NOT_SEEN if cell.state is CellState.UNSEEN else value_text(cell.value, free)
        return [
            column(str(instance), slot, "strong"),
            column(f"{look.glyph} {cell.state.value}", 10, look.paint),
            column(str(cell.number or ""), 8, "plain"),
            Part(fit(said, free), look.paint),
        ]

    def counters(self) -> str:
        """Return the node's counters as one line."""
        if self.view is None or self.node not in self.view.nodes:
            return ""
        node = self.view.nodes[self.node]
        names = ("sent", "received", "lost", "promised", "accepted", "rejected", "learned")
        said = [f"{name} {node.counters[name]}" for name in names if node.counters[name]]
        return "  ".join(said)
