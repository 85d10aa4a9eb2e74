"""What a log of our own notices of bits that flip at rest, beside SQLite and LMDB.

One bit is flipped at each of some places in the middle of what was written and never closed in
order, and the store is opened again, in a process of its own. A loss is silent if records are
missing or different, and nothing said so; "killed" means that reading took the process down. LMDB
takes part where it is installed.
"""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from benchmarks.harness import Table, Tell, rows_of
from benchmarks.scale import QUICK, Scale
from benchmarks.storage import version_of_lmdb
from paxos_engine.roles.effects import AcceptRecord, Record
from paxos_engine.roles.values import Command, ProposalNumber
from paxos_engine.storage.disk import StorageError
from paxos_engine.storage.durable import DurableDisk
from paxos_engine.storage.recordform import pack

try:
    import lmdb  # not required: it only takes part in the comparison
except ImportError:
    lmdb = None

ROT_RECORDS = 500
ROT_PLACES = 40
OUTCOMES = ("silent", "killed", "refused", "unharmed")


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return the table: it counts places, so one round says everything."""
    places = ROT_PLACES // 4 if scale is QUICK else ROT_PLACES
    taken = {}
    for store in STORES:
        tell(store)
        outcomes, least = rot(store, places)
        counts = {kind: float(outcomes[kind]) for kind in OUTCOMES}
        taken[store] = [{**counts, "fewest records left": float(least)}]
    title = f"a bit flipped at each of {places} places within {ROT_RECORDS} records"
    return [Table(title, rows_of(taken), ["LMDB: " + version_of_lmdb()])]


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


def rot(store: str, places: int) -> tuple[Counter[str], int]:
    """Flip a bit at each place; return what came of it, and the fewest records left in silence."""
    write = STORES[store][0]
    outcomes: Counter[str] = Counter()
    least = ROT_RECORDS
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as base:
        original = Path(base) / "original"
        original.mkdir()
        with write(original) as file:  # a copy of what a power cut would leave
            end = len(file.read_bytes().rstrip(b"\0"))
            for place in range(places):
                copy = Path(base) / "copy"
                shutil.rmtree(copy, ignore_errors=True)
                shutil.copytree(original, copy, ignore=shutil.ignore_patterns("*-shm", "lock*"))
                flip(copy / file.name, end // 4 + place * (end // 2) // places, place % 8)
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
        outcome, left = ours.recv()
        return str(outcome), int(left)
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
