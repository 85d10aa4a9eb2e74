"""What is proposed is what the promises of a quorum demand.

("Paxos Made Simple", 2.2, P2c and phase 2 (a): the value is that of the highest-numbered proposal
among the responses of a majority, or any value if they reported no proposals.)

Bound: the promise messages of the last `NUMBERS_KEPT` numbers of each leader, `MESSAGES_KEPT` of
each number; of promises for single instances only those that are not proposed yet.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import ClassVar, Final

from paxos_engine.checks.base import Check, IntSet, Invariant, Watched, short
from paxos_engine.roles.events import Delivered, Entry, Prepared, Proposed, Sent, Violation
from paxos_engine.roles.messages import AcceptedReport, Promise
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import ZERO, ProposalNumber

QUORUM_PROMISED: Final = "a quorum promises before a value is proposed"
DEMANDED: Final = "what is proposed is what the promises demand"

NUMBERS_KEPT: Final = 2
"""Proposal numbers of one leader for which promises are kept: the present one, and one before."""

MESSAGES_KEPT: Final = 100_000
"""Promise messages that are kept for one number: some millions of reported instances."""


@dataclass(slots=True)
class _Page:
    """A promise message on its way: who sent it, what it says, and whether it has arrived."""

    acceptor: str
    body: Promise
    seq: int
    arrived: bool = False


@dataclass(slots=True)
class _Promises:
    """All promise messages for one number."""

    pages: dict[str, _Page] = field(default_factory=dict)  # message -> page, oldest first
    singles: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    proposed: IntSet = field(default_factory=IntSet)  # of the instances with promises of their own
    forgot: bool = False
    ground: _Ground | None = None


@dataclass(slots=True)
class _Ground:
    """What a proposal rests on: the complete promises among the messages that it names.

    Proposals of one primacy share it.
    """

    promises: tuple[str, ...]
    lacking: str = ""  # why a message that is named counts for nothing
    complete: dict[str, _Whole] = field(default_factory=dict)
    evidence: tuple[int, ...] = ()
    demanded: dict[int, AcceptedReport] = field(default_factory=dict)


@dataclass(slots=True)
class _Whole:
    """The pages of one acceptor's promise that a proposal names, the last page among them."""

    pages: list[Promise]

    def speaks_of(self, instance: int) -> bool:
        """Say whether one of them tells what was accepted in `instance`."""
        return any(
            _covers(page.first, instance, page.last)
            and _covers(page.cursor, instance, page.covers_to)
            and instance > page.compacted
            for page in self.pages
        )


class ProposedIsDemanded(Check):
    """Watches what leaders propose, against the promise messages that they name.

    Args:
        quorums: the acceptors, and how many make a quorum of phase 1.
    """

    watches: ClassVar[Watched] = (Prepared, Proposed, Promise, Delivered)
    needs_messages: ClassVar[bool] = True
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            QUORUM_PROMISED,
            '"Paxos Made Simple", 2.2, phase 2 (a)',
            "A leader proposes only after a quorum of distinct acceptors has promised its number"
            " for that instance, each with its whole report.",
        ),
        Invariant(
            DEMANDED,
            '"Paxos Made Simple", 2.2, P2c',
            "A leader proposes the value of the highest-numbered proposal that the promises of"
            " its quorum report, and a value of its own only where none is reported.",
        ),
    )

    def __init__(self, quorums: Quorums) -> None:
        self._quorums = quorums
        self._numbers: dict[ProposalNumber, _Promises] = {}
        self._retired: dict[int, ProposalNumber] = {}  # rank -> the highest number dropped
        self._flying: dict[str, _Page] = {}  # message -> a page that is kept and has not arrived

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        event = entry.event
        if isinstance(event, Delivered):
            page = self._flying.pop(event.message, None)
            if page is not None:
                page.arrived = True
        elif isinstance(event, Proposed):
            return self._judge(entry, event)
        elif isinstance(event, Sent) and isinstance(event.body, Promise):
            if event.to == event.body.number.leader:
                self._keep(entry, event.message, event.body)
        elif isinstance(event, Prepared):
            self._of(event.number)
        return None

    # --- what is kept --------------------------------------------------------------------

    def _of(self, number: ProposalNumber) -> _Promises | None:
        """Return what is kept for `number`; None if it is too old for that."""
        known = self._numbers.get(number)
        if known is not None:
            return known
        if number <= self._retired.get(number.rank, ZERO):
            return None
        known = self._numbers[number] = _Promises()
        own = sorted(other for other in self._numbers if other.rank == number.rank)
        for old in own[:-NUMBERS_KEPT]:
            for message in self._numbers.pop(old).pages:
                self._flying.pop(message, None)
            self._retired[number.rank] = old
        return self._numbers.get(number)

    def _keep(self, entry: Entry, message: str, body: Promise) -> None:
        kept = self._of(body.number)
        if kept is None or (body.last == body.first and body.first in kept.proposed):
            return  # too late: its phase is over
        if message in kept.pages:
            return  # an id stands for one message; what has arrived stays arrived
        page = _Page(entry.node, body, entry.seq)
        kept.pages[message] = self._flying[message] = page
        if body.last == body.first:
            kept.singles[body.first].append(message)
        if len(kept.pages) > MESSAGES_KEPT:
            self._drop(kept, next(iter(kept.pages)))
            kept.forgot = True

    def _drop(self, kept: _Promises, message: str) -> None:
        kept.pages.pop(message, None)
        self._flying.pop(message, None)

    def _close(self, kept: _Promises, instance: int) -> None:
        """Drop the promises for one instance, which is proposed."""
        kept.proposed.add(instance)
        for message in kept.singles.pop(instance, ()):
            self._drop(kept, message)

    # --- judging -------------------------------------------------------------------------

    def _judge(self, entry: Entry, event: Proposed) -> Violation | None:
        kept = self._of(event.number)
        if kept is None:
            return None
        ground = kept.ground
        if ground is None or ground.promises != event.promises:
            ground = kept.ground = self._ground(kept, event)
        found = self._incomplete(entry, event, ground, kept) or _undemanded(entry, event, ground)
        if event.instance in kept.singles:
            self._close(kept, event.instance)
            kept.ground = None
        return found

    def _ground(self, kept: _Promises, event: Proposed) -> _Ground:
        """Put the pages that a proposal names together, acceptor by acceptor."""
        ground = _Ground(event.promises)
        pages: dict[str, list[_Page]] = defaultdict(list)
        for message in event.promises:
            page = kept.pages.get(message)
            if page is None:
                ground.lacking = f"{message} is no promise of {event.number}"
            elif not page.arrived:
                ground.lacking = f"{message} has not arrived"
            else:
                pages[page.acceptor].append(page)
        for acceptor, named in pages.items():
            whole = _whole(named)
            if whole is None:
                ground.lacking = f"the promise of {acceptor} is not whole"
            elif acceptor in self._quorums.acceptors:
                ground.complete[acceptor] = whole
                _demand(ground.demanded, named)
        ground.evidence = tuple(page.seq for named in pages.values() for page in named)
        return ground

    def _incomplete(
        self, entry: Entry, event: Proposed, ground: _Ground, kept: _Promises
    ) -> Violation | None:
        speaking = [a for a, whole in ground.complete.items() if whole.speaks_of(event.instance)]
        if len(speaking) >= self._quorums.phase1 or kept.forgot:
            return None
        why = f": {ground.lacking}" if ground.lacking else ""
        text = (
            f"{entry.node} proposes {short(event.value)} for {event.instance} under"
            f" {event.number} on whole promises of {len(speaking)} acceptors,"
            f" {self._quorums.phase1} needed{why}"
        )
        return Violation(QUORUM_PROMISED, (*sorted(ground.evidence), entry.seq), text)


def _covers(first: int, instance: int, last: int | None) -> bool:
    return first <= instance and (last is None or instance <= last)


def _whole(pages: list[_Page]) -> _Whole | None:
    """Return the promise that the pages of one acceptor make; None if the last one is lacking.

    Pages that speak of other instances need not be named: what they say has no weight here.
    """
    bodies = [page.body for page in pages]
    ranges = {(body.first, body.last) for body in bodies}
    if len(ranges) > 1 or not any(body.final for body in bodies):
        return None
    return _Whole(bodies)


def _demand(demanded: dict[int, AcceptedReport], pages: list[_Page]) -> None:
    """Add what an acceptor reports, where it is higher than what others do."""
    for page in pages:
        for report in page.body.reported:
            known = demanded.get(report.instance)
            if known is None or report.number > known.number:
                demanded[report.instance] = report


def _undemanded(entry: Entry, event: Proposed, ground: _Ground) -> Violation | None:
    report = ground.demanded.get(event.instance)
    if report is None or report.value == event.value:
        return None
    text = (
        f"{entry.node} proposes {short(event.value)} for {event.instance} under {event.number},"
        f" although its promises report {report.number} {short(report.value)} there"
    )
    return Violation(DEMANDED, (*sorted(ground.evidence), entry.seq), text)
