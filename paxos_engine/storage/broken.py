"""A disk that cannot be used: it stands in the place of one, and says why."""

from __future__ import annotations

from collections.abc import Sequence

from paxos_engine.roles.effects import Record
from paxos_engine.storage.disk import DiskFailure, StorageError


class BrokenDisk:
    """What a node gets whose directory is damaged, missing, foreign or wiped: it stays down.

    Args:
        reason: why, in one line.
    """

    kind = "disk"
    mark = 0
    held = 0
    wiped = False

    def __init__(self, reason: str) -> None:
        self.refusal = reason

    @property
    def pending(self) -> Sequence[Record]:
        """Nothing: it takes no records."""
        return ()

    def append(self, records: Sequence[Record]) -> None:
        """Refuse. Raises DiskFailure."""
        raise DiskFailure(self.refusal)

    def sync(self) -> int:
        """Refuse. Raises DiskFailure."""
        raise DiskFailure(self.refusal)

    def replace(self, records: Sequence[Record]) -> None:
        """Refuse. Raises DiskFailure."""
        raise DiskFailure(self.refusal)

    def records(self) -> list[Record]:
        """Refuse: what it holds cannot be known. Raises StorageError."""
        raise StorageError(self.refusal)

    def power_cut(self) -> None:
        """Do nothing: nothing is pending."""

    def wipe(self) -> None:
        """Refuse. Raises DiskFailure."""
        raise DiskFailure(self.refusal)

    def renew(self) -> None:
        """Refuse. Raises DiskFailure."""
        raise DiskFailure(self.refusal)

    def close(self) -> None:
        """Do nothing: nothing is open."""
