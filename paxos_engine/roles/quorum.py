"""Who must agree: quorums of acceptors, and the arithmetic that makes any two of them meet."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quorums:
    """The acceptors of a cluster and how many of them make a quorum of phase 1 and of phase 2.

    Agreement needs each quorum of phase 1 to share an acceptor with each quorum of phase 2
    (Howard, Malkhi, Spiegelman: "Flexible Paxos", section 3); two majorities always do.
    """

    acceptors: tuple[str, ...]
    phase1: int
    phase2: int

    def __post_init__(self) -> None:
        count = len(self.acceptors)
        if count < 1:
            raise ValueError("a cluster needs at least 1 acceptor")
        if not (1 <= self.phase1 <= count and 1 <= self.phase2 <= count):
            raise ValueError(f"a quorum has 1 to {count} of {count} acceptors")
        if self.phase1 + self.phase2 <= count:
            raise ValueError(
                f"quorums of {self.phase1} and {self.phase2} among {count} acceptors can be"
                f" disjoint: together they need at least {count + 1}"
            )

    @classmethod
    def majorities(cls, acceptors: Iterable[str]) -> Quorums:
        """Return the usual choice: a majority for both phases."""
        names = tuple(acceptors)
        return cls(names, majority(len(names)), majority(len(names)))

    def distinct(self, voters: Iterable[str]) -> frozenset[str]:
        """Return the acceptors among `voters`, each once: a duplicate is no second vote."""
        return frozenset(self.acceptors).intersection(voters)

    def one_of_phase2(self, instance: int, alive: Collection[str]) -> tuple[str, ...]:
        """Return a quorum of phase 2, of those `alive` where they are enough.

        Each instance has the next one, so that all acceptors have their share of the work.
        """
        turn = instance % len(self.acceptors)
        in_turn = (*self.acceptors[turn:], *self.acceptors[:turn])
        return tuple(sorted(in_turn, key=lambda acceptor: acceptor not in alive)[: self.phase2])


def majority(count: int) -> int:
    """Return the smallest number of `count` acceptors of which any two sets share a member."""
    return count // 2 + 1


def covered_by_majority(reached: Iterable[int]) -> int:
    """Return the highest instance that a majority has reached, given how far each is."""
    descending = sorted(reached, reverse=True)
    return descending[majority(len(descending)) - 1]
