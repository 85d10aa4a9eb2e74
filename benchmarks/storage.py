"""What a log of our own costs, and what it notices, beside SQLite and LMDB.

    make bench

The first table: records a second, as a ratio to bare writes with the same syncs. All take turns
within one run, and the table shows the median of the ratios, since absolute figures move with the
machine. The second table: one bit is flipped at rest, at each of 40 places in the middle of what
was written and never closed in order, and the store is opened again, in a process of its own. A
loss is silent if records are missing or different, and nothing said so; "killed" means that
reading took the process down. LMDB takes part where it is installed.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from functools import partial
from pathlib import Path

from paxos_engine.roles.effects import AcceptRecord, Record
from paxos_engine.roles.values import Command, ProposalNumber
from paxos_engine.storage import durable
from paxos_engine.storage.disk import StorageError
from paxos_engine.storage.durable import DurableDisk
from paxos_engine.storage.recordform import pack

try:
    import lmdb  # not required: it only takes part in the comparison
except ImportError:
    lmdb = None

ROUNDS = 5
SYNCS = 200
RECORD = AcceptRecord(ProposalNumber(3, 2), 12345, Command("C1", 77, "v" * 60, 70, 1))
BODY = pack(RECORD)

ROT_RECORDS = 500
ROT_PLACES = 40


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
    "bare writes": bare,
    "log, growing": growing_log,
    "log, as it is": append_log,
    "log, 16 MiB": large_steps,
    "SQLite": sqlite,
    **({"LMDB": lmdb_store} if lmdb else {}),
}


def rate(way: Callable[[Path, int], None], batch: int) -> float:
    """Return records a second of one run in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        began = time.perf_counter()
        way(Path(folder), batch)
        return SYNCS * batch / (time.perf_counter() - began)


# --- rot -----------------------------------------------------------------------------------


def records(count: int) -> list[Record]:
    """Return records that differ, so that a changed one is noticed."""
    number = ProposalNumber(3, 2)
    return [AcceptRecord(number, n, Command("C1", n, "v" * 60, n, 1)) for n in range(1, count + 1)]


@contextmanager
def written_log(folder: Path) -> Iterator[Path]:
    """Write a log, one sync a record; yield its file, not closed in order."""
    disk = DurableDisk(folder, "bench", "A1", create=True)
    for record in records(ROT_RECORDS):
        disk.append([record])
        disk.sync()
    yield folder / "log-00000001"
    disk.close()


def read_log_again(folder: Path) -> list[bytes]:
    """Open the log as a restart does and return its records."""
    with closing(DurableDisk(folder, "bench", "A1")) as disk:
        return [b"" if disk.notice else pack(record) for record in disk.records()]


@contextmanager
def written_sqlite(folder: Path) -> Iterator[Path]:
    """Insert rows, a transaction for each; yield the WAL, not yet moved to the database."""
    base = sqlite3.connect(folder / "base.sqlite", isolation_level=None)
    for pragma in ("journal_mode=wal", "synchronous=full", "wal_autocheckpoint=0"):
        base.execute(f"pragma {pragma}")
    base.execute("create table log (number integer primary key, body blob)")
    base.execute("pragma wal_checkpoint(truncate)")  # the table itself is not in question
    for record in records(ROT_RECORDS):
        base.execute("insert into log (body) values (?)", (pack(record),))
    yield folder / "base.sqlite-wal"
    base.close()


def read_sqlite_again(folder: Path) -> list[bytes]:
    """Open the database, let it check itself, and return its rows."""
    with closing(sqlite3.connect(folder / "base.sqlite")) as base:
        (verdict,) = base.execute("pragma integrity_check").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        return [body for (body,) in base.execute("select body from log order by number")]


@contextmanager
def written_lmdb(folder: Path) -> Iterator[Path]:
    """Put records, a transaction for each; yield the data file."""
    with closing(lmdb.open(str(folder), map_size=1 << 20)) as base:
        for number, record in enumerate(records(ROT_RECORDS)):
            with base.begin(write=True) as transaction:
                transaction.put(number.to_bytes(8, "big"), pack(record), append=True)
        yield folder / "data.mdb"


def read_lmdb_again(folder: Path) -> list[bytes]:
    """Open the environment and return its values."""
    with closing(lmdb.open(str(folder), map_size=1 << 20)) as base, base.begin() as transaction:
        return [bytes(body) for _, body in transaction.cursor()]


STORES = {
    "our log": (written_log, read_log_again, StorageError),
    "SQLite WAL": (written_sqlite, read_sqlite_again, sqlite3.DatabaseError),
    **({"LMDB": (written_lmdb, read_lmdb_again, lmdb.Error)} if lmdb else {}),
}


def rot(store: str) -> tuple[Counter[str], int]:
    """Flip a bit at each place; return what came of it, and the fewest records left in silence."""
    write = STORES[store][0]
    outcomes: Counter[str] = Counter()
    least = ROT_RECORDS
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as base:
        original = Path(base) / "original"
        original.mkdir()
        with write(original) as file:  # a copy of what a power cut would leave
            end = len(file.read_bytes().rstrip(b"\0"))
            for place in range(ROT_PLACES):
                copy = Path(base) / "copy"
                shutil.rmtree(copy, ignore_errors=True)
                shutil.copytree(original, copy, ignore=shutil.ignore_patterns("*-shm", "lock*"))
                flip(copy / file.name, end // 4 + place * (end // 2) // ROT_PLACES, place % 8)
                outcome, left = in_child(partial(look, copy, store))
                outcomes[outcome] += 1
                least = min(least, left)
    return outcomes, least


def look(folder: Path, store: str) -> tuple[str, int]:
    """Open a store that was harmed; return what comes of it, and how many records are left."""
    _, read, refusal = STORES[store]
    try:
        found = read(folder)
    except refusal:
        return "refused", ROT_RECORDS
    same = found == [pack(record) for record in records(ROT_RECORDS)]
    return "unharmed" if same else "silent", len(found)


def in_child(task: Callable[[], tuple[str, int]]) -> tuple[str, int]:
    """Run a task in a process of its own, which it may take down with it."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)
    child = fork.Process(target=lambda: theirs.send(task()))
    child.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError:
        return "killed", ROT_RECORDS
    finally:
        child.join()
        ours.close()


def flip(file: Path, offset: int, bit: int) -> None:
    """Flip one bit of a file."""
    data = bytearray(file.read_bytes())
    data[offset] ^= 1 << bit
    file.write_bytes(data)


# --- the tables ----------------------------------------------------------------------------


def print_speed() -> None:
    """Print how fast each is."""
    print(f"records of {len(BODY)} bytes, median of {ROUNDS} runs that take turns")
    print(f"{'':14}{'per sync':>9}{'records/s':>12}{'ratio':>8}{'range':>14}")
    for batch in (1, 64):
        runs: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(ROUNDS):
            for name, way in WAYS.items():
                runs[name].append(rate(way, batch))
        for name, rates in runs.items():
            ratios = [r / b for r, b in zip(rates, runs["bare writes"], strict=True)]
            spread = f"{min(ratios):.2f}..{max(ratios):.2f}"
            middle = f"{statistics.median(rates):>12,.0f}{statistics.median(ratios):>8.2f}"
            print(f"{name:14}{batch:>9}{middle}{spread:>14}")


def print_rot() -> None:
    """Print what each notices of a flipped bit."""
    print(f"one bit flipped at {ROT_PLACES} places in the middle of {ROT_RECORDS} records")
    kinds = ("refused", "killed", "unharmed", "silent")
    print(f"{'':14}{''.join(f'{kind:>10}' for kind in kinds)}{'fewest records left':>21}")
    for name in STORES:
        outcomes, least = rot(name)
        counts = "".join(f"{outcomes[kind]:>10}" for kind in kinds)
        print(f"{name:14}{counts}{least if outcomes['silent'] else '-':>21}")


def main() -> None:
    """Print the tables."""
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    print(f"{date.today()}, {machine}, {versions}")
    print(f"LMDB {'.'.join(map(str, lmdb.version()))}" if lmdb else "LMDB: left out, not installed")
    print()
    print_speed()
    print()
    print_rot()


if __name__ == "__main__":
    main()
