"""A recorded trace, read back entry by entry, up to where it is damaged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from paxos_engine.roles.events import Entry, Event, Header, Skipped
from paxos_engine.trace.files import DamagedFile, file_lines
from paxos_engine.trace.jsonform import TraceFormatError, UnknownEvent, UnknownMessage, from_line
from paxos_engine.trace.level import TraceLevel

FORMAT: Final = "paxos-tui-trace"
VERSION: Final = 1
RECORDED_LEVELS: Final = (TraceLevel.EVERYTHING, TraceLevel.PROTOCOL)
NO_HEADER: Final = "a trace begins with its header"
BREAKS_OFF: Final = "it breaks off in the middle"


@dataclass(frozen=True, slots=True)
class Damage:
    """Why a trace cannot be read on, and at which line of the file (the first is 1)."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"damaged at line {self.line:,}: {self.reason}"


class EntryReader:
    """The entries of a trace from some line on, in order: an iterator that keeps none of them.

    It ends with the trace, or before the first line that cannot be read; then `damage` says why.
    Events that are unknown here, of a later version perhaps, are left out and counted. A message
    of an unknown kind comes as a `Skipped`, since nobody could follow it. `hole` says how many
    entries are missing, unannounced, right before the one that was returned last; at the end, how
    many before lines that were left out.

    Args:
        lines: the lines of the file that follow `last`, each with its line end.
        line: the line of `last`; the first of a file is 1.
        last: the entry before those that are read.
    """

    def __init__(self, lines: Iterator[bytes], line: int, last: Entry) -> None:
        self.line = line  # of the entry that was returned last
        self.damage: Damage | None = None
        self.left_out = 0
        self.hole = ""
        self._lines = lines
        self._last = last
        self._seq = last.seq  # of the line before, also where that was left out
        self._may_jump = isinstance(last.event, Header | Skipped)
        self._missing = 0
        self._entries = self._read()

    def __iter__(self) -> Iterator[Entry]:
        return self

    def __next__(self) -> Entry:
        return next(self._entries)

    def _read(self) -> Iterator[Entry]:
        try:
            for line in self._lines:
                self.line += 1
                entry = self._take(line)
                if entry is not None:
                    self.hole = self._hole()
                    yield entry
            self.hole = self._hole()
        except DamagedFile as error:
            self.damage = Damage(self.line + 1, str(error))
        except OSError as error:
            self.damage = Damage(self.line + 1, f"it cannot be read: {error.strerror}")
        except TraceFormatError as error:
            cut = not line.endswith(b"\n")
            self.damage = Damage(self.line, BREAKS_OFF if cut else str(error))

    def _take(self, line: bytes) -> Entry | None:
        """Return the entry of a line, or None if there is none that we know."""
        if line.isspace():
            return None
        entry: Entry | None = None
        try:
            entry = from_line(line)
            seq = entry.seq
        except UnknownMessage as error:
            seq = error.seq
            entry = Entry(seq, self._last.t, "trace", Skipped(1))
        except UnknownEvent as error:
            seq = error.seq
            self.left_out += 1
        if seq <= self._seq:
            raise TraceFormatError(f"seq {seq} comes after {self._seq}")
        self._count_missing(seq, entry)
        self._last = entry or self._last
        return entry

    def _count_missing(self, seq: int, entry: Entry | None) -> None:
        """Note how many entries are missing before the line with this `seq`.

        A reader that joined late begins anywhere behind the header, and a `Skipped` tells of the
        hole that it stands in: neither is a hole that nobody announced.
        """
        announces = entry is not None and isinstance(entry.event, Skipped)
        self._missing += 0 if self._may_jump or announces else seq - self._seq - 1
        self._may_jump, self._seq = announces, seq

    def _hole(self) -> str:
        """Say in words what is missing before this line, and begin to count anew."""
        missing, self._missing = self._missing, 0
        if not missing:
            return ""
        what = "1 entry is" if missing == 1 else f"{missing:,} entries are"
        return f"{what} missing before line {self.line:,}"


class Recording(EntryReader):
    """The entries of a whole trace, the header first.

    Args:
        lines: the lines of the file, each with its line end.
        name: what the file is called in errors.

    Raises:
        TraceFormatError: it does not begin as a trace that we can read; the text says why.
        OSError: the file cannot be read.
    """

    def __init__(self, lines: Iterable[bytes], name: str = "trace") -> None:
        all_lines = iter(lines)
        self._first: Entry | None = _begin(all_lines, name)
        super().__init__(all_lines, 1, self._first)
        self._header = _checked(self._first.event)

    def __next__(self) -> Entry:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return super().__next__()

    @property
    def header(self) -> Header:
        """What ran."""
        return self._header


def _begin(lines: Iterator[bytes], name: str) -> Entry:
    """Return the first entry of a trace, which is its header."""
    where = name
    try:
        line = next(lines, b"")
        if not line:
            raise TraceFormatError("an empty file is no trace")
        where = f"{name}, line 1"
        entry = from_line(line)
        _checked(entry.event)
    except UnknownEvent:
        raise TraceFormatError(f"{name}, line 1: {NO_HEADER}") from None
    except (TraceFormatError, DamagedFile) as error:
        raise TraceFormatError(f"{where}: {error}") from error
    return entry


def read_trace(path: Path) -> Recording:
    """Open a recorded trace: JSON lines, compressed if its name ends in `.gz` or `.zst`.

    Raises:
        TraceFormatError: it is no trace, or of a version that we cannot read; the text names the
            file, the line and the reason.
        OSError: the file cannot be read.
    """
    return Recording(file_lines(path), str(path))


def _checked(event: Event) -> Header:
    if not isinstance(event, Header):
        raise TraceFormatError(NO_HEADER)
    if event.format != FORMAT:
        raise TraceFormatError(f"its format is {event.format!r:.60}, not {FORMAT!r}")
    if event.version > VERSION:
        raise TraceFormatError(f"version {event.version} is newer than {VERSION}: update")
    if event.level not in RECORDED_LEVELS:
        known = " or ".join(RECORDED_LEVELS)
        raise TraceFormatError(f"its level is {event.level!r:.60}, not {known}")
    return event
