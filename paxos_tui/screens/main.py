"""The main screen: cards, matrix, node, heartbeats, gaps, log. It composes and lays out."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from paxos_engine import ClusterView
from paxos_tui.actions import Guide
from paxos_tui.feed import Verdict
from paxos_tui.text import visible
from paxos_tui.widgets.client_pane import ClientPane
from paxos_tui.widgets.disk_pane import DiskPane
from paxos_tui.widgets.footer import StillFooter
from paxos_tui.widgets.gap_pane import GapPane
from paxos_tui.widgets.heartbeat_pane import HeartbeatPane
from paxos_tui.widgets.instance_matrix import InstanceMatrix, NodeTable
from paxos_tui.widgets.line_table import LineTable
from paxos_tui.widgets.lines import AppHeader, StatusLine, WaitingLine
from paxos_tui.widgets.message_log import MessageLog
from paxos_tui.widgets.node_card import NodeBar, NodeCard
from paxos_tui.widgets.pane_tabs import PaneTabs
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

LOWER: Final = ("gaps", "disks", "clients", "state")
"""Panes that share one place at the lower right, with tabs."""

SHORT: Final = {"hearts": "beats", "log": "log"}
"""Names of tabs where there is little room."""


class MainScreen(Screen[None]):
    """The console's one big screen.

    Args:
        guide: what can be done.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "pane(1)", "Next pane", show=False, priority=True),
        Binding("shift+tab", "pane(-1)", "Previous pane", show=False, priority=True),
        Binding("escape", "back", "Back", show=False),
    ]

    OF_THE_MOMENT: ClassVar = frozenset({"heal", "fill_gaps", "recover_all"})
    """Actions that the footer offers only while they make sense."""

    def __init__(self, guide: Guide) -> None:
        super().__init__()
        self._footer = guide.footer
        self._filter_hint = f"filter ({guide.key_of('filter')})"
        self.node_in_focus = "L1"
        self.ready = False
        self._active = "matrix"
        self._shown: tuple[ClusterView, Verdict, list[str]] | None = None
        self._moment: frozenset[str] = frozenset()
        self._panes: dict[str, LineTable] = {}
        self._holders: dict[Widget, set[str]] = {}  # column, or place with tabs -> panes in it
        self._tabs: list[PaneTabs] = []
        self._last_line: WaitingLine

    def compose(self) -> ComposeResult:
        """Put the widgets in their places; the stylesheet says how large each is."""
        yield Static(id="too-small", markup=False)
        yield AppHeader()
        yield NodeBar()
        yield PaneTabs(PANES, SHORT, id="tabs")
        with Container(id="panes"):
            with Vertical(id="main", classes="column"):
                yield InstanceMatrix(id="matrix", classes="pane")
                yield MessageLog(id="log", classes="pane")
            with Vertical(id="side", classes="column"):
                yield NodeTable(id="node", classes="pane")
                yield HeartbeatPane(id="hearts", classes="pane")
                with Vertical(id="lower"):
                    yield PaneTabs({name: PANES[name] for name in LOWER}, {}, id="lower-tabs")
                    yield GapPane(id="gaps", classes="pane -front")
                    yield DiskPane(id="disks", classes="pane")
                    yield ClientPane(id="clients", classes="pane")
                    yield StatePane(id="state", classes="pane")
        yield Input(placeholder="filter the log: words that must all occur", id="filter")
        yield from self.compose_foot()
        yield StatusLine()
        yield WaitingLine()
        yield StillFooter(show_command_palette=False, compact=True)

    def compose_foot(self) -> ComposeResult:
        """Put what a child wants above the status line."""
        yield from ()

    def on_mount(self) -> None:
        """Title the panes and begin in the matrix."""
        self.query_one("#filter").display = False
        self._panes = {name: self.query_one(f"#{name}", LineTable) for name in PANES}
        for name, pane in self._panes.items():
            for holder in pane.ancestors:
                if isinstance(holder, Vertical):
                    self._holders.setdefault(holder, set()).add(name)
        self._tabs = list(self.query(PaneTabs))
        self._last_line = self.query_one(WaitingLine)
        self._activate("matrix")
        self.ready = True

    @property
    def is_whole(self) -> bool:
        """Whether every widget is there: not before composing, not after taking down."""
        return self.ready and self._last_line.is_attached

    @property
    def is_too_small(self) -> bool:
        """Whether the terminal is too small to show what a key would do."""
        return self.has_class("-too-small")

    # --- keys ----------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let no key act on panes that cannot be seen."""
        return not (self.is_too_small and action in ("pane", "back"))

    def actions_of_the_moment(self, view: ClusterView) -> frozenset[str]:
        """Return the actions that make sense only now, and only now stand in the footer."""
        cut = view.faults.get("groups") or view.faults.get("cuts")
        down = any(node.status != "up" for node in (*view.leaders, *view.acceptors))
        sensible = {"heal": cut, "fill_gaps": view.open_gaps, "recover_all": down}
        self._moment = frozenset(name for name, holds in sensible.items() if holds)
        return self._moment

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """What the footer offers: the actions that make sense now, the most needed first."""
        hidden = self.OF_THE_MOMENT - self._moment
        found = [
            (key, active)
            for key, active in super().active_bindings.items()
            if active.binding.action not in hidden
        ]
        return dict(sorted(found, key=lambda pair: self._footer.get(pair[1].binding.action, 99)))

    # --- painting ------------------------------------------------------------------------

    def show(self, view: ClusterView, verdict: Verdict, notes: list[str]) -> None:
        """Paint everything that can be seen."""
        self._shown = (view, verdict, notes)
        self.query_one(AppHeader).show(view)
        self.query_one(NodeBar).show(view, self.node_in_focus)
        for table in self._panes.values():
            if table.is_on_screen or table.size:
                table.show(view)
        for tabs in self._tabs:
            tabs.show(self._active)
        self.query_one(StatusLine).show(view, verdict, notes)
        self.query_one(WaitingLine).show(view)
        self._title_panes(view)

    def _title_panes(self, view: ClusterView) -> None:
        node = self.query_one(NodeTable)
        filtered = self.query_one(MessageLog).filter
        log = _title_of_log(view, filtered, self._filter_hint)
        titles = {**PANES, "node": _title_of(view, self.node_in_focus), "log": log}
        cut = view.faults.get("groups") or view.faults.get("cuts")
        words = {"node": node.counters(), "log": "partitioned" if cut else ""}
        for name, pane in self._panes.items():
            staying = "" if pane.follow else "not following (o)"
            said = "  ".join(word for word in (words.get(name, ""), staying) if word)
            pane.entitle(titles[name], said)

    def forget_painted(self) -> None:
        """Let every table be painted anew: time may have gone backwards."""
        for table in self._panes.values():
            table.forget_painted()

    def _show_again(self) -> None:
        if self._shown is not None and self.is_whole:
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
        if too_small != self.is_too_small:
            self.refresh_bindings()
        self.set_class(too_small, "-too-small")
        self.set_class(small, "-small")
        self.set_class(width >= 160, "-wide")
        self.query_one(NodeBar).fit_into(event.size, small=small)
        self._lay_out()
        text = f"The terminal is {width}x{height}.\npaxos-tui needs {LEAST[0]}x{LEAST[1]}."
        self.query_one("#too-small", Static).update(text)

    def _lay_out(self) -> None:
        """Show one pane where there is room for no more, or where the person wants it."""
        self.set_class(self.has_class("-small") or self.has_class("-zoomed"), "-one")
        self._mark_active(self._active)
        self.call_after_refresh(self._take_up)

    def _take_up(self) -> None:
        """Go on where one was: what cannot be seen for a while loses the focus."""
        if self.focused is None and not self.is_too_small and self._panes:
            self.pane().focus()
        self._show_again()

    # --- moving between panes ------------------------------------------------------------

    def action_pane(self, step: int) -> None:
        """Go to the next or previous pane."""
        names = list(PANES)
        self._activate(names[(names.index(self._active) + step) % len(names)])

    def _activate(self, name: str) -> None:
        self._mark_active(name)
        self.pane().focus()
        self.call_after_refresh(self._show_again)

    def _mark_active(self, name: str) -> None:
        """Make a pane the one in use, with the column and the place that it is in."""
        self._active = name
        for other, pane in self._panes.items():
            pane.set_class(other == name, "-active")
            if name in LOWER and other in LOWER:
                pane.set_class(other == name, "-front")
        for holder, held in self._holders.items():
            # Columns come and go only where there is one pane: to style them anew costs a frame.
            if holder.id == "lower" or self.has_class("-one"):
                holder.set_class(name in held, "-active")
        for tabs in self._tabs:
            tabs.show(name)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Remember which pane is in use, however it was chosen."""
        name = event.widget.id
        if name in PANES and name != self._active:
            self._mark_active(name)

    @on(PaneTabs.Picked)
    def _pick(self, event: PaneTabs.Picked) -> None:
        self._activate(event.name)

    @on(NodeCard.Chosen)
    def _choose(self, event: NodeCard.Chosen) -> None:
        self.look_at(event.node)

    def pane(self) -> LineTable:
        """Return the pane in use."""
        return self._panes[self._active]

    # --- zooming, and the mouse on a pane's frame ------------------------------------------

    @property
    def zoomed(self) -> bool:
        """Whether one pane has all the room because the person wants it."""
        return self.has_class("-zoomed")

    def zoom(self) -> None:
        """Give the pane in use all the room of the panes, or end that."""
        self.toggle_class("-zoomed")
        self._lay_out()

    @on(LineTable.FrameClicked)
    def _frame_clicked(self, event: LineTable.FrameClicked) -> None:
        if event.at_foot:
            if not event.table.follow:
                event.table.action_newest()
        elif isinstance(event.table, MessageLog) and "filter" in event.word:
            self.open_filter()
        else:
            self._mark_active(str(event.table.id))
            self.zoom()

    # --- the filter ----------------------------------------------------------------------

    def open_filter(self) -> None:
        """Let the person type a filter; the log follows each letter."""
        field = self.query_one("#filter", Input)
        # Shown and focused at once: a letter typed right after the key must not act as a command.
        field.display = True
        self.set_focus(field)
        if self.has_class("-one"):
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
        if self.zoomed and not self.query_one("#filter").display:
            self.zoom()
            return
        self.query_one("#filter", Input).value = ""
        self._close_filter()

    def _close_filter(self) -> None:
        field = self.query_one("#filter", Input)
        if field.display:
            field.display = False
            self.query_one("#log").focus()


def _title_of_log(view: ClusterView, words: str, hint: str) -> str:
    """Return what stands over the messages; that there are none to come, where that is so."""
    if not view.tells_messages:
        return "messages: not told at this trace level"
    return f"messages, filter: {words}" if words else f"messages  {hint}"


def _title_of(view: ClusterView, name: str) -> str:
    """Return the title of the node pane: which node, its port, what waits for it, what ails it."""
    node = view.nodes.get(name)
    if node is None:
        return f"node {name}"
    port = f"  port {node.port}" if node.port else ""  # a simulated node has none
    title = f"node {name}{port}  wait {node.backlog}"
    if node.status != "up":
        title += f"  {node.standing}"
    if node.status_reason and node.status in ("up", "broken"):
        title += f": {visible(node.status_reason, 80)}"
    return title
