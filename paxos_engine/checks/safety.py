"""All safety rules at once, over one trace."""

from __future__ import annotations

from collections import defaultdict

from paxos_engine.checks.agreement import AgreementChecker
from paxos_engine.checks.base import Check
from paxos_engine.checks.history import AnsweredOnce, AppliedInOrder, LearnedIsChosen
from paxos_engine.checks.numbers import NumbersOwned, ProposedOnce
from paxos_engine.checks.promises import PromisesKept
from paxos_engine.roles.events import Entry, Event, Header, Skipped, Violation
from paxos_engine.roles.quorum import Quorums

MOST_VIOLATIONS = 100
"""How many violations are kept; the first is the one that matters."""


class SafetyChecker:
    """Agreement, and the rules that it follows from.

    Once entries are missing, only agreement is still watched: the other rules would accuse nodes
    of what merely was not seen.

    Args:
        quorums: the acceptors, and how many make a quorum of each phase.
    """

    def __init__(self, quorums: Quorums) -> None:
        self.violations: list[Violation] = []
        self.agreement = AgreementChecker(quorums)
        checks: tuple[Check, ...] = (
            self.agreement,
            NumbersOwned(),
            ProposedOnce(),
            PromisesKept(),
            LearnedIsChosen(quorums, self.agreement),
            AppliedInOrder(),
            AnsweredOnce(self.agreement),
        )
        # Most of a trace is messages, which no check looks at: they cost one look-up each.
        self._by_event: dict[type[Event], list[Check]] = defaultdict(list)
        for check in checks:
            for event in check.watches:
                self._by_event[event].append(check)

    @classmethod
    def of(cls, header: Header) -> SafetyChecker:
        """Return a checker for the cluster that a trace's header describes.

        Raises:
            ValueError: the header's quorums do not meet, so that nothing could be safe.
        """
        return cls(Quorums(header.acceptors, *header.quorum))

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
        checks = self._by_event.get(type(entry.event))
        if not checks:
            return None
        first: Violation | None = None
        for check in checks:
            violation = check.observe(entry)
            if violation is not None:
                first = first or violation
                if len(self.violations) < MOST_VIOLATIONS:
                    self.violations.append(violation)
        if isinstance(entry.event, Skipped):
            self._watch_agreement_only()
        return first

    def _watch_agreement_only(self) -> None:
        for event in list(self._by_event):
            watching = event in AgreementChecker.watches
            self._by_event[event] = [self.agreement] if watching else []
