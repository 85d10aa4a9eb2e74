"""A disk that is memory: it outlives a node's crash, not the process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from paxos_engine.roles.effects import Record


class Disk(Protocol):
    """Where one node keeps its records.

    `append` takes records in order, `sync` makes all of them durable and returns how many bytes
    that took; `records` returns what is durable, as a restart would read it.
    """

    kind: str

    def append(self, records: Sequence[Record]) -> None:
        """Add records behind those before; they are not durable yet."""

    def sync(self) -> int:
        """Make everything appended durable; return the bytes written since the last sync."""

    def records(self) -> list[Record]:
        """Return the durable records, oldest first."""


class MemoryDisk:
    """A disk object in memory, owned by the cluster: it "syncs" at once and says so."""

    kind = "memory"

    def __init__(self) -> None:
        self._durable: list[Record] = []
        self._pending: list[Record] = []

    def append(self, records: Sequence[Record]) -> None:
        """Add records behind those before."""
        self._pending.extend(records)

    def sync(self) -> int:
        """Keep what was appended; no bytes are written anywhere."""
        self._durable.extend(self._pending)
        self._pending.clear()
        return 0

    def records(self) -> list[Record]:
        """Return the durable records, oldest first."""
        return list(self._durable)
