"""A card for each node: what it is, whether it is up, whom it follows, how far it has got."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Final, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.message import Message

from paxos_engine import ClusterView, NodeView
from paxos_tui.text import fit, visible
from paxos_tui.widgets.drawn import Drawn, DrawnLine, Part
from paxos_tui.widgets.paint import BEAT, FAILED, IN_FOCUS, UP, bars, star

SLOWEST_BEAT = 0.5
"""Seconds between two heartbeats that make a full bar."""


WRITTEN_OFF: Final = "written off"
"""Stands where a leader's log does: nothing waits for its snapshots any more."""


class NodeCard(Drawn, can_focus=True):
    """The card of one node."""

    class Chosen(Message):
        """The card was clicked or got the focus: its node is the one to look at."""

        def __init__(self, node: str) -> None:
            super().__init__()
            self.node = node

    def __init__(self, node: NodeView) -> None:
        super().__init__(id=f"card-{node.name}")
        self.node = node
        self._painted: object = None
        self._in_focus = False
        self._now = 0.0
        self._written_off = False
        self._ahead = 0  # how far the history goes that it is catching up with

    def show(self, view: ClusterView, in_focus: bool) -> None:
        """Paint the node as `view` has it."""
        node = view.nodes[self.node.name]
        self.node, self._now = node, view.now
        self._ahead = view.behind(node) if node.role == "leader" else 0
        self._written_off = node.name in view.written_off
        stamp = (
            node.standing,
            node.is_primary,
            node.number,
            node.phase,
            node.applied_up_to,
            self._ahead,
            self._written_off,
            node.fetched,
            node.backlog,
            node.counters["accepted"],
            int(self._since() * 10),
            in_focus,
        )
        if stamp != self._painted:
            self._painted = stamp
            self._in_focus = in_focus
            self.set_class(node.status != "up", "-failed")
            self.set_class(node.is_primary and node.status == "up", "-primary")
            self.set_class(in_focus, "-in-focus")
            self.refresh_changed()

    @property
    def text(self) -> str:
        """What the card says."""
        return "\n".join(part.text for part in self._parts())

    def line(self, y: int, width: int) -> DrawnLine:
        """Return one line of the card."""
        parts = self._parts()
        if y >= len(parts):
            return DrawnLine()
        text = parts[y].text
        return DrawnLine((Part(fit(text, min(width, cell_len(text))), parts[y].paint),))

    def _parts(self) -> list[Part]:
        """Return the card's lines: five, or three where there is little room."""
        lines = self._lines() if self.size.height > 3 else self._few_lines()
        return [Part(*line) for line in lines]

    def on_focus(self) -> None:
        """Make this node the one to look at."""
        self.post_message(self.Chosen(self.node.name))

    def on_click(self, event: events.Click) -> None:
        """Take the focus."""
        self.focus()

    def _lines(self) -> list[tuple[str, str]]:
        node = self.node
        port = f" :{node.port}" if node.port else ""
        first = (f"{self._title()}{port}", self._paint_of_title())
        if node.status == "broken":
            work = (visible(node.status_reason), "down")
        elif self._written_off:
            work = (WRITTEN_OFF, "fault")
        elif node.role == "leader":
            work = (progress(node, self._ahead), "plain")
        else:
            work = (f"votes {node.counters['accepted']}", "plain")
        return [
            first,
            self._status(),
            (f"{node.number or '-'} wait {node.backlog}", "plain"),
            work,
            self._pulse(),
        ]

    def _few_lines(self) -> list[tuple[str, str]]:
        node = self.node
        down = node.status != "up"
        state = node.standing.upper() if down else str(node.number or "-")
        room = self.size.width > len(state) + 1
        pulse = (f"{BEAT.glyph}{self._since():.1f}s" if node.heartbeats else "-", "dim")
        return [
            (self._title(), self._paint_of_title()),
            (f"{self._glyph()}{' ' if room else ''}{state}", self._status()[1]),
            (WRITTEN_OFF, "fault") if self._written_off else pulse,
        ]

    def _title(self) -> str:
        focus = IN_FOCUS.glyph if self._in_focus else ""
        mark = f"{star(self.node)} " if self.node.is_primary else ""
        return f"{focus}{mark}{self.node.name}"

    def _paint_of_title(self) -> str:
        return "primary" if self.node.leads else "strong"

    def _glyph(self) -> str:
        return UP.glyph if self.node.status == "up" else FAILED.glyph

    def _status(self) -> tuple[str, str]:
        node = self.node
        if node.status != "up":
            return (f"{FAILED.glyph} {node.standing.upper()}", "down")
        role = node.phase if node.role == "leader" else "acceptor"
        return (f"{UP.glyph} {role}", "primary" if node.leads else "up")

    def _pulse(self) -> tuple[str, str]:
        beats = list(self.node.heartbeats)
        if not beats:
            return ("no heartbeat", "dim")
        gaps = [later - earlier for earlier, later in pairwise(beats)]
        gaps = [gap for gap in gaps if gap > 0.001]
        since = f"{BEAT.glyph} {self._since():.1f}s "
        return (since + bars(gaps, max(0, self.size.width - len(since)), SLOWEST_BEAT), "primary")

    def _since(self) -> float:
        at = self.node.heartbeat_at
        return max(0.0, self._now - at) if at is not None else 0.0


def progress(node: NodeView, ahead: int) -> str:
    """Say how far a leader's history goes, and of what, while it catches up with `ahead`."""
    if node.fetched is not None:
        return f"snapshot {node.fetched * 100:.0f} %"
    if ahead:
        return f"log {100 * node.chosen_up_to // ahead} % of {short(ahead)}"
    return f"log {node.applied_up_to}"


def short(count: int) -> str:
    """Return a count in few characters: 950, 12k, 1.3M."""
    if count < 10_000:
        return str(count)
    return f"{count // 1000}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"


WHOLE: Final = 14
"""Columns that a card of five lines needs with its frame: a port, a star and a focus fit in."""

COMPACT: Final = 7
"""Columns that a card of three lines needs."""

WIDEST: Final = 30
"""Columns beyond which a card is only emptier."""

COMPACT_ROWS: Final = 3
"""Lines of a compact card."""

SHARE: Final = 2 / 5
"""The part of a terminal's height that compact cards may take; what is more is scrolled to."""


class Arrangement(NamedTuple):
    """How cards are laid out.

    Args:
        compact: whether they have three lines and no frame.
        columns: cards beside each other.
        widest: columns that a card may have; 0 to share all there are.
        shown: rows of cards that are seen at once; the others are scrolled to.
    """

    compact: bool
    columns: int
    widest: int
    shown: int


def arranged(cards: int, size: Size, *, small: bool) -> Arrangement:
    """Say how that many cards go on a terminal of that size: whole in one row, else compact.

    Args:
        cards: how many.
        size: columns and rows of the terminal.
        small: whether there is no room for whole cards, however few.
    """
    widest = WIDEST if size.width >= cards * WIDEST else 0
    if not small and size.width >= cards * WHOLE:
        return Arrangement(compact=False, columns=cards, widest=widest, shown=1)
    shown = max(1, int(size.height * SHARE) // COMPACT_ROWS)
    beside = max(1, size.width // COMPACT)
    if cards > shown * beside:
        beside = max(1, (size.width - 1) // COMPACT)  # a column for the scroll bar
    rows = -(-cards // beside)
    return Arrangement(True, -(-cards // rows), widest, min(rows, shown))


class NodeBar(VerticalScroll, can_focus=False):
    """All cards, leaders first."""

    BINDINGS: ClassVar = []

    def __init__(self) -> None:
        super().__init__()
        self._by_name: dict[str, NodeCard] = {}
        self._layout_now: Arrangement | None = None
        self._in_view = ""

    def show(self, view: ClusterView, focus: str) -> None:
        """Paint every card, made when its node first appears."""
        nodes = [
            node for node in (*view.leaders, *view.acceptors) if node.name not in self._by_name
        ]
        if nodes:
            fresh = {node.name: NodeCard(node) for node in nodes}
            self._by_name |= fresh
            self.mount_all(fresh.values())
            self.fit_into(self.app.size, small=self.screen.has_class("-small"))
        for name, card in self._by_name.items():
            card.show(view, name == focus)
        if focus != self._in_view and focus in self._by_name:
            self._in_view = focus
            self._bring_into_view()

    def fit_into(self, size: Size, *, small: bool) -> None:
        """Lay the cards out for a terminal of that size."""
        if not self._by_name:
            return
        found = arranged(len(self._by_name), size, small=small)
        if found == self._layout_now:
            return
        self._layout_now = found
        self.set_class(found.compact, "-compact")
        self.styles.grid_size_columns = found.columns
        self.styles.grid_columns = str(found.widest or "1fr")
        self.styles.max_height = found.shown * COMPACT_ROWS if found.compact else None
        self._bring_into_view()

    def _bring_into_view(self) -> None:
        card = self._by_name.get(self._in_view)
        if card is not None:
            self.call_after_refresh(self.scroll_to_widget, card, animate=False)
