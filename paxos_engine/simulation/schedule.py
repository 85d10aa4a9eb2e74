"""A run as a list of steps: which node had a turn, with which messages, and what befell it.

A world writes down every step it takes. The same steps, or fewer of them, can be taken again
without its clock and network: that is how a failing run is made small enough to be understood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, NamedTuple

from paxos_engine.roles.events import Delivered, Entry, Event, Suspected
from paxos_engine.roles.messages import Envelope, Message
from paxos_engine.simulation.cast import Cast
from paxos_engine.simulation.plan import Act, Plan


class Step(NamedTuple):
    """One step.

    Args:
        kind: turn, ask, act or disks.
        t: true time, in seconds.
        local: the time on the node's own clock.
        node: whose step it is.
        what: the messages, the value asked for, the act and its amount, or the disks' delay.
    """

    kind: str
    t: float
    local: float
    node: str
    what: tuple[Any, ...] = ()


class Rehearsal:
    """Takes steps, one by one; only what a step names is delivered.

    Every message that was ever sent can be delivered at any step, as often as steps name it: a
    network may do all that. Where earlier steps are left out, rounds and instances come out lower
    than they were: the message that is most like the one named takes its place.

    Args:
        plan: whose cluster it is.
        sinks: told every entry of the trace, in order.
        command: for the header.
    """

    def __init__(
        self, plan: Plan, sinks: Iterable[Callable[[Entry], None]], command: str = ""
    ) -> None:
        self._sinks = tuple(sinks)
        self._count = 0
        self._now = 0.0
        self._sent: dict[tuple[str, str, type[Message]], list[Envelope]] = {}
        self.delivered = self.of_clients = 0
        self.taken: list[Step] = []
        self._suspects = False
        self._clients = plan.shape.client_names
        self.cast = Cast(plan.shape, self._publish, self._carry)
        self._emit(self.cast.header(plan.seed, {}, command))

    def take(self, steps: Iterable[Step], stop: Callable[[], bool]) -> bool:
        """Take steps until `stop` is true; return whether it was.

        `taken` has them as they were: with the very messages that were delivered, and an act for
        each time that a leader suspected the primary by itself, so that no timing matters.
        """
        for step in steps:
            self._suspects = False
            taken = self._take(step)
            if self._suspects and self.taken[-1:] != [_suspicion(step)]:
                self.taken.append(_suspicion(step))
            self.taken.append(taken)
            if stop():
                return True
        return False

    def _take(self, step: Step) -> Step:
        self._now = step.t
        match step.kind:
            case "ask":
                self.cast.submit(step.node, step.what[0], step.local)
            case "disks":
                self.cast.disk_delay = step.what[0]
            case "act":
                kind, amount = step.what
                self.cast.befall(Act(step.t, kind, (step.node,), amount), step.t)
            case _:
                found = [self._most_like(step.node, envelope) for envelope in step.what]
                envelopes = [envelope for envelope in found if envelope is not None]
                step = step._replace(what=tuple(envelopes))
                if self.cast.nodes[step.node].standing != "paused":
                    self.cast.turn(step.node, envelopes, [], step.local)
        return step

    def _carry(self, sender: str, to: str, envelopes: list[Envelope]) -> None:
        for envelope in envelopes:
            self._sent.setdefault((sender, to, type(envelope.message)), []).append(envelope)

    def _most_like(self, to: str, wanted: Envelope) -> Envelope | None:
        """Return the last message sent that is the one wanted, or else is most like it."""
        sent = self._sent.get((wanted.sender, to, type(wanted.message)), [])
        best, score = None, (-1, False)
        for envelope in reversed(sent):
            alike = (_alike(envelope.message, wanted.message), envelope.id == wanted.id)
            if alike > score:
                best, score = envelope, alike
        return best

    def _publish(self, node: str, *events: Event) -> None:
        for event in events:
            self._count += 1
            if isinstance(event, Delivered):
                self.delivered += 1
                self.of_clients += not {node, event.from_}.isdisjoint(self._clients)
            self._suspects = self._suspects or isinstance(event, Suspected)
            self._emit(Entry(self._count, self._now, node, event))

    def _emit(self, entry: Entry) -> None:
        for sink in self._sinks:
            sink(entry)


def _suspicion(step: Step) -> Step:
    return Step("act", step.t, 0.0, step.node, ("suspect", 0.0))


def _alike(one: Message, other: Message) -> int:
    """Count the fields in which two messages of a kind agree; all of them count most."""
    names = [field.name for field in fields(one)]
    return sum(getattr(one, name) == getattr(other, name) for name in names)
