"""What a log of our own costs beside bare writes with the same syncs, SQLite and LMDB.

LMDB takes part where it is installed.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from benchmarks.harness import Sample, Table, Tell, Way, rows_of, take_turns
from benchmarks.scale import QUICK, Scale
from paxos_engine.roles.effects import AcceptRecord
from paxos_engine.roles.values import Command, ProposalNumber
from paxos_engine.storage import durable
from paxos_engine.storage.durable import DurableDisk
from paxos_engine.storage.recordform import pack

try:
    import lmdb  # not required: it only takes part in the comparison
except ImportError:
    lmdb = None

BARE = "bare writes"
SYNCS = 200
RECORD = AcceptRecord(ProposalNumber(3, 2), 12345, Command("C1", 77, "v" * 60, 70, 1))
BODY = pack(RECORD)
BATCHES = (1, 64)
"""Records that share a sync."""


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return the table."""
    table = Table(f"records of {len(BODY)} bytes, {SYNCS} syncs")
    for batch in BATCHES:
        ways: dict[str, Way] = {name: partial(rate, way, batch) for name, way in WAYS.items()}
        taken = take_turns(ways, 1 if scale is QUICK else scale.rounds + 2, tell)
        table.rows += rows_of(taken, [BARE], f"{batch} a sync")
    table.notes = [f"SQLite {sqlite3.sqlite_version}", "LMDB: " + version_of_lmdb()]
    return [table]


def version_of_lmdb() -> str:
    """Return which takes part."""
    return ".".join(map(str, lmdb.version())) if lmdb else "skipped: not installed"


def bare(folder: Path, batch: int) -> None:
    """Append the same bytes and sync them, with no checksum and no form."""
    descriptor = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY)
    for _ in range(SYNCS):
        os.write(descriptor, BODY * batch)
        os.fdatasync(descriptor)
    os.close(descriptor)


class GrowingDisk(DurableDisk):
    """The log without space reserved ahead: each sync writes a new length."""

    def _reserve(self, end: int) -> None:
        pass


def growing_log(folder: Path, batch: int) -> None:
    """Append to the log of a node, with no space reserved."""
    fill(GrowingDisk(folder, "bench", "A1", create=True), batch)


def append_log(folder: Path, batch: int) -> None:
    """Append to the log of a node, as the program does."""
    fill(DurableDisk(folder, "bench", "A1", create=True), batch)


def large_steps(folder: Path, batch: int) -> None:
    """Append to the log of a node, with space reserved in steps of 16 MiB."""
    before, durable.RESERVE = durable.RESERVE, 16 << 20  # type: ignore[misc]
    try:
        append_log(folder, batch)
    finally:
        durable.RESERVE = before  # type: ignore[misc]


def fill(disk: DurableDisk, batch: int) -> None:
    """Write the records, one sync for each batch."""
    for _ in range(SYNCS):
        disk.append([RECORD] * batch)
        disk.sync()
    disk.close()


def sqlite(folder: Path, batch: int) -> None:
    """Insert into a table, a transaction for each batch."""
    base = sqlite3.connect(folder / "base.sqlite", isolation_level=None)
    base.execute("pragma journal_mode=wal")
    base.execute("pragma synchronous=full")
    base.execute("create table log (body blob)")
    for _ in range(SYNCS):
        base.execute("begin")
        base.executemany("insert into log values (?)", [(BODY,)] * batch)
        base.execute("commit")
    base.close()


def lmdb_store(folder: Path, batch: int) -> None:
    """Put under ascending keys, a transaction for each batch."""
    with closing(lmdb.open(str(folder / "base.lmdb"), map_size=1 << 28)) as base:
        for first in range(0, SYNCS * batch, batch):
            with base.begin(write=True) as transaction:
                for number in range(first, first + batch):
                    transaction.put(number.to_bytes(8, "big"), BODY, append=True)


WAYS: dict[str, Callable[[Path, int], None]] = {
    BARE: bare,
    "log, growing": growing_log,
    "log, as it is": append_log,
    "log, 16 MiB": large_steps,
    "SQLite": sqlite,
    **({"LMDB": lmdb_store} if lmdb else {}),
}


def rate(way: Callable[[Path, int], None], batch: int) -> Sample:
    """Run once in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        began = time.perf_counter()
        way(Path(folder), batch)
        return {"records/s": SYNCS * batch / (time.perf_counter() - began)}
