"""Agreement: at most one value is ever chosen for an instance.

A fold over all `accepted` events, counted by distinct acceptors for one number: leaders are not
asked, since a leader that is wrong would only confirm itself. ("Paxos Made Simple", 2.1: only a
single value is chosen.)
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Final, NamedTuple, TypeAlias

from paxos_engine.checks.base import (
    FORGETFUL,
    Check,
    Durability,
    Invariant,
    Watched,
    digest,
    short,
)
from paxos_engine.checks.holdings import WIPE
from paxos_engine.roles.events import AcceptedValue, Crashed, Dropped, Entry, Skipped, Violation
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import ProposalNumber, Value

ONE_VALUE: Final = "at most one value is chosen"
ONE_PER_NUMBER: Final = "one value per number and instance"

REMEMBERED: Final = 10_000
"""For how many of the last decided instances the value and all votes are kept for a report; of
older ones a digest, the number and the deciding vote, which is enough to catch a violation."""


_Vote: TypeAlias = tuple[AcceptedValue, int]
"""A vote, and the `seq` of its entry."""


class Decided(NamedTuple):
    """An instance, the value just chosen for it, and the votes that chose it."""

    instance: int
    value: Value
    evidence: tuple[int, ...]


_Decision: TypeAlias = tuple[int, int, int, int]
"""What is kept of every decided instance: digest of the value, round, rank, and the `seq` of the
vote that completed the quorum. Plain numbers, so that the collector leaves a million alone."""


@dataclass(slots=True)
class _Ballot:
    """The votes for one number in one instance."""

    digest: int
    value: Value
    first: int
    voters: dict[str, int] = field(default_factory=dict)


class AgreementChecker(Check):
    """Watches that no instance gets two values.

    A vote counts once a `synced` of its node covers it; a crash cancels the uncovered ones.
    `when_decided` is asked about each value as it is chosen, for checks that judge what is chosen.

    Bound: a row of numbers for each instance that some quorum of acceptors has not compacted, the
    votes of undecided ones, and `REMEMBERED` values.

    Args:
        quorums: the acceptors, and how many make a quorum of phase 2.
    """

    watches: ClassVar[Watched] = (AcceptedValue, Dropped, Skipped, *FORGETFUL)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            ONE_VALUE,
            '"Paxos Made Simple", 2.1',
            "For each instance, quorums of acceptors accept one value at the most, ever, under"
            " whatever numbers.",
        ),
        Invariant(
            ONE_PER_NUMBER,
            '"Paxos Made Simple", 2.2',
            "Under one proposal number, acceptors accept one value at the most in an instance:"
            " different proposals have different numbers.",
        ),
    )

    def __init__(self, quorums: Quorums) -> None:
        self.violation: Violation | None = None
        self.unchecked = ""
        self.when_decided: Callable[[Decided], Violation | None] = lambda decided: None
        self._quorums = quorums
        self._acceptors = frozenset(quorums.acceptors)
        self._votes: Durability[_Vote] = Durability()
        self._open: dict[int, dict[ProposalNumber, _Ballot]] = {}
        self._decided: dict[int, _Decision] = {}
        self._disputed: set[int] = set()
        self._dropped: dict[str, int] = {}  # acceptor -> up to where it has dropped
        self._settled_up_to = 0
        self._settled = 0
        self._recent: OrderedDict[int, tuple[Value, tuple[int, ...]]] = OrderedDict()

    @property
    def checked(self) -> bool:
        """Whether everything was seen; if not, `unchecked` says why "safe" cannot be said."""
        return not self.unchecked

    @property
    def agreed(self) -> int:
        """How many instances have been seen chosen, each with one value."""
        return self._settled + len(self._decided) - len(self._disputed)

    @property
    def undecided(self) -> int:
        """How many instances have votes that are kept because more could follow."""
        return len(self._open)

    def holds(self, instance: int, value: Value) -> bool | None:
        """Say whether `value` is the one chosen for `instance`; None if none is chosen yet."""
        if 0 < instance <= self._settled_up_to:
            # Nothing can be chosen there any more; what was may be forgotten.
            recent = self._recent.get(instance)
            return recent is None or digest(recent[0]) == digest(value)
        decision = self._decided.get(instance)
        return None if decision is None else decision[0] == digest(value)

    def chosen(self, instance: int) -> Value | None:
        """Return the value chosen for `instance` by the votes, while it is remembered."""
        found = self._recent.get(instance)
        return found[0] if found else None

    def chosen_number(self, instance: int) -> ProposalNumber | None:
        """Return the number under which `instance` was decided."""
        decision = self._decided.get(instance)
        return _number(decision) if decision else None

    def evidence(self, instance: int) -> tuple[int, ...]:
        """Return the votes that decided `instance`: all while it is remembered, else the last."""
        recent = self._recent.get(instance)
        if recent is not None:
            return recent[1]
        decision = self._decided.get(instance)
        return (decision[3],) if decision else ()

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry of the trace; return the violation if it shows one."""
        match entry.event:
            case AcceptedValue() as event:
                vote = (event, entry.seq)
                durable = self._votes.add(entry.node, event.mark, vote)
                return self._count(entry.node, vote) if durable else None
            case Dropped(up_to=up_to) if entry.node in self._acceptors:
                self._dropped[entry.node] = up_to
                self._settle()
            case Crashed(kind=kind) if kind == WIPE:
                # One that comes back with an empty disk can vote anywhere again.
                self._dropped.pop(entry.node, None)
            case Skipped(count=count):
                self.unchecked = self.unchecked or f"{count} entries of the trace were missed"
        found = None
        for vote in self._votes.observe(entry):
            found = self._count(entry.node, vote) or found
        return found

    def _count(self, node: str, vote: _Vote) -> Violation | None:
        if node not in self._acceptors:
            return None
        event, seq = vote
        if event.instance <= self._dropped.get(node, 0):
            return None  # decided long ago: a vote there proves nothing any more
        code = digest(event.value)
        decision = self._decided.get(event.instance)
        if decision is not None and (decision[1], decision[2]) == event.number:
            # The deciding number has done its part; only another value under it would matter.
            if decision[0] == code:
                return None
            return self._two_under_one(event, (decision[3], seq), self._text(event.instance))
        ballots = self._open.setdefault(event.instance, {})
        ballot = ballots.get(event.number)
        if ballot is None:
            ballot = ballots[event.number] = _Ballot(code, event.value, seq)
        if ballot.digest != code:
            return self._two_under_one(event, (ballot.first, seq), short(ballot.value))
        ballot.voters[node] = seq
        if len(ballot.voters) < self._quorums.phase2:
            return None
        return self._choose(event, ballot, seq)

    def _choose(self, event: AcceptedValue, ballot: _Ballot, seq: int) -> Violation | None:
        instance = event.instance
        evidence = tuple(sorted(ballot.voters.values()))
        decision = self._decided.get(instance)
        if instance <= self._settled_up_to:
            return self._choose_settled(event, evidence)
        if decision is None:
            self._decided[instance] = (ballot.digest, *event.number, seq)
            self._remember(instance, event.value, evidence)
            # Votes under other numbers may still grow into a second quorum, and stay.
            del self._open[instance][event.number]
            if not self._open[instance]:
                del self._open[instance]
            return self.when_decided(Decided(instance, event.value, evidence))
        if decision[0] == ballot.digest:
            return None
        self._disputed.add(instance)
        before = self.evidence(instance)
        text = (
            f"instance {instance}: {self._text(instance)} was chosen under"
            f" {_number(decision)}, and {short(event.value)} under {event.number}"
        )
        return self._report(ONE_VALUE, (*before, *evidence), text)

    def _choose_settled(self, event: AcceptedValue, evidence: tuple[int, ...]) -> Violation | None:
        """Judge a choice that only acceptors with empty disks can make: it was decided before."""
        self._open.pop(event.instance, None)
        if self.holds(event.instance, event.value):
            return None
        self._disputed.add(event.instance)
        before = self.evidence(event.instance)
        text = (
            f"instance {event.instance}: {self._text(event.instance)} was chosen, and"
            f" {short(event.value)} under {event.number}"
        )
        return self._report(ONE_VALUE, (*before, *evidence), text)

    def _settle(self) -> None:
        """Forget what can never be decided again.

        An acceptor that has dropped an instance votes there no more; once those that have not are
        too few for a quorum, no second value can be chosen.
        """
        count, needed = len(self._acceptors), self._quorums.phase2
        dropped = sorted(self._dropped.get(name, 0) for name in self._acceptors)
        frozen = dropped[needed - 1] if needed <= count else 0
        if frozen <= self._settled_up_to:
            return
        for instance in [i for i in self._open if i <= frozen]:
            del self._open[instance]
        for instance in [i for i in self._decided if i <= frozen]:
            del self._decided[instance]
            self._settled += 1
        self._settled_up_to = max(self._settled_up_to, frozen)

    def _remember(self, instance: int, value: Value, evidence: tuple[int, ...]) -> None:
        self._recent[instance] = (value, evidence)
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)

    def _text(self, instance: int) -> str:
        recent = self._recent.get(instance)
        return short(recent[0]) if recent else "another value"

    def _two_under_one(
        self, event: AcceptedValue, evidence: tuple[int, ...], other: str
    ) -> Violation:
        text = (
            f"instance {event.instance}: two values under {event.number}:"
            f" {other} and {short(event.value)}"
        )
        return self._report(ONE_PER_NUMBER, evidence, text)

    def _report(self, rule: str, evidence: tuple[int, ...], text: str) -> Violation:
        violation = Violation(rule, tuple(sorted(evidence)), text)
        self.violation = self.violation or violation
        return violation


def _number(decision: _Decision) -> ProposalNumber:
    return ProposalNumber(decision[1], decision[2])
