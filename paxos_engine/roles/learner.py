"""How a leader learns, primary or not: from votes, or a word about them, and from its peers.

It counts votes, unless they go to the leader alone that proposed, which then tells what they came
to; and it asks for what it missed.

Every leader follows every proposal that has reached phase 2 ("Paxos Made Simple", 2.3), so that
one that takes over is nearly up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from paxos_engine.roles.acceptor import PAGE_BYTES
from paxos_engine.roles.belief import WINDOW, Belief
from paxos_engine.roles.effects import (
    ChosenRecord,
    CompactedRecord,
    Effects,
    Record,
    SnapshotRecord,
)
from paxos_engine.roles.election import Timing
from paxos_engine.roles.events import (
    Applied,
    CatchUpAsked,
    Dropped,
    GapFilled,
    GapFound,
    Learned,
    Refused,
    SnapshotMade,
)
from paxos_engine.roles.instance_record import InstanceRecord
from paxos_engine.roles.joining import decisions
from paxos_engine.roles.leader_protocol import (
    AcceptedHeard,
    AcceptSeen,
    DecisionHeard,
    PaxosLeaderProtocol,
    ProposalState,
)
from paxos_engine.roles.log import ReplicatedLog, Snapshot
from paxos_engine.roles.machine import KeyValueStore, StateMachine
from paxos_engine.roles.messages import (
    Accept,
    Accepted,
    Accepts,
    CatchUpReply,
    CatchUpRequest,
    Decision,
    Envelope,
    SnapshotChunk,
    SnapshotRequest,
)
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.transfer import SnapshotTransfer, chunk
from paxos_engine.roles.values import ProposalNumber, Value, value_size

CATCH_UP_SPAN: Final = 4096
"""How many instances one catch-up request asks for at the most."""

TRANSFER_STALLS: Final = 4
"""Times `catch_up_after` without a new piece after which a snapshot is fetched from the start."""

HOLES_NAMED: Final = 64
"""How many holes are named one by one before a request says it all."""


class Learner:
    """What one leader knows of the history, and how it comes to know the rest.

    Args:
        quorums: whose votes count.
        peers: the other leaders, who can be asked.
        timing: when to ask.
        protocol: the state machine of one proposal.
        machine: makes the state machine that the history is applied to.
        snapshot_every: instances between two snapshots.
        log: the ordered history; a wrong rule is a subclass of it.
        distinguished: the others hear no votes for what this leader proposed, but what comes of
            them, from it ("Paxos Made Simple", 2.3).
    """

    def __init__(
        self,
        quorums: Quorums,
        peers: tuple[str, ...],
        timing: Timing,
        protocol: type[PaxosLeaderProtocol],
        machine: Callable[[], StateMachine] = KeyValueStore,
        snapshot_every: int = 10_000,
        log: type[ReplicatedLog] = ReplicatedLog,
        distinguished: bool = False,
    ) -> None:
        self.log = log(machine)
        self._snapshot_every = snapshot_every
        self._transfer: SnapshotTransfer | None = None
        self._served: dict[str, Snapshot] = {}  # what each peer is being sent
        self.records: dict[int, InstanceRecord] = {}
        self.ask_at: float | None = None
        self._quorums = quorums
        self._peers = peers
        self._timing = timing
        self._protocol = protocol
        self._distinguished = distinguished
        self._target = 0
        self._instances = Belief(WINDOW)
        self._asked_from = 0
        self._source = ""  # who sends the snapshot that is under way
        self._heard_piece_at = 0.0
        self._turn = 0

    def record(self, instance: int) -> InstanceRecord:
        """Return the table of proposals of an undecided instance."""
        known = self.records.get(instance)
        if known is None:
            known = InstanceRecord(instance, self._quorums, self._protocol)
            self.records[instance] = known
        return known

    def is_open(self, instance: int) -> bool:
        """Say whether `instance` is undecided as far as we know, and near enough to care."""
        known = self.log.chosen_up_to
        return known < instance <= known + WINDOW and not self.log.knows(instance)

    def believes(self, instance: int) -> bool:
        """Say whether anything can have happened in `instance` already, as far as we heard."""
        self._instances.know(self.log.chosen_up_to)
        return self._instances.takes(instance)

    def see_accepts(self, accepts: Accept | Accepts, effects: Effects) -> list[int]:
        """Note what a peer proposes, so that votes for it can be understood; return what is new."""
        new: list[int] = []
        for accept in accepts.each():
            if not self.is_open(accept.instance):
                continue
            proposal = self.record(accept.instance).proposal(accept.number)
            if proposal.transition(AcceptSeen(accept.value)) is ProposalState.CHOSEN:
                new += self._chosen(proposal, effects)
        return new

    def see_votes(
        self, envelope: Envelope, said: Accepted | Decision, now: float, effects: Effects
    ) -> list[int]:
        """Count a vote, or take a leader's word for a quorum of them; return what is new by it.

        Both may be about many instances. Of one whose accept was lost the value is unknown: a peer
        is asked before long.
        """
        heard: AcceptedHeard | DecisionHeard
        if isinstance(said, Accepted):
            heard = AcceptedHeard(envelope.sender)
        else:
            heard = DecisionHeard(envelope.sender, envelope.id)
        new: list[int] = []
        for proposal in self._open_proposals(said):
            if proposal.transition(heard) is ProposalState.CHOSEN:
                new += self._chosen(proposal, effects)
        if isinstance(said, Decision):
            self.hear_of(max((high for _, high in said.intervals), default=0), now)
        elif new and self._distinguished:
            for decision in decisions(said.number, new):
                effects.send_all(self._peers, decision)
        return new

    def _open_proposals(self, said: Accepted | Decision) -> Iterator[PaxosLeaderProtocol]:
        """Yield the proposals that are meant, where nothing is known as chosen yet."""
        for low, high in said.intervals:
            # Clipped to what can be open: an interval of 2^48 instances costs no more than that.
            known = self.log.chosen_up_to
            for instance in range(max(low, known + 1), min(high, known + WINDOW) + 1):
                if not self.log.knows(instance):
                    yield self.record(instance).proposal(said.number)

    def _chosen(self, proposal: PaxosLeaderProtocol, effects: Effects) -> list[int]:
        value = proposal.value
        assert value is not None, "a decision and a quorum of votes count only for a known value"
        instance, number = proposal.instance, proposal.number
        mark = self.decree(instance, number, value, effects)
        if proposal.decision is not None:
            learned = Learned(instance, number, value, "decision", (), *proposal.decision, mark)
        else:
            voters = tuple(sorted(self._quorums.distinct(proposal.voters)))
            learned = Learned(instance, number, value, "votes", voters, mark=mark)
        effects.say(learned)
        return [instance]

    def decree(self, instance: int, number: ProposalNumber, value: Value, effects: Effects) -> int:
        """Take `value` as chosen for `instance`, for good; return the mark of its record.

        Nothing waits for that record, not even the client's answer: what is chosen rests on the
        votes of a quorum, which are durable, and who forgets it in a crash learns it again.
        """
        self.log.learn(instance, number, value)
        self.records.pop(instance, None)
        return effects.note(ChosenRecord(instance, number, value))

    def apply(self, effects: Effects) -> list[Applied]:
        """Apply what has become contiguous and return it, so that clients can be answered."""
        rows: list[Applied] = []
        if self.log.applied_up_to < self.log.chosen_up_to:
            rows += self.log.apply_ready()
            effects.events += rows
        if self.log.applied_up_to >= self.snapshot_applied + self._snapshot_every:
            snapshot = self.log.take_snapshot()
            self._keep(snapshot, "taken", effects)
        return rows

    # --- snapshots and what they allow to drop -------------------------------------------

    @property
    def snapshot_applied(self) -> int:
        """How far our snapshot goes."""
        return self.log.snapshot.applied if self.log.snapshot else 0

    def compact(self, up_to: int, effects: Effects) -> None:
        """Drop what a majority of leaders has in durable snapshots, ours among them."""
        before = self.log.compacted
        if self.log.compact(up_to) > before:
            effects.record(CompactedRecord(self.log.compacted))
            effects.say(Dropped(self.log.compacted))
            effects.compact = True

    def restore(self, record: Record) -> None:
        """Take back one durable record; what it makes contiguous is applied by `resume`."""
        match record:
            case ChosenRecord(instance, number, value):
                self.log.learn(instance, number, value)
            case SnapshotRecord(snapshot):
                self.log.install(snapshot)
                self.log.snapshot = snapshot
            case CompactedRecord(up_to):
                self.log.compact(up_to)

    def checkpoint(self) -> list[Record]:
        """Return records that restore the history: the snapshot, and what lies behind it."""
        kept: list[Record] = [
            ChosenRecord(instance, *row)
            for instance, row in self.log.all_chosen()
            if instance > self.snapshot_applied
        ]
        return [SnapshotRecord(self.log.snapshot), *kept] if self.log.snapshot else kept

    def send_snapshot(self, peer: str, request: SnapshotRequest, effects: Effects) -> None:
        """Send a peer the piece that it asks for, or the beginning of the latest snapshot.

        A snapshot that is under way is served to its end, though a later one was taken since: else
        a peer on a slow network would begin anew each time, and never have one.
        """
        served = self._served.get(peer)
        if served is None or served.applied != request.applied:
            served = self.log.snapshot
        if served is not None:
            self._served[peer] = served
            effects.send(peer, chunk(served, request))

    def take_chunk(
        self, peer: str, message: str, piece: SnapshotChunk, now: float, effects: Effects
    ) -> Snapshot | None:
        """Take a piece of a snapshot; return the snapshot if it is complete and was installed."""
        if piece.applied <= self.log.applied_up_to:
            return None
        transfer = self._transfer
        if transfer is None:
            transfer = self._transfer = SnapshotTransfer(piece)
            self._source = peer
        elif peer != self._source:
            return None  # one at a time, or two that serve different ones would undo each other
        had = transfer.received
        snapshot = transfer.take(piece)
        if snapshot is None:
            if transfer.received != had:  # a piece that comes twice must not be asked on twice
                effects.send(peer, transfer.request)
                self._heard_piece_at = now
                self.ask_at = now + self._timing.retransmit_after
            return None
        self._transfer = None
        if not self.log.install(snapshot):
            reason = f"the snapshot of {snapshot.applied} cannot be read"
            effects.say(Refused(message, peer, reason))
            return None
        for instance in [i for i in self.records if i <= snapshot.applied]:
            del self.records[instance]
        self.ask_at = None
        self._keep(snapshot, "installed", effects)
        effects.compact = True
        self.watch(now)
        return snapshot

    def _keep(self, snapshot: Snapshot, kind: str, effects: Effects) -> None:
        mark = effects.record(SnapshotRecord(snapshot))
        size = len(snapshot.body)
        effects.say(SnapshotMade(kind, snapshot.applied, snapshot.state, size, mark))

    # --- catching up ---------------------------------------------------------------------

    def hear_of(self, chosen_up_to: int, now: float) -> None:
        """Note how far a peer's history goes, and plan to ask if ours stays behind."""
        self._instances.know(self.log.chosen_up_to)
        self._target = max(self._target, self._instances.hear(chosen_up_to))
        self.watch(now)

    def watch(self, now: float) -> None:
        """Plan a request if the history is behind or has a hole, and none is planned."""
        if self.ask_at is None and self._behind() and self._peers:
            self._plan(now)

    def ask_now(self, now: float) -> None:
        """Ask at the next tick instead of waiting for a stall."""
        if self._behind() and self._peers:
            self._asked_from = self.log.chosen_up_to
            self.ask_at = now

    def tick(self, primary: str | None, now: float, effects: Effects) -> None:
        """Ask a peer, if the planned time has come and no progress was made meanwhile."""
        if self.ask_at is None or now < self.ask_at:
            return
        self.ask_at = None
        if self._transfer is not None:
            if now <= self._heard_piece_at + TRANSFER_STALLS * self._timing.catch_up_after:
                effects.send(self._source, self._transfer.request)
                self.ask_at = now + self._timing.retransmit_after
                return
            self._transfer = None  # whoever sent it is gone, or has another one by now
        if self._behind() and self.log.chosen_up_to == self._asked_from:
            self._ask(self._next_peer(primary), effects)
        self.watch(now)

    def answer(self, peer: str, request: CatchUpRequest, effects: Effects) -> None:
        """Send a peer the chosen rows that it asks for, as many as one message holds."""
        base, kept, _ = self.log.tail
        if request.first <= base:
            effects.send(peer, CatchUpReply(request.first, (), self.log.chosen_up_to, base))
            return
        last = min(request.last, request.first + CATCH_UP_SPAN - 1)
        rows = kept[request.first - base - 1 : max(0, last - base)]
        size, count = 0, 0
        for row in rows:
            size += value_size(row.value) + 16
            if count and size > PAGE_BYTES:
                break
            count += 1
        page = tuple((row.number, row.value) for row in rows[:count])
        effects.send(peer, CatchUpReply(request.first, page, self.log.chosen_up_to))

    def take(
        self, peer: str, message: str, reply: CatchUpReply, now: float, effects: Effects
    ) -> list[int]:
        """Learn the rows that a peer sent; ask it for the next page if there is one."""
        if reply.compacted > self.log.chosen_up_to:
            if self._transfer is None:
                effects.send(peer, SnapshotRequest(0, 0))
            return []
        new: list[int] = []
        holes = set(self._holes())
        for offset, (number, value) in enumerate(reply.entries):
            instance = reply.first + offset
            if self.is_open(instance):
                mark = self.decree(instance, number, value, effects)
                effects.say(Learned(instance, number, value, "catch-up", (), peer, message, mark))
                new.append(instance)
                if instance in holes:
                    effects.say(GapFilled(instance, "missed", "catch-up", value))
        self.hear_of(reply.chosen_up_to, now)
        if new and reply.chosen_up_to > self.log.chosen_up_to:
            self._ask(peer, effects)
            self.ask_at = None
        self.watch(now)
        return new

    def _holes(self) -> list[int]:
        return list(islice(self.log.holes(), HOLES_NAMED))

    def _plan(self, now: float) -> None:
        """Ask again later, unless there is progress until then."""
        self._asked_from = self.log.chosen_up_to
        self.ask_at = now + self._timing.catch_up_after

    def _behind(self) -> bool:
        return max(self._target, self.log.highest_chosen) > self.log.chosen_up_to

    def _next_peer(self, primary: str | None) -> str:
        self._turn += 1
        if primary in self._peers and self._turn % 2:
            return primary
        return self._peers[self._turn // 2 % len(self._peers)]

    def _ask(self, peer: str, effects: Effects) -> None:
        first = self.log.chosen_up_to + 1
        last = max(self._target, self.log.highest_chosen)
        last = min(last, first + CATCH_UP_SPAN - 1)
        for hole in self._holes():
            effects.say(GapFound(hole, "missed"))
        effects.say(CatchUpAsked(peer, first, last))
        effects.send(peer, CatchUpRequest(first, last))
