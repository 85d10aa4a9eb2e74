"""The format of a log file: how records become frames, and what a damaged file means.

    file  = header, batch, batch, ...        batch = frame, frame, ... written and synced together
    frame = magic, length, number, batch, left, body CRC, header CRC | body | end mark

`number` counts the frames of the file and `batch` its batches, both from 1; `left` is how many
frames of the same batch follow. Batch n+1 is written only after the sync of n has returned, so:

- a bad frame that any frame of a later batch follows is rot, for certain: what it held had been
  vouched for, and a vote that vanishes would break agreement;
- a last batch that ends early is a torn write: no answer that rests on it has left, so it is
  dropped, and said;
- a last batch that is all there and does not match its checksums can be either, and is refused
  unless the person accepts its loss;
- a file that begins with a checkpoint was synced before it got its name: one whose first batch is
  not whole is rot too, wherever it ends, and no flag accepts it.

The header has a checksum of its own, so that a damaged length is not taken for a torn tail. What
no log can tell by itself is that it was cut exactly between two batches.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from zlib import crc32

from paxos_engine.storage.disk import DamagedLog, StorageError

FORMAT_VERSION: Final = 1

FILE_MAGIC: Final = b"PAXOSLOG"
FRAME_MAGIC: Final = b"\xa5PXR"
END_MARK: Final = b"\xe5"
"""The last byte of a frame: never zero, so that space reserved but not written is told apart."""

_FILE: Final = struct.Struct("<8sHII")  # magic, version, length of the header's JSON, its CRC
_FRAME: Final = struct.Struct("<4sIQQII")  # magic, length, number, batch, left, CRC of the body
_CRC: Final = struct.Struct("<I")
_HEAD: Final = _FRAME.size + _CRC.size


@dataclass(frozen=True, slots=True)
class FileHeader:
    """Whose log this is, and what came before it.

    Args:
        cluster: the cluster's id.
        node: the node's id.
        mark: how many records the node had written before this file.
        checkpoint: how many records at its start stand for everything before.
    """

    cluster: str
    node: str
    mark: int
    checkpoint: int

    def pack(self) -> bytes:
        """Return the header as bytes."""
        fields = {
            "cluster": self.cluster,
            "node": self.node,
            "mark": self.mark,
            "checkpoint": self.checkpoint,
        }
        body = json.dumps(fields).encode()
        return _FILE.pack(FILE_MAGIC, FORMAT_VERSION, len(body), crc32(body)) + body


class _Frame(NamedTuple):
    number: int
    batch: int
    left: int
    body: bytes
    end: int  # offset of the byte behind it
    whole: bool  # written to its last byte
    good: bool  # and its body matches the checksum


@dataclass(slots=True)
class LogContents:
    """What a log file holds.

    `end` is the offset behind the last good batch, where the next one goes; `frames` and
    `batches` count what is before it. `dropped` counts frames of a last batch that is not good;
    it was `torn`, or it is `rotten`: complete, and dropped since the person accepted that.
    """

    header: FileHeader
    end: int
    bodies: list[bytes] = field(default_factory=list)
    frames: int = 0
    batches: int = 0
    dropped: int = 0
    torn: bool = False
    rotten: bool = False

    def notice(self, path: str) -> str:
        """Say in one line what was dropped; nothing if nothing was."""
        if self.rotten:
            return (
                f"UNSAFE: {path}: a complete last batch at offset {self.end} did not match its"
                " checksums and was dropped, by --accept-damaged-tail; answers that rest on it may"
                " have left"
            )
        if self.torn:
            return (
                f"{path}: a torn tail of {self.dropped} records at offset {self.end} was dropped;"
                " no answer that rests on it had left"
            )
        return ""


def pack_batch(bodies: Sequence[bytes], frames: int, batch: int) -> bytes:
    """Return one batch as bytes.

    Args:
        bodies: what its frames hold.
        frames: how many frames the file has before it.
        batch: its number.
    """
    parts = []
    for position, body in enumerate(bodies):
        left = len(bodies) - 1 - position
        number = frames + 1 + position
        head = _FRAME.pack(FRAME_MAGIC, len(body), number, batch, left, crc32(body))
        parts += [head, _CRC.pack(crc32(head)), body, END_MARK]
    return b"".join(parts)


def read_header(data: bytes, path: str) -> tuple[FileHeader, int]:
    """Return the header of a log file, and the offset behind it.

    Raises:
        StorageError: it is no log file, or of a later version.
        DamagedLog: it is damaged.
    """
    if len(data) < _FILE.size or not data.startswith(FILE_MAGIC):
        raise DamagedLog(f"{path} does not begin like a log of this program: restore it, or wipe")
    _, version, length, crc = _FILE.unpack_from(data)
    if version > FORMAT_VERSION:
        raise StorageError(
            f"{path} has format version {version}, and this program knows {FORMAT_VERSION}:"
            " use the later program"
        )
    if version < 1:
        raise DamagedLog(f"{path} is damaged in its header at offset {len(FILE_MAGIC)}")
    end = _FILE.size + length
    body = data[_FILE.size : end]
    if len(body) < length or crc32(body) != crc:
        raise DamagedLog(f"{path} is damaged in its header at offset {_FILE.size}")
    fields: dict[str, Any] = json.loads(body)
    return FileHeader(**fields), end


def read_log(data: bytes, path: str, *, accept_damaged_tail: bool = False) -> LogContents:
    """Return what a log file holds, every frame checked.

    Args:
        data: the whole file.
        path: its name, for messages.
        accept_damaged_tail: drop a complete last batch that does not match its checksums.

    Raises:
        DamagedLog: a frame is damaged and its loss is not provably harmless; the text names file
            and offset.
    """
    header, at = read_header(data, path)
    contents = LogContents(header, at)
    batch: list[bytes] = []
    while True:
        frame = _frame(data, at)
        expected = (contents.frames + len(batch) + 1, contents.batches + 1)
        if frame is None or not frame.good or (frame.number, frame.batch) != expected:
            break
        batch.append(frame.body)
        at = frame.end
        if frame.left == 0:
            contents.bodies += batch
            contents.frames += len(batch)
            contents.batches += 1
            contents.end = at
            batch = []
    if contents.frames < header.checkpoint:
        raise DamagedLog(
            f"{path} is damaged at offset {at}, in its checkpoint, which was on disk before the"
            " file got its name, so this node does not vote; restore the file from a copy, or wipe"
            " the node"
        )
    _judge(data, at, path, contents, len(batch), accept_damaged_tail)
    return contents


def _judge(data: bytes, at: int, path: str, contents: LogContents, good: int, accept: bool) -> None:
    """Say what the first thing that is no good frame means; raise DamagedLog if it is damage."""
    if _later_batch(data, at, contents.batches + 1):
        raise DamagedLog(
            f"{path} is damaged at offset {at}, and later records are good: something changed it"
            " after it was synced, so this node does not vote; restore the file from a copy, or"
            " wipe the node"
        )
    rest = data[at:].rstrip(b"\0")
    if not rest and not good:
        return
    if not rest or len(rest) < _HEAD or not _is_complete(data, at):
        contents.torn, contents.dropped = True, good + (1 if rest else 0)
    elif accept:
        contents.rotten, contents.dropped = True, good + 1
    else:
        raise DamagedLog(
            f"{path} is damaged at offset {at}, in its last batch: a power cut may have torn it,"
            " or it rotted; give --accept-damaged-tail to go on without that batch"
        )


def _is_complete(data: bytes, at: int) -> bool:
    """Say whether the batch around the bad frame at `at` was written to its end."""
    while (frame := _frame(data, at)) is not None:
        if not frame.whole:
            # Reserved space is zero: any byte from the missing end on was written later.
            return bool(data[frame.end - 1 :].strip(b"\0"))
        if frame.left == 0:
            return True
        at = frame.end
    # A header that does not match its checksum, with bytes behind it: not a short write.
    return len(data[at:].rstrip(b"\0")) >= _HEAD


def _later_batch(data: bytes, at: int, batch: int) -> bool:
    """Say whether any frame of a batch after `batch` begins at `at` or behind it."""
    while (at := data.find(FRAME_MAGIC, at)) >= 0:
        frame = _frame(data, at)
        if frame is not None and frame.batch > batch:
            return True
        at += 1
    return False


def _frame(data: bytes, at: int) -> _Frame | None:
    """Return the frame at `at`; None unless its header is there and matches its checksum."""
    head = data[at : at + _FRAME.size]
    if len(head) < _FRAME.size or not head.startswith(FRAME_MAGIC):
        return None
    crc = data[at + _FRAME.size : at + _HEAD]
    if len(crc) < _CRC.size or _CRC.unpack(crc)[0] != crc32(head):
        return None
    _, length, number, batch, left, body_crc = _FRAME.unpack(head)
    end = at + _HEAD + length + 1
    body = data[at + _HEAD : end - 1]
    whole = data[end - 1 : end] == END_MARK
    return _Frame(number, batch, left, body, end, whole, whole and crc32(body) == body_crc)
