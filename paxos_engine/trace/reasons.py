"""Why the cluster stands still: what a view tells, as one line for a person."""

from __future__ import annotations

from paxos_engine.roles.quorum import majority
from paxos_engine.trace.matrix import CellState
from paxos_engine.trace.nodeview import NodeView
from paxos_engine.trace.view import ClusterView

LONG = 1.0
"""Seconds from which on it is of interest which instance a command waits for: under load another
one is open at every moment, and none for long."""


def why_pending(view: ClusterView) -> str:
    """Say what unanswered commands wait for; empty if there are none."""
    if not view.pending or view.header is None:
        return ""
    awaited = awaited_snapshots(view)
    if awaited and _kept(view) > view.header.retain:
        return full_logs(awaited)
    up = [node.name for node in view.acceptors if node.status == "up"]
    count, needed = len(view.acceptors), view.header.quorum[1]
    if len(up) < needed:
        return f"{len(up)} of {count} acceptors up, {needed} needed"
    if not any(node.status == "up" for node in view.leaders):
        return "no leader is up"
    if not view.primaries:
        return _why_no_primary(view)
    reached = max(sum(_reaches(view, primary, a) for a in up) for primary in view.primaries)
    if reached < needed:
        return f"partition: the primary reaches {reached} of {count}, {needed} needed"
    return _why_later_ones_wait(view) or "under way"


def full_logs(awaited: list[str]) -> str:
    """Say what commands wait for when the logs are at their bound, and the two ways out."""
    it = "it" if len(awaited) == 1 else "them"
    names = ", ".join(awaited)
    return f"the logs are full, and wait for {names}: bring {it} back, or write {it} off"


def why_kept(view: ClusterView) -> str:
    """Say why nothing can be dropped from the logs; empty if it can."""
    names = awaited_snapshots(view)
    if not names or view.header is None:
        return ""
    most = view.header.retain
    return f"logs wait for a snapshot of {', '.join(names)}: {_kept(view):,} of {most:,} kept"


def awaited_snapshots(view: ClusterView) -> list[str]:
    """Return the leaders without whose snapshot nothing can be dropped."""
    leaders = [node for node in view.leaders if node.name not in view.written_off]
    ahead = max((node.snapshot for node in leaders), default=0)
    lagging = [
        node.name
        for node in leaders
        if node.snapshot < ahead and (node.status != "up" or node.applied_up_to < ahead)
    ]
    have = len(leaders) - len(lagging)
    return lagging if lagging and have < majority(len(leaders)) else []


def _kept(view: ClusterView) -> int:
    """Return how many instances the leader keeps that keeps most."""
    return max((node.chosen_up_to - node.compacted for node in view.leaders), default=0)


def _why_no_primary(view: ClusterView) -> str:
    for node in view.leaders:
        if node.phase == "preparing" and node.status == "up":
            return f"no primary: {node.name} asks for promises under {node.number}"
    if not any(node.heartbeat_from for node in view.leaders):
        return "no primary yet: a leader will ask for promises when it has heard nobody for a while"
    return "no primary: a leader is about to suspect the last one"


def _why_later_ones_wait(view: ClusterView) -> str:
    """Name the instance without which a primary cannot apply what is chosen after it."""
    lead = max((n for n in view.leaders if n.name in view.primaries), key=lambda n: n.applied_up_to)
    first = lead.applied_up_to + 1
    waited = view.now - min(command.since for command in view.pending.values())
    if view.matrix.highest_chosen <= first or waited < LONG or not _is_missing(view, lead, first):
        return ""
    is_open = view.chosen_value(first) is None
    standing = "is open" if is_open else f"is not known to {lead.name}"
    return f"instance {first} {standing}, and later ones wait for it"


def _is_missing(view: ClusterView, leader: NodeView, instance: int) -> bool:
    """Say whether a leader is seen to lack an instance: a trace that began later does not tell."""
    if instance <= view.before_trace or not view.is_kept(instance):
        return False
    return view.cell(leader.name, instance).state not in (CellState.CHOSEN, CellState.NOOP)


def _reaches(view: ClusterView, sender: str, to: str) -> bool:
    both = ([sender, to], [to, sender])
    if any(pair in (view.faults.get("cuts") or []) for pair in both):
        return False
    groups = view.faults.get("groups") or []
    sides = [[n for n, group in enumerate(groups) if name in group] for name in (sender, to)]
    return sides[0] == sides[1]  # nodes that no group names are one more group
