"""The same run with fewer nodes: a smaller cluster, and the steps of those that stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import combinations
from typing import Any

from paxos_engine.roles.assembly import Shape
from paxos_engine.roles.messages import Envelope
from paxos_engine.roles.values import ProposalNumber
from paxos_engine.simulation.schedule import Step


def fewer_nodes(shape: Shape, steps: Sequence[Step]) -> Iterator[tuple[Shape, list[Step]]]:
    """Yield smaller clusters, each with the steps of the nodes that are left.

    Two acceptors go together first: that makes a majority smaller by one. Where none can go, one
    may do what all of them did.
    """
    leaders, acceptors, clients = shape.leader_names, shape.acceptor_names, shape.client_names
    for count in (2, 1):
        if count < shape.acceptors:
            smaller = replace(shape, acceptors=shape.acceptors - count)
            for gone in combinations(acceptors, count):
                yield smaller, _without(gone, acceptors, steps)
    if shape.acceptors > 1:
        yield replace(shape, acceptors=1), renamed(steps, dict.fromkeys(acceptors, acceptors[0]))
    if shape.leaders > 1:
        smaller = replace(shape, leaders=shape.leaders - 1)
        for leader in leaders:
            yield smaller, _without((leader,), leaders, steps)
    if shape.clients > 1:
        smaller = replace(shape, clients=shape.clients - 1)
        for client in clients:
            yield smaller, _without((client,), clients, steps)


def _without(gone: Sequence[str], kind: Sequence[str], steps: Sequence[Step]) -> list[Step]:
    """Leave out the steps and messages of some nodes of a kind; the others close their ranks."""
    left = []
    for step in steps:
        if step.node not in gone:
            what = [w for w in step.what if not (isinstance(w, Envelope) and w.sender in gone)]
            left.append(step._replace(what=tuple(what)))
    return renamed(left, dict(zip((n for n in kind if n not in gone), kind, strict=False)))


def renamed(steps: Sequence[Step], names: Mapping[str, str]) -> list[Step]:
    """Return the steps with other names for their nodes."""
    return [
        step._replace(
            node=names.get(step.node, step.node),
            what=tuple(other_names(what, names) for what in step.what),
        )
        for step in steps
    ]


def other_names(what: Any, names: Mapping[str, str], above: int = 0) -> Any:
    """Return a message, or any part of one, with the new names in it.

    Args:
        what: the message, or part of one.
        names: what to say in place of which name.
        above: proposal numbers keep their leader up to this round.
    """
    match what:
        case str():
            return names.get(what, what)
        case ProposalNumber(round=round_):
            leader = names.get(what.leader, what.leader) if round_ > above else what.leader
            return ProposalNumber(round_, int(leader.removeprefix("L")))
        case tuple() if hasattr(what, "_fields"):
            return type(what)(*(other_names(part, names, above) for part in what))
        case tuple():
            return tuple(other_names(part, names, above) for part in what)
        case _ if is_dataclass(what) and not isinstance(what, type):
            parts = {f.name: other_names(getattr(what, f.name), names, above) for f in fields(what)}
            return type(what)(**parts)
        case _:
            return what
