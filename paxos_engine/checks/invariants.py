"""The table of everything that is watched: for the console, the documentation and the checker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from paxos_engine.checks.agreement import AgreementChecker
from paxos_engine.checks.base import Check, Invariant
from paxos_engine.checks.compaction import DroppedIsCovered
from paxos_engine.checks.deliveries import DeliveredWasSent
from paxos_engine.checks.demands import ProposedIsDemanded
from paxos_engine.checks.durability import DurableBeforeSent
from paxos_engine.checks.history import AnsweredOnce, AppliedInOrder, LearnedIsChosen
from paxos_engine.checks.holdings import Holdings
from paxos_engine.checks.numbers import NumbersOwned, ProposedOnce
from paxos_engine.checks.origins import ChosenWasSubmitted
from paxos_engine.checks.promises import PromisesKept
from paxos_engine.checks.quorums import QuorumsMeet
from paxos_engine.checks.reports import ReportsTrue
from paxos_engine.checks.restarts import DurableSurvives
from paxos_engine.checks.results import AnsweredRight
from paxos_engine.roles.quorum import Quorums
from paxos_engine.trace.level import TraceLevel

INVARIANTS: Final[tuple[Invariant, ...]] = (
    *AgreementChecker.rules,
    *NumbersOwned.rules,
    *ProposedOnce.rules,
    *PromisesKept.rules,
    *ReportsTrue.rules,
    *ProposedIsDemanded.rules,
    *DurableBeforeSent.rules,
    *DurableSurvives.rules,
    *DeliveredWasSent.rules,
    *QuorumsMeet.rules,
    *LearnedIsChosen.rules,
    *ChosenWasSubmitted.rules,
    *AppliedInOrder.rules,
    *AnsweredOnce.rules,
    *AnsweredRight.rules,
    *DroppedIsCovered.rules,
)
"""Every rule that is watched, with the paper it comes from and a sentence that says it."""


def all_checks(quorums: Quorums, agreement: AgreementChecker) -> tuple[Check, ...]:
    """Return every check, in the order in which they must observe an entry.

    Args:
        quorums: the acceptors, and how many make a quorum of each phase.
        agreement: the one of them whose findings others ask for.
    """
    holdings = Holdings()
    return (
        DurableSurvives(holdings),  # looks at what was held before a restart changes it
        holdings,
        agreement,
        NumbersOwned(),
        ProposedOnce(),
        PromisesKept(),
        ReportsTrue(holdings),
        ProposedIsDemanded(quorums),
        DurableBeforeSent(holdings),
        DeliveredWasSent(),
        QuorumsMeet(),
        LearnedIsChosen(quorums, agreement, holdings),
        ChosenWasSubmitted(agreement, holdings),
        AppliedInOrder(),
        AnsweredOnce(agreement),
        AnsweredRight(),
        DroppedIsCovered(),
    )


def checks_at(level: TraceLevel, checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return those checks that a trace of this level tells enough for, in the same order."""
    match level:
        case TraceLevel.EVERYTHING:
            return tuple(checks)
        case TraceLevel.PROTOCOL:
            return tuple(check for check in checks if not check.needs_messages)
        case TraceLevel.COUNTERS:
            return ()
