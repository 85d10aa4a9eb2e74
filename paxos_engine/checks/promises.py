"""Acceptors keep their word: promises never decrease, and nothing below one is accepted.

("Paxos Made Simple", 2.2, P1a: an acceptor can accept a proposal numbered n iff it has not
responded to a prepare request having a number greater than n.)
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from copy import deepcopy
from typing import ClassVar, Final, NamedTuple

from paxos_engine.checks.base import (
    FORGETFUL,
    Check,
    Durability,
    IntSet,
    Invariant,
    Watched,
)
from paxos_engine.checks.holdings import WIPE
from paxos_engine.roles.events import (
    AcceptedValue,
    Crashed,
    Dropped,
    Entry,
    Promised,
    Restarted,
    Violation,
)
from paxos_engine.roles.messages import span
from paxos_engine.roles.values import ZERO, ProposalNumber

NEVER_LESS: Final = "a promise is never taken back"
NOT_BELOW: Final = "nothing is accepted below a promise"

WIDEST: Final = 65_536
"""Instances of one promise with an end that are noted; a trace may claim one of 2^48."""


class _Word(NamedTuple):
    """One promise for `first`..`last` (None: without end); a vote is one for its instance."""

    number: ProposalNumber
    first: int
    last: int | None
    seq: int


class _Found(NamedTuple):
    """The promise that binds, and the entries that show it."""

    number: ProposalNumber
    evidence: tuple[int, ...]


class _Promises:
    """What one acceptor has promised.

    Promises without end are an ascending staircase. Those for single instances are sets of
    instances by number, only where they are higher than the stairs: a vote for each of a million
    instances under one number is one run.
    """

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stairs: list[_Word] = []
        self._numbers: list[ProposalNumber] = []  # of the single promises, ascending
        self._points: dict[ProposalNumber, IntSet] = {}

    def add(self, word: _Word) -> None:
        """Take a promise; one that is covered by a higher one changes nothing."""
        if word.last is None:
            self._climb(word)
            return
        for instance in range(word.first, min(word.last, word.first + WIDEST) + 1):
            if word.number > self.over(instance, instance).number:
                if word.number not in self._points:
                    insort(self._numbers, word.number)
                    self._points[word.number] = IntSet()
                self._points[word.number].add(instance)

    def over(self, first: int, last: int | None, compacted: int = 0) -> _Found:
        """Return the highest promise for `first`, or for any instance from there on.

        Promises for single instances up to `compacted` bind nobody: these are decided.
        """
        at = bisect_right(self._starts, first) if last == first else len(self._starts)
        best = _Found(ZERO, ())
        if at:
            step = self._stairs[at - 1]
            best = _Found(step.number, (step.seq,))
        for number in reversed(self._numbers):
            if number <= best.number:
                break
            points = self._points[number]
            if first in points if last == first else points.reaches(max(first, compacted + 1)):
                return _Found(number, ())
        return best

    def rests_on_last(self, number: ProposalNumber, instance: int) -> bool:
        """Say whether the last promise without end is `number`, covers `instance` and tops all.

        This is every vote of a primary that nobody disturbs; such a vote changes nothing.
        """
        if not self._stairs or self._stairs[-1].number != number:
            return False
        return self._starts[-1] <= instance and not (self._numbers and self._numbers[-1] > number)

    def copy(self) -> _Promises:
        """Return a copy that changes on its own."""
        return deepcopy(self)

    def _climb(self, word: _Word) -> None:
        at = bisect_right(self._starts, word.first)
        if at and self._stairs[at - 1].number >= word.number:
            return
        keep = bisect_left(self._starts, word.first)
        del self._starts[keep:], self._stairs[keep:]
        self._starts.append(word.first)
        self._stairs.append(word)


class PromisesKept(Check):
    """Watches every acceptor's promises and votes.

    What a crash takes back before it was synced binds nobody; what was synced binds for ever,
    also over crashes. A wiped disk takes everything back: such a node should not come again, and
    where it is allowed to, agreement is what shows the harm.

    Bound: a run of instances for each number that an acceptor voted under.
    """

    watches: ClassVar[Watched] = (Promised, AcceptedValue, Dropped, *FORGETFUL)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            NEVER_LESS,
            '"Paxos Made Simple", 2.2, phase 1 (b)',
            "An acceptor promises a number only if it has promised no higher one for any of the"
            " instances, crashes or not.",
        ),
        Invariant(
            NOT_BELOW,
            '"Paxos Made Simple", 2.2, P1a',
            "An acceptor accepts a proposal only if it has promised no higher number for that"
            " instance, crashes or not.",
        ),
    )

    def __init__(self) -> None:
        self._said: dict[str, _Promises] = {}
        self._durable: dict[str, _Promises] = {}
        self._compacted: dict[str, int] = {}
        self._written: Durability[tuple[str, _Word]] = Durability()

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        event = entry.event
        if isinstance(event, AcceptedValue):
            number, instance = event.number, event.instance
            said = self._said.get(entry.node)
            if said is not None and said.rests_on_last(number, instance):
                return None
            # Accepting raises the promise of that instance to the number.
            word = _Word(number, instance, instance, entry.seq)
            return self._given(entry.node, word, event.mark, NOT_BELOW, "accepted")
        if isinstance(event, Promised):
            word = _Word(event.number, event.from_instance, event.to_instance, entry.seq)
            return self._given(entry.node, word, event.mark, NEVER_LESS, "promised")
        if isinstance(event, Dropped):
            self._compacted[entry.node] = event.up_to
            return None
        if isinstance(event, Crashed) and event.kind == WIPE:
            self._said.pop(entry.node, None)
            self._durable.pop(entry.node, None)
        for node, word in self._written.observe(entry):
            self._durable.setdefault(node, _Promises()).add(word)
        if self._written.forgot or isinstance(event, Restarted):
            self._said[entry.node] = self._durable.get(entry.node, _Promises()).copy()
        return None

    def _given(self, node: str, word: _Word, mark: int, rule: str, verb: str) -> Violation | None:
        said = self._said.setdefault(node, _Promises())
        before = said.over(word.first, word.last, self._compacted.get(node, 0))
        said.add(word)
        if self._written.add(node, mark, (node, word)):
            self._durable.setdefault(node, _Promises()).add(word)
        if word.number >= before.number:
            return None
        text = (
            f"{node} {verb} {word.number} for {span(word.first, word.last)} although it had"
            f" promised {before.number}"
        )
        return Violation(rule, (*before.evidence, word.seq), text)
