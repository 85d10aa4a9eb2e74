"""The same run told differently: not smaller in itself, but it may be made smaller than before.

Who claims late needs a high number, and has to be told first how high the others are; where ranks
follow the order of the claims, and each claim is made by a leader of its own, nobody has to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from paxos_engine.roles.assembly import Shape
from paxos_engine.roles.messages import (
    Accept,
    Accepts,
    Decision,
    Envelope,
    Heartbeat,
    HeartbeatReply,
    Nack,
    Request,
)
from paxos_engine.roles.values import Command, ProposalNumber
from paxos_engine.simulation.fewer_nodes import other_names, renamed
from paxos_engine.simulation.schedule import Step

PATIENCE: Final = 2.0
"""Seconds after which a client surely asks another leader."""

TELLING: Final = (Accept, Accepts, Decision, Heartbeat, HeartbeatReply, Nack)
"""The messages by which a leader hears of higher numbers."""

CLAIM: Final = ("suspect", 0.0)


def rearranged(shape: Shape, steps: Sequence[Step]) -> Iterator[tuple[Shape, list[Step]]]:
    """Yield other ways of telling a run, each with its cluster."""
    tellings = [(shape, list(steps))]
    for at, step in enumerate(steps):
        if step.what == CLAIM and any(s.node == step.node for s in steps[:at]):
            more = replace(shape, leaders=shape.leaders + 1)
            tellings.append((more, _by_another(more.leader_names[-1], at, steps)))
    tellings += _by_another_client(shape, steps)
    tellings += _asked_for_something(shape, steps)
    for cluster, told in tellings:
        ordered = _in_order_of_claims(cluster, told)
        yield cluster, _untold(cluster, ordered)
        yield cluster, ordered


def _by_another_client(shape: Shape, steps: Sequence[Step]) -> Iterator[tuple[Shape, list[Step]]]:
    """Let a client of its own ask for what comes after an answer: it need not wait for that."""
    more = replace(shape, clients=shape.clients + 1)
    other = more.client_names[-1]
    opening = Request(Command(other, 0, "open session"))
    for at, step in enumerate(steps):
        for which, item in enumerate(step.what):
            if _is_later_request(item):
                what = list(step.what)
                what[which] = item._replace(sender=other, message=opening)
                ask = Step("ask", step.t, step.t, other, ("value",))
                asked = [ask, step._replace(what=tuple(what))]
                yield more, [*steps[:at], *asked, *steps[at + 1 :]]


def _asked_for_something(shape: Shape, steps: Sequence[Step]) -> Iterator[tuple[Shape, list[Step]]]:
    """Let a client of its own ask the last leader that claims: it need not fill a gap then."""
    claims = [at for at, step in enumerate(steps) if step.what == CLAIM]
    if not claims:
        return
    leader = steps[claims[-1]].node
    later = range(claims[-1], len(steps))
    at = next((at for at in later if steps[at].node == leader and _hears(steps[at])), None)
    if at is None:
        return
    more = replace(shape, clients=shape.clients + 1)
    other = more.client_names[-1]
    opening = Envelope("", other, leader, Request(Command(other, 0, "open session")))
    step = steps[at]
    ask = Step("ask", step.t, step.t, other, ("value",))
    yield more, [*steps[:at], ask, step._replace(what=(*step.what, opening)), *steps[at + 1 :]]


def _hears(step: Step) -> bool:
    return step.kind == "turn" and step.what != ()


def _is_later_request(item: Any) -> bool:
    return (
        isinstance(item, Envelope)
        and isinstance(item.message, Request)
        and not item.message.command.opens_session
    )


def _untold(shape: Shape, steps: Sequence[Step]) -> list[Step]:
    """Leave out what tells leaders how high the numbers of others are."""
    return [
        step._replace(what=tuple(item for item in step.what if not _tells(item)))
        if step.node in shape.leader_names
        else step
        for step in steps
    ]


def _tells(item: object) -> bool:
    return isinstance(item, Envelope) and isinstance(item.message, TELLING)


def _in_order_of_claims(shape: Shape, steps: Sequence[Step]) -> list[Step]:
    """Rank the leaders by their last claims, and let the clients ask all of them."""
    last = {step.node: at for at, step in enumerate(steps) if step.what == CLAIM}
    order = sorted(shape.leader_names, key=lambda leader: last.get(leader, -1))
    ranked = renamed(steps, dict(zip(order, shape.leader_names, strict=True)))
    asking: list[Step] = []
    for step in ranked:
        asking.append(step)
        if step.node in shape.client_names:
            for turn in range(1, shape.leaders):
                later = step.local + turn * PATIENCE
                asking.append(Step("turn", step.t, later, step.node))
    return asking


def _by_another(other: str, at: int, steps: Sequence[Step]) -> list[Step]:
    """Let another leader make the claim at a step, and all that follows from it."""
    leader = steps[at].node
    names = {leader: other}
    used = [n.round for n in map(_number, _messages(steps[:at])) if n and n.leader == leader]
    above = max(used, default=0)

    def told(item: Any) -> Any:
        if not isinstance(item, Envelope):
            return item
        message = other_names(item.message, names, above)
        number = getattr(message, "number", None)
        is_new = item.sender == leader and number and number.leader == other
        return item._replace(sender=other if is_new else item.sender, message=message)

    start = Step("turn", steps[at].t, steps[at].t, other)
    later = [
        step._replace(node=names.get(step.node, step.node), what=tuple(map(told, step.what)))
        for step in steps[at:]
    ]
    return [*steps[:at], start, *later]


def _messages(steps: Sequence[Step]) -> list[Envelope]:
    return [item for step in steps for item in step.what if isinstance(item, Envelope)]


def _number(envelope: Envelope) -> ProposalNumber | None:
    number = getattr(envelope.message, "number", None)
    return number if isinstance(number, ProposalNumber) else None
