"""The header and the two lines at the foot: how things stand, and what waits."""

from __future__ import annotations

from rich.text import Text

from paxos_engine import ClusterView, why_kept, why_pending
from paxos_tui.answers import answer_text
from paxos_tui.feed import Verdict
from paxos_tui.text import counted, visible
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

    title = "paxos-tui"

    def show(self, view: ClusterView) -> None:
        """Paint what the trace's header says."""
        header = view.header
        if header is None:
            return
        shape = (
            f"  {counted(len(header.leaders), 'leader')},"
            f" {counted(len(header.acceptors), 'acceptor')},"
            f" quorum {header.quorum[1]}, {header.mode}, seed {header.seed}"
        )
        self.say([(self.title, "primary"), (shape, "plain"), (f"   {view.now:.0f} s", "dim")])


WORDY = 110
"""Columns from which on the status line says how much is behind "safe"."""


class StatusLine(Line):
    """What is agreed, and by whom; what is switched on."""

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
            *((f"{note}  ", "fault") for note in notes),
            (f"{'! ' if faulty else ''}network {view.fault_text}  ", "fault" if faulty else "dim"),
        ]
        if why_kept(view):
            first.append((f"! {why_kept(view)}  ", "fault"))
        if view.written_off:
            first.append((f"written off: {', '.join(view.written_off)}  ", "fault"))
        if view.scope:
            first.append((f"{view.scope}  ", "dim"))
        if view.skipped:
            first.append((f"{counted(view.skipped, 'event')} skipped on screen", "dim"))
        self.say(first)


class WaitingLine(Line):
    """What waits, and why; what is broken; what came of the last command."""

    def show(self, view: ClusterView) -> None:
        """Paint it, the reason before everything that may be long."""
        self.say([*_pending(view), *_broken(view), *_answers(view)])


def _pending(view: ClusterView) -> list[tuple[str, str]]:
    if not view.pending:
        return []
    oldest = next(iter(view.pending.values()))
    waited = f"{view.now - oldest.since:.1f} s"
    return [
        (f"! {len(view.pending)} pending: {why_pending(view)}", "fault"),
        (f" (oldest {waited}: {visible(oldest.value, 24)})  ", "plain"),
    ]


def _broken(view: ClusterView) -> list[tuple[str, str]]:
    return [
        (f"! {node.name} broken: {visible(node.status_reason, 60)}  ", "fault")
        for node in view.nodes.values()
        if node.status == "broken"
    ]


def _answers(view: ClusterView) -> list[tuple[str, str]]:
    parts = [(f"answered {view.answered}  retried {view.retried}  ", "dim")]
    if view.unknown:
        parts.append((f"outcome unknown {view.unknown}  ", "fault"))
    if view.answers:
        last = view.answers[-1]
        said = f"last: {answer_text(last.value, last.outcome, last.result)}"
        if last.outcome != "chosen":
            parts.append((said, "fault"))
        else:
            parts.append((f"{said} (in {last.instance}, {last.seconds * 1000:.0f} ms)", "chosen"))
    return parts
