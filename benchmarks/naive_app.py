"""The live view that one writes first: all that is on the screen, anew, ten times a second."""

from __future__ import annotations

import itertools
from typing import Final

from textual.app import App, ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import DataTable, Footer, Header, Input, Static

READY: Final = "naive application"

NODES: Final = ("A1", "A2", "A3", "A4", "A5", "L1", "L2")
SHOWN: Final = 50
"""Lines of each pane that can be scrolled: more than are seen, and no more than can be painted in
time, for an application that falls ever further behind would be easy to surpass."""

EVERY: Final = 0.1
"""Seconds from one repainting to the next."""


class NaiveApp(App[None]):
    """As much on the screen as the console has, with no thought of what has changed."""

    CSS = """
    Horizontal { height: 1fr; }
    Horizontal > * { width: 1fr; }
    #nodes { height: 9; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._turn = itertools.count(1)

    def compose(self) -> ComposeResult:
        """Return the widgets."""
        yield Header()
        yield Static(READY, id="status")
        yield DataTable[str](id="nodes")
        with Horizontal():
            yield DataTable[str](id="instances")
            with VerticalScroll():
                yield Static(id="messages")
        with Horizontal():
            with VerticalScroll():
                yield Static(id="heartbeats")
            with VerticalScroll():
                yield Static(id="answers")
        yield Input()
        yield Footer()

    def on_mount(self) -> None:
        """Begin."""
        self.query_one("#nodes", DataTable).add_columns("node", "phase", "promised", "applied")
        self.query_one("#instances", DataTable).add_columns("slot", "value", *NODES)
        self.query_one(Input).focus()
        self.repainting = self.set_interval(EVERY, self._show)

    def _show(self) -> None:
        """Show everything as it is now."""
        now = next(self._turn)
        instances = range(now + SHOWN, now, -1)
        self.query_one("#status", Static).update(f"{READY}, [b]{now}[/b] times anew")
        nodes = self.query_one("#nodes", DataTable)
        nodes.clear()
        for node in NODES:
            nodes.add_row(node, "leads", f"{now}.1", str(now))
        table = self.query_one("#instances", DataTable)
        table.clear()
        for instance in instances:
            table.add_row(str(instance), f"value-{instance}", *("chosen" for _ in NODES))
        for pane, said in (
            ("#messages", "[green]L1[/green] to A1: accept 1.1"),
            ("#heartbeats", "[cyan]L2[/cyan] hears L1, silent 0.1 s"),
            ("#answers", "[yellow]C1[/yellow] answered in 3 ms"),
        ):
            lines = (f"[dim]{instance}[/dim] {said}" for instance in instances)
            self.query_one(pane, Static).update("\n".join(lines))


if __name__ == "__main__":
    NaiveApp().run()
