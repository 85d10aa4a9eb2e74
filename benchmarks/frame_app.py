"""The console over made-up events, without a cluster beside it: what a frame costs the screen.

python -m benchmarks.frame_app HOW INSTANCES EVENTS FILE

HOW is "changed" (as the console paints) or "everything" (all panes anew at each frame); INSTANCES
is how many there are before the first frame, and EVENTS how many come with each. The figures go to
FILE as JSON.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from paxos_engine import ClusterView, Command, Entry, Event, Header, ProposalNumber, Violation
from paxos_engine.roles import events as ev
from paxos_engine.roles.messages import Accept
from paxos_tui.app import PaxosApp
from paxos_tui.feed import Verdict
from paxos_tui.widgets.line_table import LineTable

FRAMES: Final = 20
ACCEPTORS: Final = ("A1", "A2", "A3", "A4", "A5")
LEADERS: Final = ("L1", "L2", "L3")
NUMBER: Final = ProposalNumber(1, 3)
KEPT: Final = 2_000
"""Instances that are made for the view to keep; of those before it knows that they were."""


def history(first: int) -> Iterator[Entry]:
    """Yield what happens from an instance on, some twenty events for each."""
    seq = itertools.count(1)
    for instance in itertools.count(first):
        command = Command("C1", instance, f"value-{instance}")
        for node, event in _one_instance(instance, command):
            yield Entry(next(seq), instance / 400, node, event)


def _one_instance(instance: int, command: Command) -> Iterator[tuple[str, Event]]:
    yield "C1", ev.Submitted("C1", instance, command)
    yield "L3", ev.Proposed(instance, NUMBER, command, ())
    for node in ACCEPTORS:
        message = f"L3.{instance}.{node}"
        yield "L3", ev.Sent(message, node, Accept(NUMBER, instance, command, instance - 1), 0)
        yield node, ev.Delivered(message, "L3")
        yield node, ev.AcceptedValue(instance, NUMBER, command, instance)
        yield node, ev.Synced(instance, 1, 100, "memory")
    for node in LEADERS:
        yield node, ev.Learned(instance, NUMBER, command, "votes", ACCEPTORS[:3])


class MadeUp:
    """A feed that brings so many events at each frame."""

    behind = 0.0

    def __init__(self, instances: int, events: int) -> None:
        self._instances = instances
        self._events = events
        self._history = history(max(1, instances - KEPT))
        self.begun = False

    def new_view(self) -> ClusterView:
        """Return the view at the first frame."""
        view = ClusterView()
        header = Header(ACCEPTORS, LEADERS, (3, 3), "multi", 1, {"profile": "calm"})
        view.apply(Entry(0, 0.0, "cluster", header))
        while view.highest_instance < self._instances:
            view.apply(next(self._history))
        return view

    def pump(self, view: ClusterView, seconds: float) -> None:
        """Fold what comes with one frame; where nothing comes, a quarter of a second passes."""
        if not self.begun:
            return
        view.apply_all(itertools.islice(self._history, self._events))
        view.advance(view.now + 0.25)

    @property
    def verdict(self) -> Verdict:
        """Nothing is checked."""
        return Verdict()

    def explain(self, violation: Violation) -> list[str]:
        """Nothing is broken."""
        return []


class FrameApp(PaxosApp):
    """Paints so many frames one after the other, looks at a table, and ends."""

    def __init__(self, feed: MadeUp, everything: bool, report: Path) -> None:
        super().__init__(feed=feed, fps=0)
        self._made_up = feed
        self._everything = everything
        self._report = report

    def on_mount(self) -> None:
        """Begin."""
        super().on_mount()
        self.run_worker(self._measure())

    async def _measure(self) -> None:
        began = time.thread_time()
        self.frame()
        await self._painted()
        first = time.thread_time() - began
        await asyncio.sleep(0.5)  # the cards are made and laid out after the first frame
        frames = await self._frames()
        pages = await self._pages()
        figures = {"ms a frame": frames, "ms a page": pages, "ms first frame": first}
        text = json.dumps({name: seconds * 1e3 for name, seconds in figures.items()})
        self._report.write_text(text, encoding="utf-8")
        self.exit()

    async def _frames(self) -> float:
        """Return the CPU seconds of the thread of the screen for a frame: folding, painting."""
        self._made_up.begun = True
        took = []
        for _ in range(FRAMES):
            began = time.thread_time()
            self.frame()
            if self._everything:
                for widget in self.main.query("*"):
                    widget.refresh()
            await self._painted()
            took.append(time.thread_time() - began)
        self._made_up.begun = False
        return statistics.median(took)

    async def _pages(self) -> float:
        """Return the CPU seconds of going down a page in the matrix."""
        matrix = self.main.query_one("#matrix", LineTable)
        took = []
        for _ in range(FRAMES):
            began = time.thread_time()
            matrix.action_page(1)
            await self._painted()
            took.append(time.thread_time() - began)
        return statistics.median(took)

    async def _painted(self) -> None:
        """Wait until what is due is on the terminal."""
        done = asyncio.Event()
        self.call_after_refresh(done.set)
        await done.wait()


def main(how: str, instances: str, events: str, report: str) -> None:
    """Run."""
    FrameApp(MadeUp(int(instances), int(events)), how == "everything", Path(report)).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
