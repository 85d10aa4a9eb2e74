"""Buffers as small as a system may grant: the window follows what they hold, and nothing is lost.

What a full buffer drops is dropped by the kernel, which counts it for each socket.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from paxos_engine import Cluster, ClusterConfig
from paxos_engine.wire import pump
from paxos_engine.wire.codec import COALESCE_BYTES
from tests.runtime.test_cluster import PATIENCE

STOCK = 106_496
"""Bytes to ask for that come to the kernel's own default, which is granted everywhere."""

DROPS = -1
LOCAL = 1


def dropped(cluster: Cluster) -> int:
    """Return how many datagrams the kernel has dropped for lack of room in any socket of it."""
    ports = {f"{port:04X}" for port in cluster.ports.values()}
    lines = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    rows = [line.split() for line in lines]
    return sum(int(row[DROPS]) for row in rows if row[LOCAL].partition(":")[2] in ports)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's count of drops")
@pytest.mark.parametrize("threads", ["one", "each"])
@pytest.mark.parametrize(
    ("size", "commands", "batch", "coalesce"),
    [
        (16, 2_000, 1, COALESCE_BYTES),
        (1_024, 600, 1, COALESCE_BYTES),
        (4_200, 300, 1, 0),
        (8_100, 200, 1, 0),
        (16_384, 150, 1, COALESCE_BYTES),
        (16_384, 150, 64, COALESCE_BYTES),
        (58_000, 40, 1, COALESCE_BYTES),
    ],
)
def test_commands_of_any_size_thrown_at_small_buffers_lose_no_datagram(
    monkeypatch: pytest.MonkeyPatch,
    threads: str,
    size: int,
    commands: int,
    batch: int,
    coalesce: int,
) -> None:
    monkeypatch.setattr(pump, "RECEIVE_BUFFER", STOCK)
    config = ClusterConfig(
        threads=threads,
        batch=batch,
        coalesce_bytes=coalesce,
        pipeline=10_000,
        election_timeout=5.0,
    )
    with Cluster(config) as cluster:
        cluster.submit("first").result(PATIENCE)
        futures = [cluster.submit("v" * size) for _ in range(commands)]
        assert {future.result(PATIENCE).result for future in futures} == {"ok"}
        assert dropped(cluster) == 0
        assert cluster.violation is None
