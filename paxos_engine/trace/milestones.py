"""The events at which a person who goes through a trace wants to stop."""

from __future__ import annotations

from typing import Final

from paxos_engine.roles import events as ev

TURNS: Final = frozenset(
    (
        *(ev.Prepared, ev.BecamePrimary, ev.Yielded, ev.GapFound, ev.GapFilled),
        *(ev.Failed, ev.Recovered, ev.Paused, ev.Resumed, ev.Crashed, ev.Restarted),
        *(ev.FaultsChanged, ev.WrittenOff, ev.Skipped, ev.Violation),
    )
)
"""Kinds of events after which the cluster is not what it was before: a phase 1 begins, the primary
changes, a node or the network breaks, a leader is given up. That an instance is chosen is for a
view to say."""


def is_turn(entry: ev.Entry) -> bool:
    """Say whether this is one of the `TURNS`."""
    return type(entry.event) in TURNS


def instance_of(entry: ev.Entry) -> int | None:
    """Return the instance that something happened to; None for an event that names none."""
    instance = getattr(entry.event, "instance", None)
    return instance if isinstance(instance, int) else None
