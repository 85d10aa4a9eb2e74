"""What all checks share: their shape, what a disk has vouched for, and compact sets of numbers."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeAlias, TypeVar

from paxos_engine.roles.events import Crashed, Entry, Failed, Restarted, Synced, Violation
from paxos_engine.roles.values import Command, Value, commands_of

T = TypeVar("T")

FORGETFUL: Final = (Synced, Crashed, Failed, Restarted)
"""The events that decide what is durable: every check that uses `Durability` watches them."""

Watched: TypeAlias = tuple[type[Any], ...]
"""Event types; and message types, which stand for the sending of such a message."""


class Invariant(NamedTuple):
    """One rule that is watched.

    Args:
        name: as a violation names it.
        source: the paper and section that it comes from.
        sentence: what it says, for a person.
    """

    name: str
    source: str
    sentence: str


class Check:
    """One rule, or a few that rest on the same knowledge, as a fold over a trace.

    `watches` names what it wants to see; it may be given others and ignores them. `rules` are the
    rules whose violations it reports. One that `needs_messages` would accuse nodes in a trace that
    tells of none, and is left out there.
    """

    watches: ClassVar[Watched] = ()
    rules: ClassVar[tuple[Invariant, ...]] = ()
    needs_messages: ClassVar[bool] = False

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        raise NotImplementedError


class Durability(Generic[T]):
    """Keeps what is written but not yet synced, by node.

    What a node says counts from the `synced` that covers its mark; a crash takes back the rest,
    unless the restart says that the disk holds more than was vouched for.
    """

    def __init__(self) -> None:
        self.forgot = False  # whether the last entry observed took something back
        self._synced: dict[str, int] = {}
        self._pending: dict[str, list[tuple[int, T]]] = {}
        self._in_doubt: dict[str, list[tuple[int, T]]] = {}

    def add(self, node: str, mark: int, item: T) -> bool:
        """Take an item; return whether it is durable already, and therefore not kept."""
        if mark <= self._synced.get(node, -1):
            return True
        self._pending.setdefault(node, []).append((mark, item))
        return False

    def observe(self, entry: Entry) -> list[T]:
        """Take an entry; return what has become durable by it."""
        self.forgot = False
        match entry.event:
            case Synced(mark=mark):
                return self._sync(entry.node, mark)
            case Crashed(kind=kind) if kind != "crash":  # which keeps what was written
                self._forget(entry.node)
            case Failed(kind=kind) if kind != "fail":  # a plain failure keeps the memory
                self._forget(entry.node)
            case Restarted(mark=mark):
                self._synced[entry.node] = mark
                return [item for at, item in self._in_doubt.pop(entry.node, ()) if at <= mark]
        return []

    def _forget(self, node: str) -> None:
        lost = self._pending.pop(node, None)
        self.forgot = bool(lost)
        if lost:
            self._in_doubt[node] = lost

    def _sync(self, node: str, mark: int) -> list[T]:
        self._synced[node] = mark
        pending = self._pending.get(node)
        if not pending:
            return []
        self._pending[node] = [item for item in pending if item[0] > mark]
        return [item for at, item in pending if at <= mark]


class IntSet:
    """A set of integers that takes memory for its runs, not for its members."""

    def __init__(self) -> None:
        self._lows: list[int] = []
        self._highs: list[int] = []

    def __contains__(self, number: int) -> bool:
        lows = self._lows
        if lows and number >= lows[-1]:  # what is asked most is what was added last
            return number <= self._highs[-1]
        at = bisect_right(self._lows, number) - 1
        return at >= 0 and number <= self._highs[at]

    def __len__(self) -> int:
        return sum(high - low + 1 for low, high in zip(self._lows, self._highs, strict=True))

    @property
    def runs(self) -> int:
        """How many runs of consecutive members there are."""
        return len(self._lows)

    def reaches(self, number: int) -> bool:
        """Say whether any member is `number` or higher."""
        return bool(self._highs) and self._highs[-1] >= number

    def add(self, number: int) -> bool:
        """Add a number; return False if it was a member already."""
        lows, highs = self._lows, self._highs
        at = bisect_right(lows, number) - 1
        if at >= 0 and number <= highs[at]:
            return False
        joins_left = at >= 0 and highs[at] == number - 1
        joins_right = at + 1 < len(lows) and lows[at + 1] == number + 1
        if joins_left and joins_right:
            highs[at] = highs[at + 1]
            del lows[at + 1], highs[at + 1]
        elif joins_left:
            highs[at] = number
        elif joins_right:
            lows[at + 1] = number
        else:
            lows.insert(at + 1, number)
            highs.insert(at + 1, number)
        return True


def digest(value: Value) -> int:
    """Return 64 bits that stand for a value within this process, without keeping it."""
    if isinstance(value, Command):
        content = value.value
        # Python gives a text and the bytes of that text the same hash.
        kind = isinstance(content, bytes)
        return hash((value.client, value.session, value.sequence, kind, content, value.oldest))
    return hash(tuple(map(digest, commands_of(value))))  # of nothing, for the no-op


def short(value: Value) -> str:
    """Return a value as text for a person, clipped."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
