"""The search through every state that a small cluster can reach, breadth first.

Breadth first, the first state found in which two values can be learned is one of the nearest, and
the way back from it is a shortest path. What a step is, and why the states that are left out need
not be visited, is said in `moves.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from paxos_engine.simulation.moves import Bounds, Moves, State
from paxos_engine.simulation.path import Path, path_through

MAX_STATES: Final = 3_000_000
"""About a gigabyte of memory."""

TOLD_EVERY: Final = 256
"""States between two words about the progress."""

Told: TypeAlias = Callable[[int, int], None]
"""Is told how many states were found so far, and after how many turns."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search came to.

    Args:
        bounds: what was searched.
        states: different states that were found.
        transitions: turns that were tried out.
        depth: turns that it takes to the states farthest away.
        role_steps: different steps that single roles took.
        seconds: how long it took.
        unfinished: why not every state was visited; empty if every one was, or if a violation ended
            the search.
        path: the way to a violation, if there is one.
    """

    bounds: Bounds
    states: int
    transitions: int
    depth: int
    role_steps: int
    seconds: float
    unfinished: str = ""
    path: Path | None = None

    @property
    def verdict(self) -> str:
        """What may be said: "safe", "violated" or "not whole"."""
        if self.path is not None:
            return "violated"
        return "not whole" if self.unfinished else "safe"


class Search:
    """One search.

    Args:
        bounds: how small the cluster is.
        symmetric: whether states that differ in the names of acceptors only count as one.
        max_states: states after which it gives up.
    """

    def __init__(
        self, bounds: Bounds, *, symmetric: bool = True, max_states: int = MAX_STATES
    ) -> None:
        self.bounds = bounds
        self.moves = Moves(bounds, symmetric)
        self.max_states = max_states
        self.came_from: dict[State, State | None] = {}
        self.transitions = 0
        self.depth = 0

    def run(self, told: Told = lambda states, depth: None) -> Searched:
        """Search until everything is visited, a violation is found, or a bound is met.

        Args:
            told: told of the progress. A KeyboardInterrupt ends the search with what it has.
        """
        began = time.monotonic()
        bad, unfinished = None, ""
        try:
            bad, unfinished = self._search(told)
        except KeyboardInterrupt:
            unfinished = "it was interrupted"
        steps = [*self.moves.leader_steps, self.moves.acceptor_steps]
        return Searched(
            self.bounds,
            len(self.came_from),
            self.transitions,
            self.depth,
            sum(each.taken for each in steps),
            time.monotonic() - began,
            unfinished,
            None if bad is None else path_through(self.moves, self._way_to(bad)),
        )

    def _search(self, told: Told) -> tuple[State | None, str]:
        came_from, moves = self.came_from, self.moves
        came_from[moves.start] = None
        level = [moves.start]
        while level:
            following: list[State] = []
            for count, state in enumerate(level):
                if count % TOLD_EVERY == 0:
                    told(len(came_from), self.depth)
                if len(came_from) >= self.max_states:
                    return None, f"it gave up at {self.max_states:,} states"
                for after in moves.after(state):
                    self.transitions += 1
                    if after not in came_from:
                        came_from[after] = state
                        if not moves.agrees(after):
                            self.depth += 1
                            return after, ""
                        following.append(after)
            level = following
            self.depth += bool(level)
        return None, ""

    def _way_to(self, state: State) -> list[State]:
        way = [state]
        while (before := self.came_from[way[-1]]) is not None:
            way.append(before)
        return way[::-1]
