"""All safety rules at once, over one trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeAlias

from paxos_engine.checks.agreement import AgreementChecker
from paxos_engine.checks.base import Invariant
from paxos_engine.checks.explain import explain
from paxos_engine.checks.invariants import INVARIANTS, all_checks, checks_at
from paxos_engine.checks.quorums import ConfiguredQuorums
from paxos_engine.checks.recent import KINDS_KEPT, RecentEntries
from paxos_engine.roles.events import ALL_EVENTS, Entry, Header, Sent, Skipped, Violation
from paxos_engine.roles.messages import KINDS
from paxos_engine.roles.quorum import Quorums
from paxos_engine.trace.level import TraceLevel

MOST_VIOLATIONS: Final = 100
"""How many violations are kept; the first is the one that matters."""

_Observe: TypeAlias = Callable[[Entry], Violation | None]


class SafetyChecker:
    """Agreement, and the rules that it follows from.

    Once entries are missing, only agreement is still watched: the other rules would accuse nodes
    of what merely was not seen.

    Args:
        quorums: the acceptors, and how many make a quorum of each phase.
        level: how much the trace tells; `rules` are those that can be watched there.
    """

    INVARIANTS: ClassVar[tuple[Invariant, ...]] = INVARIANTS

    def __init__(self, quorums: Quorums, level: TraceLevel = TraceLevel.EVERYTHING) -> None:
        self.violations: list[Violation] = []
        self.explanation: list[str] = []  # of the first violation, line by line
        self.hole = ""  # what is missing before the first violation, if anything is
        self.events = 0
        self.agreement = AgreementChecker(quorums)
        self.recent = RecentEntries()
        # Most of a trace is messages, which few checks look at: the others cost nothing.
        self._by_kind: dict[type[Any], list[_Observe]] = {k: [] for k in (*ALL_EVENTS, *KINDS)}
        for kind in KINDS_KEPT:
            self._by_kind[kind].append(self.recent.of(kind))
        self.checks = checks_at(level, all_checks(quorums, self.agreement))
        watched = {rule for check in self.checks for rule in check.rules}
        self.rules = tuple(rule for rule in INVARIANTS if rule in watched)
        if not self.checks:
            self.agreement.unchecked = "counters only"
        for check in self.checks:
            for kind in check.watches:
                for each in KINDS if kind is Sent else (kind,):
                    self._by_kind[each].append(check.observe)

    @classmethod
    def of(cls, header: Header) -> SafetyChecker:
        """Return a checker for the cluster that a trace's header describes.

        Quorums that do not meet are no error here, but the first violation.
        """
        quorums = ConfiguredQuorums(header.acceptors, *header.quorum)
        return cls(quorums, TraceLevel(header.level))

    @property
    def violation(self) -> Violation | None:
        """The first violation, if there was any."""
        return self.violations[0] if self.violations else None

    @property
    def checked(self) -> bool:
        """Whether everything was seen; if not, `unchecked` says why "safe" cannot be said."""
        return self.agreement.checked

    @property
    def unchecked(self) -> str:
        """Why "safe" cannot be said; empty while everything was seen."""
        return self.agreement.unchecked

    @property
    def agreed(self) -> int:
        """How many instances have been seen chosen, each with one value."""
        return self.agreement.agreed

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return the first rule that it breaks."""
        event = entry.event
        kind: type[Any] = type(event.body) if isinstance(event, Sent) else type(event)
        self.events += 1
        first: Violation | None = None
        for observe in self._by_kind[kind]:
            violation = observe(entry)
            if violation is not None:
                noted = self._note(violation, entry)
                first = first or noted
        if isinstance(event, Skipped):
            self._watch_agreement_only()
        return first

    def miss(self, hole: str) -> None:
        """Be told that entries are missing before the next one, without a `Skipped` to say so.

        Args:
            hole: what is missing, in words.
        """
        self.agreement.unchecked = self.agreement.unchecked or hole
        self._watch_agreement_only()

    def _note(self, violation: Violation, entry: Entry) -> Violation:
        """Keep a violation, and of the first one how it came about."""
        if len(self.violations) >= MOST_VIOLATIONS:
            return violation
        if not self.violations:
            violation = self.recent.with_companions(violation, entry)
            shown = self.recent.find(violation.evidence)
            self.hole = self.unchecked
            self.explanation = explain(violation, [*shown, entry], self.hole)
        self.violations.append(violation)
        return violation

    def _watch_agreement_only(self) -> None:
        self.agreement.when_decided = lambda decided: None
        for kind in self._by_kind:
            watching: list[_Observe] = [self.recent.of(kind)] if kind in KINDS_KEPT else []
            if kind in AgreementChecker.watches:
                watching.append(self.agreement.observe)
            self._by_kind[kind] = watching
