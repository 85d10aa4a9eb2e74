"""A disk that is memory: it outlives a node's crash, not the process."""

from __future__ import annotations

from collections.abc import Sequence

from paxos_engine.roles.effects import Record


class MemoryDisk:
    """A disk object in memory, owned by the cluster: it "syncs" at once and says so."""

    kind = "memory"

    def __init__(self) -> None:
        self.mark = 0
        self.wiped = False
        self.refusal = ""
        self._durable: list[Record] = []
        self._pending: list[Record] = []

    @property
    def pending(self) -> Sequence[Record]:
        """What was appended and is not durable yet."""
        return self._pending

    @property
    def held(self) -> int:
        """How many durable records it holds now."""
        return len(self._durable)

    def append(self, records: Sequence[Record]) -> None:
        """Add records behind those before."""
        self._pending.extend(records)

    def sync(self) -> int:
        """Keep what was appended; no bytes are written anywhere."""
        self._durable.extend(self._pending)
        self.mark += len(self._pending)
        self._pending.clear()
        return 0

    def replace(self, records: Sequence[Record]) -> None:
        """Keep `records` in place of everything so far: they restore the same state."""
        self.sync()
        self._durable = list(records)

    def records(self) -> list[Record]:
        """Return the durable records, oldest first."""
        return list(self._durable)

    def power_cut(self) -> None:
        """Lose what was not synced."""
        self._pending.clear()

    def wipe(self) -> None:
        """Lose everything."""
        self._durable.clear()
        self._pending.clear()
        self.wiped = True
        self.refusal = "its disk was wiped"

    def renew(self) -> None:
        """Begin anew, empty, after a wipe; the mark goes on, as no record has the same twice."""
        self.wiped = False
        self.refusal = ""

    def close(self) -> None:
        """Do nothing: memory needs no seal."""
