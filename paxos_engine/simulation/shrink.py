"""Making a failing run small: fewer nodes, fewer turns, fewer messages, the same violation.

Delta debugging (Zeller and Hildebrandt, 2002) over the steps that a run took: parts are left out
for as long as some rule is still broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from paxos_engine.faults.profiles import PERFECT
from paxos_engine.roles.assembly import Shape
from paxos_engine.roles.events import Entry, Violation
from paxos_engine.simulation.fewer_nodes import fewer_nodes
from paxos_engine.simulation.plan import Plan, so_many
from paxos_engine.simulation.rearrange import rearranged
from paxos_engine.simulation.schedule import Rehearsal, Step
from paxos_engine.simulation.trial import Referee

PAIRS_UP_TO: Final = 60
"""Steps of a run up to which leaving out any two of them is tried."""


SMALL_ENOUGH: Final = 16
"""Deliveries that a person can follow: beyond that, a second way of shrinking is tried."""


class Shrunk(NamedTuple):
    """A small run that breaks a rule.

    Args:
        steps: what it does, with the very messages that it delivers.
        deliveries: how many messages that are.
        violation: the rule that it breaks.
        plan: whose cluster it is: smaller than that of the run it was made from.
        of_clients: how many of the deliveries are from a client, or to one.
    """

    steps: list[Step]
    deliveries: int
    violation: Violation
    plan: Plan
    of_clients: int

    @property
    def between_servers(self) -> int:
        """How many of the deliveries are from one leader or acceptor to another."""
        return self.deliveries - self.of_clients

    @property
    def size(self) -> str:
        """How large it is, in words."""
        deliveries = so_many(self.deliveries, "delivery", "deliveries")
        return f"{deliveries}, {self.between_servers} of them between servers"


def rehearse(
    plan: Plan,
    steps: Sequence[Step],
    sinks: Iterable[Callable[[Entry], None]] = (),
    command: str = "",
) -> Shrunk | None:
    """Take the steps; return them, up to the violation, if they break a rule."""
    referee = Referee()
    rehearsal = Rehearsal(plan, (referee.observe, *sinks), command)
    rehearsal.take(steps, lambda: referee.violation is not None)
    referee.conclude()
    if referee.violation is None:
        return None
    return Shrunk(
        rehearsal.taken, rehearsal.delivered, referee.violation, plan, rehearsal.of_clients
    )


def shrink(plan: Plan, steps: Sequence[Step], rule: str = "") -> Shrunk | None:
    """Return the smallest run found that breaks a rule as `steps` do; None if they break none.

    Args:
        plan: whose cluster it is.
        steps: what a failing world did.
        rule: the rule that has to be broken; any if empty.
    """
    # What a world did is all in its steps.
    plan = replace(plan, faults=PERFECT, acts=(), asks=())
    found = rehearse(plan, steps)
    if found is None or rule not in ("", found.violation.rule):
        return None
    best = _smallest(found, rule)
    if best.deliveries > SMALL_ENOUGH and not rule:
        # On the way another rule may have been broken early, in a way that leads no further.
        best = min(best, _smallest(found, found.violation.rule), key=_size)
    return best


def _smallest(found: Shrunk, rule: str) -> Shrunk:
    shrinker = _Shrinker(found, rule)
    while True:
        size = _size(shrinker.best)
        shrinker.leave_out()
        while shrinker.tell_better():
            pass
        shrinker.leave_out_two()
        if _size(shrinker.best) >= size:
            return shrinker.best


class _Shrinker:
    """Holds the smallest failing run so far, and tries smaller ones.

    Args:
        best: a run that fails.
        rule: the rule that has to be broken; any if empty.
    """

    def __init__(self, best: Shrunk, rule: str) -> None:
        self.best = best
        self._rule = rule
        self._tried: set[int] = set()  # hashes of what broke nothing, or was no smaller

    def leave_out(self) -> None:
        """Leave out nodes, steps and messages, until no single one can go any more."""
        self._fewer_nodes()
        while True:
            size = _size(self.best)
            self._fewer_steps()
            self._fewer_messages()
            self._fewer_nodes()
            self._simpler_shape()
            if _size(self.best) >= size:
                return

    def tell_better(self) -> bool:
        """Tell the run differently, if that lets more of it go; return whether it does."""
        before = self.best
        for shape, steps in rearranged(before.plan.shape, before.steps):
            found = self._rehearsed(steps, shape)
            if found is not None:
                self.best = found
                self.leave_out()
                if _size(self.best) < _size(before):
                    return True
                self.best = before
        return False

    def leave_out_two(self) -> None:
        """Leave out what goes only together with something else."""
        self._fewer_turns()
        self._without_pairs()

    def _fails(self, steps: Sequence[Step], shape: Shape | None = None) -> bool:
        """Take some steps; keep them as the best run if they fail and make it no larger."""
        found = self._rehearsed(steps, shape or self.best.plan.shape)
        if found is None:
            return False
        if _size(found) > _size(self.best) or (shape is None and _size(found) == _size(self.best)):
            return False
        self.best = found
        return True

    def _rehearsed(self, steps: Sequence[Step], shape: Shape) -> Shrunk | None:
        """Take some steps, unless they were tried before; return them if they fail."""
        key = hash((shape, tuple(steps)))
        if key in self._tried:
            return None
        self._tried.add(key)
        found = rehearse(replace(self.best.plan, shape=shape), steps)
        return found if found and self._rule in ("", found.violation.rule) else None

    def _fewer_nodes(self) -> None:
        """Leave out whole nodes, with all that they did."""
        smaller = True
        while smaller:
            candidates = fewer_nodes(self.best.plan.shape, self.best.steps)
            smaller = any(self._fails(steps, shape) for shape, steps in candidates)

    def _simpler_shape(self) -> None:
        """Take snapshots more often, so that less has to happen before one; and so on."""
        shape = self.best.plan.shape
        if shape.batch > 1:
            self._fails(self.best.steps, replace(shape, batch=1))
            shape = self.best.plan.shape
        if shape.thrifty:
            self._fails(self.best.steps, replace(shape, thrifty=False))
            shape = self.best.plan.shape
        if shape.distinguished:
            self._fails(self.best.steps, replace(shape, distinguished=False))
            shape = self.best.plan.shape
        for often in (1, 2):
            if often < shape.snapshot_every and self._fails(
                self.best.steps, replace(shape, snapshot_every=often)
            ):
                break
        if self.best.plan.shape.mode == "classic":
            self._fails(self.best.steps, replace(self.best.plan.shape, mode="multi"))

    def _fewer_steps(self) -> None:
        """Leave out ever smaller runs of steps."""
        length = max(1, len(self.best.steps) // 2)
        while length:
            position = 0
            while position < len(self.best.steps):
                steps = self.best.steps
                if not self._fails([*steps[:position], *steps[position + length :]]):
                    position += length
            length //= 2

    def _fewer_messages(self) -> None:
        """Leave out single messages of the turns that are left."""
        position = 0
        while position < len(self.best.steps):
            step = self.best.steps[position]
            which = len(step.what) - 1 if step.kind == "turn" else -1
            while which >= 0 and position < len(self.best.steps):
                step = self.best.steps[position]
                if which < len(step.what):
                    what = (*step.what[:which], *step.what[which + 1 :])
                    self._fails(self._with(position, step._replace(what=what)))
                which -= 1
            position += 1

    def _fewer_turns(self) -> None:
        """Let a node do in one turn what it did in two, and say in one message what it did."""
        first = 0
        while first < len(self.best.steps):
            one = self.best.steps[first]
            later = [i for i, s in enumerate(self.best.steps) if i > first and s.node == one.node]
            if not (later and self._join(first, later[0])):
                first += 1

    def _join(self, first: int, second: int) -> bool:
        one, other = self.best.steps[first], self.best.steps[second]
        if one.kind != "turn" or other.kind != "turn":
            return False
        both = other._replace(what=(*one.what, *other.what))
        steps = self._with(second, both)
        return self._fails([*steps[:first], *steps[first + 1 :]])

    def _without_pairs(self) -> None:
        """Leave out two steps at once: a message and what it answers go only together."""
        first = 0
        while first < len(self.best.steps) <= PAIRS_UP_TO:
            for second in range(first + 1, len(self.best.steps)):
                steps = self.best.steps
                if self._fails([*steps[:first], *steps[first + 1 : second], *steps[second + 1 :]]):
                    break
            else:
                first += 1

    def _with(self, position: int, step: Step) -> list[Step]:
        return [*self.best.steps[:position], step, *self.best.steps[position + 1 :]]


def _size(run: Shrunk) -> tuple[int, int]:
    return (run.deliveries, len(run.steps))
