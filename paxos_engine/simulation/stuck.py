"""Making a run small that never comes to its end: fewer nodes, faults, acts and commands.

What nobody answers has no last step that breaks a rule, and hangs on time and chance: so it is the
plan that is made smaller, and played again in whole (Zeller and Hildebrandt, 2002).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from paxos_engine.faults.profiles import PERFECT
from paxos_engine.simulation.plan import Plan
from paxos_engine.simulation.trial import play

PLAYS_AT_MOST: Final = 100
"""Plans that are played; one that is stuck to the end takes up to a second."""


class Stuck(NamedTuple):
    """A small plan that is safe and does not come to its end.

    Args:
        plan: what happens.
        stuck: what is left undone, in one line.
        broke: whether that is by a defect of a role, which ends the run before its time.
    """

    plan: Plan
    stuck: str
    broke: bool = False

    @property
    def size(self) -> str:
        """How large it is, in words."""
        return self.plan.size


def shrink_stuck(plan: Plan, plays: int = PLAYS_AT_MOST) -> Stuck | None:
    """Return the smallest plan found that is stuck as `plan` is; None if it is not.

    Args:
        plan: a plan whose run was safe, and did not end in its calm.
        plays: how many plans are played at the most.
    """
    search = _Search(plan, plays)
    if not search.try_plan(plan):
        return None
    before: Plan | None = None
    while before != search.best.plan:
        before = search.best.plan
        search.fewer_nodes()
        search.try_plan(replace(search.best.plan, faults=PERFECT))
        search.try_plan(replace(search.best.plan, shape=replace(search.best.plan.shape, batch=1)))
        search.fewer("asks")
        search.fewer("acts")
    return search.best


class _Search:
    def __init__(self, plan: Plan, plays: int) -> None:
        self.best = Stuck(plan, "")
        self._left = plays
        self._tried: set[int] = set()

    def try_plan(self, plan: Plan) -> bool:
        """Play a plan; keep it if it is stuck."""
        if self._left <= 0 or hash(plan) in self._tried:
            return False
        self._left -= 1
        self._tried.add(hash(plan))
        outcome = play(plan)
        if outcome.violation is not None or not outcome.stuck:
            return False
        if outcome.broke != self.best.broke and self.best.stuck:
            return False  # that is another matter
        self.best = Stuck(plan, outcome.stuck, outcome.broke)
        return True

    def fewer_nodes(self) -> None:
        """Make the cluster as small as it can be, one kind of node after the other."""
        for kind in ("leaders", "acceptors", "clients"):
            most = getattr(self.best.plan.shape, kind)
            for count in range(1, most):
                if self.try_plan(_with_nodes(self.best.plan, {kind: count})):
                    break

    def fewer(self, what: str) -> None:
        """Leave out ever smaller runs of acts, or of commands."""
        length = len(getattr(self.best.plan, what))
        while length:
            position = 0
            while position < len(items := getattr(self.best.plan, what)):
                rest = (*items[:position], *items[position + length :])
                if not self._try(what, rest):
                    position += length
            length //= 2

    def _try(self, what: str, rest: Sequence[Any]) -> bool:
        changes: dict[str, Any] = {what: rest}
        return self.try_plan(replace(self.best.plan, **changes))


def _with_nodes(plan: Plan, counts: dict[str, int]) -> Plan:
    """Change how many nodes of a kind there are; what was for others goes, or to the first one."""
    changes: dict[str, Any] = dict(counts)
    shape = replace(plan.shape, **changes)
    names = {*shape.leader_names, *shape.acceptor_names, *shape.client_names}
    acts = []
    for act in plan.acts:
        nodes = tuple(name for name in act.nodes if name in names)
        whole = len(nodes) == len(act.nodes) or (act.kind == "partition" and nodes)
        if whole:
            acts.append(act._replace(nodes=nodes))
    first = shape.client_names[0]
    asks = [ask if ask.client in names else ask._replace(client=first) for ask in plan.asks]
    return replace(plan, shape=shape, acts=tuple(acts), asks=tuple(asks))
