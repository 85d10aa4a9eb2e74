"""How long a client waits when the primary fails: until the next command is answered.

The interval of the heartbeats is the measure, since detection cannot be faster than silence is
noticed; a cluster is configured for it. The failure comes at any moment between two of them.
"""

from __future__ import annotations

import random
import statistics
import time
from functools import partial
from typing import Final

from benchmarks import ours
from benchmarks.apart import apart
from benchmarks.harness import Table, Tell, Way, rows_of, take_turns
from benchmarks.scale import QUICK, Scale
from paxos_engine import Cluster, ClusterConfig
from paxos_engine.roles.events import HeartbeatHeard

SETTLE: Final = 60.0

FAILURES: Final = 5
"""Primaries that fail in turn within one sample."""

RUNNING: Final = 16
"""Commands that are outstanding when the primary fails, where there is any load."""


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return the table."""
    failures = 1 if scale is QUICK else FAILURES
    ways: dict[str, Way] = {
        "idle": partial(apart, takeovers, failures),
        f"{RUNNING} outstanding": partial(apart, takeovers, failures, RUNNING),
    }
    table = Table("from the primary's failure to the next answered command")
    table.rows = rows_of(take_turns(ways, scale.rounds, tell))
    timing = ClusterConfig()
    table.notes = [
        f"{failures} failures a sample, of which the median counts; a heartbeat every"
        f" {timing.heartbeat_every} s, suspected after {timing.election_timeout} s of silence,"
        " or more where they are heard less steadily"
    ]
    return [table]


def takeovers(failures: int, outstanding: int = 0) -> dict[str, float]:
    """Let primaries fail in turn; return the median time until a command is answered again."""
    with ours.running(ours.Setting()) as cluster:
        took = [_takeover(cluster, outstanding) for _ in range(failures)]
        middle = statistics.median(took)
        intervals = middle / cluster.config.heartbeat_every
        return ours.checked(cluster, {"heartbeat intervals": intervals, "ms": middle * 1e3})


def _takeover(cluster: Cluster, outstanding: int) -> float:
    primary = only_primary(cluster)
    time.sleep(random.random() * cluster.config.heartbeat_every)
    under_way = [cluster.submit("before") for _ in range(outstanding)]
    began = time.perf_counter()
    cluster.fail(primary)
    cluster.submit("after").result(SETTLE)
    took = time.perf_counter() - began
    for future in under_way:
        future.result(SETTLE)
    cluster.recover(primary)
    return took


def only_primary(cluster: Cluster) -> str:
    """Return whose heartbeats are heard, once they are those of one leader only."""
    end = time.monotonic() + SETTLE
    while time.monotonic() < end:
        reader = cluster.trace.reader()
        time.sleep(3 * cluster.config.heartbeat_every)
        events = [entry.event for entry in reader.drain()]
        reader.close()
        heard = {event.from_ for event in events if isinstance(event, HeartbeatHeard)}
        if len(heard) == 1:
            return heard.pop()
    raise RuntimeError(f"no single primary within {SETTLE:.0f} seconds")
