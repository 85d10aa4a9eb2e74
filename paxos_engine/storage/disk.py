"""What the cluster needs of storage, whatever it is made of, and how storage fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from paxos_engine.roles.effects import Record

EMPTY_NOTE: Final = "UNSAFE: an empty disk under a known id, by --allow-empty-disk"
"""What the trace says of a node that may have voted before and has forgotten it."""


class StorageError(Exception):
    """A disk that cannot be used; its text is one line: what is wrong, where, and what to do."""


class InUse(StorageError):
    """Another process works on the same directory."""


class DamagedLog(StorageError):
    """Records on disk are damaged: to vote without them could break agreement."""


class DiskFailure(StorageError):
    """A write or a sync failed; this log is never written again by this process.

    After a failed sync nobody knows what reached the device, and a second one that succeeds would
    vouch for pages that the system has thrown away.
    """


class Disk(Protocol):
    """Where one node keeps its records.

    `append` takes records in order, `sync` makes all of them durable, `records` returns what is
    durable, as a restart reads it. `mark` counts the durable records that the node ever wrote.
    `wiped` says that everything was lost, `refusal` why this disk takes nothing more.
    """

    kind: str
    mark: int
    wiped: bool
    refusal: str

    @property
    def pending(self) -> Sequence[Record]:
        """What was appended and is not durable yet."""

    @property
    def held(self) -> int:
        """How many durable records it holds now."""

    def append(self, records: Sequence[Record]) -> None:
        """Add records behind those before; they are not durable yet."""

    def sync(self) -> int:
        """Make everything appended durable; return the bytes written. Raises DiskFailure."""

    def replace(self, records: Sequence[Record]) -> None:
        """Keep `records` in place of everything so far: they restore the same state."""

    def records(self) -> list[Record]:
        """Return the durable records, oldest first."""

    def power_cut(self) -> None:
        """Lose what was not synced."""

    def wipe(self) -> None:
        """Lose everything. Raises DiskFailure if it cannot be removed."""

    def renew(self) -> None:
        """Begin anew, empty, after a wipe: unsafe, since what was told is forgotten.

        Raises DiskFailure.
        """

    def close(self) -> None:
        """Leave it in order: sealed, and free for another process."""
