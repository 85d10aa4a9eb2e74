"""Where the console's events come from: a running cluster, or a trace that is over."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, Protocol

from paxos_engine import Cluster, ClusterView, Entry

RING: Final = 400_000
"""Entries kept for the screen; when it falls further behind, it skips and says how many."""

CHUNK: Final = 1_000


class Feed(Protocol):
    """What the console needs of a source of events."""

    def new_view(self) -> ClusterView:
        """Return an empty view, for what this source tells."""

    def pump(self, view: ClusterView, seconds: float) -> None:
        """Fold what has come into `view`, for at most `seconds`."""

    @property
    def agreed(self) -> int:
        """How many instances the checker has seen agree."""

    @property
    def unchecked(self) -> str:
        """Why the checker cannot say "safe"; empty if it can."""


class LiveFeed:
    """The trace of a running cluster, drained at frame rate.

    Args:
        cluster: not started yet, so that nothing is missed.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._reader = cluster.trace.reader(limit=RING)

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
                break
        view.advance(self._cluster.now)

    @property
    def agreed(self) -> int:
        """How many instances the checker has seen agree."""
        return self._cluster.agreed

    @property
    def unchecked(self) -> str:
        """Why the checker cannot say "safe"; empty if it can."""
        return self._cluster.checked


class FrozenFeed:
    """A trace that is over: all of it at once, no thread and no clock.

    Args:
        entries: what happened, in order.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = list(entries)
        self.unchecked = ""
        self.agreed = 0

    def new_view(self) -> ClusterView:
        """Return an empty view."""
        return ClusterView()

    def pump(self, view: ClusterView, seconds: float) -> None:
        """Fold everything into `view`."""
        view.apply_all(self._entries)
        self._entries.clear()
        self.agreed = view.chosen_count
