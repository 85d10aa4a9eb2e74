"""A real cluster: threads, sockets and a person who submits."""

from __future__ import annotations

import threading

from paxos_engine import Cluster, ClusterConfig


def test_a_submitted_value_is_chosen_and_every_leader_learns_it() -> None:
    with Cluster(ClusterConfig(leaders=2, acceptors=5)) as cluster:
        reply = cluster.submit("x").result(timeout=60)
    assert cluster.history("L2")[reply.instance - 1] == (reply.instance, "x")


def test_a_stopped_cluster_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    cluster = Cluster()
    cluster.start()
    cluster.submit("x").result(timeout=60)
    cluster.stop()
    assert set(threading.enumerate()) <= before
