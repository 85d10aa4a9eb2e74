"""A data directory: one cluster, its id, and a directory for each of its nodes."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from paxos_engine.roles.quorum import majority
from paxos_engine.storage.broken import BrokenDisk
from paxos_engine.storage.device import Device, SystemDevice, lock_directory, make_directory
from paxos_engine.storage.disk import EMPTY_NOTE, Disk, InUse, StorageError
from paxos_engine.storage.durable import SEAL, DurableDisk, half_made, log_files
from paxos_engine.storage.logfile import read_log
from paxos_engine.storage.manifest import (
    ASIDE,
    NAME,
    Manifest,
    State,
    read_manifest,
    write_manifest,
)


class DataDir:
    """The disks of one cluster.

    A node whose directory cannot be used gets a disk that says so, and the others go on, as long
    as a leader and a quorum of acceptors are left; `broken` says why, by node.

    Args:
        path: the directory; made if it is missing.
        leaders: the names of the leaders.
        acceptors: the names of the acceptors.
        allow_empty: let a node vote although its disk is empty. Unsafe: it may have voted before.
        accept_damaged_tail: see `read_log`.
        quorum: how many acceptors the cluster needs; a majority by default.
        device: how the disks are written, if not by the system's own calls.

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
        quorum: int | None = None,
        device: Device | None = None,
    ) -> None:
        self.path = path
        self.disks: dict[str, Disk] = {}
        self.broken: dict[str, str] = {}
        self._notes: dict[str, str] = {}
        self._leaders, self._acceptors = list(leaders), list(acceptors)
        self._quorum = majority(len(self._acceptors)) if quorum is None else quorum
        self._accept = accept_damaged_tail
        self._device = device or SystemDevice()
        self._given = device  # else each disk has its own, so that one can fail alone
        self._lock = -1
        try:
            make_directory(path, self._device)
            self._lock = lock_directory(path, "the cluster")
            known = self._read()
            self.cluster = known.cluster if known else secrets.token_hex(8)
            if known is None:
                self._create()
            else:
                self._open(allow_empty)
        except OSError as error:
            self.close()
            raise StorageError(f"{path} cannot be used: {error.strerror or error}") from error
        except BaseException:
            self.close()
            raise

    def note(self, node: str) -> str:
        """Say what was unusual about a node's disk when it was opened; empty if nothing was."""
        return self._notes.get(node, "")

    def close(self) -> None:
        """Close every disk; again is harmless."""
        with contextlib.ExitStack() as steps:  # what one disk suffers keeps no other from closing
            steps.callback(self._unlock)
            for disk in self.disks.values():
                steps.callback(disk.close)

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    @property
    def _nodes(self) -> list[str]:
        return [*self._leaders, *self._acceptors]

    # --- a new cluster -------------------------------------------------------------------

    def _create(self) -> None:
        """Make the disks; nothing but what an earlier attempt left behind is removed."""
        self._refuse_foreign()
        self._write("creating")
        for node in self._nodes:
            directory = self.path / node
            make_directory(directory, self._device)
            for left in [*log_files(directory), *half_made(directory)]:
                self._device.unlink(left)
            self.disks[node] = self._disk(node, create=True)
        self._write("ready")

    def _refuse_foreign(self) -> None:
        own = {"lock", NAME, ASIDE, *self._nodes}
        foreign = [path.name for path in self.path.iterdir() if path.name not in own]
        for directory in (self.path / node for node in self._nodes):
            if directory.is_dir():
                ours = {"lock", *(p.name for p in [*log_files(directory), *half_made(directory)])}
                foreign += [f"{directory.name}/{n}" for n in os.listdir(directory) if n not in ours]
        if foreign:
            raise StorageError(
                f"{self.path} holds {min(foreign)} and no cluster: give an empty or a new"
                " --data-dir"
            )

    def _write(self, state: State) -> None:
        manifest = Manifest(self.cluster, state, self._leaders, self._acceptors)
        write_manifest(self.path, manifest, self._device)

    # --- a known cluster -----------------------------------------------------------------

    def _read(self) -> Manifest | None:
        """Return what cluster.json says; None if no cluster was completed here."""
        path = self.path / NAME
        found = read_manifest(self.path)
        if found is None:
            nodes = [p.name for p in self.path.iterdir() if p.is_dir() and log_files(p)]
            if nodes:
                raise StorageError(
                    f"{path} is missing beside {min(nodes)}: restore it, or give a new --data-dir"
                )
            return None
        if found.state == "creating":
            self._refuse_spoken()
            return None
        if (found.leaders, found.acceptors) != (self._leaders, self._acceptors):
            leaders, acceptors = len(found.leaders), len(found.acceptors)
            raise StorageError(
                f"{self.path} holds a cluster of {leaders} leaders and {acceptors} acceptors:"
                f" start it with --leaders {leaders} --acceptors {acceptors}, or give another"
                " --data-dir"
            )
        return found

    def _refuse_spoken(self) -> None:
        """Refuse to make anew what holds records: a cluster that was being made has none."""
        for directory in self.path.iterdir():
            for file in log_files(directory) if directory.is_dir() else ():
                # An attempt that failed may have left seals, which are no records.
                if set(read_log(file.read_bytes(), str(file)).bodies) - {SEAL}:
                    raise StorageError(
                        f"{self.path / NAME} says that the cluster is only being made, and {file}"
                        " holds records: restore the first, or give a new --data-dir"
                    )

    def _open(self, allow_empty: bool) -> None:
        for node in self._nodes:
            try:
                self.disks[node] = self._known(node, allow_empty)
            except InUse:
                raise
            except (StorageError, OSError) as error:
                reason = str(error)
                if isinstance(error, OSError):
                    reason = f"{self.path / node} cannot be used: {error.strerror or error}"
                self.broken[node] = reason
                self.disks[node] = BrokenDisk(reason)
        acceptors = sum(node not in self.broken for node in self._acceptors)
        leaders = sum(node not in self.broken for node in self._leaders)
        if acceptors < self._quorum or not leaders:
            raise StorageError(
                f"{acceptors} of {len(self._acceptors)} acceptors and {leaders} of"
                f" {len(self._leaders)} leaders can be used, and {self._quorum} and 1 are needed: "
                + "; ".join(self.broken.values())
            )

    def _known(self, node: str, allow_empty: bool) -> DurableDisk:
        directory = self.path / node
        if allow_empty and not (directory.is_dir() and log_files(directory)):
            make_directory(directory, self._device)
            disk = self._disk(node, create=True)
            self._notes[node] = EMPTY_NOTE
        else:
            disk = self._disk(node)
            self._notes[node] = disk.notice
        return disk

    def _disk(self, node: str, create: bool = False) -> DurableDisk:
        return DurableDisk(
            self.path / node,
            self.cluster,
            node,
            create=create,
            accept_damaged_tail=self._accept,
            device=self._given,
        )
