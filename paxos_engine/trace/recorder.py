"""A trace on disk: a lossless reader on a thread of its own writes one JSON object a line."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from paxos_engine.roles.events import Entry
from paxos_engine.trace.hub import TraceReader
from paxos_engine.trace.jsonform import TraceFormatError, from_json, to_json

POLL_SECONDS = 0.05


class RecorderError(OSError):
    """The recording cannot be written; the text names the file and the reason."""


class Recorder:
    """Writes everything that a reader gets.

    Args:
        path: the file; it is replaced.
        reader: a lossless reader.
        on_error: told, in one line, when writing fails later on; the cluster goes on.

    Raises:
        RecorderError: the file cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        reader: TraceReader,
        on_error: Callable[[str], None] = lambda text: None,
    ) -> None:
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            reader.close()
            raise RecorderError(f"cannot record to {path}: {error.strerror}") from error
        self.error = ""
        self._path = path
        self._reader = reader
        self._on_error = on_error
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
        """Write what is left and close the file."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._reader.close()
        self._file.close()

    def _run(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        entries = self._reader.drain()
        if self.error or not entries:
            return
        try:
            self._file.writelines(json.dumps(to_json(entry)) + "\n" for entry in entries)
            self._file.flush()
        except OSError as error:
            self.error = f"recording to {self._path} stopped: {error.strerror}"
            self._on_error(self.error)


def read_trace(path: Path) -> Iterator[Entry]:
    """Return the entries of a recorded trace, in order.

    Raises:
        TraceFormatError: a line is no entry; the text names file and line.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield from_json(json.loads(line))
            except ValueError as error:
                raise TraceFormatError(f"{path}, line {number}: {error}") from error
