"""Making a failing run small: fewer turns, fewer messages, fewer faults, the same violation.

Delta debugging (Zeller and Hildebrandt, 2002) over the steps that a run took: parts are left out
for as long as some rule is still broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from paxos_engine.roles.events import Entry, Violation
from paxos_engine.simulation.plan import Plan
from paxos_engine.simulation.schedule import Rehearsal, Step
from paxos_engine.simulation.trial import Referee

PAIRS_UP_TO: Final = 60
"""Steps of a run up to which leaving out any two of them is tried."""


class Shrunk(NamedTuple):
    """A small run that breaks a rule: its steps, how many messages they deliver, and the rule."""

    steps: list[Step]
    deliveries: int
    violation: Violation


def rehearse(
    plan: Plan,
    steps: Sequence[Step],
    sinks: Iterable[Callable[[Entry], None]] = (),
    command: str = "",
) -> Shrunk | None:
    """Take the steps; return them, up to the violation, if they break a rule."""
    referee = Referee()
    rehearsal = Rehearsal(plan, (referee.observe, *sinks), command)
    taken = rehearsal.take(steps, lambda: referee.violation is not None)
    if taken is None or referee.violation is None:
        return None
    return Shrunk(list(steps[:taken]), rehearsal.delivered, referee.violation)


def shrink(plan: Plan, steps: Sequence[Step], rule: str = "") -> Shrunk | None:
    """Return the smallest run found that breaks a rule as `steps` do; None if they break none.

    Args:
        plan: whose cluster it is.
        steps: what a failing world did.
        rule: the rule that has to be broken; any if empty.
    """

    def fails(some: Sequence[Step]) -> Shrunk | None:
        found = rehearse(plan, some)
        return found if found and rule in ("", found.violation.rule) else None

    best = fails(steps)
    if best is None:
        return None
    while True:
        size = _size(best)
        best = _minimise(best, best.steps, fails)
        best = _fewer_messages(best, fails)
        if _size(best) >= size:
            best = _without_pairs(best, fails)
        if _size(best) >= size:
            return best


def _minimise(
    best: Shrunk, parts: Sequence[Step], fails: Callable[[Sequence[Step]], Shrunk | None]
) -> Shrunk:
    """Leave out ever smaller runs of steps for as long as the rest still fails."""
    length = max(1, len(parts) // 2)
    while True:
        position = 0
        while position < len(best.steps):
            rest = [*best.steps[:position], *best.steps[position + length :]]
            found = fails(rest)
            if found is None:
                position += length
            else:
                best = found
        if length == 1:
            return best
        length //= 2


def _fewer_messages(best: Shrunk, fails: Callable[[Sequence[Step]], Shrunk | None]) -> Shrunk:
    """Leave out single messages of the turns that are left."""
    position = 0
    while position < len(best.steps):
        step = best.steps[position]
        for which in range(len(step.what) - 1, -1, -1) if step.kind == "turn" else ():
            what = (*step.what[:which], *step.what[which + 1 :])
            lighter = step._replace(what=what)
            found = fails([*best.steps[:position], lighter, *best.steps[position + 1 :]])
            if found is not None:
                best, step = found, lighter
                if position >= len(best.steps):
                    break
        position += 1
    return best


def _without_pairs(best: Shrunk, fails: Callable[[Sequence[Step]], Shrunk | None]) -> Shrunk:
    """Leave out two steps at once: a message and what it answers go only together."""
    first = 0
    while first < len(best.steps) <= PAIRS_UP_TO:
        for second in range(first + 1, len(best.steps)):
            steps = best.steps
            found = fails([*steps[:first], *steps[first + 1 : second], *steps[second + 1 :]])
            if found is not None:
                best = found
                break
        else:
            first += 1
    return best


def _size(run: Shrunk) -> tuple[int, int]:
    return (run.deliveries, len(run.steps))
