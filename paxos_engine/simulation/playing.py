"""A path played by a real cluster: nodes with disks and clients, its trace and what checks say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.roles.events import Entry, Header
from paxos_engine.roles.messages import Envelope
from paxos_engine.simulation.path import Path
from paxos_engine.simulation.plan import Plan
from paxos_engine.simulation.schedule import Rehearsal, Step
from paxos_engine.simulation.steps import Act, Input

PATIENCE: Final = 10.0
"""Seconds after which a client has surely turned to the next leader."""

STEP: Final = 1e-6
"""Seconds between two steps of a path: no timer runs out on the way."""


class Played(NamedTuple):
    """What a cluster made of a path.

    Args:
        entries: its trace, with the header first.
        broken: the names of the rules that it breaks, each once, in the order of the trace.
    """

    entries: list[Entry]
    broken: list[str]


def play_path(path: Path, command: str = "") -> Played:
    """Take the turns of a path with the nodes of a simulated cluster, and check its trace.

    Args:
        path: what happens.
        command: the command line that found it, for the header.
    """
    entries: list[Entry] = []
    plan = Plan(seed=0, shape=path.bounds.shape)
    Rehearsal(plan, (entries.append,), command).take([*_steps(path)], lambda: False)
    header = entries[0].event
    assert isinstance(header, Header), "a trace begins with its header"
    checker = SafetyChecker.of(header)
    for entry in entries[1:]:
        checker.observe(entry)
    return Played(entries, [*dict.fromkeys(violation.rule for violation in checker.violations)])


def _steps(path: Path) -> Iterator[Step]:
    shape = path.bounds.shape
    begins = 0.0
    for position, client in enumerate(shape.client_names, 1):
        # A client asks the last leader first, then the others in their order, until each has its
        # request of its own client.
        yield Step("ask", 0.0, 0.0, client, (f"of {client}",))
        for turns in range(1, position % len(shape.leader_names) + 1):
            begins = max(begins, turns * PATIENCE)
            yield Step("turn", turns * PATIENCE, turns * PATIENCE, client)
    clock = (begins + STEP * count for count in range(1, 1_000_000))
    for node in (*shape.leader_names, *shape.acceptor_names):
        t = next(clock)
        yield Step("turn", t, t, node)
    for turn in (*path.turns, *path.learning):
        for what in turn.inputs:
            yield from _step(turn.node, what, next(clock))


def _step(node: str, what: Input, t: float) -> Iterable[Step]:
    match what:
        case Act.SUSPECT:
            yield Step("act", t, 0.0, node, ("suspect", 0.0))
            yield Step("turn", t, t, node)
        case Act.CRASH:
            yield Step("act", t, 0.0, node, ("crash", 0.0))
            yield Step("act", t, 0.0, node, ("recover", 0.0))
            yield Step("turn", t, t, node)
        case _:
            yield Step("turn", t, t, node, (Envelope("", what.sender, node, what.message),))
