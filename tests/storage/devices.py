"""Devices that fail, as real ones do."""

from __future__ import annotations

import errno
import os

from paxos_engine.storage.device import SystemDevice


class FullDevice(SystemDevice):
    """A device with room for `room` more bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """Write what there is room for; raise OSError if that is not all."""
        super().write(descriptor, data[: self.room], offset)
        if len(data) > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= len(data)
