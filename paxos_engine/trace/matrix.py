"""The instance matrix as a fold: what every node holds for every instance, and what is chosen.

Cells are atomic tuples in one dictionary per node; what follows from other cells (a vote that
turned out to be for the chosen value, a promise for a whole range) is worked out when asked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterable
from enum import Enum
from typing import Any, NamedTuple

from paxos_engine.roles.events import AcceptedValue, Learned, Promised, Proposed
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
    UNSEEN = "not seen"


class Cell(NamedTuple):
    """One cell of the instance matrix.

    On an acceptor PROMISED means promised and nothing accepted, ACCEPTED that it voted, CHOSEN
    (or NOOP) that its vote is for the value that a quorum chose. On a leader PROPOSED means that
    it proposed the value, CHOSEN or NOOP that it has learned it, GAP that it found a hole.
    UNSEEN is older than the trace.
    """

    state: CellState
    number: ProposalNumber | None = None
    value: Value | None = None


KEPT = 25_000
"""Instances that are kept at least; older ones go, so that memory is bounded."""

EMPTY_CELL = Cell(CellState.EMPTY)

_DECIDED = (CellState.CHOSEN, CellState.NOOP)


class _Promises:
    """One acceptor's durable promises for "every instance from n on", an ascending staircase."""

    __slots__ = ("numbers", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.numbers: list[ProposalNumber] = []

    def add(self, first: int, number: ProposalNumber) -> None:
        keep = bisect_left(self.starts, first)
        del self.starts[keep:], self.numbers[keep:]
        self.starts.append(first)
        self.numbers.append(number)

    def copy(self) -> _Promises:
        twin = _Promises()
        twin.starts, twin.numbers = self.starts.copy(), self.numbers.copy()
        return twin

    def at(self, instance: int) -> ProposalNumber | None:
        position = bisect_right(self.starts, instance) - 1
        return self.numbers[position] if position >= 0 else None


class _Unsynced(NamedTuple):
    """What a node has written and a power cut would take back: the cell, and what was before."""

    mark: int
    instance: int
    before: Cell | None
    vote: AcceptedValue | None


class Matrix:
    """The fold.

    Votes are counted once a `synced` of their node covers them, for distinct acceptors and one
    number, as the agreement checker does.

    Args:
        kept: how many instances are kept at least; None for `KEPT`.
    """

    def __init__(self, kept: int | None = None) -> None:
        self.highest = 0
        self.highest_chosen = 0
        self.chosen: dict[int, tuple[ProposalNumber, Value]] = {}
        self.chosen_count = 0
        self.version = 0
        self._quorum = 1
        self._cells: dict[str, dict[int, Cell]] = {}
        self._ranges: dict[str, _Promises] = {}
        self._new_ranges: dict[str, list[Promised]] = {}
        self._votes: dict[tuple[int, ProposalNumber], set[str]] = {}
        self._unsynced: dict[str, deque[_Unsynced]] = {}
        self._dirty: dict[str, Counter[int]] = {}
        self._oldest = 0
        self._kept = KEPT if kept is None else kept

    def copy(self) -> Matrix:
        """Return the same fold, which goes its own way from here on."""
        twin = Matrix(self._kept)
        twin.__dict__.update(self.__dict__)
        twin.chosen = self.chosen.copy()
        twin._cells = {node: cells.copy() for node, cells in self._cells.items()}
        twin._ranges = {node: ranges.copy() for node, ranges in self._ranges.items()}
        twin._new_ranges = {node: new.copy() for node, new in self._new_ranges.items()}
        twin._votes = {key: voters.copy() for key, voters in self._votes.items()}
        twin._unsynced = {node: waiting.copy() for node, waiting in self._unsynced.items()}
        twin._dirty = {node: dirty.copy() for node, dirty in self._dirty.items()}
        return twin

    @property
    def oldest(self) -> int:
        """The oldest instance that is kept."""
        return max(1, self._oldest)

    def begin(self, nodes: tuple[str, ...], quorum: int) -> None:
        """Take the shape of the cluster."""
        self._quorum = quorum
        for name in nodes:
            self._start(name)

    # --- asking it -----------------------------------------------------------------------

    def cell(self, node: str, instance: int) -> Cell:
        """Return what `node` holds for `instance`."""
        cell = self._cells.get(node, {}).get(instance)
        if cell is None:
            number = self._promised_at(node, instance)
            return Cell(CellState.PROMISED, number) if number else EMPTY_CELL
        if cell.state is CellState.ACCEPTED:
            truth = self.chosen.get(instance)
            if truth is not None and truth[1] == cell.value:
                return Cell(_decided(truth[1]), cell.number, cell.value)
        return cell

    def known_by(self, instance: int, applied: Iterable[str] = ()) -> int:
        """Return how many leaders have learned `instance`; one that holds another value has not.

        Args:
            instance: which.
            applied: who has applied it; whoever never spoke of it has it from a snapshot or a disk.
        """
        held = filter(None, (cells.get(instance) for cells in self._cells.values()))
        learned = [cell for cell in held if cell.state in _DECIDED]
        truth = self.chosen.get(instance)
        if truth is None:
            return len(learned)
        silent = [name for name in applied if instance not in self._cells.get(name, {})]
        return len(silent) + sum(cell.value == truth[1] for cell in learned)

    def is_unsynced(self, node: str, instance: int) -> bool:
        """Say whether what `node` holds there, a vote or a promise, is not durable yet."""
        if instance in self._dirty.get(node, ()):
            return True
        if instance in self._cells.get(node, {}):
            return False
        return any(promise.from_instance <= instance for promise in self._new_ranges.get(node, ()))

    def highest_vote(self, instance: int) -> Cell | None:
        """Return the vote of the highest number that any node has there; None if there is none."""
        cells = (rows.get(instance) for rows in self._cells.values())
        votes = [cell for cell in cells if cell is not None and cell.state is CellState.ACCEPTED]
        return max(votes, key=lambda cell: cell.number or ProposalNumber(0, 0), default=None)

    def rows(self, node: str) -> dict[int, Cell]:
        """Return the cells that `node` has touched, by instance."""
        return self._cells.get(node, {})

    # --- what acceptors do ---------------------------------------------------------------

    def promised(self, node: str, event: Promised) -> None:
        """Take a promise."""
        if event.to_instance is None:
            self._new_ranges[node].append(event)
        elif self.cell(node, event.from_instance).state in (CellState.EMPTY, CellState.PROMISED):
            cell = Cell(CellState.PROMISED, event.number)
            self._write(node, event.from_instance, cell, event.mark, None)
        self.version += 1

    def accepted(self, node: str, event: AcceptedValue) -> None:
        """Take a vote; it counts from its sync on."""
        cell = Cell(CellState.ACCEPTED, event.number, event.value)
        self._write(node, event.instance, cell, event.mark, event)

    def synced(self, node: str, mark: int) -> None:
        """Take what is durable now, and count the votes among it."""
        waiting = self._unsynced.get(node)
        if waiting:
            while waiting and waiting[0].mark <= mark:
                written = waiting.popleft()
                self._clean(node, written.instance)
                if written.vote is not None:
                    self._count(node, written.vote)
            self.version += 1
        promises = self._new_ranges.get(node)
        if promises:
            for promise in promises:
                if promise.mark <= mark:
                    self._ranges[node].add(promise.from_instance, promise.number)
            self._new_ranges[node] = [promise for promise in promises if promise.mark > mark]
            self.version += 1

    def forget_unsynced(self, node: str) -> int:
        """Take back what a power cut has lost of `node`; return how many votes that were."""
        waiting = self._unsynced[node]
        votes = sum(written.vote is not None for written in waiting)
        while waiting:
            written = waiting.pop()
            self._clean(node, written.instance)
            if written.before is not None and written.instance >= self._oldest:
                self._cells[node][written.instance] = written.before
            else:
                self._cells[node].pop(written.instance, None)
        self._new_ranges[node].clear()
        self.version += 1
        return votes

    def forget_all(self, node: str) -> None:
        """Take back everything that `node` held: its disk was wiped."""
        self._start(node)
        self.version += 1

    # --- what leaders do -----------------------------------------------------------------

    def proposed(self, node: str, event: Proposed) -> None:
        """Take what a leader proposed."""
        self._put(node, event.instance, Cell(CellState.PROPOSED, event.number, event.value))

    def learned(self, node: str, event: Learned) -> None:
        """Take what a leader learned; until its sync a power cut would take it back."""
        if event.mark:
            before = self._cells[node].get(event.instance)
            self._unsynced[node].append(_Unsynced(event.mark, event.instance, before, None))
        self._put(node, event.instance, decided_cell(event.number, event.value))

    def gap(self, node: str, instance: int) -> None:
        """Take a hole that a leader found."""
        if instance not in self._cells[node]:
            self._put(node, instance, Cell(CellState.GAP))

    # --- inside --------------------------------------------------------------------------

    def _start(self, node: str) -> None:
        self._cells[node] = {}
        self._ranges[node] = _Promises()
        self._new_ranges[node] = []
        self._unsynced[node] = deque()
        self._dirty[node] = Counter()

    def _promised_at(self, node: str, instance: int) -> ProposalNumber | None:
        for promise in reversed(self._new_ranges.get(node, ())):
            if promise.from_instance <= instance:
                return promise.number
        ranges = self._ranges.get(node)
        return ranges.at(instance) if ranges else None

    def _write(
        self, node: str, instance: int, cell: Cell, mark: int, vote: AcceptedValue | None
    ) -> None:
        before = self._cells[node].get(instance)
        self._unsynced[node].append(_Unsynced(mark, instance, before, vote))
        self._dirty[node][instance] += 1
        self._put(node, instance, cell)

    def _clean(self, node: str, instance: int) -> None:
        left = self._dirty[node]
        left[instance] -= 1
        if left[instance] <= 0:
            del left[instance]

    def _count(self, node: str, vote: AcceptedValue) -> None:
        if vote.instance in self.chosen:
            return
        voters = self._votes.setdefault((vote.instance, vote.number), set())
        voters.add(node)
        if len(voters) >= self._quorum:
            self.chosen[vote.instance] = (vote.number, vote.value)
            self.chosen_count += 1
            self.highest_chosen = max(self.highest_chosen, vote.instance)
            del self._votes[vote.instance, vote.number]

    def _put(self, node: str, instance: int, cell: Cell) -> None:
        self._cells[node][instance] = cell
        self.highest = max(self.highest, instance)
        self.version += 1
        if self.highest - self._oldest > 2 * self._kept:
            self._forget_before(self.highest - self._kept)

    def _forget_before(self, instance: int) -> None:
        self._oldest = instance
        tables: list[dict[int, Any]] = [*self._cells.values(), self.chosen]
        for table in tables:
            for old in [at for at in table if at < instance]:
                del table[old]
        for key in [key for key in self._votes if key[0] < instance]:
            del self._votes[key]


def decided_cell(number: ProposalNumber | None, value: Value) -> Cell:
    """Return the cell of a node that has learned `value`."""
    return Cell(_decided(value), number, value)


def _decided(value: Value) -> CellState:
    return CellState.NOOP if isinstance(value, NoOp) else CellState.CHOSEN
