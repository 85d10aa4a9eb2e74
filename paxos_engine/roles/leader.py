"""The leader: it claims the primacy, proposes, fills gaps, and answers clients.

A leader is following, preparing (phase 1 for every open instance) or primary. Here it begins
phase 1 (`_prepare`), proposes (`_propose`), and yields (`_yield`). What makes a value safe to
propose is in `leader_protocol.py`; who should lead is in `election.py`; counting votes and
catching up are in `learner.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from paxos_engine.roles.copies import Copies
from paxos_engine.roles.doorstep import Doorstep
from paxos_engine.roles.effects import Effects, Record, Role, RoundRecord
from paxos_engine.roles.election import Election, Standing, Timing
from paxos_engine.roles.events import (
    BecamePrimary,
    GapFound,
    HeartbeatHeard,
    Prepared,
    Proposed,
    Refused,
    Suspected,
    Yielded,
)
from paxos_engine.roles.gaps import GapWatch, how_filled
from paxos_engine.roles.leader_protocol import PaxosLeaderProtocol, PromiseHeard, ProposalState
from paxos_engine.roles.learner import Learner
from paxos_engine.roles.log import ReplicatedLog
from paxos_engine.roles.machine import KeyValueStore, StateMachine
from paxos_engine.roles.messages import (
    Accept,
    Accepted,
    AcceptedReport,
    Accepts,
    CatchUpReply,
    CatchUpRequest,
    Compacted,
    Decision,
    Envelope,
    Heartbeat,
    HeartbeatReply,
    Nack,
    Promise,
    Redirect,
    Reply,
    Request,
    Requests,
    SnapshotChunk,
    SnapshotRequest,
)
from paxos_engine.roles.nonsense import nonsense
from paxos_engine.roles.pace import Pace
from paxos_engine.roles.phase_one import PhaseOne
from paxos_engine.roles.proposer import Proposals, send
from paxos_engine.roles.pulse import Pulse
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.service import Service
from paxos_engine.roles.values import NOOP, ZERO, Command, ProposalNumber


class PaxosLeader(Role):
    """One leader of the cluster.

    Args:
        name: its node id, `L2`; its rank is its position in `leaders`, from 1.
        leaders: all leaders, itself included.
        quorums: the acceptors, and how many of them are enough.
        timing: the clockwork, in seconds.
        rng: the source of jitter, handed in so that a run can be repeated.
        classic: run both phases for each command, as the seed does, instead of phase 1 once.
        pipeline: how many instances may be under way at once.
        batch: how many commands one instance may decide.
        thrifty: send an accept to a quorum first, and to the others if that does not answer.
        distinguished: see `Learner`.
        election: the rule of primacy.
        protocol: the state machine of one proposal; a wrong rule is a subclass of it.
        machine: makes the state machine that the history is applied to.
        snapshot_every: instances between two snapshots.
        retain: instances above what is compacted from which on no new command is taken.
        log: the ordered history; a wrong rule is a subclass of it.
    """

    def __init__(
        self,
        name: str,
        leaders: Iterable[str],
        quorums: Quorums,
        timing: Timing,
        rng: random.Random,
        *,
        classic: bool = False,
        pipeline: int = 64,
        batch: int = 1,
        thrifty: bool = False,
        distinguished: bool = False,
        election: type[Election] = Election,
        protocol: type[PaxosLeaderProtocol] = PaxosLeaderProtocol,
        machine: Callable[[], StateMachine] = KeyValueStore,
        snapshot_every: int = 10_000,
        retain: int = 1_000_000,
        log: type[ReplicatedLog] = ReplicatedLog,
    ) -> None:
        everyone = tuple(leaders)
        rank = everyone.index(name) + 1
        self.name = name
        self.peers = tuple(leader for leader in everyone if leader != name)
        self.quorums, self.timing = quorums, timing
        self.standing = Standing.FOLLOWING
        self.number = ZERO
        self.election = election(name, rank, len(everyone), timing, rng)
        self.learner = Learner(
            quorums, self.peers, timing, protocol, machine, snapshot_every, log, distinguished
        )
        self._retain = retain
        self.copies = Copies(name, everyone)
        self._mark = self._bound = self._round_used = 0  # the marks as in `Effects`
        self._round_mark = 0  # that of the record which keeps the round
        self.log = self.learner.log
        self._classic, self._thrifty = classic, thrifty
        self._pipeline = pipeline
        self._rng = rng
        self._proposals = Proposals(Pace(timing, rng), batch)
        self._phase_one: PhaseOne | None = None
        self._promises = PhaseOne(ZERO, 1, quorums, "")  # those that this primacy rests on
        self._ask_again_at = 0.0
        self._pulse = Pulse(quorums, timing)
        self._next_instance = 1
        self._recover_next, self._recover_last = 1, 0  # of phase 1's range, still to be re-proposed
        self._filling: dict[int, tuple[str, AcceptedReport | None]] = {}
        self._gaps = GapWatch(timing.gap_fill_after)
        self._service = Service()
        self._doorstep = Doorstep()

    # --- the three inputs ----------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When the next timer is due: beat, suspicion, retransmission, gap or catch-up."""
        times = [self.learner.ask_at, self._proposals.deadline]
        if self.standing is Standing.FOLLOWING:
            times.append(self.election.suspect_at)
        elif self.standing is Standing.PRIMARY:
            times += [self._pulse.beat_at, self._gaps.deadline]
        if self._phase_one is not None:
            times.append(self._ask_again_at)
        return min([time for time in times if time is not None])

    def start(self, now: float) -> Effects:
        """Begin, or begin again after a failure: what was heard before it is stale."""
        self.election.start(now)
        self._pulse.restart(now)
        self._doorstep.clear()
        return self._effects()

    def receive(self, envelope: Envelope, now: float) -> Effects:
        """Handle one message."""
        effects = self._effects()
        if reason := nonsense(envelope, self.peers, self.quorums, self.election, self.learner):
            effects.say(Refused(envelope.id, envelope.sender, reason))
        else:
            self._dispatch(envelope, now, effects)
        return self._finish(effects, now)

    def tick(self, now: float) -> Effects:
        """Do what is due: beat, suspect, ask again, retransmit, fill gaps, catch up."""
        effects = self._effects()
        if self.standing is Standing.FOLLOWING and self.election.suspects(now):
            reason = "no heartbeat" if self.election.primary else "no primary known"
            effects.say(Suspected(self.election.primary_number, reason))
            self._prepare("takeover", now, effects)
        if self._phase_one is not None and now >= self._ask_again_at:
            self._ask_for_promises(self._phase_one, now, effects)
        if self.standing is Standing.PRIMARY:
            if now >= self._pulse.beat_at:
                self._beat(now, effects)
            self._proposals.retransmit(now, self.peers, self.log.chosen_up_to, effects)
        self.learner.tick(self.election.primary, now, effects)
        return self._finish(effects, now)

    def fill_gaps(self, now: float) -> Effects:
        """Fill every gap now: a primary runs phase 1 for them, any other leader asks its peers."""
        effects = self._effects()
        if self.standing is not Standing.PRIMARY:
            self.learner.ask_now(now)
        elif self._phase_one is None and (self.log.has_holes or self._proposals.under_way):
            self._prepare("on demand", now, effects)
        return self._finish(effects, now)

    def write_off(self, leaders: Iterable[str]) -> Effects:
        """Wait no more for the snapshots of `leaders`, which are gone for good (see `Copies`)."""
        self.copies.write_off(leaders)
        return self._effects()

    def restore(self, records: Iterable[Record], mark: int) -> None:
        """Take back what was durable: above all, which rounds were used."""
        self._mark = self._bound = mark
        for record in records:
            if isinstance(record, RoundRecord):
                self._round_used = record.round
                self.election.rounds.know(record.round)
            else:
                self.learner.restore(record)
        for _ in self.log.apply_ready():
            pass  # applied before the restart, and told then

    def checkpoint(self) -> list[Record]:
        """Return what restores this leader."""
        return [RoundRecord(self._round_used), *self.learner.checkpoint()]

    def _dispatch(self, envelope: Envelope, now: float, effects: Effects) -> None:
        sender = envelope.sender
        self._pulse.hear(envelope, self.number, now)
        match envelope.message:
            case Accepted() | Decision() as told:
                if new := self.learner.see_votes(envelope, told, now, effects):
                    self.election.sees_progress(told.number, now)
                    self._decided(new, now, effects)
            case Request() | Requests() as asked:
                for command in asked.commands:
                    self._request(sender, command, effects)
            case Promise() as promise:
                self._promise(envelope, promise, now, effects)
            case Nack() as nack:
                self._outbid(sender, nack, now, effects)
            case Heartbeat() as heartbeat:
                self._heartbeat(sender, heartbeat, now, effects)
            case HeartbeatReply() as reply:
                self.copies.know(sender, reply.snapshot)
                self._outbid(sender, reply, now, effects)
            case Compacted(up_to=up_to):
                self.learner.hear_of(up_to, now)
            case _:
                self._learn(envelope, now, effects)

    def _learn(self, envelope: Envelope, now: float, effects: Effects) -> None:
        """Take from a peer, or give to one, what was proposed or chosen."""
        sender = envelope.sender
        match envelope.message:
            case Accept() | Accepts() as accepts:
                self._decided(self.learner.see_accepts(accepts, effects), now, effects)
            case CatchUpRequest() as request:
                self.learner.answer(sender, request, effects)
            case CatchUpReply() as reply:
                new = self.learner.take(sender, envelope.id, reply, now, effects)
                self._decided(new, now, effects)
            case SnapshotRequest() as request:
                self.learner.send_snapshot(sender, request, effects)
            case SnapshotChunk() as piece:
                state = self.learner.take_chunk(sender, envelope.id, piece, now, effects)
                if state is not None:
                    self._proposals.overtaken(state.applied)
                    # Of what it covers no row will answer anybody: who waits asks again.
                    self._service.send_on(None, effects)
                    self._filling = {i: g for i, g in self._filling.items() if i > state.applied}

    def _finish(self, effects: Effects, now: float) -> Effects:
        if (phase := self._phase_one) is not None and phase.is_complete:
            self._begin_when_informed(phase, now, effects)
        if self.standing is Standing.PRIMARY:
            self._propose_more(now, effects)
            self._watch_for_gaps(now, effects)
        else:
            self.learner.watch(now)
        if rows := self.learner.apply(effects):
            self._service.answer(rows, effects)
        if self.standing is Standing.PRIMARY and self.log.applied_up_to >= self._recover_last:
            self._let_in(now, effects)
        self._mark, self._bound = effects.mark, effects.bound
        return effects

    def _effects(self) -> Effects:
        return Effects(self._mark, self._bound)

    # --- phase 1 -------------------------------------------------------------------------

    def _prepare(self, reason: str, now: float, effects: Effects) -> None:
        """Begin phase 1 under a new number, for every instance not known as chosen (2.2, 3)."""
        self.number = self.election.next_number()
        # Before this is on disk no prepare may leave: after a crash the same number could be
        # used again, for another value (S12).
        self._round_used = self.number.round
        self._round_mark = effects.record(RoundRecord(self.number.round))
        first = self.log.chosen_up_to + 1
        self._proposals.pause()
        self._phase_one = PhaseOne(self.number, first, self.quorums, reason)
        effects.say(Prepared(self.number, first, None, reason, self._round_mark))
        if self.standing is not Standing.PRIMARY:
            self.standing = Standing.PREPARING
            self.learner.ask_now(now)
        self._ask_for_promises(self._phase_one, now, effects)

    def _ask_for_promises(self, phase: PhaseOne, now: float, effects: Effects) -> None:
        for acceptor, prepare in phase.missing():
            effects.send(acceptor, prepare)
        self._ask_again_at = now + self.timing.retransmission(phase.attempts, self._rng)
        phase.attempts += 1

    def _promise(self, envelope: Envelope, promise: Promise, now: float, effects: Effects) -> None:
        acceptor = envelope.sender
        if promise.last is not None:
            self._promise_for_one(envelope, promise, now, effects)
            return
        phase = self._phase_one
        if phase is None or not phase.hear(acceptor, promise, envelope.id):
            return
        if not promise.final:
            phase.attempts = 0  # pages come: a lost one is to be asked for again soon
        if acceptor not in phase.promised_by:
            effects.send(acceptor, phase.ask(acceptor))

    def _begin_when_informed(self, phase: PhaseOne, now: float, effects: Effects) -> None:
        """Begin phase 2, unless an acceptor has dropped instances that we do not know.

        They are decided, and no promise tells how: to propose there could choose a second value.
        A peer's history or snapshot tells.
        """
        if phase.compacted <= self.log.chosen_up_to:
            self._begin_phase_two(phase, now, effects)
        else:
            self.learner.hear_of(phase.compacted, now)

    def _begin_phase_two(self, phase: PhaseOne, now: float, effects: Effects) -> None:
        """Take the primacy: what the quorum reported is proposed again, holes get the no-op."""
        self._phase_one, self._promises = None, phase
        was_primary = self.standing is Standing.PRIMARY
        self.standing = Standing.PRIMARY
        self._recover_next = self.log.chosen_up_to + 1
        wanted = max(self._proposals.own, default=0)
        self._recover_last = max(phase.highest_reported, self.log.highest_chosen, wanted)
        self._next_instance = self._recover_last + 1
        self._gaps.forget()
        if not was_primary:
            self._pulse.begin(phase.promised_by, now)
            self.election.won(self.number)
            effects.say(BecamePrimary(self.number, phase.reason))
            self._beat(now, effects)

    def _promise_for_one(
        self, envelope: Envelope, promise: Promise, now: float, effects: Effects
    ) -> None:
        """Count a promise of classic mode, and propose when it completes the quorum."""
        proposal = self._proposals.under_way.get(promise.first)
        if proposal is None or proposal.number != promise.number or not promise.tells_of_one:
            return
        was = proposal.state
        report = promise.reported[0] if promise.reported else None
        heard = PromiseHeard(envelope.sender, report, (envelope.id,))
        if was is ProposalState.PREPARING and proposal.transition(heard) is ProposalState.PREPARED:
            self._phase_two(proposal, now, effects)

    # --- phase 2 -------------------------------------------------------------------------

    def _propose_more(self, now: float, effects: Effects) -> None:
        """Propose while there is room: first what phase 1 found open, then new commands."""
        if self._phase_one is not None:
            return
        under_way = self._proposals.under_way
        while len(under_way) < self._pipeline:
            if self._recover_next <= self._recover_last:
                instance, self._recover_next = self._recover_next, self._recover_next + 1
                if not self.log.knows(instance):
                    self._filling[instance] = (self._promises.reason, None)
                    effects.say(GapFound(instance, self._promises.reason))
                    self._propose(instance, False, now, effects)
            elif self.log.knows(self._next_instance):
                self._next_instance += 1
            elif (value := self._proposals.next_value(self.log)) is not None:
                instance, self._next_instance = self._next_instance, self._next_instance + 1
                self._proposals.own[instance] = value
                self._propose(instance, self._classic, now, effects)
            else:
                return

    def _propose(self, instance: int, prepare: bool, now: float, effects: Effects) -> None:
        """Begin the proposal for `instance`, with its own phase 1 or on the range's promises."""
        proposal = self.learner.record(instance).proposal(self.number)
        assert proposal.value is None, f"{self.number} has proposed for {instance} already"
        if prepare:
            effects.say(Prepared(self.number, instance, instance, "classic", self._round_mark))
            send(proposal, self.peers, self.log.chosen_up_to, effects)
        else:
            for promise in self._promises.promises_for(instance):
                proposal.transition(promise)
            self._phase_two(proposal, now, effects)
        self._proposals.begin(proposal, now)

    def _phase_two(self, proposal: PaxosLeaderProtocol, now: float, effects: Effects) -> None:
        instance = proposal.instance
        own = self._proposals.own.get(instance, NOOP)
        found = proposal.found
        value = proposal.propose(own)
        if instance in self._filling:
            self._filling[instance] = (self._filling[instance][0], found)
        if value is not own and value != own:
            self._proposals.displaced(instance, value)
        effects.say(Proposed(instance, proposal.number, value, proposal.promise_messages))
        alive = self._pulse.heard_lately(now) if self._thrifty else ()
        quorum = self.quorums.one_of_phase2(instance, alive) if self._thrifty else None
        send(proposal, self.peers, self.log.chosen_up_to, effects, quorum)

    def _decided(self, instances: list[int], now: float, effects: Effects) -> None:
        for instance in instances:
            chosen = self.log.chosen(instance)
            assert chosen is not None, "decided means chosen"
            wanted = self._proposals.own.get(instance)
            self._proposals.decided(instance, chosen.value, now)
            if (gap := self._filling.pop(instance, None)) is not None:
                effects.say(how_filled(instance, gap, chosen.value, wanted))

    # --- leading -------------------------------------------------------------------------

    def _heartbeat(self, sender: str, beat: Heartbeat, now: float, effects: Effects) -> None:
        effects.say(HeartbeatHeard(beat.number, sender))
        self.learner.hear_of(beat.chosen_up_to, now)
        self.learner.compact(beat.compacted, effects)
        snapshot = self.learner.snapshot_applied
        effects.send(sender, HeartbeatReply(beat.number, beat.number, snapshot))
        if self.standing is not Standing.FOLLOWING:
            if not self.election.yields_to(beat.number, self.number):
                return
            self._yield(beat.number, "a heartbeat of a higher number", now, effects)
        if self.election.heeds(beat.number):
            self.election.heard(sender, beat.number, now)
            self._doorstep.hear(sender, beat.number, effects)

    def _beat(self, now: float, effects: Effects) -> None:
        """Ask the acceptors whether they hear us, and tell the peers only if a quorum does.

        A primary that cannot hear must fall silent, or its heartbeats would keep the others
        from leading for ever (S15).
        """
        self.copies.know(self.name, self.learner.snapshot_applied)
        compacted = min(self.copies.covered, self.log.chosen_up_to)
        self.learner.compact(compacted, effects)
        beat = Heartbeat(self.number, self.log.chosen_up_to, compacted)
        effects.send_all(self.quorums.acceptors, beat)
        if self.may_say_that_it_leads(now):
            effects.send_all(self.peers, beat)
        self._pulse.beaten(now)

    def may_say_that_it_leads(self, now: float) -> bool:
        """Say whether phase 1 is complete, and a quorum was heard lately (S15)."""
        return self._pulse.hears_quorum(now) and self._phase_one is None

    def _outbid(
        self, acceptor: str, answer: Nack | HeartbeatReply, now: float, effects: Effects
    ) -> None:
        """Give way to a higher promise: with our number this acceptor is lost to us."""
        number, promised = answer.number, answer.promised
        current = number == self.number and self.standing is not Standing.FOLLOWING
        if current and promised > number and promised.rank != self.election.rank:
            self._yield(promised, f"{acceptor} has promised {promised}", now, effects)
        elif current and promised > number:
            # Our own number from before a restart or a recovery: nobody to give way to.
            self._prepare("outbid by an own number", now, effects)

    def _yield(self, number: ProposalNumber, reason: str, now: float, effects: Effects) -> None:
        self.standing = Standing.FOLLOWING
        self._phase_one = None
        self._proposals.abandon()
        self._filling.clear()
        self._pulse.stop()
        self.election.back_off(now)
        effects.say(Yielded(number, reason))
        self._service.send_on(self.election.primary, effects)

    # --- gaps ----------------------------------------------------------------------------

    def _watch_for_gaps(self, now: float, effects: Effects) -> None:
        """Fill a gap that has outlived `gap_fill_after`, by phase 1 under a new number."""
        busy = self._phase_one is not None
        if self._gaps.due(self.log.chosen_up_to + 1, self.log.highest_chosen, busy, now):
            self._prepare("gap", now, effects)

    # --- clients -------------------------------------------------------------------------

    def _request(self, node: str, command: Command, effects: Effects) -> None:
        key = (command.client, command.sequence)
        if (done := self.log.reply(command)) is not None:
            effects.send(node, Reply(*key, *done))
        elif self.log.kept > self._retain:
            effects.send(node, Redirect(*key, None))  # until the leaders have snapshots again
        elif self.standing is Standing.PRIMARY:
            if self._service.take(node, command):
                self._proposals.take(command)
        else:
            self._doorstep.keep(node, command)
            effects.send(node, Redirect(*key, self.election.primary))

    def _let_in(self, now: float, effects: Effects) -> None:
        """Take what was asked before we led, now that it can be told what is chosen already."""
        for node, command in self._doorstep.take():
            self._request(node, command, effects)
            self._propose_more(now, effects)
