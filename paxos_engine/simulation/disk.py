"""A simulated disk: it knows what is synced, and can be torn, flipped, wiped or made to fail.

Records are kept as they are; only where the medium is damaged is the real log file built, damaged
and read back, so that the very code of `storage.logfile` decides what the damage means.
"""

from __future__ import annotations

from collections.abc import Sequence

from paxos_engine.roles.effects import Record
from paxos_engine.storage.disk import DiskFailure
from paxos_engine.storage.logfile import FileHeader, pack_batch, read_log
from paxos_engine.storage.recordform import pack, unpack


class SimulatedDisk:
    """The disk of one simulated node.

    Args:
        node: whose it is.
    """

    kind = "simulated"

    def __init__(self, node: str) -> None:
        self.mark = 0
        self.wiped = False
        self.refusal = ""
        self._node = node
        self._checkpoint: list[Record] = []
        self._batches: list[list[Record]] = []
        self._pending: list[Record] = []
        self._damaged: bytes | None = None  # the log file as a restart will find it
        self._torn = False

    @property
    def pending(self) -> Sequence[Record]:
        """What was appended and is not durable yet."""
        return self._pending

    @property
    def held(self) -> int:
        """How many durable records it holds now."""
        return len(self._checkpoint) + sum(len(batch) for batch in self._batches)

    @property
    def durable(self) -> list[Record]:
        """What is durable, oldest first, whether or not a restart could read it."""
        return [*self._checkpoint, *(record for batch in self._batches for record in batch)]

    @property
    def is_damaged(self) -> bool:
        """Whether a restart may find more than a torn tail."""
        return self._damaged is not None and not self._torn

    def append(self, records: Sequence[Record]) -> None:
        """Add records behind those before; they are not durable yet."""
        self._pending.extend(records)

    def sync(self) -> int:
        """Make everything appended durable; return how many bytes that would be, one a record.

        Raises:
            DiskFailure: `fail` was called.
        """
        if self.refusal:
            raise DiskFailure(self.refusal)
        count = len(self._pending)
        if count:
            self._batches.append(self._pending)
            self.mark += count
            self._pending = []
        return count

    def replace(self, records: Sequence[Record]) -> None:
        """Keep `records` in place of everything so far."""
        self.sync()
        self._checkpoint, self._batches = list(records), []

    def records(self) -> list[Record]:
        """Return the durable records, oldest first, as a restart reads them.

        Raises:
            DamagedLog: the log is damaged, and its loss not provably harmless.
        """
        if self._damaged is None:
            return self.durable
        contents = read_log(self._damaged, f"log of {self._node}")
        self._damaged = None  # a torn tail is cut off when the log is opened
        return [unpack(body) for body in contents.bodies]

    def power_cut(self) -> None:
        """Lose what was not synced."""
        self._pending = []

    def wipe(self) -> None:
        """Lose everything."""
        self._checkpoint, self._batches, self._pending = [], [], []
        self.wiped = True
        self.refusal = f"the disk of {self._node} was wiped"

    def renew(self) -> None:
        """Begin anew, empty, after a wipe."""
        self.wiped, self.refusal = False, ""

    def close(self) -> None:
        """Do nothing: it ends with the world."""

    # --- what only a simulated disk can suffer -------------------------------------------

    def tear(self, part: float) -> None:
        """Lose the power in the middle of a write: `part` (0 to 1) of the batch gets to the disk.

        The last byte never does, or it would have been no torn write.
        """
        batch = pack_batch([pack(r) for r in self._pending], *self._position())
        self._damaged = self._image() + batch[: int(part * max(0, len(batch) - 1))]
        self._pending, self._torn = [], True

    def flip(self, part: float, bit: int) -> None:
        """Flip one bit at `part` (0 to 1) of what is durable, as rot does."""
        image = bytearray(self._image())
        image[min(len(image) - 1, int(part * len(image)))] ^= 1 << bit
        self._damaged, self._torn = bytes(image), False

    def fail(self) -> None:
        """Let every write from now on fail."""
        self.refusal = f"write failed on the log of {self._node}: Input/output error"

    def _image(self) -> bytes:
        mark = self.mark - sum(len(batch) for batch in self._batches)
        header = FileHeader("simulated", self._node, mark, len(self._checkpoint)).pack()
        batches = [*([self._checkpoint] if self._checkpoint else []), *self._batches]
        parts, frames = [header], 0
        for number, batch in enumerate(batches, 1):
            parts.append(pack_batch([pack(record) for record in batch], frames, number))
            frames += len(batch)
        return b"".join(parts)

    def _position(self) -> tuple[int, int]:
        """Return how many frames come before the next batch, and its number."""
        frames = len(self._checkpoint) + sum(len(batch) for batch in self._batches)
        return frames, len(self._batches) + bool(self._checkpoint) + 1
