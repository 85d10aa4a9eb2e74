"""A thread for each node, or one for all: the same cluster, whoever gives the turns."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from paxos_engine import Cluster, ClusterConfig

PATIENCE = 60.0
QUICK = {"election_timeout": 0.5, "heartbeat_every": 0.05}


def threads_of_nodes() -> set[str]:
    """Return the names of the threads that serve nodes."""
    names = {thread.name for thread in threading.enumerate()}
    return {name for name in names if name.startswith("paxos-")} - {"paxos-watch"}


@pytest.mark.parametrize(
    ("threads", "names"),
    [
        ("each", {f"paxos-{node}" for node in ("A1", "A2", "A3", "L1", "L2", "C1")}),
        ("one", {"paxos-nodes"}),
    ],
)
def test_nodes_have_a_thread_each_or_share_one_and_none_is_left_behind(
    threads: str, names: set[str]
) -> None:
    with Cluster(ClusterConfig(acceptors=3, threads=threads)) as cluster:
        cluster.submit("a").result(PATIENCE)
        assert threads_of_nodes() == names
    assert threads_of_nodes() == set()


def test_a_disk_that_stands_still_holds_up_its_own_node_only_unless_asked_otherwise(
    tmp_path: Path,
) -> None:
    assert ClusterConfig(data_dir=tmp_path).has_thread_each
    assert not ClusterConfig(data_dir=tmp_path, threads="one").has_thread_each
    assert not ClusterConfig().has_thread_each
    assert ClusterConfig(threads="each").has_thread_each


def test_in_one_thread_a_cluster_outlives_failures_crashes_and_a_new_primary(
    tmp_path: Path,
) -> None:
    config = ClusterConfig(threads="one", data_dir=tmp_path / "data", profile="lossy", **QUICK)  # type: ignore[arg-type]
    with Cluster(config) as cluster:
        cluster.submit("first").result(PATIENCE)
        cluster.crash("L2", "power cut")
        cluster.fail("A1")
        cluster.pause("A2")
        futures = [cluster.submit(f"command {number}") for number in range(50)]
        assert {future.result(PATIENCE).sequence for future in futures} == {*range(2, 52)}
        for node in ("L2", "A1", "A2"):
            cluster.recover(node)
        cluster.submit("last").result(PATIENCE)
        assert len(cluster.history("L1")) >= 52
        assert cluster.violation is None
