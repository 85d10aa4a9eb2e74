"""A device that stops after any of its calls, and then forgets any part of what was not synced."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from paxos_engine.storage.device import Device, SystemDevice

Life: TypeAlias = Callable[[Path, Device], None]
"""What a process does with a directory, until it ends or is stopped."""


class Stopped(BaseException):
    """The process is killed here."""


class MortalDevice(SystemDevice):
    """Lets `left` more calls through, then stops; of a write that it stops at, half is done.

    Everything done and not yet synced can be undone, as a power cut may do: each change by itself,
    as the device may have written them in any order.
    """

    def __init__(self) -> None:
        self.left = 0
        self._unsynced: list[tuple[object, Callable[[], None]]] = []
        self._copies: list[int] = []

    @property
    def changes(self) -> int:
        """How many changes a power cut could undo now."""
        return len(self._unsynced)

    def cut(self, mask: int) -> None:
        """Undo the changes whose bit is set, the latest first; forget what could be undone."""
        for position, (_, undo) in reversed(list(enumerate(self._unsynced))):
            if mask >> position & 1:
                undo()
        self._unsynced.clear()
        for copy in self._copies:
            os.close(copy)
        self._copies.clear()

    # --- the calls -----------------------------------------------------------------------

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        self._change(descriptor)
        if not self.left:
            super().write(descriptor, data[: len(data) // 2], offset)
        self._count()
        super().write(descriptor, data, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        self._count()
        self._change(descriptor)
        super().truncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        self._count()
        super().sync(descriptor)
        self._settle(os.fstat(descriptor).st_ino)

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        before = new.read_bytes() if new.exists() else None
        super().rename(old, new)

        def undo() -> None:
            if new.exists():  # its removal may not be among what is undone
                new.rename(old)
            if before is not None:
                new.write_bytes(before)

        self._unsynced.append((new.parent, undo))

    def unlink(self, path: Path) -> None:
        self._count()
        before = path.read_bytes()
        super().unlink(path)
        self._unsynced.append((path.parent, lambda: _restore(path, before)))

    def mkdir(self, path: Path) -> None:
        self._count()
        super().mkdir(path)
        self._unsynced.append((path.parent, lambda: shutil.rmtree(path, ignore_errors=True)))

    def sync_directory(self, path: Path) -> None:
        self._count()
        super().sync_directory(path)
        self._settle(path)

    def _count(self) -> None:
        if not self.left:
            raise Stopped
        self.left -= 1

    def _change(self, descriptor: int) -> None:
        copy = os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR)
        self._copies.append(copy)
        before = os.pread(copy, os.fstat(copy).st_size, 0)

        def undo() -> None:
            os.pwrite(copy, before, 0)
            os.ftruncate(copy, len(before))

        self._unsynced.append((os.fstat(descriptor).st_ino, undo))

    def _settle(self, key: object) -> None:
        self._unsynced = [change for change in self._unsynced if change[0] != key]


def _restore(path: Path, content: bytes) -> None:
    if path.parent.is_dir() and not path.exists():
        path.write_bytes(content)


@dataclass(frozen=True, slots=True)
class Ending:
    """What one way to die left behind.

    `finished` says of each life whether it got to its end; `story` names the way.
    """

    path: Path
    finished: tuple[bool, ...]
    changes: int
    story: str


def every_ending(base: Path, prepared: Path | None, *lives: Life) -> Iterator[Ending]:
    """Yield what is left after each way in which the lives, one after the other, can end.

    Each life is killed after each of its calls, or gets to its end; after the last the power is
    cut, and every subset of what was not synced is lost.

    Args:
        base: an empty directory to work in.
        prepared: what the first life finds, if not nothing.
        lives: what the processes do.
    """
    yield from _endings(base, prepared, lives, ())


def _endings(
    base: Path, prepared: Path | None, lives: Sequence[Life], stops: tuple[int, ...]
) -> Iterator[Ending]:
    if len(stops) == len(lives):
        mask = 0
        while True:
            ending = _live(base / "data", prepared, lives, stops, mask)
            yield ending
            mask += 1
            if mask >= 1 << ending.changes:
                return
    stop = 0
    while True:
        for ending in _endings(base, prepared, lives, (*stops, stop)):
            yield ending
        if ending.finished[len(stops)]:
            return
        stop += 1


def _live(
    path: Path, prepared: Path | None, lives: Sequence[Life], stops: tuple[int, ...], mask: int
) -> Ending:
    shutil.rmtree(path, ignore_errors=True)
    if prepared is not None:
        shutil.copytree(prepared, path)
    device = MortalDevice()
    finished = []
    for life, stop in zip(lives, stops, strict=True):
        device.left = stop
        done = False
        with contextlib.suppress(Stopped):
            life(path, device)
            done = True
        finished.append(done)
    changes = device.changes
    device.cut(mask)
    return Ending(path, tuple(finished), changes, f"stopped after {stops} calls, lost {mask:b}")
