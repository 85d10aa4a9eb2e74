"""The main screen: cards, matrix, node, heartbeats, gaps, log. It composes and lays out."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from paxos_engine import ClusterView
from paxos_tui.feed import Feed
from paxos_tui.widgets.client_pane import ClientPane
from paxos_tui.widgets.disk_pane import DiskPane
from paxos_tui.widgets.gap_pane import GapPane
from paxos_tui.widgets.heartbeat_pane import HeartbeatPane
from paxos_tui.widgets.instance_matrix import InstanceMatrix, NodeTable
from paxos_tui.widgets.line_table import LineTable
from paxos_tui.widgets.lines import AppHeader, PaneTabs, StatusLine
from paxos_tui.widgets.message_log import MessageLog
from paxos_tui.widgets.node_card import NodeBar, NodeCard
from paxos_tui.widgets.state_pane import StatePane

LEAST: Final = (60, 16)
"""Columns and rows below which nothing sensible can be shown."""

ROOMY: Final = (100, 30)
"""Columns and rows from which on all panes stand side by side."""

PANES: Final = {
    "matrix": "instances",
    "node": "node",
    "hearts": "heartbeats",
    "log": "messages",
    "gaps": "gaps",
    "disks": "disks",
    "clients": "clients",
    "state": "state",
}


class MainScreen(Screen[None]):
    """The console's one big screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "pane(1)", "Next pane", show=False, priority=True),
        Binding("shift+tab", "pane(-1)", "Previous pane", show=False, priority=True),
        Binding("escape", "back", "Back", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.node_in_focus = "L1"
        self._active = 0
        self._shown: tuple[ClusterView, Feed, list[str]] | None = None

    def compose(self) -> ComposeResult:
        """Put the widgets in their places; the stylesheet says how large each is."""
        yield Static(id="too-small", markup=False)
        yield AppHeader()
        yield NodeBar()
        yield PaneTabs(list(PANES.values()))
        with Container(id="panes"):
            with Vertical(id="main", classes="column"):
                yield InstanceMatrix(id="matrix", classes="pane")
                yield MessageLog(id="log", classes="pane")
            with Vertical(id="side", classes="column"):
                yield NodeTable(id="node", classes="pane")
                yield HeartbeatPane(id="hearts", classes="pane")
                yield GapPane(id="gaps", classes="pane")
                yield DiskPane(id="disks", classes="pane extra")
                yield ClientPane(id="clients", classes="pane extra")
                yield StatePane(id="state", classes="pane extra")
        yield Input(placeholder="filter the log: words that must all occur", id="filter")
        yield StatusLine()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Title the panes and begin in the matrix."""
        self.query_one("#filter").display = False
        for name, title in PANES.items():
            self.query_one(f"#{name}").border_title = title
        self._activate(0)

    @property
    def is_whole(self) -> bool:
        """Whether every widget is there: not before composing, not after taking down."""
        return bool(self.query("#gaps")) and bool(self.query(StatusLine))

    # --- painting ------------------------------------------------------------------------

    def show(self, view: ClusterView, feed: Feed, notes: list[str]) -> None:
        """Paint everything that can be seen."""
        self._shown = (view, feed, notes)
        self.query_one(AppHeader).show(view)
        self.query_one(NodeBar).show(view, self.node_in_focus)
        for table in self.query(LineTable):
            if table.is_on_screen or table.size:
                table.show(view)
        self.query_one(PaneTabs).show(self._active)
        self.query_one(StatusLine).show(view, feed.verdict, notes)
        node = self.query_one(NodeTable)
        node.border_title = f"node {self.node_in_focus}"
        node.border_subtitle = node.counters() or None
        log = self.query_one(MessageLog)
        log.border_title = f"messages, filter: {log.filter}" if log.filter else "messages"
        if view.faults.get("groups") or view.faults.get("cuts"):
            log.border_subtitle = "partitioned"
        else:
            log.border_subtitle = None

    def _show_again(self) -> None:
        if self._shown is not None:
            self.show(*self._shown)

    def look_at(self, node: str) -> None:
        """Make `node` the one in focus."""
        self.node_in_focus = node
        self.query_one(NodeTable).focus_on(node)
        self._show_again()

    def on_resize(self, event: events.Resize) -> None:
        """Choose the layout: all panes, one pane with tabs, or a word of regret."""
        width, height = event.size
        too_small = width < LEAST[0] or height < LEAST[1]
        small = width < ROOMY[0] or height < ROOMY[1]
        self.set_class(too_small, "-too-small")
        self.set_class(small, "-small")
        self.set_class(width >= 160, "-wide")
        text = f"The terminal is {width}x{height}.\npaxos-tui needs {LEAST[0]}x{LEAST[1]}."
        self.query_one("#too-small", Static).update(text)
        self.call_after_refresh(self._show_again)

    # --- moving between panes ------------------------------------------------------------

    def action_pane(self, step: int) -> None:
        """Go to the next or previous pane."""
        self._activate((self._active + step) % len(PANES))

    def _activate(self, position: int) -> None:
        self._mark_active(list(PANES)[position])
        self.query_one(PaneTabs).show(position)
        self.pane().focus()
        self.call_after_refresh(self._show_again)

    def _mark_active(self, name: str) -> None:
        """Make a pane the one that a small terminal shows, with the column that it is in."""
        self._active = list(PANES).index(name)
        for pane in PANES:
            self.query_one(f"#{pane}").set_class(pane == name, "-active")
        for column in self.query(".column"):
            column.set_class(bool(column.query(f"#{name}")), "-active")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Remember which pane is in use, however it was chosen."""
        name = event.widget.id
        if name in PANES:
            self._active = list(PANES).index(name)

    @on(PaneTabs.Picked)
    def _pick(self, event: PaneTabs.Picked) -> None:
        self._activate(event.position)

    @on(NodeCard.Chosen)
    def _choose(self, event: NodeCard.Chosen) -> None:
        self.look_at(event.node)

    def pane(self) -> LineTable:
        """Return the pane in use."""
        return self.query_one(f"#{list(PANES)[self._active]}", LineTable)

    def zoom(self) -> None:
        """Give the pane in use the whole screen, or end that."""
        if self.maximized is not None:
            self.minimize()
        else:
            self.maximize(self.pane())

    # --- the filter ----------------------------------------------------------------------

    def open_filter(self) -> None:
        """Let the person type a filter; the log follows each letter."""
        field = self.query_one("#filter", Input)
        # Shown and focused at once: a letter typed right after the key must not act as a command.
        field.display = True
        self.set_focus(field)
        if self.has_class("-small"):
            self._mark_active("log")

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        log = self.query_one(MessageLog)
        log.filter = event.value
        if log.view is not None:
            log.show(log.view)

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self._close_filter()

    def action_back(self) -> None:
        """End zooming or filtering; a filter is cleared."""
        if self.maximized is not None:
            self.minimize()
            return
        self.query_one("#filter", Input).value = ""
        self._close_filter()

    def _close_filter(self) -> None:
        field = self.query_one("#filter", Input)
        if field.display:
            field.display = False
            self.query_one("#log").focus()
