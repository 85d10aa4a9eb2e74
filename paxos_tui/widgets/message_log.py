"""The message log: who said what to whom, and what became of it; newest first."""

from __future__ import annotations

from paxos_engine import ClusterView, LogLine
from paxos_tui.text import fit, visible
from paxos_tui.widgets.line_table import LineTable, Part, column, rest
from paxos_tui.widgets.paint import DELAYED, DELIVERED, IN_FLIGHT, LOST, Look


def look_of(line: LogLine) -> Look:
    """Return how a message's fate is shown."""
    if line.fate.startswith(("lost", "refused")):
        return LOST
    if line.delays or line.fate.startswith("delayed"):
        return DELAYED
    return DELIVERED if line.fate == "delivered" else IN_FLIGHT


class MessageLog(LineTable):
    """The last messages; `filter` keeps those that contain all its words."""

    filter = ""
    _rows: list[LogLine]

    def stamp(self, view: ClusterView) -> object:
        """Return the log's version; the rows are picked when it changes."""
        stamp = (view.messages.version, self.filter)
        if stamp != self._painted:
            self._rows = [line for line in reversed(view.log) if self._wanted(line)]
        return stamp

    def row_count(self) -> int:
        """Return how many messages are shown."""
        return len(self._rows)

    def heading(self, width: int) -> list[Part]:
        """Return the names of the columns."""
        return [
            column("time", 8),
            column("from  to", 8),
            column("kind", 12),
            column("slot", 8),
            column("number", 7),
            column("value", max(4, (width - 48) // 2 - 1)),
            Part("fate"),
        ]

    def row(self, number: int, width: int) -> list[Part]:
        """Return one message."""
        line = self._rows[number]
        look = look_of(line)
        parts = [
            column(f"{line.t:8.3f}", 8, "dim"),
            column(f"{line.from_:<3}→ {line.to}", 8, "strong"),
            column(line.kind, 12),
            column(line.instance, 8),
            column(line.number, 7),
        ]
        free = rest(parts, width)
        parts.append(column(visible(line.value, free // 2), max(4, free // 2 - 1), "chosen"))
        parts.append(Part(fit(f"{look.glyph} {line.fate}", rest(parts, width)), look.paint))
        return parts

    def _wanted(self, line: LogLine) -> bool:
        if not self.filter:
            return True
        text = f"{line.from_} -> {line.to} {line.body.describe()[:300]} {line.fate}".lower()
        return all(word in text for word in self.filter.lower().split())
