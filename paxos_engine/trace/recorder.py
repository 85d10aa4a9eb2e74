"""A trace on its way into a file: one JSON object a line, appended in whole blocks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from paxos_engine.roles.events import Entry
from paxos_engine.trace.archive import Archive
from paxos_engine.trace.files import compressor
from paxos_engine.trace.hub import TraceReader
from paxos_engine.trace.jsonform import to_line

POLL_SECONDS: Final = 0.05

CHUNK: Final = 2_000
"""Entries written at once, so that the backlog that others see is never far from the truth."""


class RecorderError(OSError):
    """The recording cannot be written; the text names the file and the reason."""


class TraceWriter:
    """Appends entries to a trace file; whoever reads it sees all that `write` has returned from.

    Args:
        path: the file; it is replaced. A name that ends in `.gz` or `.zst` compresses it.

    Raises:
        RecorderError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._compress = compressor(path)
        try:
            self._file = path.open("wb")
        except OSError as error:
            raise RecorderError(f"cannot record to {path}: {error.strerror}") from error

    def write(self, entries: Iterable[Entry]) -> list[int]:
        """Write entries as one block; return how many bytes each line has, uncompressed.

        Raises:
            OSError: the file does not take it.
        """
        lines = [to_line(entry) for entry in entries]
        block = b"".join(lines)
        self._file.write(self._compress(block) if self._compress else block)
        self._file.flush()
        return [len(line) for line in lines]

    def close(self) -> None:
        """Close the file; a second time is harmless."""
        # What a full disk did not take is still in the buffer, and fails again.
        with contextlib.suppress(OSError):
            self._file.close()


def write_trace(path: Path, entries: Iterable[Entry]) -> None:
    """Write a trace that is over.

    Args:
        path: as `TraceWriter` has it.
        entries: all of it, the header first.

    Raises:
        RecorderError: the file cannot be opened, or does not take it.
    """
    writer = TraceWriter(path)
    try:
        writer.write(entries)
    except OSError as error:
        raise RecorderError(f"cannot record to {path}: {error.strerror}") from error
    finally:
        writer.close()


class Recorder:
    """Writes everything that a lossless reader gets, on a thread of its own.

    Args:
        path: the file; it is replaced. A name that ends in `.gz` or `.zst` compresses it.
        reader: a lossless reader.
        on_error: told, in one line and on the recorder's thread, when writing fails later on;
            the cluster goes on.
        archive: told where each line lies; only for a file that is not compressed.

    Raises:
        RecorderError: the file cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        reader: TraceReader,
        on_error: Callable[[str], None] = lambda text: None,
        archive: Archive | None = None,
    ) -> None:
        try:
            self._writer = TraceWriter(path)
        except RecorderError:
            reader.close()
            raise
        self.error = ""
        self.written = 0
        self._path = path
        self._reader = reader
        self._on_error = on_error
        self._archive = archive
        self._end = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="paxos-recorder", daemon=True)

    @property
    def backlog(self) -> int:
        """How many entries are not written yet."""
        return 0 if self.error else self._reader.backlog

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is left and close the file; harmless without a start, or a second time."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._reader.close()
        self._writer.close()

    def _run(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            self._write_all()
        self._write_all()

    def _write_all(self) -> None:
        while entries := self._reader.drain(CHUNK):
            if self.error:
                continue  # drained all the same: what nobody writes must not fill the memory
            try:
                lengths = self._writer.write(entries)
            except OSError as error:
                self.error = f"recording to {self._path} stopped: {error.strerror}"
                self._on_error(self.error)
            else:
                self.written += len(entries)
                self._note(entries, lengths)

    def _note(self, entries: list[Entry], lengths: list[int]) -> None:
        if self._archive is None:
            return
        for entry, length in zip(entries, lengths, strict=True):
            start, self._end = self._end, self._end + length
            self._archive.note(entry, start, self._end)
