"""A disk that is a disk: one node's append log, synced before anything that rests on it leaves."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from paxos_engine.roles.effects import Record
from paxos_engine.storage.disk import DiskFailure, StorageError
from paxos_engine.storage.logfile import FileHeader, LogContents, pack_batch, read_log
from paxos_engine.storage.recordform import pack, unpack

RESERVE: Final = 1 << 20
"""Bytes by which the file grows ahead: a sync need not write a new length each time."""

SEAL: Final = b"sealed"
"""The body of the frame that a clean stop leaves behind."""


class Device(Protocol):
    """The calls that can fail; tests hand in one that does."""

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`."""

    def sync(self, descriptor: int) -> None:
        """Return once everything written is on the device."""


class SystemDevice:
    """The operating system's own calls."""

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`."""
        left = memoryview(data)
        while left:
            written = os.pwrite(descriptor, left, offset)
            offset += written
            left = left[written:]

    def sync(self, descriptor: int) -> None:
        """Return once everything written is on the device."""
        getattr(os, "fdatasync", os.fsync)(descriptor)


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
            path = self._newest()
            if path is not None:
                self._open(path, accept_damaged_tail)
            elif create:
                self._begin([], mark=0)
            else:
                raise StorageError(
                    f"{directory} holds no log, and {node} is known in this cluster: it may have"
                    " voted before and forgotten it, so it does not vote; restore the directory,"
                    " or give --allow-empty-disk"
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
        return written

    def replace(self, records: Sequence[Record]) -> None:
        """Begin a new file that holds `records` in place of everything so far.

        The old file goes only when the new one and its name are durable.
        """
        self.sync()
        old = self._path(self._number)
        with self._failing("replace"):
            os.close(self._file)
            self._file = -1
            self._begin(records, self.mark)
            old.unlink()
            _sync_directory(self.directory)

    def records(self) -> list[Record]:
        """Return the durable records, oldest first, as read from the file."""
        path = self._path(self._number)
        contents = read_log(path.read_bytes(), str(path))
        try:
            return [unpack(body) for body in contents.bodies if body != SEAL]
        except ValueError as error:
            raise StorageError(f"{path}: {error}; use the program that wrote it") from error

    def power_cut(self) -> None:
        """Lose what was not synced."""
        self._pending.clear()

    def wipe(self) -> None:
        """Remove the log; the directory stays, and says by its emptiness what happened."""
        self._pending.clear()
        self.wiped = True
        self.refusal = f"the disk of {self._node} was wiped"
        os.close(self._file)
        self._file = -1
        for path in self.directory.glob("log-*"):
            path.unlink()
        _sync_directory(self.directory)

    def close(self) -> None:
        """Seal the log and free the directory for another process; again is harmless."""
        if self._file >= 0 and not self.refusal:
            with contextlib.suppress(DiskFailure):
                self.sync()
                self._write([SEAL])
                os.ftruncate(self._file, self._end)
                os.fsync(self._file)
        self._release()

    def _release(self) -> None:
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock = -1

    # --- the file ------------------------------------------------------------------------

    def _path(self, number: int) -> Path:
        return self.directory / f"log-{number:08}"

    def _newest(self) -> Path | None:
        """Return the file in use; leave nothing of a replacement that was cut short."""
        for path in self.directory.glob("*.new"):
            path.unlink()
        paths = sorted(self.directory.glob("log-*"))
        for path in paths[:-1]:  # its successor is durable: only the removal was cut short
            path.unlink()
        return paths[-1] if paths else None

    def _open(self, path: Path, accept_damaged_tail: bool) -> None:
        contents = read_log(path.read_bytes(), str(path), accept_damaged_tail=accept_damaged_tail)
        header = contents.header
        if (header.cluster, header.node) != (self._cluster, self._node):
            raise StorageError(
                f"{path} belongs to {header.node} of cluster {header.cluster}, not to"
                f" {self._node} of {self._cluster}: give the right --data-dir"
            )
        self._number = int(path.name.removeprefix("log-"))
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        if contents.torn:
            self.notice = (
                f"{path}: a torn tail of {contents.dropped} records at offset {contents.end} was"
                " dropped; no answer that rests on it had left"
            )
        os.ftruncate(self._file, contents.end)  # what follows must not look like a later batch
        os.fsync(self._file)
        self._take(contents)

    def _take(self, contents: LogContents) -> None:
        records = sum(body != SEAL for body in contents.bodies)
        self.mark = contents.header.mark + records - contents.header.checkpoint
        self._frames, self._batches = contents.frames, contents.batches
        self._end = self._reserved = contents.end
        self.bytes = contents.end

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
        aside.rename(path)
        _sync_directory(self.directory)
        self._number, self.mark = number, mark
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


def lock_directory(directory: Path, node: str) -> int:
    """Return a descriptor that holds the lock of a directory until it is closed."""
    try:
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except FileNotFoundError as error:
        raise StorageError(
            f"{directory} is missing, and {node} is known in this cluster: it may have voted"
            " before and forgotten it, so it does not vote; restore the directory, or give"
            " --allow-empty-disk"
        ) from error
    except OSError as error:
        raise StorageError(f"{directory} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StorageError(
            f"{directory} is in use by another process: stop that one, or give another --data-dir"
        ) from error
    return descriptor


def _sync_directory(directory: Path) -> None:
    """Make the names in a directory durable: a file without its name is lost after a crash."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
