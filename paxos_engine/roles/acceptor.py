"""The acceptor: it promises, it accepts, it reports, and it never takes anything back.

Here an acceptor promises (`_prepare`) and accepts (`_accept`). The rules of one instance are in
`acceptor_protocol.py`; this file is about all instances at once: promises for "every instance
from n on", reports longer than one datagram, and bounds on what the wire may claim.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final

from paxos_engine.roles.acceptor_protocol import PaxosAcceptorProtocol
from paxos_engine.roles.belief import ROUND_JUMP, WINDOW, Belief
from paxos_engine.roles.effects import (
    AcceptRecord,
    CompactedRecord,
    Effects,
    PromiseRecord,
    Record,
    Role,
)
from paxos_engine.roles.events import (
    AcceptedValue,
    Dropped,
    HeartbeatHeard,
    Promised,
    Refused,
    Rejected,
)
from paxos_engine.roles.joining import acknowledgements
from paxos_engine.roles.messages import (
    KINDS,
    Accept,
    AcceptedReport,
    Accepts,
    Compacted,
    Envelope,
    Heartbeat,
    HeartbeatReply,
    Nack,
    Prepare,
    Promise,
)
from paxos_engine.roles.values import ZERO, ProposalNumber, value_size
from paxos_engine.roles.votes import Votes

PAGE_BYTES: Final = 32_000
"""About how many bytes of accepted values one page of a promise carries."""


class PaxosAcceptor(Role):
    """One acceptor of the cluster, for all instances.

    Args:
        name: its node id, `A1`.
        leaders: the leaders, who are told of each vote, so that each can learn.
        protocol: the state machine of one instance; a wrong rule is a subclass of it.
        distinguished: tell of a vote only the leader that asked for it ("Paxos Made Simple", 2.3).
        page_bytes: about how many bytes of values one page of a promise may carry.
    """

    def __init__(
        self,
        name: str,
        leaders: Iterable[str],
        *,
        protocol: type[PaxosAcceptorProtocol] = PaxosAcceptorProtocol,
        distinguished: bool = False,
        page_bytes: int = PAGE_BYTES,
    ) -> None:
        self.name = name
        self.leaders = tuple(leaders)
        self.compacted = 0
        self.highest = ZERO  # the highest number promised anywhere
        self._protocol = protocol
        self._distinguished = distinguished
        self._page_bytes = page_bytes
        self._rounds = Belief(ROUND_JUMP)
        self._instances = Belief(WINDOW)
        self._mark = 0
        self._votes = Votes()
        # Promises for one instance, where its promise is not the number of its vote.
        self._promises: dict[int, ProposalNumber] = {}
        # Promises without end, as a staircase: from `_range_starts[k]` on, at least
        # `_range_numbers[k]` is promised; both columns ascend.
        self._range_starts: list[int] = []
        self._range_numbers: list[ProposalNumber] = []

    @property
    def deadline(self) -> float | None:
        """An acceptor has no timers: it only answers."""
        return None

    def start(self, now: float) -> Effects:
        """Begin; an acceptor has nothing to do by itself."""
        return Effects(self._mark, self._mark)

    def tick(self, now: float) -> Effects:
        """Do nothing: an acceptor only answers."""
        return Effects(self._mark, self._mark)

    def receive(self, envelope: Envelope, now: float) -> Effects:
        """Answer one message; what no acceptor understands is refused with an event."""
        effects = Effects(self._mark, self._mark)
        match envelope.message:
            case Accept() | Accepts() | Prepare() as claim if reason := self._beyond_belief(claim):
                effects.say(_refused(envelope, reason))
            case Accept() | Accepts() as accepts:
                self._accept_each(envelope, accepts, effects)
            case Prepare() as prepare:
                self._prepare(envelope, prepare, effects)
            case Heartbeat(number=number) as beat:
                effects.say(HeartbeatHeard(number, envelope.sender))
                self._drop(envelope, beat, effects)
                reply = HeartbeatReply(number, self.highest)
                effects.send(envelope.sender, reply)
            case other:
                effects.say(_refused(envelope, f"an acceptor takes no {KINDS[type(other)]}"))
        self._mark = effects.mark
        return effects

    @property
    def votes(self) -> int:
        """For how many instances a vote is kept."""
        return len(self._votes.instances)

    def restore(self, records: Iterable[Record], mark: int) -> None:
        """Take back, in order, what was durable before a restart."""
        self._mark = mark
        for record in records:
            match record:
                case PromiseRecord(number=number, first=first, last=None):
                    self._promise_range(first, number)
                case PromiseRecord(number=number, first=first):
                    self._promise_one(Prepare(number, first, first, first))
                case AcceptRecord(number=number, instance=instance, value=value):
                    self._vote(self._at(instance), Accept(number, instance, value, 0))
                case CompactedRecord(up_to=up_to):
                    self._forget(up_to)
        self._rounds.know(self.highest.round)
        self._instances.know(max(self.compacted, self._votes.last))

    def checkpoint(self) -> list[Record]:
        """Return what restores this acceptor: votes first, since later promises are higher."""
        records: list[Record] = [CompactedRecord(self.compacted)] if self.compacted else []
        promises: list[Record] = []
        for instance in sorted({*self._promises, *self._votes.instances}):
            protocol = self._at(instance)
            report = protocol.report()
            if report is not None:
                records.append(AcceptRecord(report.number, instance, report.value))
            covered = max(report.number if report else ZERO, self._range_promise(instance))
            if protocol.promised > covered:
                promises.append(PromiseRecord(protocol.promised, instance, instance))
        stairs = zip(self._range_numbers, self._range_starts, strict=True)
        return [*records, *promises, *(PromiseRecord(n, first, None) for n, first in stairs)]

    def _highest_promise(
        self, first: int, last: int | None, number: ProposalNumber
    ) -> ProposalNumber:
        """Return the highest number promised for any instance of `first`..`last`.

        Where `number` is no lower than any promise, an upper bound that does not exceed it will do.
        """
        if last is not None:
            return self._at(first).promised
        if number >= self.highest:
            return self.highest  # nothing promised anywhere is higher: no need to look
        highest = self._range_numbers[-1] if self._range_numbers else ZERO
        promised = dict(self._votes.numbers(first))  # a vote is a promise, but by a wrong rule
        promised.update((i, promise) for i, promise in self._promises.items() if i >= first)
        return max([highest, *promised.values()])

    def _beyond_belief(self, claim: Prepare | Accept | Accepts) -> str:
        """Say in one line what is absurd about a well-formed claim; empty for nothing."""
        if not self._rounds.takes(claim.number.round):
            return f"round {claim.number.round} is more than {ROUND_JUMP} above any heard of"
        match claim:
            case Prepare(first=instance):
                return self._too_far(instance)
            case Accept(instance=instance, chosen_up_to=chosen):
                first = last = instance
            case Accepts(first=first, last=last, chosen_up_to=chosen):
                pass
        if chosen >= first:
            return f"nobody proposes for {first} who knows {chosen} as chosen"
        if last > chosen + WINDOW:
            return f"instance {last} is more than {WINDOW} beyond what is chosen"
        return self._too_far(last)

    def _too_far(self, instance: int) -> str:
        if not self._instances.takes(instance):
            return f"instance {instance} is more than {WINDOW} beyond any heard of"
        return ""

    # --- phase 1 -------------------------------------------------------------------------

    def _prepare(self, envelope: Envelope, prepare: Prepare, effects: Effects) -> None:
        number, first, last = prepare.number, prepare.first, prepare.last
        if last is not None and self.is_dropped(last):
            effects.send(envelope.sender, Compacted(number, first, self.compacted))
            return
        if last not in (None, first) or prepare.cursor < first:
            effects.say(_refused(envelope, "a prepare is for one instance, or for all from one on"))
            return
        promised = self._highest_promise(first, last, number)
        if not self._protocol(first, promised).may_promise(number):
            effects.say(Rejected(first, number, promised))
            effects.send(envelope.sender, Nack(number, first, promised))
            return
        page = self._page(prepare)
        is_new = self._promise_is_new(number, first, last)
        if is_new:
            # Answering before this is on disk would break agreement after a crash: the leader
            # would count on a promise that nobody remembers (2.5).
            effects.record(PromiseRecord(number, first, last))
            if last is None:
                self._promise_range(first, number)
            else:
                self._promise_one(prepare)
        if is_new or last is not None:  # said once for a range, which may be a long report
            everything = self._reports(first, last)
            effects.say(Promised(number, first, last, everything, self.dropped_up_to, effects.mark))
        effects.send(envelope.sender, page)

    def _promise_one(self, prepare: Prepare) -> None:
        self.highest = max(self.highest, prepare.number)
        protocol = self._at(prepare.first)
        protocol.transition(prepare)
        self._keep(protocol)

    def _promise_is_new(self, number: ProposalNumber, first: int, last: int | None) -> bool:
        floor = self._range_promise(first) if last is None else self._at(first).promised
        return number > floor

    def _page(self, prepare: Prepare) -> Promise:
        """Return the part of the report that begins at the cursor and fits one datagram."""
        reports: list[AcceptedReport] = []
        size = 0
        final = True
        for report in self._iter_reports(prepare.cursor, prepare.last):
            cost = value_size(report.value) + 40
            if reports and size + cost > self._page_bytes:
                final = False
                break
            reports.append(report)
            size += cost
        return Promise(
            number=prepare.number,
            first=prepare.first,
            last=prepare.last,
            cursor=prepare.cursor,
            covers_to=prepare.last if final else reports[-1].instance,
            final=final,
            compacted=self.dropped_up_to,
            reported=tuple(reports),
        )

    def _reports(self, first: int, last: int | None) -> tuple[AcceptedReport, ...]:
        return tuple(self._iter_reports(first, last))

    def _iter_reports(self, first: int, last: int | None) -> Iterable[AcceptedReport]:
        # Only instances that exist are visited: a range of 2^48 costs no more than what is in it.
        for instance, _ in self._votes.numbers(first):
            if last is not None and instance > last:
                return
            report = self._at(instance).report()
            if report is not None:
                yield report

    # --- phase 2 -------------------------------------------------------------------------

    def _accept_each(self, envelope: Envelope, accepts: Accept | Accepts, effects: Effects) -> None:
        """Vote for each as if it had come alone; acknowledge all that was voted for at once."""
        voted = [
            (accept.number, accept.instance, accept.instance)
            for accept in accepts.each()
            if self._accept(envelope, accept, effects)
        ]
        learners = (envelope.sender,) if self._distinguished else self.leaders
        for accepted in acknowledgements(voted):
            effects.send_all(learners, accepted)

    def _accept(self, envelope: Envelope, accept: Accept, effects: Effects) -> bool:
        """Vote, unless a rule forbids it; return whether the vote stands, now or since before."""
        if self.is_dropped(accept.instance):
            # It is decided, and how is forgotten here: a vote now could choose a second value.
            compacted = Compacted(accept.number, accept.instance, self.compacted)
            effects.send(envelope.sender, compacted)
            return False
        protocol = self._at(accept.instance)
        if not protocol.may_accept(accept.number):
            effects.say(Rejected(accept.instance, accept.number, protocol.promised))
            nack = Nack(accept.number, accept.instance, protocol.promised)
            effects.send(envelope.sender, nack)
            return False
        again = protocol.accepted_number == accept.number
        if again and protocol.accepted_value != accept.value:
            effects.say(_refused(envelope, f"a second value under {accept.number}"))
            return False
        if not again:
            mark = effects.record(AcceptRecord(accept.number, accept.instance, accept.value))
            self._vote(protocol, accept)
            effects.say(AcceptedValue(accept.instance, accept.number, accept.value, mark))
        return True

    def _vote(self, protocol: PaxosAcceptorProtocol, accept: Accept) -> None:
        if accept.number > self.highest:
            self.highest = accept.number
        took = protocol.transition(accept)
        assert took, "a vote is cast only after may_accept said so"
        self._keep(protocol)

    # --- compaction ----------------------------------------------------------------------

    def _drop(self, envelope: Envelope, beat: Heartbeat, effects: Effects) -> None:
        """Drop what a majority of leaders has in durable snapshots, unless that cannot be.

        What is dropped is never voted on again, so an absurd claim would end this acceptor.
        """
        up_to = beat.compacted
        if up_to > beat.chosen_up_to:
            reason = f"{up_to} compacted, and only {beat.chosen_up_to} chosen"
            effects.say(_refused(envelope, reason))
        elif self._instances.hear(beat.chosen_up_to) < up_to:
            reason = f"{up_to} compacted is more than {WINDOW} beyond any instance heard of"
            effects.say(_refused(envelope, reason))
        elif up_to > self.compacted:
            effects.record(CompactedRecord(up_to))
            self._forget(up_to)
            effects.say(Dropped(up_to))
            effects.compact = True

    @property
    def dropped_up_to(self) -> int:
        """Up to which instance it speaks of nothing, since it holds nothing there any more."""
        return self.compacted

    def is_dropped(self, instance: int) -> bool:
        """Say whether `instance` is decided and how is forgotten: nothing may be said of it."""
        return instance <= self.dropped_up_to

    def _forget(self, up_to: int) -> None:
        self.compacted = max(self.compacted, up_to)
        self._votes.drop(up_to)
        self._promises = {i: number for i, number in self._promises.items() if i > up_to}

    # --- where an instance lives ---------------------------------------------------------

    def _at(self, instance: int) -> PaxosAcceptorProtocol:
        """Return the protocol of `instance`, its promise raised to that of the ranges over it.

        It is made from what is kept; what is done with it counts once it is kept again.
        """
        vote = self._votes.of(instance)
        promised = self._promises.get(instance, vote[0] if vote else ZERO)
        return self._protocol(instance, max(promised, self._range_promise(instance)), vote)

    def _keep(self, protocol: PaxosAcceptorProtocol) -> None:
        """Have what was done with `protocol` count from now on."""
        instance, number = protocol.instance, protocol.accepted_number
        if number is not None and protocol.accepted_value is not None:
            self._votes.cast(instance, number, protocol.accepted_value)
        if protocol.promised != number:
            self._promises[instance] = protocol.promised
        else:
            self._promises.pop(instance, None)

    def _range_promise(self, instance: int) -> ProposalNumber:
        position = bisect_right(self._range_starts, instance) - 1
        return self._range_numbers[position] if position >= 0 else ZERO

    def _promise_range(self, first: int, number: ProposalNumber) -> None:
        self.highest = max(self.highest, number)
        keep = bisect_left(self._range_starts, first)
        del self._range_starts[keep:], self._range_numbers[keep:]
        self._range_starts.append(first)
        self._range_numbers.append(number)


def _refused(envelope: Envelope, reason: str) -> Refused:
    return Refused(envelope.id, envelope.sender, reason)
