"""What each acceptor holds, vote by vote and promise by promise, as the trace tells it.

Knowledge that several checks rest on, kept once. Marks order what a node wrote, so that a message
can be judged by what its node held when it was said, and a restart by what its disk kept.

Bound: one row of plain numbers for each vote above what its acceptor has compacted, as the
acceptor itself keeps it; up to `OVERTAKEN_KEPT` more where votes were overtaken; `PROMISES_KEPT`
promises a node.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import ClassVar, Final, NamedTuple, TypeAlias

from paxos_engine.checks.base import Check, Watched, digest
from paxos_engine.checks.votetable import Vote, VoteTable
from paxos_engine.roles.events import (
    AcceptedValue,
    Crashed,
    Dropped,
    Entry,
    Promised,
    Restarted,
    Synced,
)
from paxos_engine.roles.messages import AcceptedReport
from paxos_engine.roles.values import ZERO, Command, ProposalNumber, commands_of

PROMISES_KEPT: Final = 10_000
"""Promises for single instances, and for ranges, that are known of each acceptor: the newest."""

OVERTAKEN_KEPT: Final = 8
"""Synced votes of an acceptor in one instance that are known behind the last one: the newest."""

WIPE: Final = "wipe"

PromiseKey: TypeAlias = tuple[ProposalNumber, int, int | None]
"""What a promise is for: number, first and last instance."""


class Noted(NamedTuple):
    """A promise that was recorded: under which mark, and the entry that says so."""

    mark: int
    seq: int


class Holding:
    """What one acceptor holds.

    `synced` is the mark up to which its disk has vouched, `written` that of its last record.
    `inherited` says that it held something before this trace began, so that what is not known
    here may still be true; `doubtful`, that a crash may have taken back what it compacted last.

    Args:
        wiped: it has lost its disk before; promises to that time may still be under way, and its
            marks may go on from where they were.
    """

    def __init__(self, wiped: bool = False) -> None:
        self.synced = 0
        self.written = 0
        self.compacted = 0
        self.inherited = False
        self.doubtful = False
        self.votes = VoteTable()
        self._before: dict[int, tuple[Vote, ...]] = {}  # the votes that the last one overtook
        self._forgot: set[int] = set()  # the instances in which older votes are not known any more
        self._promises: OrderedDict[PromiseKey, Noted] = OrderedDict()
        self._ranges: dict[ProposalNumber, list[tuple[int, int | None, Noted]]] = {}
        self.wiped = wiped
        self._evicted = wiped
        self._rises: list[tuple[int, ProposalNumber]] = []  # (mark, number), both ascending
        self._drop_synced = True

    # --- asking --------------------------------------------------------------------------

    def promise(self, number: ProposalNumber, first: int, last: int | None) -> Noted | None:
        """Return the first record by which `number` is promised for all of `first`..`last`.

        That may be a promise for more than that, or a vote under the number: accepting it is
        promising it, and what is promised already is not recorded again.
        """
        found = [self._promises.get((number, first, last))]
        found += [
            noted
            for low, high, noted in self._ranges.get(number, ())
            if low <= first and (high is None or (last is not None and last <= high))
        ]
        if last == first and (vote := self.vote(first, number)) is not None:
            found.append(Noted(vote.mark, vote.seq))
        return min((noted for noted in found if noted is not None), default=None)

    @property
    def forgot_promises(self) -> bool:
        """Whether older promises than those known here were made."""
        return self._evicted or self.inherited

    def vote(self, instance: int, number: ProposalNumber) -> Vote | None:
        """Return the vote for `instance` under `number`."""
        last = self.votes.get(instance)
        if last is None or (last.round, last.rank) == number:
            return last
        for vote in self._before.get(instance, ()):
            if vote.number == number:
                return vote
        return None

    def may_have_voted(self, instance: int) -> bool:
        """Say whether there may be votes in `instance` that are not known here any more."""
        return self.inherited or instance <= self.compacted or instance in self._forgot

    def highest_below(self, instance: int, number: ProposalNumber) -> Vote | None:
        """Return the highest-numbered vote in `instance` that is numbered below `number`."""
        last = self.votes.get(instance)
        candidates = (*self._before.get(instance, ()), *([last] if last else ()))
        below = [vote for vote in candidates if vote.number < number]
        return max(below, key=lambda vote: vote.number, default=None)

    def held(self, first: int = 0, last: int | None = None) -> Iterator[tuple[int, Vote]]:
        """Yield the instances of `first`..`last` (None: no end) with a vote, and the last one."""
        return self.votes.between(max(first, self.compacted + 1), last)

    def votes_up_to(self, mark: int) -> int:
        """Return in how many instances it has a vote within its first `mark` records."""
        oldest = [self._before.get(i, (vote,))[0] for i, vote in self.held()]
        return sum(vote.mark <= mark for vote in oldest)

    def highest_up_to(self, mark: int) -> ProposalNumber:
        """Return the highest number that it promised or accepted within `mark` records."""
        return max((number for at, number in self._rises if at <= mark), default=ZERO)

    def binding_up_to(self, mark: int) -> ProposalNumber:
        """Return the highest number that still binds it: compacted instances bind nobody."""
        numbers = [
            number
            for (number, first, last), noted in self._promises.items()
            if noted.mark <= mark and (last is None or first > self.compacted)
        ]
        numbers += [vote.number for _, vote in self.held() if vote.mark <= mark]
        return max(numbers, default=ZERO)

    # --- being told ----------------------------------------------------------------------

    def take_vote(self, event: AcceptedValue, seq: int) -> None:
        """Add a vote; those that no message under way can speak of any more are dropped."""
        instance, number, mark = event.instance, event.number, event.mark
        self.written = mark
        if not self._rises or number != self._rises[-1][1]:
            self._rise(mark, number)
        before = self.votes.get(instance)
        self.votes.put(instance, Vote(mark, *number, digest(event.value), seq))
        if before is None:
            return
        # What was said before the last sync has left; what was said since may rest on any vote
        # from the last synced one on.
        past = [*self._before.get(instance, ()), before]
        fresh = [v for v in past if v.mark > self.synced]
        synced = [v for v in past if v.mark <= self.synced]
        self._before[instance] = (*synced[-OVERTAKEN_KEPT:], *fresh)
        if len(synced) > OVERTAKEN_KEPT:
            self._forgot.add(instance)

    def take_promise(self, key: PromiseKey, mark: int, seq: int) -> None:
        """Add a promise; made again in the same way it keeps the mark of its record."""
        self.written = max(self.written, mark)
        if key in self._promises:
            return
        noted = self._promises[key] = Noted(mark, seq)
        self._rise(mark, key[0])
        if key[1] != key[2]:
            self._ranges.setdefault(key[0], []).append((*key[1:], noted))
        if len(self._promises) > PROMISES_KEPT:
            self._promises.popitem(last=False)
            self._evicted = True

    def inherit(self, report: AcceptedReport, seq: int) -> bool:
        """Take a vote from before this trace, as it is reported; return False if it was known."""
        if report.instance in self.votes or report.instance <= self.compacted:
            return False
        self.votes.put(report.instance, Vote(0, *report.number, digest(report.value), seq))
        return True

    def sync(self, mark: int) -> None:
        """Note that everything up to `mark` is durable."""
        self.synced = mark
        if mark > self.written:
            self.written = mark
        if not self._drop_synced:
            self._drop_synced, self.doubtful = True, False

    def drop(self, up_to: int) -> None:
        """Forget the instances up to `up_to`, as the acceptor does."""
        if up_to <= self.compacted:
            return
        self.compacted = up_to
        self._drop_synced = False
        self.votes.drop(up_to)
        self._before = {i: votes for i, votes in self._before.items() if i > up_to}
        self._forgot = {instance for instance in self._forgot if instance > up_to}

    def crash(self, kind: str) -> None:
        """Note a crash that leaves the disk: the restart says how much of it was kept."""
        if not self._drop_synced and kind != "crash":
            self.doubtful = True

    def restart(self, mark: int, promised: ProposalNumber | None) -> None:
        """Go back to the first `mark` records, which is what the disk holds."""
        for instance in [i for i, vote in self.votes.between(0, None) if vote.mark > mark]:
            kept = [v for v in self._before.pop(instance, ()) if v.mark <= mark]
            if not kept:
                self.votes.remove(instance)
                continue
            *older, last = kept
            self.votes.put(instance, last)
            if older:
                self._before[instance] = tuple(older)
        for key in [k for k, kept in self._promises.items() if kept.mark > mark]:
            noted = self._promises.pop(key)
            if key[1] != key[2]:
                self._ranges[key[0]].remove((*key[1:], noted))
        self._rises = [rise for rise in self._rises if rise[0] <= mark]
        self.synced = self.written = mark
        self.wiped = False
        if promised is not None:
            self._rise(0, promised)

    def _rise(self, mark: int, number: ProposalNumber) -> None:
        if not self._rises or number > self._rises[-1][1]:
            self._rises.append((mark, number))


class Holdings(Check):
    """Follows every acceptor; it finds nothing wrong itself.

    It must have observed an entry before the checks that ask it do.
    """

    watches: ClassVar[Watched] = (Promised, AcceptedValue, Synced, Dropped, Crashed, Restarted)

    def __init__(self) -> None:
        self.inherited_up_to = 0  # the highest instance with a vote from before this trace
        self._of: dict[str, Holding] = {}
        self._inherited: set[int] = set()

    def of(self, node: str) -> Holding | None:
        """Return what `node` holds; None if nothing was heard of it."""
        return self._of.get(node)

    def is_inherited(self, command: Command) -> bool:
        """Say whether an acceptor had accepted `command` before this trace began."""
        return content(command) in self._inherited

    def observe(self, entry: Entry) -> None:
        """Take one entry."""
        holding = self._of.get(entry.node)
        first = holding is None
        if holding is None:
            holding = self._of[entry.node] = Holding()
        event = entry.event
        if isinstance(event, AcceptedValue):
            holding.take_vote(event, entry.seq)
        elif isinstance(event, Synced):
            holding.sync(event.mark)
        elif isinstance(event, Promised):
            key = (event.number, event.from_instance, event.to_instance)
            holding.take_promise(key, event.mark, entry.seq)
            if holding.inherited:
                self._inherit(holding, event, entry.seq)
        elif isinstance(event, Dropped):
            holding.drop(event.up_to)
        elif isinstance(event, Crashed) and event.kind == WIPE:
            self._of[entry.node] = Holding(wiped=True)
        elif isinstance(event, Crashed):
            holding.crash(event.kind)
        elif isinstance(event, Restarted):
            holding.inherited = holding.inherited or (first and event.mark > 0)
            holding.restart(event.mark, event.promised)

    def _inherit(self, holding: Holding, event: Promised, seq: int) -> None:
        for report in event.reported:
            if holding.inherit(report, seq):
                self.inherited_up_to = max(self.inherited_up_to, report.instance)
                self._inherited.update(map(content, commands_of(report.value)))


def content(command: Command) -> int:
    """Return 64 bits for what a client asked for, whatever session it was sent under."""
    kind = isinstance(command.value, bytes)
    return hash((command.client, command.sequence, kind, command.value))
