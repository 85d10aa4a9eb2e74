"""Glyphs, and colours by name: the words in which every widget says what a thing is.

A colour is never the only carrier of a meaning: each state has a glyph of its own too.
"""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple

from rich.style import Style
from textual.app import App
from textual.css.styles import RenderStyles
from textual.driver import Driver
from textual.widget import Widget

from paxos_engine import CellState, NodeView


class Look(NamedTuple):
    """How something is shown: its glyph, the colour's name, and what it means."""

    glyph: str
    paint: str
    meaning: str


CELLS: Final[dict[CellState, Look]] = {
    CellState.CHOSEN: Look("●", "chosen", "chosen: a quorum accepted it; a leader has learned it"),
    CellState.NOOP: Look("∅", "noop", "no-op: the instance is decided, and does nothing"),
    CellState.ACCEPTED: Look("◐", "accepted", "accepted: this acceptor voted, not known as chosen"),
    CellState.PROMISED: Look("◔", "promised", "promised: nothing lower will be accepted here"),
    CellState.PROPOSED: Look("◌", "proposed", "proposed: this leader asked for votes"),
    CellState.GAP: Look("◇", "gap", "gap: open below instances that are known"),
    CellState.EMPTY: Look("·", "dim", "nothing yet"),
    CellState.UNSEEN: Look("?", "dim", "not seen: older than this trace"),
}

UP: Final = Look("●", "up", "up")
FAILED: Final = Look("✗", "down", "failed, paused or crashed: it neither hears nor speaks")
PRIMARY: Final = Look("★", "primary", "primary: leads, or believes so")
WAS_PRIMARY: Final = Look("☆", "dim", "down, and believed to be primary until then")
IN_FOCUS: Final = Look("▸", "primary", "the node in focus: f, C, K, D and v act on it")
BEAT: Final = Look("♥", "primary", "heartbeat of a primary: heard (a leader's row: sent)")
DELIVERED: Final = Look("→", "delivered", "message delivered")
IN_FLIGHT: Final = Look("~", "dim", "message in flight")
DELAYED: Final = Look("»", "delayed", "message delayed or duplicated")
LOST: Final = Look("✗", "lost", "message lost or refused")

UNSYNCED_PROMISE: Final = Look("○", "fault", "promised, but not on disk yet")
UNSYNCED: Final = Look("◒", "fault", "accepted, but not on disk yet: a power cut takes it back")

LEGEND: Final = (
    *CELLS.values(),
    UNSYNCED,
    UNSYNCED_PROMISE,
    Look("x?", "accepted", "the value of the highest vote: nothing is chosen there yet"),
    Look("2: x, y", "chosen", "two commands share the instance; enter reads them"),
    Look("x ◐ y", "chosen", "x is chosen, and a vote for y stands beside it"),
    Look("known 2/2", "dim", "how many of the leaders have learned what was chosen"),
    UP,
    FAILED,
    IN_FOCUS,
    PRIMARY,
    WAS_PRIMARY,
    BEAT,
    DELIVERED,
    IN_FLIGHT,
    DELAYED,
    LOST,
    Look("▁▄█", "primary", "on a card: time between two heartbeats, longer is higher"),
    Look("┃", "primary", "heartbeats: one was heard in this quarter of a second, newest right"),
    Look("▁▄█", "chosen", "clients: time from a command to its answer, longer is higher"),
    Look("wait 3", "plain", "messages sent to the node that have not arrived yet"),
    Look("log 7", "plain", "how many instances of the history this leader has applied"),
    Look("╌╌", "down", "a dashed frame: the node is down"),
    Look("━━", "primary", "a heavy frame: what the keys act on"),
    Look("!", "fault", "faults are on, something is not on disk yet, or commands wait"),
)
"""Every glyph, for the help screen."""

COLOURS: Final = (
    ("chosen", "chosen, answered"),
    ("accepted", "accepted, not known as chosen"),
    ("promised", "promised"),
    ("proposed", "proposed"),
    ("noop", "no-op"),
    ("gap", "a gap"),
    ("up", "up, safe"),
    ("down", "down"),
    ("primary", "primary, heartbeats, what is in focus"),
    ("delivered", "a message that arrived"),
    ("delayed", "a message that was delayed or doubled"),
    ("lost", "a message that was lost or refused"),
    ("fault", "look here: something is switched on, waits or is wrong"),
    ("dim", "in the background: times, counts, what is empty"),
    ("plain", "text"),
)
"""Every colour, for the help screen; each meaning has a glyph or a word too."""

PAINTS: Final = (
    *("chosen", "accepted", "promised", "proposed", "noop", "gap", "up", "down", "primary"),
    *("delivered", "lost", "delayed", "fault", "dim", "plain", "strong", "head", "cursor"),
)


class PaintingApp(App[None]):
    """Base of an application whose widgets paint by the names of `PAINTS`, as the theme has them.

    The theme is asked here, once for all widgets: each would have to be asked for every name
    whenever one begins, or its state changes, which is most of the work of a start.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"paint--{name}" for name in PAINTS}

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class=driver_class)
        self._paints: dict[str, Style] = {}

    def style_of(self, name: str) -> RenderStyles:
        """Return everything that the theme says of a name."""
        return self.get_component_styles(f"paint--{name}")

    def paint(self, name: str) -> Style:
        """Return the style for a name; only what the theme sets, so that it can be layered."""
        if name not in self._paints:
            self._paints[name] = self.style_of(name).partial_rich_style
        return self._paints[name]

    def refresh_css(self, animate: bool = True) -> None:
        """Paint anew what is painted by name: another theme is worn."""
        super().refresh_css(animate)
        self._paints.clear()
        for screen in self.screen_stack:
            for painter in screen.query(Painter):
                painter.notify_style_update()
                painter.refresh()


class Painter(Widget):
    """Mixin of a widget that paints by the names of `PAINTS`."""

    def paint(self, name: str) -> Style:
        """Return the style for a name."""
        return self.painting.paint(name)

    @property
    def painting(self) -> PaintingApp:
        """The application, which knows how everything is painted."""
        assert isinstance(self.app, PaintingApp)
        return self.app


def star(node: NodeView) -> str:
    """Return the mark of a primary, of one that was when it went down, or a blank."""
    if node.leads:
        return PRIMARY.glyph
    return WAS_PRIMARY.glyph if node.is_primary else " "


def bars(values: list[float], width: int, full: float) -> str:
    """Return the last `width` values as bars; `full` is the value of a full one."""
    steps = "▁▂▃▄▅▆▇█"
    last = values[-width:]
    return "".join(steps[min(7, max(0, int(value / full * 8)))] for value in last)
