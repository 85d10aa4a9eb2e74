"""cluster.json: whose data directory this is, in words that a person can read.

It decides what may be made anew, so it carries a checksum of what it says: a changed letter must
not look like a cluster that never spoke.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast
from zlib import crc32

from paxos_engine.storage.device import Device
from paxos_engine.storage.disk import DamagedLog, StorageError

FORMAT: Final = 1

NAME: Final = "cluster.json"
ASIDE: Final = "cluster.json.new"

State: TypeAlias = Literal["creating", "ready"]
"""Until the state is "ready" no node has spoken, and what is half made may be made anew."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What cluster.json says.

    Args:
        cluster: the cluster's id.
        state: whether its disks are all there.
        leaders: the names of the leaders.
        acceptors: the names of the acceptors.
    """

    cluster: str
    state: State
    leaders: list[str]
    acceptors: list[str]

    def pack(self) -> bytes:
        """Return it as the file's text."""
        fields = {
            "format": FORMAT,
            "cluster": self.cluster,
            "state": self.state,
            "leaders": self.leaders,
            "acceptors": self.acceptors,
        }
        return json.dumps({**fields, "checksum": _checksum(fields)}, indent=2).encode()


def read_manifest(directory: Path) -> Manifest | None:
    """Return what cluster.json in `directory` says; None if there is none.

    Raises:
        DamagedLog: it is not as it was written.
        StorageError: a later version of the program wrote it.
    """
    path = directory / NAME
    try:
        found = json.loads(path.read_bytes().decode())
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise DamagedLog(f"{path} is damaged and no JSON any more: restore it") from error
    if not isinstance(found, dict):
        raise DamagedLog(f"{path} is damaged and no description of a cluster: restore it")
    version = found.get("format")
    if isinstance(version, int) and version > FORMAT:
        raise StorageError(
            f"{path} has format {version}, and this program knows {FORMAT}: use the later program"
        )
    checksum = found.pop("checksum", None)
    if checksum != _checksum(found) or version != FORMAT:
        raise DamagedLog(f"{path} is damaged: it does not match its checksum; restore it")
    if found.get("state") not in ("creating", "ready"):
        raise StorageError(f"{path} has a state that this program does not know: restore it")
    return Manifest(
        found["cluster"], cast("State", found["state"]), found["leaders"], found["acceptors"]
    )


def write_manifest(directory: Path, manifest: Manifest, device: Device) -> None:
    """Put cluster.json in place, as a whole and durably.

    Raises:
        OSError: the system failed to.
    """
    aside = directory / ASIDE
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        device.write(descriptor, manifest.pack(), 0)
        device.sync(descriptor)
    finally:
        os.close(descriptor)
    device.rename(aside, directory / NAME)
    device.sync_directory(directory)


def _checksum(fields: dict[str, Any]) -> str:
    return f"{crc32(json.dumps(fields, sort_keys=True).encode()):08x}"
