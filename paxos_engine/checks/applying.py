"""The entries by which a leader applies an instance, put together: one for each command."""

from __future__ import annotations

from typing import TypeAlias

from paxos_engine.roles.events import Applied, Entry

Row: TypeAlias = tuple[int, Applied]
"""What applying one command did, with the `seq` of the entry that says so."""


class WholeInstances:
    """Waits, leader by leader, for the last entry of an instance of several commands.

    What other leaders say comes in between, so that half of an instance is nothing to compare.

    Bound: the rows of one instance for each leader.
    """

    def __init__(self) -> None:
        self._begun: dict[str, list[Row]] = {}

    def take(self, entry: Entry, event: Applied) -> list[Row]:
        """Return the rows of the instance if `event` is its last; nothing before."""
        row = (entry.seq, event)
        if event.more:
            self._begun.setdefault(entry.node, []).append(row)
            return []
        return [*self._begun.pop(entry.node, ()), row]

    def forget(self, node: str) -> None:
        """Forget what a leader had begun: it has lost its memory."""
        self._begun.pop(node, None)
