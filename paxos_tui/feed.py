"""Where the console's events come from: a running cluster, or a trace that is over.

The cluster's stream comes through one bounded ring for all nodes, and not one for each: its order
across nodes is what the panes and the checker rest on, and would have to be made again by a merge.
It holds the entries as they were said, which all readers share, so that a ring takes a pointer for
each; columns would copy them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from paxos_engine import (
    Cluster,
    ClusterView,
    Entry,
    Header,
    SafetyChecker,
    Violation,
    explain,
)
from paxos_tui.text import counted

RING: Final = 400_000
"""Entries kept for the screen; when it falls further behind, it skips and says how many."""

CHUNK: Final = 250
"""Entries folded between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checker says of what has been seen so far.

    Args:
        agreed: instances in which it has seen one value chosen.
        events: how many events it has looked at.
        unchecked: why it cannot say "safe"; empty if it can.
        broken: the first violation, if there was one.
        rules: how many it watches; not all where the trace has no messages.
    """

    agreed: int = 0
    events: int = 0
    unchecked: str = ""
    broken: Violation | None = None
    rules: int = len(SafetyChecker.INVARIANTS)

    @property
    def is_good(self) -> bool:
        """Whether everything was seen, and nothing was wrong."""
        return self.broken is None and not self.unchecked

    def say(self, *, briefly: bool) -> str:
        """Return it as words for the status line."""
        if self.broken is not None:
            return f"NOT SAFE: {self.broken.rule}"
        if self.unchecked:
            return f"not checked: {self.unchecked}"
        if briefly:
            return f"safe: {counted(self.agreed, 'instance', 'agree')}"
        over = f"{watched(self.rules)} over {counted(self.events, 'event')}"
        return f"safe: {over}, {counted(self.agreed, 'instance', 'agree')}"


def watched(rules: int) -> str:
    """Return how many rules are watched, and of how many where it is not all."""
    every = len(SafetyChecker.INVARIANTS)
    return counted(every, "invariant") if rules == every else f"{rules} of {every} invariants"


class Feed(Protocol):
    """What the console needs of a source of events."""

    def new_view(self) -> ClusterView:
        """Return an empty view, for what this source tells."""

    def pump(self, view: ClusterView, seconds: float) -> None:
        """Fold what has come into `view`, for at most `seconds`."""

    @property
    def verdict(self) -> Verdict:
        """What the checker says of it."""

    @property
    def behind(self) -> float:
        """How many seconds the view is behind what happens; 0 when it has seen everything."""

    def explain(self, violation: Violation) -> list[str]:
        """Return a violation in plain words, with the events that show it."""


class LiveFeed:
    """The trace of a running cluster, drained at frame rate.

    Args:
        cluster: not started yet, so that nothing is missed.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._reader = cluster.trace.reader(limit=RING)
        self.behind = 0.0

    def new_view(self) -> ClusterView:
        """Return a view that finds older history in the recording."""
        return self._cluster.new_view()

    def pump(self, view: ClusterView, seconds: float) -> None:
        """Fold what has come into `view`; what is left after `seconds` waits for the next frame."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            entries = self._reader.drain(CHUNK)
            view.apply_all(entries)
            if len(entries) < CHUNK:
                self.behind = 0.0
                view.advance(self._cluster.now)
                return
        # Time stands still for what has not been told yet: "since" must not count what is unseen.
        self.behind = self._cluster.now - view.now

    @property
    def verdict(self) -> Verdict:
        """What the cluster's own checker says."""
        cluster = self._cluster
        events, unchecked = cluster.checked_events, cluster.checked
        rules = len(cluster.checked_rules)
        return Verdict(cluster.agreed, events, unchecked, cluster.violation, rules)

    def explain(self, violation: Violation) -> list[str]:
        """Return a violation in plain words, with the events that show it."""
        return self._cluster.explanation or explain(violation, ())


class FrozenFeed:
    """A trace that is over: all of it at once, no thread and no clock.

    Args:
        entries: what happened, in order.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = list(entries)
        self._checker: SafetyChecker | None = None
        self.behind = 0.0

    def new_view(self) -> ClusterView:
        """Return an empty view."""
        return ClusterView()

    def pump(self, view: ClusterView, seconds: float) -> None:
        """Fold everything into `view`, and check it."""
        view.apply_all(self._entries)
        for entry in self._entries:
            if isinstance(entry.event, Header):
                self._checker = SafetyChecker.of(entry.event)
            if self._checker is not None:
                self._checker.observe(entry)
        self._entries.clear()

    @property
    def verdict(self) -> Verdict:
        """What the checks say of the trace, as far as it was shown."""
        checker = self._checker
        if checker is None:
            return Verdict(unchecked="no header")
        said = (checker.agreed, checker.events, checker.unchecked, checker.violation)
        return Verdict(*said, len(checker.rules))

    def explain(self, violation: Violation) -> list[str]:
        """Return a violation in plain words, with the events that show it."""
        if self._checker is None:
            return explain(violation, ())
        return self._checker.explanation or explain(violation, self._checker.recent)
