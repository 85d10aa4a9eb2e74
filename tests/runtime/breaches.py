"""What can never happen, told on the trace of a running cluster, for those who watch it."""

from __future__ import annotations

from paxos_engine import Cluster
from paxos_engine.roles.events import AcceptedValue, Skipped, Synced
from paxos_engine.roles.values import Command, ProposalNumber

FAR = 900
"""An instance that the cluster itself does not reach in a test."""


def choose_twice(cluster: Cluster) -> None:
    """Tell of two quorums of five acceptors for two values of one instance.

    Before them the trace skips an entry: other rules are not watched from then on, and would
    else be broken first, since agreement follows from them.
    """
    cluster.trace.publish("trace", Skipped(1))
    quorums = (
        (ProposalNumber(50, 1), "one", ("A1", "A2", "A3")),
        (ProposalNumber(51, 2), "another", ("A3", "A4", "A5")),
    )
    for number, value, acceptors in quorums:
        for mark, acceptor in enumerate(acceptors, 10**6):
            vote = AcceptedValue(FAR, number, Command("C1", 7, value), mark)
            cluster.trace.publish(acceptor, vote)
            cluster.trace.publish(acceptor, Synced(mark, 1, 0))
