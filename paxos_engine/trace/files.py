"""The bytes of a trace file: plain, gzip or zstd by its name, in whole blocks.

A compressed trace is a row of blocks, each a gzip member or a zstd frame that is complete in
itself and has a checksum. So whatever was flushed can be read while the file grows, a flipped bit
costs its block and what follows but never slips in as another value, and the ordinary tools
(`zcat`, `zstdcat`) read it as one file.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol, TypeAlias

if sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

READ_BYTES: Final = 256 << 10
"""Bytes that are read, and bytes that are decompressed, at once."""

HELD_BYTES: Final = 8 << 20
"""Bytes of a block that are held back until its checksum is verified. Our blocks are smaller; of a
larger one, written by another tool, this much is handed out before the end of it is seen."""

LINE_BYTES: Final = 256 << 20
"""The longest line that is read: a promise may report all that an acceptor ever accepted."""

Compress: TypeAlias = Callable[[bytes], bytes]


class DamagedFile(ValueError):
    """The bytes end too soon or contradict themselves; the text says how, in a few words."""


class Piece(NamedTuple):
    """A part of a file's content.

    `start` is where in the file reading may begin to get this piece first; None inside a block.
    """

    start: int | None
    data: bytes


class Decompressor(Protocol):
    """Takes one block apart: the interface of the standard library's decompressors."""

    @property
    def eof(self) -> bool:
        """Whether the block has ended, and its checksum was right."""

    @property
    def needs_input(self) -> bool:
        """Whether there is nothing to return before more bytes are given."""

    @property
    def unused_data(self) -> bytes:
        """What was given and lies behind the end of the block."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Take `data` and return the next `max_length` bytes at the most."""


def compressor(path: Path) -> Compress | None:
    """Return what makes a block of a file of this name out of lines; None for a plain file."""
    match path.suffix.lower():
        case ".gz":
            return _gzip_block
        case ".zst":
            return _zstd_block
    return None


def file_lines(path: Path, start: int = 0) -> Iterator[bytes]:
    """Yield the lines of a file, each with its line end; only the last may lack it.

    Args:
        path: the file.
        start: where in the file to begin, for one that was read before: the place of a line, or
            of a compressed block that begins with one.

    Raises:
        DamagedFile: after the last line that can be read.
        OSError: the file cannot be read.
    """
    rest: list[bytes] = []  # the pieces of the line that is not whole yet
    length = 0
    for piece in file_pieces(path, start):
        first, *lines = piece.data.split(b"\n")
        rest.append(first)
        length += len(first)
        if lines:
            yield b"".join(rest) + b"\n"
            for line in lines[:-1]:
                yield line + b"\n"
            rest, length = lines[-1:], len(lines[-1])
        if length > LINE_BYTES:
            raise DamagedFile(f"the next line is longer than {LINE_BYTES >> 20} MiB")
    if length:
        yield b"".join(rest)


def file_pieces(path: Path, start: int = 0) -> Iterator[Piece]:
    """Yield the content of a file from a place on at which a piece may begin.

    Raises:
        DamagedFile: after the last piece that can be read.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        if start == 0 and compressor(path) is not None:
            _refuse_plain(file, path.suffix)
        file.seek(start)
        match path.suffix.lower():
            case ".gz":
                yield from _decompressed(file, _GzipDecompressor)
            case ".zst":
                yield from _decompressed(file, zstd.ZstdDecompressor)
            case _:
                while data := file.read(READ_BYTES):
                    yield Piece(start, data)
                    start += len(data)


def _refuse_plain(file: BinaryIO, ending: str) -> None:
    """Raise `DamagedFile` if a file begins as text does, which no compressed block does."""
    head = file.read(16)
    if head and all(0x20 <= byte < 0x7F or byte in b"\t\n\r" for byte in head):
        raise DamagedFile(f"it is not compressed, although its name ends in {ending}")


def _decompressed(file: BinaryIO, new_block: Callable[[], Decompressor]) -> Iterator[Piece]:
    """Yield the content block by block, each when it is verified."""
    data = file.read(READ_BYTES)
    while data:
        start: int | None = file.tell() - len(data)
        block = new_block()
        held: list[Piece] = []
        size = 0
        while not block.eof:
            if block.needs_input and not data:
                data = file.read(READ_BYTES)
                if not data:
                    yield from held  # not verified, but nothing contradicts it either
                    raise DamagedFile("the file ends inside a compressed block")
            try:
                piece = block.decompress(data, READ_BYTES)
            except (zlib.error, zstd.ZstdError) as error:
                raise DamagedFile(f"the next compressed block is damaged ({error})") from None
            data = b""
            held.append(Piece(start, piece))
            start = None
            size += len(piece)
            if size > HELD_BYTES:
                yield from held
                held.clear()
                size = 0
        yield from held
        data = block.unused_data or file.read(READ_BYTES)


class _GzipDecompressor:
    """One member of a gzip file, with the interface that zstd has."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self._full = False

    @property
    def eof(self) -> bool:
        """Whether the member has ended, and its checksum was right."""
        return self._inflate.eof

    @property
    def needs_input(self) -> bool:
        """Whether there is nothing to return before more bytes are given."""
        return not self._full and not self._inflate.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """What was given and lies behind the end of the member."""
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Take `data` and return the next `max_length` bytes at the most."""
        piece = self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)
        self._full = len(piece) == max_length
        return piece


def _gzip_block(lines: bytes) -> bytes:
    return gzip.compress(lines, compresslevel=6, mtime=0)  # no date: equal runs, equal bytes


def _zstd_block(lines: bytes) -> bytes:
    return zstd.compress(lines, options={zstd.CompressionParameter.checksum_flag: 1})
