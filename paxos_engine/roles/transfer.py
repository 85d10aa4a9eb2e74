"""A snapshot on its way from one leader to another, in numbered pieces that can be asked again."""

from __future__ import annotations

from typing import Final

from paxos_engine.roles.log import Snapshot
from paxos_engine.roles.messages import SnapshotChunk, SnapshotRequest

CHUNK_BYTES: Final = 32_000


def chunk(snapshot: Snapshot, request: SnapshotRequest) -> SnapshotChunk:
    """Return the piece that is asked for; of a later snapshot than asked for, the first."""
    same = request.applied == snapshot.applied
    offset = min(request.offset, len(snapshot.body)) if same else 0
    data = snapshot.body[offset : offset + CHUNK_BYTES]
    size = len(snapshot.body)
    return SnapshotChunk(snapshot.applied, snapshot.state, size, snapshot.digest, offset, data)


class SnapshotTransfer:
    """The receiving end: pieces in order, verified as a whole before anything is installed.

    Args:
        first: any piece of the snapshot that is to be fetched.
    """

    def __init__(self, first: SnapshotChunk) -> None:
        self.applied = first.applied
        self._head = (first.applied, first.state, first.size, first.digest)
        self._body = bytearray()

    def is_of(self, piece: SnapshotChunk) -> bool:
        """Say whether a piece is of the snapshot that is being fetched."""
        return (piece.applied, piece.state, piece.size, piece.digest) == self._head

    @property
    def received(self) -> int:
        """How many bytes have come."""
        return len(self._body)

    @property
    def request(self) -> SnapshotRequest:
        """The question for the next piece."""
        return SnapshotRequest(self.applied, len(self._body))

    def take(self, piece: SnapshotChunk) -> Snapshot | None:
        """Take a piece; return the snapshot once it is whole and its digest is right.

        A piece that comes twice or out of turn changes nothing; a whole that does not match its
        digest is fetched anew.
        """
        if not self.is_of(piece) or piece.offset != len(self._body):
            return None
        self._body += piece.data
        if len(self._body) < piece.size:
            return None
        snapshot = Snapshot(self.applied, piece.state, bytes(self._body))
        if snapshot.digest != piece.digest:
            self._body.clear()
            return None
        return snapshot
