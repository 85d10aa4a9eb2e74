"""Glyphs, and colours by name: the words in which every widget says what a thing is.

A colour is never the only carrier of a meaning: each state has a glyph of its own too.
"""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

from rich.style import Style
from textual.widget import Widget

from paxos_engine import CellState


class Look(NamedTuple):
    """How something is shown: its glyph, the colour's name, and what it means."""

    glyph: str
    paint: str
    meaning: str


CELLS: Final[dict[CellState, Look]] = {
    CellState.CHOSEN: Look("●", "chosen", "chosen: a quorum accepted it; a leader has learned it"),
    CellState.NOOP: Look("∅", "noop", "no-op: the slot is decided, and does nothing"),
    CellState.ACCEPTED: Look("◐", "accepted", "accepted: this acceptor voted, not known as chosen"),
    CellState.PROMISED: Look("◔", "promised", "promised: nothing lower will be accepted here"),
    CellState.PROPOSED: Look("◌", "proposed", "proposed: this leader asked for votes"),
    CellState.GAP: Look("◇", "gap", "gap: open below instances that are known"),
    CellState.EMPTY: Look("·", "dim", "nothing yet"),
}

UP: Final = Look("●", "up", "up")
FAILED: Final = Look("✗", "down", "failed, paused or crashed: it neither hears nor speaks")
PRIMARY: Final = Look("★", "primary", "primary: leads, or believes so")
BEAT: Final = Look("♥", "primary", "heartbeat of a primary: heard (a leader's row: sent)")
DELIVERED: Final = Look("→", "delivered", "message delivered")
IN_FLIGHT: Final = Look("~", "dim", "message in flight")
DELAYED: Final = Look("»", "delayed", "message delayed or duplicated")
LOST: Final = Look("✗", "lost", "message lost or refused")

UNSYNCED: Final = Look("◒", "fault", "accepted, but not on disk yet: a power cut takes it back")

LEGEND: Final = (
    *CELLS.values(),
    UNSYNCED,
    UP,
    FAILED,
    PRIMARY,
    BEAT,
    DELIVERED,
    IN_FLIGHT,
    DELAYED,
    LOST,
    Look("▁▄█", "primary", "on a card: time between heartbeats, longer is higher"),
    Look("!", "fault", "faults are on, or commands wait"),
)
"""Every glyph and colour, for the help screen."""

PAINTS: Final = (
    *("chosen", "accepted", "promised", "proposed", "noop", "gap", "up", "down", "primary"),
    *("delivered", "lost", "delayed", "fault", "dim", "plain", "strong", "head", "cursor"),
)


class Painter(Widget):
    """Mixin of a widget that paints by the names of `PAINTS`, as the theme has them."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"paint--{name}" for name in PAINTS}

    def paint(self, name: str) -> Style:
        """Return the style for a name; only what the theme sets, so that it can be layered."""
        return self.get_component_rich_style(f"paint--{name}", partial=True)


def bars(values: list[float], width: int, full: float) -> str:
    """Return the last `width` values as bars; `full` is the value of a full one."""
    steps = "▁▂▃▄▅▆▇█"
    last = values[-width:]
    return "".join(steps[min(7, max(0, int(value / full * 8)))] for value in last)
