"""A promise tells the truth: all that was accepted below its number, and nothing else.

("Paxos Made Simple", 2.2, phase 1 (b): the acceptor responds with a promise and with the
highest-numbered proposal, if any, that it has accepted.) What was accepted under the number
itself, or above, may be told or not: it says nothing about what is chosen below.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final, NamedTuple

from paxos_engine.checks.base import Check, Invariant, Watched, digest, short
from paxos_engine.checks.holdings import Holding, Holdings
from paxos_engine.roles.events import Entry, Promised, Sent, Violation
from paxos_engine.roles.messages import AcceptedReport, Promise
from paxos_engine.roles.values import ProposalNumber

TRUE_REPORT: Final = "a promise reports what was accepted"


class _Page(NamedTuple):
    """What a promise says of `first`..`last` (None: without end)."""

    number: ProposalNumber
    first: int
    last: int | None
    compacted: int
    reported: Iterable[AcceptedReport]


class ReportsTrue(Check):
    """Watches what acceptors report, in the event and in each page of the messages.

    A trace without messages still has the event.

    Args:
        holdings: what acceptors hold; it must have observed each entry before this check does.
    """

    watches: ClassVar[Watched] = (Promised, Promise)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            TRUE_REPORT,
            '"Paxos Made Simple", 2.2, phase 1 (b)',
            "A promise reports, for each instance that it covers, the highest-numbered proposal"
            " that the acceptor has accepted there, and hides only what it has compacted.",
        ),
    )

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        match entry.event:
            case Promised(number, first, last, reported, compacted):
                return self._judge(entry, _Page(number, first, last, compacted, reported))
            case Sent(body=Promise() as body):
                last = body.last if body.covers_to is None else body.covers_to
                page = _Page(body.number, body.cursor, last, body.compacted, body.reported)
                return self._judge(entry, page)
        return None

    def _judge(self, entry: Entry, page: _Page) -> Violation | None:
        holding = self._holdings.of(entry.node) or Holding()
        if page.compacted > holding.compacted and not holding.inherited:
            text = (
                f"{entry.node} says that it has compacted everything up to {page.compacted}, but"
                f" it has done so up to {holding.compacted}"
            )
            return Violation(TRUE_REPORT, (entry.seq,), text)
        said = {report.instance: report for report in page.reported}
        for report in said.values():
            lie = _invented(entry, holding, report)
            if lie is not None:
                return lie
        for instance, _ in holding.held(page.first, page.last):
            hidden = _hidden(entry, holding, page, instance, said.get(instance))
            if hidden is not None:
                return hidden
        return None


def _invented(entry: Entry, holding: Holding, report: AcceptedReport) -> Violation | None:
    vote = holding.vote(report.instance, report.number)
    if vote is not None and vote.digest == digest(report.value):
        return None
    told = f"{entry.node} reports {report.number} {short(report.value)} for {report.instance}"
    if vote is not None:
        text = f"{told}, but under that number it accepted another value"
        return Violation(TRUE_REPORT, (vote.seq, entry.seq), text)
    if holding.may_have_voted(report.instance):
        return None
    return Violation(TRUE_REPORT, (entry.seq,), f"{told}, which it never accepted")


def _hidden(
    entry: Entry, holding: Holding, page: _Page, instance: int, report: AcceptedReport | None
) -> Violation | None:
    if instance <= page.compacted:
        return None
    highest = holding.highest_below(instance, page.number)
    if highest is None or (report is not None and report.number >= highest.number):
        return None
    says = f"{report.number} {short(report.value)}" if report else "nothing"
    text = (
        f"{entry.node} reports {says} for {instance} in its promise of {page.number}, although it"
        f" had accepted a proposal numbered {highest.number}"
    )
    return Violation(TRUE_REPORT, (highest.seq, entry.seq), text)
