"""A data directory: one cluster, its id, and a directory for each of its nodes."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from paxos_engine.storage.disk import StorageError
from paxos_engine.storage.durable import Device, DurableDisk, lock_directory

FORMAT: Final = 1


class DataDir:
    """The disks of one cluster.

    Args:
        path: the directory; made if it is missing.
        leaders: the names of the leaders.
        acceptors: the names of the acceptors.
        allow_empty: let a node vote although its disk is empty. Unsafe: it may have voted before.
        accept_damaged_tail: see `read_log`.
        device: how the disks are written, by node, if not by the system's own calls.

    Raises:
        StorageError: it cannot be used, in one line.
    """

    def __init__(
        self,
        path: Path,
        leaders: Sequence[str],
        acceptors: Sequence[str],
        *,
        allow_empty: bool = False,
        accept_damaged_tail: bool = False,
        device: Device | None = None,
    ) -> None:
        self.path = path
        self.unsafe: list[str] = []  # nodes that begin with an empty disk although they are known
        self._shape = {"leaders": list(leaders), "acceptors": list(acceptors)}
        self._accept = accept_damaged_tail
        self._device = device
        self.disks: dict[str, DurableDisk] = {}
        self._lock = -1
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = lock_directory(path, "the cluster")
            known = self._read()
            self.is_new = known is None
            self.cluster = secrets.token_hex(8) if known is None else str(known["cluster"])
            if known is None:
                self._create()
            else:
                self._open(allow_empty)
        except OSError as error:
            self.close()
            raise StorageError(f"{path} cannot be used: {error.strerror or error}") from error
        except StorageError:
            self.close()
            raise

    def close(self) -> None:
        """Close every disk; again is harmless."""
        for disk in self.disks.values():
            disk.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _create(self) -> None:
        known = {*self._shape["leaders"], *self._shape["acceptors"]}
        own = {"lock", "cluster.json", "cluster.json.new"}
        foreign = sorted({p.name for p in self.path.iterdir()} - known - own)
        if foreign:
            raise StorageError(
                f"{self.path} holds {foreign[0]} and no cluster: give an empty or a new --data-dir"
            )
        # Until the state is "ready" no node has spoken, and what is half made may be made anew.
        self._write("creating")
        for node in sorted(known):
            shutil.rmtree(self.path / node, ignore_errors=True)
            (self.path / node).mkdir()
            self.disks[node] = self._disk(node, create=True)
        self._write("ready")

    def _open(self, allow_empty: bool) -> None:
        for node in (*self._shape["leaders"], *self._shape["acceptors"]):
            try:
                self.disks[node] = self._disk(node)
            except StorageError:
                directory = self.path / node
                if not allow_empty or any(directory.glob("log-*")):
                    raise
                directory.mkdir(exist_ok=True)
                self.disks[node] = self._disk(node, create=True)
                self.unsafe.append(node)

    def _disk(self, node: str, create: bool = False) -> DurableDisk:
        return DurableDisk(
            self.path / node,
            self.cluster,
            node,
            create=create,
            accept_damaged_tail=self._accept,
            device=self._device,
        )

    def _read(self) -> dict[str, Any] | None:
        """Return what cluster.json says; None if no cluster was completed here."""
        path = self.path / "cluster.json"
        try:
            found = json.loads(path.read_text())
        except FileNotFoundError:
            nodes = [p.name for p in self.path.iterdir() if any(p.glob("log-*"))]
            if nodes:
                raise StorageError(
                    f"{path} is missing beside {nodes[0]}: restore it, or give a new --data-dir"
                ) from None
            return None
        except ValueError as error:
            raise StorageError(f"{path} is no JSON: restore it") from error
        if not isinstance(found, dict) or found.get("format", 0) != FORMAT:
            raise StorageError(f"{path} has a format that this program does not know")
        if found.get("state") != "ready":
            return None
        shape = {key: found.get(key) for key in self._shape}
        if shape != self._shape:
            counts = {key: len(names or ()) for key, names in shape.items()}
            raise StorageError(
                f"{self.path} holds a cluster of {counts['leaders']} leaders and"
                f" {counts['acceptors']} acceptors: start it with --leaders {counts['leaders']}"
                f" --acceptors {counts['acceptors']}, or give another --data-dir"
            )
        return found

    def _write(self, state: str) -> None:
        fields = {"format": FORMAT, "cluster": self.cluster, "state": state, **self._shape}
        aside = self.path / "cluster.json.new"
        with aside.open("w") as file:
            json.dump(fields, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(self.path / "cluster.json")
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
