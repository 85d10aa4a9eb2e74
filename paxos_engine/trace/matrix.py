"""The instance matrix as a fold: what every node holds for every instance, and what is chosen.

Cells are atomic tuples in one dictionary per node; what follows from other cells (a vote that
turned out to be for the chosen value, a promise for a whole range) is worked out when asked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from enum import Enum
from typing import Any, NamedTuple

from paxos_engine.roles.events import AcceptedValue, Promised
from paxos_engine.roles.values import NoOp, ProposalNumber, Value


class CellState(Enum):
    """What one node holds for one instance; the value is its word on the screen."""

    EMPTY = "empty"
    PROMISED = "promised"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    CHOSEN = "chosen"
    NOOP = "no-op"
    GAP = "gap"


class Cell(NamedTuple):
    """One cell of the instance matrix.

    On an acceptor PROMISED means promised and nothing accepted, ACCEPTED that it voted, CHOSEN
    (or NOOP) that its vote is for the value that a quorum chose. On a leader PROPOSED means that
    it proposed the value, CHOSEN or NOOP that it has learned it, GAP that it found a hole.
    """

    state: CellState
    number: ProposalNumber | None = None
    value: Value | None = None


KEPT = 25_000
"""Instances that are kept at least; older ones go, so that memory is bounded."""

EMPTY_CELL = Cell(CellState.EMPTY)


class _Promises:
    """One acceptor's promises for "every instance from n on", as an ascending staircase."""

    __slots__ = ("numbers", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.numbers: list[ProposalNumber] = []

    def add(self, first: int, number: ProposalNumber) -> None:
        keep = bisect_left(self.starts, first)
        del self.starts[keep:], self.numbers[keep:]
        self.starts.append(first)
        self.numbers.append(number)

    def at(self, instance: int) -> ProposalNumber | None:
        position = bisect_right(self.starts, instance) - 1
        return self.numbers[position] if position >= 0 else None


class Matrix:
    """The fold.

    Votes are counted once a `synced` of their node covers them, for distinct acceptors and one
    number, as the agreement checker does.
    """

    def __init__(self) -> None:
        self.highest = 0
        self.chosen: dict[int, tuple[ProposalNumber, Value]] = {}
        self.chosen_count = 0
        self.version = 0
        self._quorum = 1
        self._cells: dict[str, dict[int, Cell]] = {}
        self._ranges: dict[str, _Promises] = {}
        self._votes: dict[tuple[int, ProposalNumber], set[str]] = {}
        self._unsynced: dict[str, list[AcceptedValue]] = {}
        self._known: dict[int, int] = {}
        self._oldest = 0

    @property
    def oldest(self) -> int:
        """The oldest instance that is kept."""
        return max(1, self._oldest)

    def begin(self, nodes: tuple[str, ...], quorum: int) -> None:
        """Take the shape of the cluster."""
        self._quorum = quorum
        self._cells = {name: {} for name in nodes}

    def cell(self, node: str, instance: int) -> Cell:
        """Return what `node` holds for `instance`."""
        cell = self._cells.get(node, {}).get(instance)
        if cell is None:
            ranges = self._ranges.get(node)
            number = ranges.at(instance) if ranges else None
            return Cell(CellState.PROMISED, number) if number else EMPTY_CELL
        if cell.state is CellState.ACCEPTED:
            truth = self.chosen.get(instance)
            if truth is not None and truth[1] == cell.value:
                return Cell(_decided(truth[1]), cell.number, cell.value)
        return cell

    def known_by(self, instance: int) -> int:
        """Return how many leaders have learned `instance`."""
        return self._known.get(instance, 0)

    def promised(self, node: str, event: Promised) -> None:
        """Take a promise."""
        if event.to_instance is None:
            self._ranges.setdefault(node, _Promises()).add(event.from_instance, event.number)
        elif self.cell(node, event.from_instance).state in (CellState.EMPTY, CellState.PROMISED):
            self._put(node, event.from_instance, Cell(CellState.PROMISED, event.number))
        self.version += 1

    def accepted(self, node: str, event: AcceptedValue) -> None:
        """Take a vote; it counts from its sync on."""
        self._put(node, event.instance, Cell(CellState.ACCEPTED, event.number, event.value))
        self._unsynced.setdefault(node, []).append(event)

    def synced(self, node: str, mark: int) -> None:
        """Count the votes of `node` that are durable now."""
        votes = self._unsynced.get(node)
        if not votes:
            return
        self._unsynced[node] = [vote for vote in votes if vote.mark > mark]
        for vote in votes:
            if vote.mark <= mark:
                self._count(node, vote)

    def is_unsynced(self, node: str, instance: int) -> bool:
        """Say whether the vote of `node` there is not durable yet."""
        return any(vote.instance == instance for vote in self._unsynced.get(node, ()))

    def forget_unsynced(self, node: str) -> None:
        """Take back the votes of `node` that a power cut has lost."""
        for vote in self._unsynced.pop(node, ()):
            self._cells[node].pop(vote.instance, None)
        self.version += 1

    def leader(
        self, node: str, instance: int, state: CellState, number: ProposalNumber, value: Value
    ) -> None:
        """Take what a leader proposed or learned."""
        before = self._cells[node].get(instance)
        if state is CellState.CHOSEN:
            state = _decided(value)
            if before is None or before.state not in (CellState.CHOSEN, CellState.NOOP):
                self._known[instance] = self._known.get(instance, 0) + 1
        self._put(node, instance, Cell(state, number, value))

    def gap(self, node: str, instance: int) -> None:
        """Take a hole that a leader found."""
        if instance not in self._cells[node]:
            self._put(node, instance, Cell(CellState.GAP))

    def rows(self, node: str) -> dict[int, Cell]:
        """Return the cells that `node` has touched, by instance."""
        return self._cells.get(node, {})

    def _count(self, node: str, vote: AcceptedValue) -> None:
        if vote.instance in self.chosen:
            return
        voters = self._votes.setdefault((vote.instance, vote.number), set())
        voters.add(node)
        if len(voters) >= self._quorum:
            self.chosen[vote.instance] = (vote.number, vote.value)
            self.chosen_count += 1
            del self._votes[vote.instance, vote.number]

    def _put(self, node: str, instance: int, cell: Cell) -> None:
        self._cells[node][instance] = cell
        self.highest = max(self.highest, instance)
        self.version += 1
        if self.highest - self._oldest > 2 * KEPT:
            self._forget_before(self.highest - KEPT)

    def _forget_before(self, instance: int) -> None:
        self._oldest = instance
        tables: list[dict[int, Any]] = [*self._cells.values(), self.chosen, self._known]
        for table in tables:
            for old in [at for at in table if at < instance]:
                del table[old]
        for key in [key for key in self._votes if key[0] < instance]:
            del self._votes[key]


def _decided(value: Value) -> CellState:
    return CellState.NOOP if isinstance(value, NoOp) else CellState.CHOSEN
