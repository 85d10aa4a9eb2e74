"""What a log of our own costs: records a second, as a ratio to bare writes with the same syncs.

    make bench

Bare writes, the append log of this program and SQLite (WAL, synchronous=FULL) take turns within
one run; the table shows the median of the ratios, since absolute figures move with the machine.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from paxos_engine.roles.effects import AcceptRecord
from paxos_engine.roles.values import Command, ProposalNumber
from paxos_engine.storage.durable import DurableDisk
from paxos_engine.storage.recordform import pack

ROUNDS = 5
RECORDS = 640
RECORD = AcceptRecord(ProposalNumber(3, 2), 12345, Command("C1", 77, "v" * 60, 70, 1))
BODY = pack(RECORD)


def bare(folder: Path, batch: int) -> None:
    """Append the same bytes and sync them, with no checksum and no form."""
    descriptor = os.open(folder / "bare", os.O_CREAT | os.O_WRONLY)
    for _ in range(RECORDS // batch):
        os.write(descriptor, BODY * batch)
        os.fdatasync(descriptor)
    os.close(descriptor)


def append_log(folder: Path, batch: int) -> None:
    """Append to the log of a node."""
    disk = DurableDisk(folder, "bench", "A1", create=True)
    for _ in range(RECORDS // batch):
        disk.append([RECORD] * batch)
        disk.sync()
    disk.close()


def sqlite(folder: Path, batch: int) -> None:
    """Insert into a table, a transaction for each batch."""
    base = sqlite3.connect(folder / "base.sqlite", isolation_level=None)
    base.execute("pragma journal_mode=wal")
    base.execute("pragma synchronous=full")
    base.execute("create table log (body blob)")
    for _ in range(RECORDS // batch):
        base.execute("begin")
        base.executemany("insert into log values (?)", [(BODY,)] * batch)
        base.execute("commit")
    base.close()


WAYS: dict[str, Callable[[Path, int], None]] = {
    "bare writes": bare,
    "append log": append_log,
    "SQLite": sqlite,
}


def rate(way: Callable[[Path, int], None], batch: int) -> float:
    """Return records a second of one run in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        began = time.perf_counter()
        way(Path(folder), batch)
        return RECORDS / (time.perf_counter() - began)


def main() -> None:
    """Print the table."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
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


if __name__ == "__main__":
    main()
