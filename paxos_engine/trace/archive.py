"""Older history, read back from a recording when somebody looks at it.

The screen keeps the last instances in memory. What is older lies in the recording, if there is
one: the recorder notes where, a block of instances at a time, and a block is folded when asked.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Final

from paxos_engine.roles.events import AcceptedValue, Entry, Header, Learned, Proposed, Synced
from paxos_engine.trace.jsonform import TraceFormatError, from_line
from paxos_engine.trace.matrix import Matrix

BLOCK: Final = 256
"""Instances that are read back together."""

REGION_AT_MOST: Final = 8 << 20
"""Bytes of the recording that are read for one block: a vote that comes minutes later is left out
rather than all that was recorded in between read."""

READ_ON: Final = 64 << 10
"""Bytes read behind a block's last line: the syncs that cover its votes follow soon."""

BLOCKS_KEPT: Final = 16

_WANTED: Final = tuple(
    f'"event": "{event.name}"'.encode() for event in (AcceptedValue, Proposed, Learned, Synced)
)


class Archive:
    """Where each block of instances lies in a recording, and what it says.

    One thread notes while another asks: a region is one tuple, replaced as a whole.

    Args:
        path: the recording, not compressed.
        header: the shape of the cluster.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self._path = path
        self._header = header
        self._regions: dict[int, tuple[int, int]] = {}
        self._folded: OrderedDict[int, tuple[tuple[int, int], Matrix]] = OrderedDict()

    def note(self, entry: Entry, start: int, end: int) -> None:
        """Note that the line of `entry` lies at the bytes `start` to `end`."""
        match entry.event:
            case AcceptedValue(instance=instance) | Proposed(instance=instance):
                pass
            case Learned(instance=instance, source="votes" | "decision"):
                pass
            case _:
                return
        block = instance // BLOCK
        first, _ = self._regions.get(block, (start, end))
        if end - first <= REGION_AT_MOST:
            self._regions[block] = (first, end)

    def block_of(self, instance: int) -> Matrix | None:
        """Return the rows around `instance` as they were recorded; None if there are none."""
        block = instance // BLOCK
        region = self._regions.get(block)
        if region is None:
            return None
        known = self._folded.get(block)
        if known is None or known[0] != region:
            try:
                known = self._folded[block] = (region, self._fold(block, region))
            except OSError:  # the file was taken away: nothing is known, as without a recording
                return None
        self._folded.move_to_end(block)
        if len(self._folded) > BLOCKS_KEPT:
            self._folded.popitem(last=False)
        return known[1]

    def _fold(self, block: int, region: tuple[int, int]) -> Matrix:
        start, end = region
        with self._path.open("rb") as file:
            file.seek(start)
            lines = file.read(end - start + READ_ON).split(b"\n")
        matrix = Matrix()
        header = self._header
        matrix.begin((*header.leaders, *header.acceptors), header.quorum[1])
        for line in lines:
            if any(word in line for word in _WANTED):
                try:
                    entry = from_line(line)
                except TraceFormatError:
                    continue  # the line in which the reading ended
                _take(matrix, entry, block)
        return matrix


def _take(matrix: Matrix, entry: Entry, block: int) -> None:
    match entry.event:
        case Synced(mark=mark):
            matrix.synced(entry.node, mark)
        case AcceptedValue(instance=instance) as vote if instance // BLOCK == block:
            matrix.accepted(entry.node, vote)
        case Proposed(instance=instance) as proposed if instance // BLOCK == block:
            matrix.proposed(entry.node, proposed)
        case Learned(instance=instance) as learned if instance // BLOCK == block:
            matrix.learned(entry.node, learned)
