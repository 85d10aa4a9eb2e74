"""A leader that was away for long catches up in batches with a bound, and is seen to."""

from __future__ import annotations

import time

import pytest

from paxos_engine import Cluster, ClusterConfig
from paxos_engine.roles.effects import (
    AcceptRecord,
    ChosenRecord,
    PromiseRecord,
    Record,
    RoundRecord,
)
from paxos_engine.roles.events import CatchUpAsked, Sent
from paxos_engine.roles.learner import CATCH_UP_SPAN
from paxos_engine.roles.messages import CatchUpReply
from paxos_engine.roles.values import Command, ProposalNumber, value_size
from tests.runtime.test_cluster import until

NUMBER = ProposalNumber(1, 2)

BATCH_BYTES = 40_000
"""What the rows of one batch may come to, in one datagram."""


def command(instance: int) -> Command:
    """Return what was chosen in an instance; the first opens the session of the others."""
    if instance == 1:
        return Command("C9", 0, "open session")
    return Command("C9", instance, f"incr k{instance % 100}", instance, 1)


def put_on_disk(cluster: Cluster, node: str, records: list[Record]) -> None:
    """Give a node records of an earlier life."""
    disk = cluster._running[node].disk
    disk.append(records)
    disk.sync()


def with_history(missed: int) -> Cluster:
    """Return a cluster, not started yet, in which L2 and the acceptors have what L1 missed."""
    cluster = Cluster(ClusterConfig(acceptors=1, election_timeout=5.0, retain=10_000_000))
    commands = {instance: command(instance) for instance in range(1, missed + 1)}
    chosen = [ChosenRecord(instance, NUMBER, value) for instance, value in commands.items()]
    accepted = [AcceptRecord(NUMBER, instance, value) for instance, value in commands.items()]
    put_on_disk(cluster, "L2", [RoundRecord(1), *chosen])
    for acceptor in cluster.acceptors:
        put_on_disk(cluster, acceptor, [PromiseRecord(NUMBER, 1, None), *accepted])
    return cluster


@pytest.mark.parametrize("missed", [20_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_a_leader_that_missed_a_long_history_gets_it_in_batches_with_visible_progress(
    missed: int,
) -> None:
    cluster = with_history(missed)
    reader, view = cluster.trace.reader(), cluster.new_view()
    asked: list[CatchUpAsked] = []
    behind: list[int] = []
    with cluster:
        while cluster.applied("L1")[0] < missed:
            time.sleep(0.02)  # looking on must not cost those who work
            for entry in reader.drain():
                view.apply(entry)
                match entry.event:
                    case Sent(body=CatchUpReply(entries=rows)):
                        assert sum(value_size(value) for _, value in rows) <= BATCH_BYTES
                    case CatchUpAsked() as question:
                        asked.append(question)
                        behind.append(view.nodes["L1"].chosen_up_to)
        until(lambda: cluster.applied("L1") == cluster.applied("L2"))
        assert cluster.violation is None
        assert cluster.submit("get k7").result(60).result == str(missed // 100)
    assert {question.last - question.first for question in asked} <= set(range(CATCH_UP_SPAN))
    assert len(asked) > missed / CATCH_UP_SPAN
    assert behind == sorted(behind)
    assert len(set(behind)) > missed / CATCH_UP_SPAN
