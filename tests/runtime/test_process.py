"""What a program may set its process to before it runs a cluster."""

from __future__ import annotations

import gc

from paxos_engine import Cluster, ClusterConfig, relax_collector
from paxos_engine.runtime.process import COLLECT_AFTER
from paxos_engine.simulation import local_players


def test_the_collector_runs_rarely_once_that_is_asked_for_and_a_cluster_alone_changes_nothing() -> (
    None
):
    before = gc.get_threshold()
    try:
        Cluster(ClusterConfig(leaders=1, acceptors=1)).start().stop()
        assert gc.get_threshold() == before
        relax_collector()
        assert gc.isenabled()
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.set_threshold(*before)


def test_processes_that_play_are_set_before_they_play_and_by_themselves_change_nothing() -> None:
    for first, expected in ((relax_collector, COLLECT_AFTER), (None, gc.get_threshold())):
        with local_players(1, first) as players:
            assert players.executor.submit(gc.get_threshold).result() == expected
