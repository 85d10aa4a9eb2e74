"""PySyncObj under the same workload: the Python peer that a reader may know.

It takes part where the extra `bench` is installed. Its replicas are as many as our acceptors, all
in one process as ours are; commands are asked of its leader, which is the best place for it.
"""

from __future__ import annotations

import importlib.util
import logging
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.driver import Done, Window, closed_loop

SKIPPED: Final = "PySyncObj: skipped: not installed (pip install 'paxos-tui[bench]')"

JOURNAL: Final = (
    "PySyncObj's journal is mapped memory that it does not sync before it answers:"
    " a power cut may take what it promised"
)

SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "PySyncObj": {"appendEntriesUseBatch": False},
    "PySyncObj, batching": {"appendEntriesPeriod": 0.01, "autoTickPeriod": 0.01},
}
"""Its better settings: an entry per message sent at once, and batches at a tenth of the default
period, by which more commands are answered, and each one sooner."""

SETTLE: Final = 60.0
"""Seconds within which its replicas find each other and elect."""


def is_installed() -> bool:
    """Say whether it can take part."""
    return importlib.util.find_spec("pysyncobj") is not None


def load(
    outstanding: int, seconds: float, warm_up: float, setting: str, **how: Any
) -> dict[str, float]:
    """Return rate and latencies with so many commands outstanding.

    Args:
        outstanding: commands at once.
        seconds: how long it is measured.
        warm_up: seconds before that.
        setting: one of `SETTINGS`.
        how: `nodes`, `size` of a value in bytes, `durable`.
    """
    with tempfile.TemporaryDirectory(dir=Path.cwd() if how["durable"] else None) as folder:
        replicas = _start(how["nodes"], SETTINGS[setting], Path(folder), how["durable"])
        leader = _leader(replicas)
        value = "v" * how["size"]

        def ask(done: Done) -> None:
            def answered(result: object, error: int) -> None:
                done(None if not error else RuntimeError(f"PySyncObj: error {error}"))

            leader.put(value, callback=answered)

        window = Window(warm_up, seconds, outstanding)
        closed_loop(ask, outstanding, window)
        for replica in replicas:
            replica.destroy()
        return window.figures()


def _start(count: int, setting: Mapping[str, Any], folder: Path, durable: bool) -> list[Any]:
    from pysyncobj import SyncObj, SyncObjConf, replicated  # noqa: PLC0415 - an extra

    logging.disable(logging.CRITICAL)

    class Store(SyncObj):  # type: ignore[misc] # it ships no types
        """Keeps the last value, as little as there can be to keep."""

        def __init__(self, own: str, others: list[str], conf: Any) -> None:
            super().__init__(own, others, conf)
            self.last = ""

        @replicated  # type: ignore[untyped-decorator]
        def put(self, value: str) -> str:
            """Apply a command."""
            self.last = value
            return value

    names = [f"127.0.0.1:{port}" for port in free_ports(count)]
    replicas = []
    for position, name in enumerate(names):
        journal = str(folder / f"journal{position}") if durable else None
        conf = SyncObjConf(journalFile=journal, connectionRetryTime=0.2, **setting)
        replicas.append(Store(name, [other for other in names if other != name], conf))
    return replicas


def _leader(replicas: list[Any]) -> Any:
    """Wait until all replicas are ready under one leader, and return it."""
    _until(lambda: all(replica.isReady() for replica in replicas))
    ours = {str(replica.selfNode): replica for replica in replicas}
    return ours[str(replicas[0]._getLeader())]  # noqa: SLF001 - it has no public name


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SETTLE
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError(f"PySyncObj: no leader within {SETTLE:.0f} seconds")
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses at the moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()
