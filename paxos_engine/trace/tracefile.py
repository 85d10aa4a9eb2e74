"""A trace file that is read from any place on, also while it is still being written.

Only places are kept: of a plain file one for each piece that is read at once, of a compressed one
those of its blocks. A compressed file that is a single block, as other tools write it, is read
from its beginning each time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import time
from typing import Final, NamedTuple

from paxos_engine.roles.events import Entry, Header
from paxos_engine.trace.files import DamagedFile, Piece, file_lines, file_pieces
from paxos_engine.trace.replay import EntryReader, read_trace

STILL_WRITTEN: Final = 3.0
"""Seconds since the last write for which a file counts as one that is still being written."""


class Place(NamedTuple):
    """Where a reading stands: behind this line (the header's is 1), which holds this entry."""

    line: int
    entry: Entry


class TraceFile:
    """A recorded trace on disk.

    Args:
        path: the file; its name says whether it is compressed.

    Raises:
        TraceFormatError: it is no trace; the text names the file, the line and the reason.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        recording = read_trace(path)
        self.path = path
        self.start = Place(1, next(recording))
        self.lines = 1
        self._header = recording.header
        self._marked_lines = [0]  # how many lines stand before each mark
        self._marks = [0]
        self._size = 0
        self._walk: Iterator[None] | None = None

    @property
    def header(self) -> Header:
        """What ran."""
        return self._header

    @property
    def is_growing(self) -> bool:
        """Whether somebody wrote to it a moment ago."""
        try:
            return time() - self.path.stat().st_mtime < STILL_WRITTEN
        except OSError:
            return False

    def look(self) -> bool:
        """Look through a further piece of the file; return whether that was something new.

        `lines` then says how many lines there are so far. At the end of a file this finds what
        was written since.
        """
        if self._walk is None:
            size = self._size_now()
            if size == self._size:
                return False
            self._size = size
            self._walk = self._mark()
        if next(self._walk, self) is self:
            self._walk = None
        return True

    def read(self, place: Place) -> EntryReader:
        """Return the entries that follow `place`."""
        mark = bisect_right(self._marked_lines, place.line) - 1
        lines = file_lines(self.path, self._marks[mark])
        rest = islice(lines, place.line - self._marked_lines[mark], None)
        return EntryReader(rest, *place)

    def _size_now(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:  # taken away: what is known of it stays
            return self._size

    def _mark(self) -> Iterator[None]:
        """Count lines from the last mark on, and leave marks."""
        count, begins_line = self._marked_lines[-1], True
        try:
            for piece in file_pieces(self.path, self._marks[-1]):
                self._leave_mark(piece, count, begins_line)
                count += piece.data.count(b"\n")
                begins_line = piece.data.endswith(b"\n")
                self.lines = max(self.lines, count)
                yield
        except (DamagedFile, OSError):
            return  # whoever reads the entries meets the same, and says so

    def _leave_mark(self, piece: Piece, count: int, begins_line: bool) -> None:
        if piece.start is None or count <= self._marked_lines[-1]:
            return
        into = 0
        if not begins_line:
            into = piece.data.find(b"\n") + 1
            if into == 0 or self.path.suffix.lower() in (".gz", ".zst"):
                return  # no line begins here, or none that could be reached
            count += 1
        self._marked_lines.append(count)
        self._marks.append(piece.start + into)
