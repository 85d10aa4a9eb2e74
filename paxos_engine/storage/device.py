"""The calls to the operating system on which durability rests, behind one protocol.

Every change of a file or of a name goes through a `Device`, so that a test can stop after each of
them, or let any of them fail.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Protocol

from paxos_engine.storage.disk import InUse, StorageError


class Device(Protocol):
    """The calls that can fail, each as OSError; tests hand in one that does."""

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`."""

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file to `size` bytes."""

    def sync(self, descriptor: int) -> None:
        """Return once everything written is on the device."""

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name in its directory, in place of what had that name."""

    def unlink(self, path: Path) -> None:
        """Remove a file."""

    def mkdir(self, path: Path) -> None:
        """Make a directory."""

    def sync_directory(self, path: Path) -> None:
        """Make the names in a directory durable: a file without its name is lost in a crash."""


class SystemDevice:
    """The operating system's own calls."""

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`."""
        left = memoryview(data)
        while left:
            written = os.pwrite(descriptor, left, offset)
            offset += written
            left = left[written:]

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut a file to `size` bytes."""
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        """Return once everything written is on the device."""
        getattr(os, "fdatasync", os.fsync)(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name in its directory, in place of what had that name."""
        old.rename(new)

    def unlink(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def mkdir(self, path: Path) -> None:
        """Make a directory."""
        path.mkdir()

    def sync_directory(self, path: Path) -> None:
        """Make the names in a directory durable: a file without its name is lost in a crash."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_directory(path: Path, device: Device) -> None:
    """Make a directory and those above it where they are missing, each durable by its name."""
    if path.is_dir():
        return
    make_directory(path.parent, device)
    device.mkdir(path)
    device.sync_directory(path.parent)


def lock_directory(directory: Path, node: str) -> int:
    """Return a descriptor that holds the lock of a directory until it is closed.

    Raises:
        InUse: another process holds it.
        StorageError: the directory is missing or cannot be used.
    """
    try:
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except FileNotFoundError as error:
        raise StorageError(
            f"{directory} is missing, and {node} is known in this cluster: it may have voted"
            " or led before and forgotten it, so it does neither; restore the directory, or give"
            " --allow-empty-disk"
        ) from error
    except OSError as error:
        raise StorageError(f"{directory} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise InUse(
            f"{directory} is in use by another process: stop that one, or give another --data-dir"
        ) from error
    return descriptor
