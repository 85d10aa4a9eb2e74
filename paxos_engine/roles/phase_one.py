"""Phase 1 over a range of instances: promises in pages, complete ones counted.

A promise for "all instances from n on" can be longer than a datagram, so it is fetched page by
page: the leader asks for the page that it lacks, and goes on asking until it comes. A promise
counts only when all its pages are there; to propose on half a report could overwrite what the
other half tells.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from paxos_engine.roles.belief import WINDOW
from paxos_engine.roles.leader_protocol import PromiseHeard
from paxos_engine.roles.messages import AcceptedReport, Prepare, Promise
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import ProposalNumber


class _Page(NamedTuple):
    """A page that has come: the first instance that it speaks of, and the message's id."""

    cursor: int
    message: str


class PhaseOne:
    """The promises for one number and every instance from `first` on.

    Args:
        number: the proposal number, never used before.
        first: the first instance of the range.
        quorums: how many complete promises are enough.
        reason: why it is run, for the trace: "takeover", "gap", "on demand".
    """

    def __init__(self, number: ProposalNumber, first: int, quorums: Quorums, reason: str) -> None:
        self.number = number
        self.first = first
        self.reason = reason
        self.attempts = 0
        self._quorums = quorums
        self._cursor = dict.fromkeys(quorums.acceptors, first)
        self._pages: dict[str, list[_Page]] = {name: [] for name in quorums.acceptors}
        self._reports: dict[str, dict[int, AcceptedReport]] = {n: {} for n in quorums.acceptors}
        self._complete: list[str] = []
        self.compacted = 0  # the highest instance that a complete promise will not speak of
        self._of_the_rest: tuple[int, list[PromiseHeard]] | None = None

    @property
    def is_complete(self) -> bool:
        """Whether a quorum has promised, each with its whole report."""
        return len(self._quorums.distinct(self._complete)) >= self._quorums.phase1

    @property
    def promised_by(self) -> tuple[str, ...]:
        """The acceptors whose promise is complete, in the order in which they completed it."""
        return tuple(self._complete)

    @property
    def highest_reported(self) -> int:
        """The highest instance in which the quorum has accepted anything; 0 for none.

        Each chosen instance is in some report of the quorum, and nothing is accepted more than
        `WINDOW` beyond the chosen prefix: a report beyond a wider jump is nonsense, and filling
        up to it would take for ever.
        """
        highest = max(self.first - 1, self.compacted)  # what is compacted is chosen
        for instance in sorted({i for a in self._complete for i in self._reports[a]}):
            if instance > highest + WINDOW:
                break
            highest = instance
        return highest

    def missing(self) -> list[tuple[str, Prepare]]:
        """Return what to ask, and whom: the next page of every promise not complete yet."""
        return [(a, self.ask(a)) for a in self._cursor if a not in self._complete]

    def ask(self, acceptor: str) -> Prepare:
        """Return the prepare for the page that is lacking from `acceptor`."""
        return Prepare(self.number, self.first, None, self._cursor[acceptor])

    def hear(self, acceptor: str, promise: Promise, message: str) -> bool:
        """Take one page; return whether it was the page that was lacking.

        A page that comes twice, out of turn, or for another number or range changes nothing.
        """
        expected = self._cursor.get(acceptor)
        ours = (promise.number, promise.first, promise.last) == (self.number, self.first, None)
        if not ours or acceptor in self._complete or promise.cursor != expected:
            return False
        covers = promise.reported[-1].instance if promise.reported else 0
        if not promise.final and (promise.covers_to != covers or covers < promise.cursor):
            return False  # a page that is not the last ends with its last report
        self._pages[acceptor].append(_Page(promise.cursor, message))
        for report in promise.reported:
            if report.instance >= promise.cursor:
                self._reports[acceptor][report.instance] = report
        if promise.final:
            self.compacted = max(self.compacted, promise.compacted)
            self._complete.append(acceptor)
            self._of_the_rest = None
        elif promise.covers_to is not None:
            self._cursor[acceptor] = promise.covers_to + 1
        return True

    def promises_for(self, instance: int) -> list[PromiseHeard]:
        """Return what each complete promise says of `instance`, in the order of arrival.

        All say the same of every instance beyond what they report on,
        which is nearly all that a primacy will ever propose for.
        """
        if self._of_the_rest is None:
            pages = [self._pages[a][-1].cursor for a in self._complete]
            reports = [i for a in self._complete for i in self._reports[a]]
            last = max([*pages, *reports], default=0)
            self._of_the_rest = (last, self._promises_for(last + 1))
        last, rest = self._of_the_rest
        return rest if instance > last else self._promises_for(instance)

    def _promises_for(self, instance: int) -> list[PromiseHeard]:
        return [
            PromiseHeard(a, self._reports[a].get(instance), self._messages(a, instance))
            for a in self._complete
        ]

    def _messages(self, acceptor: str, instance: int) -> tuple[str, ...]:
        """Return the ids of the page that speaks of `instance`, and of the final one."""
        pages = self._pages[acceptor]
        page = pages[bisect_right(pages, instance, key=lambda page: page.cursor) - 1]
        last = pages[-1]
        return (page.message,) if page is last else (page.message, last.message)
