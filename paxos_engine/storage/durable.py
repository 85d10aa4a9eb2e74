"""A disk that is a disk: one node's append log, synced before anything that rests on it leaves."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from paxos_engine.roles.effects import Record
from paxos_engine.storage.device import Device, SystemDevice, lock_directory
from paxos_engine.storage.disk import DamagedLog, DiskFailure, StorageError
from paxos_engine.storage.logfile import FileHeader, LogContents, pack_batch, read_log
from paxos_engine.storage.recordform import pack, unpack

RESERVE: Final = 1 << 20
"""Bytes by which the file grows ahead: a sync need not write a new length each time."""

SEAL: Final = b"sealed"
"""The body of the frame that a clean stop leaves behind."""

_LOG: Final = re.compile(r"log-\d{8}")
_ASIDE: Final = re.compile(r"log-\d{8}\.new")


def log_files(directory: Path) -> list[Path]:
    """Return the log files of a node's directory, oldest first; a copy by another name is none."""
    return sorted(path for path in directory.glob("log-*") if _LOG.fullmatch(path.name))


def half_made(directory: Path) -> list[Path]:
    """Return the files that were being written aside when the program stopped."""
    return [path for path in directory.glob("log-*.new") if _ASIDE.fullmatch(path.name)]


class DurableDisk:
    """The log of one node in a directory of its own.

    Args:
        directory: the node's directory; it exists.
        cluster: the id of the cluster.
        node: the id of the node.
        create: begin a new log where there is none; else an empty directory is an error.
        accept_damaged_tail: see `read_log`.
        device: how it is written.

    Raises:
        StorageError: it is in use by another process, foreign, of a later version, or empty.
        DamagedLog: it is damaged; the text names file and offset.
    """

    kind = "disk"

    def __init__(
        self,
        directory: Path,
        cluster: str,
        node: str,
        *,
        create: bool = False,
        accept_damaged_tail: bool = False,
        device: Device | None = None,
    ) -> None:
        self.mark = 0
        self.held = 0
        self.bytes = 0
        self.wiped = False
        self.refusal = ""
        self.notice = ""  # what was dropped when it was opened, in one line
        self.directory = directory
        self._cluster = cluster
        self._node = node
        self._device = device or SystemDevice()
        self._pending: list[Record] = []
        self._file = -1
        self._number = 0
        self._lock = lock_directory(directory, node)
        try:
            files = log_files(directory)
            if files:
                self._open(files[-1], accept_damaged_tail)
            elif create:
                self._begin([], mark=0)
            else:
                raise StorageError(
                    f"{directory} holds no log, and {node} is known in this cluster: it may"
                    " have voted or led before and forgotten it, so it does neither; restore the"
                    " directory, or give --allow-empty-disk"
                )
        except BaseException:
            self._release()
            raise

    @property
    def pending(self) -> Sequence[Record]:
        """What was appended and is not durable yet."""
        return self._pending

    def append(self, records: Sequence[Record]) -> None:
        """Add records behind those before; they are not durable yet."""
        self._pending.extend(records)

    def sync(self) -> int:
        """Write what was appended as one batch and sync it; return the bytes written.

        Raises:
            DiskFailure: the system failed to, now or before.
        """
        if not self._pending:
            return 0
        count = len(self._pending)
        written = self._write([pack(record) for record in self._pending])
        self._pending.clear()
        self.mark += count
        self.held += count
        return written

    def replace(self, records: Sequence[Record]) -> None:
        """Begin a new file that holds `records` in place of everything so far.

        The old file goes only when the new one and its name are durable.
        """
        self.sync()
        old = self._path(self._number)
        with self._failing("replace"):
            self._close_file()
            self._begin(records, self.mark)
            self._device.unlink(old)
            self._device.sync_directory(self.directory)

    def records(self) -> list[Record]:
        """Return the durable records, oldest first, as read from the file.

        Raises:
            DamagedLog: the file does not hold what was synced.
            StorageError: it cannot be read.
        """
        path = self._path(self._number)
        try:
            contents = read_log(path.read_bytes(), str(path))
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error.strerror or error}") from error
        self._compare(path, contents)
        try:
            bodies = contents.bodies[: self._frames]
            return [unpack(body) for body in bodies if body != SEAL]
        except ValueError as error:
            raise StorageError(f"{path}: {error}; use the program that wrote it") from error

    def power_cut(self) -> None:
        """Lose what was not synced."""
        self._pending.clear()

    def wipe(self) -> None:
        """Remove the log; the directory stays, and says by its emptiness what happened.

        Raises:
            DiskFailure: it cannot be removed.
        """
        self._pending.clear()
        self.wiped, self.held = True, 0
        self.refusal = f"the disk of {self._node} was wiped"
        self._close_file()
        try:
            for path in log_files(self.directory):
                self._device.unlink(path)
            self._device.sync_directory(self.directory)
        except OSError as error:
            self.refusal = f"wipe failed on {self.directory}: {error.strerror or error}"
            raise DiskFailure(self.refusal) from error

    def renew(self) -> None:
        """Begin a new, empty log after a wipe; its mark goes on, as no record has the same twice.

        Raises:
            DiskFailure: the system failed to.
        """
        self.refusal = ""
        with self._failing("renewal"):
            self._begin([], self.mark)
        self.wiped = False

    def close(self) -> None:
        """Seal the log and free the directory for another process; again is harmless.

        A log that cannot be sealed any more stays as it is: its end is then judged as after a
        crash.
        """
        try:
            if self._file >= 0 and not self.refusal:
                with contextlib.suppress(DiskFailure), self._failing("seal"):
                    self.sync()
                    self._write([SEAL])
                    self._device.truncate(self._file, self._end)
                    self._device.sync(self._file)
        finally:
            self._release()

    def _release(self) -> None:
        self._close_file()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _close_file(self) -> None:
        descriptor, self._file = self._file, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):  # what matters was synced, and that said so
                os.close(descriptor)

    # --- the file ------------------------------------------------------------------------

    def _path(self, number: int) -> Path:
        return self.directory / f"log-{number:08}"

    def _open(self, path: Path, accept_damaged_tail: bool) -> None:
        """Take up the newest log, and remove what a replacement that was cut short left behind."""
        contents = read_log(path.read_bytes(), str(path), accept_damaged_tail=accept_damaged_tail)
        header = contents.header
        if (header.cluster, header.node) != (self._cluster, self._node):
            raise StorageError(
                f"{path} belongs to {header.node} of cluster {header.cluster}, and not to"
                f" {self._node} of {self._cluster}: give the right --data-dir"
            )
        self._number = int(path.name.removeprefix("log-"))
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self.notice = contents.notice(str(path))
        # What follows must not look like a later batch.
        self._device.truncate(self._file, contents.end)
        self._device.sync(self._file)
        self._take(contents)
        # The name of the newest may not be durable yet: its predecessor has to outlive it.
        self._device.sync_directory(self.directory)
        for old in [*log_files(self.directory)[:-1], *half_made(self.directory)]:
            self._device.unlink(old)

    def _take(self, contents: LogContents) -> None:
        records = sum(body != SEAL for body in contents.bodies)
        self.mark = contents.header.mark + records - contents.header.checkpoint
        self.held = records
        self._frames, self._batches = contents.frames, contents.batches
        self._end = self._reserved = contents.end
        self.bytes = contents.end

    def _compare(self, path: Path, contents: LogContents) -> None:
        """Refuse a file that another hand has changed since we wrote it."""
        # A batch whose sync failed may be there as well: it is not durable, and not returned.
        more = contents.frames > self._frames and not self.refusal
        if contents.frames < self._frames or more:
            raise DamagedLog(
                f"{path} has changed while it was in use: its records end at offset"
                f" {contents.end}, and {self._end} bytes were synced, so this node does not vote;"
                " restore the file from a copy, or wipe the node"
            )

    def _begin(self, records: Sequence[Record], mark: int) -> None:
        """Write a new file aside, sync it, and give it its name, so that no half of it is seen."""
        number = self._number + 1
        path = self._path(number)
        aside = path.with_suffix(".new")
        self._file = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        header = FileHeader(self._cluster, self._node, mark, len(records)).pack()
        body = pack_batch([pack(record) for record in records], 0, 1)
        self._device.write(self._file, header + body, 0)
        self._device.sync(self._file)
        self._device.rename(aside, path)
        self._device.sync_directory(self.directory)
        self._number, self.mark, self.held = number, mark, len(records)
        self._frames, self._batches = len(records), 1 if records else 0
        self._end = self._reserved = self.bytes = len(header) + len(body)

    def _write(self, bodies: Sequence[bytes]) -> int:
        data = pack_batch(bodies, self._frames, self._batches + 1)
        with self._failing("write"):
            self._reserve(self._end + len(data))
            self._device.write(self._file, data, self._end)
            self._device.sync(self._file)
        self._end += len(data)
        self.bytes = self._end
        self._frames += len(bodies)
        self._batches += 1
        return len(data)

    def _reserve(self, end: int) -> None:
        if end <= self._reserved or not hasattr(os, "posix_fallocate"):
            return
        # A disk without room for what is only reserved may still have room for what is written.
        with contextlib.suppress(OSError):
            os.posix_fallocate(self._file, self._reserved, end + RESERVE - self._reserved)
            self._reserved = end + RESERVE

    @contextlib.contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        """Turn a failure of the system into `DiskFailure`, now and for ever after."""
        if self.refusal:
            raise DiskFailure(self.refusal)
        try:
            yield
        except OSError as error:
            self.refusal = (
                f"{what} failed on {self._path(self._number)}: {error.strerror or error};"
                " this log is not written again until the program is started anew"
            )
            raise DiskFailure(self.refusal) from error
