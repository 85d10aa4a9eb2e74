"""The gap pane: which instance was open, why, and what came out."""

from __future__ import annotations

from paxos_engine import ClusterView, GapLine
from paxos_tui.text import fit
from paxos_tui.widgets.drawn import Part
from paxos_tui.widgets.instance_matrix import slot_width, value_text
from paxos_tui.widgets.line_table import LineTable, column, rest


def outcome_text(gap: GapLine) -> str:
    """Say in words what came out of a gap."""
    match gap.outcome:
        case "no-op":
            return "no-op chosen"
        case "found":
            return f"found as {gap.found_number}: {value_text(gap.value, 24)}"
        case "own":
            return f"own, proposed again: {value_text(gap.value, 24)}"
        case "catch-up":
            return f"from a peer: {value_text(gap.value, 24)}"
        case "learned":
            return f"learned: {value_text(gap.value, 24)}"
        case other:
            return other


class GapPane(LineTable):
    """The last gaps, newest first."""

    def stamp(self, view: ClusterView) -> object:
        """Return what changes when a gap is found or filled."""
        return [(gap.t, gap.outcome) for gap in view.gaps][-64:], len(view.gaps)

    def row_count(self) -> int:
        """Return how many gaps are known."""
        return len(self.view.gaps) if self.view else 0

    def heading(self, width: int) -> list[Part]:
        """Return the names of the columns."""
        return [
            column("time", 8),
            column("by", 3),
            column("slot", slot_width(self.view)),
            column("why", 9),
            Part("what came out"),
        ]

    def row(self, number: int, width: int) -> list[Part]:
        """Return one gap."""
        assert self.view is not None
        gap = self.view.gaps[-1 - number]
        paint = "gap" if gap.outcome == "open" else "noop" if gap.outcome == "no-op" else "chosen"
        parts = [
            column(f"{gap.t:8.3f}", 8, "dim"),
            column(gap.node, 3, "strong"),
            column(str(gap.instance), slot_width(self.view), "strong"),
            column(gap.reason, 9),
        ]
        glyph = "◇ " if gap.outcome == "open" else ""
        parts.append(Part(fit(glyph + outcome_text(gap), rest(parts, width)), paint))
        return parts
