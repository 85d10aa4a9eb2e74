"""The client pane: what clients wait for, what they got, and how long that took."""

from __future__ import annotations

from paxos_engine import ClusterView
from paxos_tui.widgets.drawn import Part
from paxos_tui.widgets.line_table import LineTable, column, rest
from paxos_tui.widgets.paint import bars

SLOWEST = 0.5
"""Seconds from submitting to the answer that make a full bar."""


class ClientPane(LineTable):
    """One row for each figure."""

    def stamp(self, view: ClusterView) -> object:
        """Return what changes with each command."""
        counts = (view.answered, view.unknown, view.retried, view.duplicates_suppressed)
        return (len(view.pending), *counts)

    def row_count(self) -> int:
        """Return how many figures there are."""
        return len(self._figures())

    def heading(self, width: int) -> list[Part]:
        """Return the names of the columns."""
        return [column("commands", 24), Part("count")]

    def row(self, number: int, width: int) -> list[Part]:
        """Return one figure."""
        name, figure, paint = self._figures()[number]
        parts = [column(name, 24)]
        if figure is None:
            assert self.view is not None
            latencies = list(self.view.latencies)
            parts.append(Part(bars(latencies, rest(parts, width), SLOWEST), paint))
        else:
            parts.append(Part(f"{figure:,}", paint))
        return parts

    def _figures(self) -> list[tuple[str, int | None, str]]:
        view = self.view
        if view is None:
            return []
        return [
            ("pending", len(view.pending), "fault" if view.pending else "plain"),
            ("answered", view.answered, "chosen"),
            ("outcome unknown", view.unknown, "fault" if view.unknown else "plain"),
            ("retried", view.retried, "plain"),
            ("duplicates suppressed", view.duplicates_suppressed, "plain"),
            (f"latency, full {SLOWEST:g} s", None, "chosen"),
        ]
