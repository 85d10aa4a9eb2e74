"""A trace on disk: a lossless reader on a thread of its own writes one JSON object a line."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from paxos_engine.roles.events import Entry
from paxos_engine.trace.archive import Archive
from paxos_engine.trace.hub import TraceReader
from paxos_engine.trace.jsonform import to_json

POLL_SECONDS: Final = 0.05

CHUNK: Final = 2_000
"""Entries written at once, so that the backlog that others see is never far from the truth."""


class RecorderError(OSError):
    """The recording cannot be written; the text names the file and the reason."""


class Recorder:
    """Writes everything that a reader gets.

    Args:
        path: the file; it is replaced.
        reader: a lossless reader.
        on_error: told, in one line and on the recorder's thread, when writing fails later on;
            the cluster goes on.
        archive: told where each line lies.

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
            self._file = path.open("wb")
        except OSError as error:
            reader.close()
            raise RecorderError(f"cannot record to {path}: {error.strerror}") from error
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
        # What a full disk did not take is still in the buffer, and fails again.
        with contextlib.suppress(OSError):
            self._file.close()

    def _run(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            self._write_all()
        self._write_all()

    def _write_all(self) -> None:
        while entries := self._reader.drain(CHUNK):
            if self.error:
                continue  # drained all the same: what nobody writes must not fill the memory
            lines = [_line(entry) for entry in entries]
            try:
                self._file.writelines(lines)
                self._file.flush()
            except OSError as error:
                self.error = f"recording to {self._path} stopped: {error.strerror}"
                self._on_error(self.error)
            else:
                self.written += len(entries)
                self._note(entries, lines)

    def _note(self, entries: list[Entry], lines: list[bytes]) -> None:
        for entry, line in zip(entries, lines, strict=True):
            start, self._end = self._end, self._end + len(line)
            if self._archive is not None:
                self._archive.note(entry, start, self._end)


def _line(entry: Entry) -> bytes:
    # Half a surrogate pair in a name would stop the writer; its escape is good JSON.
    text = json.dumps(to_json(entry), ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace")
