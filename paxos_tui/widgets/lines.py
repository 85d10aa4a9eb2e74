"""The header, the status line and the tabs: single lines that say how things stand."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.message import Message

from paxos_engine import ClusterView, why_kept, why_pending
from paxos_tui.feed import Verdict
from paxos_tui.text import visible
from paxos_tui.widgets.paint import Painter


class Line(Painter):
    """Base: parts with a paint each, painted again only when they change."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._parts: list[tuple[str, str]] = []

    def say(self, parts: list[tuple[str, str]]) -> None:
        """Show `parts`: (text, paint)."""
        if parts != self._parts:
            self._parts = parts
            self.refresh()

    def render(self) -> Text:
        """Return the parts as text, never as markup."""
        text = Text(no_wrap=True, overflow="ellipsis")
        for content, paint in self._parts:
            text.append(content, self.paint(paint))
        return text


class AppHeader(Line):
    """What runs: the shape of the cluster, its mode and seed."""

    def show(self, view: ClusterView) -> None:
        """Paint what the trace's header says."""
        header = view.header
        if header is None:
            return
        shape = (
            f"  {len(header.leaders)} leaders, {len(header.acceptors)} acceptors,"
            f" quorum {header.quorum[1]}, {header.mode}, seed {header.seed}"
        )
        self.say([("paxos-tui", "primary"), (shape, "plain"), (f"   {view.now:.0f} s", "dim")])


WORDY = 110
"""Columns from which on the status line says how much is behind "safe"."""


class StatusLine(Line):
    """Two lines: what is agreed and by whom; what waits, and why."""

    def show(self, view: ClusterView, verdict: Verdict, notes: list[str]) -> None:
        """Paint the state of the whole.

        Args:
            view: the fold.
            verdict: what the checker says.
            notes: further words: paused, workload, filter.
        """
        safe = verdict.say(briefly=self.size.width < WORDY)
        primaries = view.primaries
        who = "primary " + " and ".join(primaries) if primaries else "no primary"
        faulty = view.fault_text != "calm"
        first = [
            (f"{who}  ", "primary" if len(primaries) == 1 else "fault"),
            (f"{safe}  ", "up" if verdict.is_good else "fault"),
            (f"{'! ' if faulty else ''}network {view.fault_text}  ", "fault" if faulty else "dim"),
            *((f"{note}  ", "fault") for note in notes),
        ]
        if why_kept(view):
            first.append((f"! {why_kept(view)}  ", "fault"))
        if view.scope:
            first.append((f"{view.scope}  ", "dim"))
        if view.skipped:
            first.append((f"{view.skipped} events skipped on screen", "dim"))
        self.say([*first, ("\n", "plain"), *self._second(view)])

    def _second(self, view: ClusterView) -> list[tuple[str, str]]:
        parts: list[tuple[str, str]] = []
        if view.pending:
            oldest = next(iter(view.pending.values()))
            count = len(view.pending)
            value = visible(oldest.value, 24)
            parts += [
                (f"! {count} pending", "fault"),
                (f" (oldest {value}, {view.now - oldest.since:.1f} s): ", "plain"),
                (f"{why_pending(view)}  ", "fault"),
            ]
        parts.append((f"answered {view.answered}  retried {view.retried}", "dim"))
        if view.answers:
            last = view.answers[-1]
            took = f"{last.seconds * 1000:.0f} ms"
            said = f"  last: #{last.sequence} chosen in {last.instance} after {took}"
            parts.append((said, "chosen"))
        return parts


class PaneTabs(Line):
    """The names of the panes where only one fits; a click chooses."""

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, position: int) -> None:
            super().__init__()
            self.position = position

    def __init__(self, names: list[str], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._names = names

    def show(self, active: int) -> None:
        """Paint the tabs, the active one in brackets."""
        parts = []
        for position, name in enumerate(self._names):
            here = position == active
            parts.append((f"[{name}]" if here else f" {name} ", "primary" if here else "dim"))
        self.say([*parts, ("  tab: next", "dim")])

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the mouse."""
        left = 1
        for position, name in enumerate(self._names):
            if left <= event.x < left + len(name) + 2:
                self.post_message(self.Picked(position))
            left += len(name) + 2
