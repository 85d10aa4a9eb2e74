"""The message log: who said what to whom, and what became of it; newest first."""

from __future__ import annotations

from paxos_engine import ClusterView, LogLine
from paxos_tui.text import counted, fit, visible
from paxos_tui.widgets.drawn import DrawnLine, Part
from paxos_tui.widgets.line_table import LineTable, column, rest
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
            words = self.filter.lower().split()
            newest_first = reversed(view.log)
            self._rows = (
                [line for line in newest_first if all(word in line.text for word in words)]
                if words
                else list(newest_first)
            )
        return stamp

    def row_count(self) -> int:
        """Return how many messages are shown."""
        return len(self._rows)

    def line(self, y: int, width: int) -> DrawnLine:
        """Say below the heading that a filter hides everything, where that is so."""
        if y == 1 and self.filter and self.view is not None and self.view.log and not self._rows:
            hidden = counted(len(self.view.log), "message")
            return DrawnLine((Part(fit(f"nothing matches: {hidden} hidden", width), "dim"),))
        return super().line(y, width)

    def heading(self, width: int) -> list[Part]:
        """Return the names of the columns."""
        return [
            column("time", 7),
            column("from  to", 8),
            column("kind", 9),
            column("slot", 7),
            column("number", 6),
            column("value", _value_width(width)),
            Part("fate"),
        ]

    def row(self, number: int, width: int) -> list[Part]:
        """Return one message."""
        line = self._rows[number]
        look = look_of(line)
        size = _value_width(width)
        parts = [
            column(f"{line.t:7.2f}", 7, "dim"),
            column(f"{line.from_:<3}→ {line.to}", 8, "strong"),
            column(SHORT_KINDS.get(line.kind, line.kind), 9),
            column(line.instance, 7),
            column(line.number, 6),
            column(visible(line.value, size), size, "chosen"),
        ]
        free = rest(parts, width)
        fate = fate_text(line.fate, free - 2)
        parts.append(Part(fit(f"{look.glyph} {fate}", free), look.paint))
        return parts


SHORT_KINDS = {
    "catch-up-request": "catch-up?",
    "catch-up-reply": "catch-up",
    "snapshot-request": "snapshot?",
    "snapshot-chunk": "snapshot",
}
"""Words for messages whose names are longer than the column; "?" asks, the other answers."""

FATE_CELLS = 17
"""Cells that a fate needs in its shortest words."""


def _value_width(width: int) -> int:
    """Return the cells of the value: a third of what is free, but never what a fate needs."""
    free = width - 44
    return max(4, min(free // 2, free - FATE_CELLS))


def fate_text(fate: str, width: int) -> str:
    """Return a fate in full where that fits, else in short words."""
    if len(fate) <= width:
        return fate
    if fate.startswith(("lost", "refused")):
        return fate.partition(", ")[0]  # however long it was under way before
    short = fate.replace(", delayed ", " +").replace("delayed ", "+").replace(" ms", "ms")
    short = short.replace(", duplicated", " x2").replace("duplicated", "x2")
    return short if len(short) <= width else short.replace("delivered", "arrived")
