"""Heartbeats go their way whatever else is asked of the threads that send and hear them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from paxos_engine import Cluster, ClusterConfig, Entry, TraceLevel
from tests.runtime.test_cluster import PATIENCE, primaries, until

EVERY = 0.2
BURST = 6_000


def under_load(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries from the first command of the burst to the last answer."""
    of_burst = [at for at, e in enumerate(entries) if e.event.name in ("submitted", "answered")]
    return list(entries[of_burst[0] : of_burst[-1]])


@pytest.mark.parametrize("size", [16, 8_000])
@pytest.mark.parametrize("threads", ["one", "each"])
def test_a_burst_keeps_no_heartbeat_from_the_other_leader(threads: str, size: int) -> None:
    config = ClusterConfig(
        heartbeat_every=EVERY,
        election_timeout=10.0,
        threads=threads,
        trace_level=TraceLevel.PROTOCOL,
    )
    with Cluster(config) as cluster:
        until(lambda: primaries(cluster))
        cluster.submit("first").result(PATIENCE)
        reader = cluster.trace.reader()
        futures = [cluster.submit("v" * size) for _ in range(BURST // (1 + size // 1_000))]
        assert {future.result(PATIENCE).result for future in futures} == {"ok"}
        entries = under_load(reader.drain())
    seconds = entries[-1].t - entries[0].t
    heard = sum(e.event.name == "heartbeat" and e.node.startswith("L") for e in entries)
    assert not [e for e in entries if e.event.name in ("suspected", "yielded")]
    # A thread may have to wait for the processor; that half of them are late says something else.
    assert heard >= seconds / EVERY / 2 - 2
