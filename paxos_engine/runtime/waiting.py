"""Why commands wait, for who watches no trace; `why_pending` tells it of a view, in more cases."""

from __future__ import annotations

from paxos_engine.runtime.cluster import Cluster
from paxos_engine.trace.reasons import full_logs


def why_waiting(cluster: Cluster) -> str:
    """Say in one line why commands get no answer, and what to do; empty if nothing hinders."""
    up = [name for name in cluster.leaders if cluster.status(name) == "up"]
    absent = [name for name in cluster.leaders if name not in {*up, *cluster.written_off}]
    if absent and any(cluster.kept(name) > cluster.config.retain for name in up):
        return full_logs(absent)
    acceptors = sum(cluster.status(name) == "up" for name in cluster.acceptors)
    needed = cluster.quorums.phase2
    if acceptors < needed:
        return f"{acceptors} of {len(cluster.acceptors)} acceptors up, {needed} needed"
    return "" if up else "no leader is up"
