"""Where the history can be had once it is dropped: how far each leader's durable snapshot goes.

What is dropped has to be held by a majority of the leaders that can still come back. One that is
gone for good holds nothing and never will: to wait for it would be to wait for ever. Only a person
can know that of a leader, so only a person writes one off; silence is no reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from paxos_engine.roles.quorum import covered_by_majority


class Copies:
    """What one leader knows of the snapshots of all.

    Args:
        name: the leader that keeps this, which never writes itself off.
        leaders: all leaders.
    """

    def __init__(self, name: str, leaders: Iterable[str]) -> None:
        self._name = name
        self._reached = dict.fromkeys(leaders, 0)
        self._written_off: frozenset[str] = frozenset()

    def know(self, leader: str, snapshot: int) -> None:
        """Note how far a leader's durable snapshot goes; of one that is written off, nothing."""
        if leader in self._reached and leader not in self._written_off:
            self._reached[leader] = max(snapshot, self._reached[leader])

    def write_off(self, leaders: Iterable[str]) -> None:
        """Wait for these leaders no more, and again for every other one."""
        self._written_off = frozenset(leaders) - {self._name}
        self._reached |= dict.fromkeys(self._written_off, 0)

    @property
    def covered(self) -> int:
        """How far the snapshots of a majority go, of all leaders that are not written off."""
        counted = self._reached.keys() - self._written_off
        return covered_by_majority(self._reached[leader] for leader in counted)
