"""A stage for the pure roles: every message waits until the test says what becomes of it.

No socket, thread or clock: time is a number that `wait` moves, and a message is delivered,
dropped or duplicated by hand. What happens is written down line by line in `told`: what is
delivered, and of each step what it writes to disk, what happened in it, and what it sends.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from itertools import groupby

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.acceptor_protocol import PaxosAcceptorProtocol
from paxos_engine.roles.client import PaxosClient
from paxos_engine.roles.effects import (
    AcceptRecord,
    ChosenRecord,
    CompactedRecord,
    Effects,
    PromiseRecord,
    Record,
    Role,
    RoundRecord,
    SnapshotRecord,
)
from paxos_engine.roles.election import Election, PortElection, Timing
from paxos_engine.roles.events import AcceptedValue, Event, Learned, describe
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.leader_protocol import PaxosLeaderProtocol
from paxos_engine.roles.messages import KINDS, Envelope, Message, span
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import ProposalNumber, Value

QUIET = {"heartbeat", "heartbeat-reply"}
"""Kinds that the story leaves out unless it is about them: ten times a second the same."""

SESSION = 1
"""The id of the session that C1 has, unless a story is about opening one."""


class Disagreement(AssertionError):
    """Two values were chosen for one instance: the one thing that must never happen."""


class Stage:
    """A cluster of pure roles and the messages between them.

    Votes are counted here, from `accepted` events of distinct acceptors, not asked of leaders:
    whoever runs a wrong rule on this stage is caught by `Disagreement`.
    """

    def __init__(
        self,
        acceptors: int = 3,
        leaders: int = 2,
        *,
        classic: bool = False,
        acceptor: type[PaxosAcceptor] = PaxosAcceptor,
        acceptor_protocol: type[PaxosAcceptorProtocol] = PaxosAcceptorProtocol,
        leader: type[PaxosLeader] = PaxosLeader,
        leader_protocol: type[PaxosLeaderProtocol] = PaxosLeaderProtocol,
        election: str = "number",
        pipeline: int = 64,
        batch: int = 1,
        thrifty: bool = False,
        distinguished: bool = False,
        page_bytes: int = 32_000,
        seed: int = 0,
        timing: Timing | None = None,
        session: bool = True,
        snapshot_every: int = 10_000,
    ) -> None:
        self.now = 0.0
        self.in_flight: list[Envelope] = []
        self.told: list[str] = []
        self.quiet = set(QUIET)
        self.events: list[tuple[str, Event]] = []
        self.failed: set[str] = set()
        self.records: dict[str, list[Record]] = {}
        self.chosen: dict[int, Value] = {}
        self._votes: dict[tuple[int, ProposalNumber], dict[str, Value]] = {}
        self._count = 0
        self.acceptors = [f"A{i}" for i in range(1, acceptors + 1)]
        self.leaders = [f"L{i}" for i in range(1, leaders + 1)]
        self.quorums = Quorums.majorities(self.acceptors)
        self.roles: dict[str, Role] = {}
        self.make: dict[str, Callable[[], Role]] = {}
        for name in self.acceptors:
            self.make[name] = lambda name=name: acceptor(  # type: ignore[misc]
                name,
                self.leaders,
                protocol=acceptor_protocol,
                distinguished=distinguished,
                page_bytes=page_bytes,
            )

        def make_leader(name: str) -> PaxosLeader:
            role = leader(
                name,
                self.leaders,
                self.quorums,
                timing or Timing(),
                random.Random(f"{seed}/{name}"),
                classic=classic,
                pipeline=pipeline,
                batch=batch,
                thrifty=thrifty,
                distinguished=distinguished,
                election=PortElection if election == "port" else Election,
                protocol=leader_protocol,
                snapshot_every=snapshot_every,
            )
            if session:  # opened before the story begins, so that the story is about its commands
                role.log._sessions.open("C1", SESSION)
                role.log._sessions.open("c", 0)  # of the commands that tests make by hand
            return role

        for name in self.leaders:
            self.make[name] = partial(make_leader, name)
        self.make["C1"] = lambda: PaxosClient(
            "C1",
            self.leaders,
            random.Random(seed),
            retry_after=(timing or Timing()).retry_after,
            session=SESSION if session else 0,
        )
        for name, make in self.make.items():
            self.roles[name] = make()
            self.records[name] = []
            self._carry_out(name, self.roles[name].start(0.0))

    # --- what a test does ----------------------------------------------------------------

    def leader(self, name: str) -> PaxosLeader:
        """Return a leader."""
        role = self.roles[name]
        assert isinstance(role, PaxosLeader)
        return role

    def acceptor(self, name: str) -> PaxosAcceptor:
        """Return an acceptor."""
        role = self.roles[name]
        assert isinstance(role, PaxosAcceptor)
        return role

    def submit(self, value: str | bytes) -> None:
        """Give the client a value."""
        client = self.roles["C1"]
        assert isinstance(client, PaxosClient)
        self._carry_out("C1", client.submit(value, self.now)[1])

    def wait(self, seconds: float) -> None:
        """Let time pass: timers fire, in order; messages stay where they are."""
        end = self.now + seconds
        while True:
            due = [
                (role.deadline, name)
                for name, role in self.roles.items()
                if name not in self.failed and role.deadline is not None
            ]
            first = min(due, default=(end + 1, ""))
            if first[0] is None or first[0] > end:
                break
            self.now = max(self.now, first[0])
            self._carry_out(first[1], self.roles[first[1]].tick(self.now))
        self.now = end

    def lead(self, name: str) -> None:
        """Let `name` suspect the primary at once and begin phase 1."""
        leader = self.leader(name)
        leader.election.suspect_at = self.now
        self._carry_out(name, leader.tick(self.now))

    def waiting(
        self, kind: str = "", sender: str = "", to: str = "", instance: int | None = None
    ) -> list[Envelope]:
        """Return the messages in flight that match; an empty word matches all."""
        return [
            e
            for e in self.in_flight
            if kind in ("", KINDS[type(e.message)])
            and sender in ("", e.sender)
            and to in ("", e.to)
            and instance in (None, getattr(e.message, "instance", None))
        ]

    def deliver(self, kind: str = "", sender: str = "", to: str = "", **more: int) -> int:
        """Deliver what is in flight and matches, oldest first; return how many."""
        chosen = self.waiting(kind, sender, to, **more)
        for envelope in chosen:
            self.in_flight.remove(envelope)
            self.hand_over(envelope)
        return len(chosen)

    def settle(self, rounds: int = 200) -> None:
        """Deliver everything, and what comes of it, until nothing is in flight."""
        for _ in range(rounds):
            if not self.deliver():
                return
        raise AssertionError("the cluster never falls silent")

    def run(self, seconds: float, step: float = 0.01) -> None:
        """Let time pass on a perfect network."""
        end = self.now + seconds
        while self.now < end:
            self.wait(step)
            self.settle()

    def drop(self, kind: str = "", sender: str = "", to: str = "", **more: int) -> int:
        """Lose what is in flight and matches; return how many."""
        chosen = self.waiting(kind, sender, to, **more)
        for envelope in chosen:
            self.in_flight.remove(envelope)
            if KINDS[type(envelope.message)] not in self.quiet:
                self.told.append(f"{_arrow(envelope)} LOST {envelope.message.describe()}")
        return len(chosen)

    def duplicate(self, kind: str = "", sender: str = "", to: str = "") -> int:
        """Put a second copy of what matches in flight; return how many."""
        chosen = self.waiting(kind, sender, to)
        self.in_flight.extend(chosen)
        return len(chosen)

    def inject(self, sender: str, to: str, message: Message) -> None:
        """Deliver a message that nobody sent, as if it had come late."""
        self._count += 1
        self.hand_over(Envelope(f"{sender}.{self._count}", sender, to, message))

    def fail(self, name: str) -> None:
        """Make a node deaf and dumb."""
        self.failed.add(name)
        self.told.append(f"{name} failed")

    def recover(self, name: str) -> None:
        """Let a failed node hear again."""
        self.failed.discard(name)
        self.told.append(f"{name} recovered")
        self._carry_out(name, self.roles[name].start(self.now))

    def restart(self, name: str, forget: bool = False) -> None:
        """Crash a node and start it from its records; `forget` plays the toy's empty memory."""
        role = self.make[name]()
        records = [] if forget else self.records[name]
        if isinstance(role, PaxosAcceptor | PaxosLeader):
            role.restore(records, len(records))
        self.roles[name] = role
        self.told.append(f"{name} restarted with {len(records)} records")
        self._carry_out(name, role.start(self.now))

    def hand_over(self, envelope: Envelope) -> None:
        """Deliver one message now."""
        if envelope.to in self.failed or envelope.sender in self.failed:
            return
        if envelope.to not in self.roles:
            return  # an answer to a sender that does not exist
        if KINDS[type(envelope.message)] not in self.quiet:
            self.told.append(f"{_arrow(envelope)} {envelope.message.describe()}")
        role = self.roles[envelope.to]
        self._carry_out(envelope.to, role.receive(envelope, self.now))

    def answers(self) -> list[str]:
        """Return the answers that the client has had."""
        return [describe(e) for _, e in self.events if e.name == "answered"]

    def happened(self, name: str, node: str = "") -> list[Event]:
        """Return the events called `name`."""
        return [e for n, e in self.events if e.name == name and node in ("", n)]

    def history(self, leader: str) -> list[str]:
        """Return a leader's history as text."""
        return [str(row.value) for row in self.leader(leader).log.rows]

    # --- inside --------------------------------------------------------------------------

    def _carry_out(self, name: str, effects: Effects) -> None:
        self.told += [f"  {name} writes {_written(record)}" for record in effects.records]
        self.records[name].extend(effects.records)
        for event in effects.events:
            self.events.append((name, event))
            if event.name not in self.quiet:
                self.told.append(f"  {name}: {describe(event)}")
            self._judge(name, event)
        for to, message, _ in effects.messages:
            self._count += 1
            self.in_flight.append(Envelope(f"{name}.{self._count}", name, to, message))
        self._tell_sent(name, effects)

    def _tell_sent(self, name: str, effects: Effects) -> None:
        """Write down what is sent: the same message to several nodes in one line."""
        loud = [o for o in effects.messages if KINDS[type(o.message)] not in self.quiet]
        for message, group in groupby(loud, key=lambda outgoing: outgoing.message):
            to = ", ".join(outgoing.to for outgoing in group)
            self.told.append(f"  {name} sends {message.describe()} to {to}")

    def _judge(self, node: str, event: Event) -> None:
        match event:
            case AcceptedValue(instance=instance, number=number, value=value):
                votes = self._votes.setdefault((instance, number), {})
                votes[node] = value
                agreeing = [n for n, v in votes.items() if v == value]
                if len(agreeing) >= self.quorums.phase2:
                    self._choose(instance, value)
            case Learned(instance=instance, value=value):
                known = self.chosen.setdefault(instance, value)
                if known != value:
                    raise Disagreement(f"{node} learned {value} in {instance}, chosen: {known}")

    def _choose(self, instance: int, value: Value) -> None:
        before = self.chosen.setdefault(instance, value)
        if before != value:
            raise Disagreement(f"instance {instance}: {before} was chosen, and now {value}")


def _arrow(envelope: Envelope) -> str:
    return f"{envelope.sender} -> {envelope.to}"


def _written(record: Record) -> str:
    match record:
        case PromiseRecord(number, first, last):
            return f"promise {number} {span(first, last)}"
        case AcceptRecord(number, instance, value):
            return f"accept {number} {instance}: {value}"
        case RoundRecord(round=used):
            return f"round {used}"
        case ChosenRecord(instance, number, value):
            return f"chosen {number} {instance}: {value}"
        case CompactedRecord(up_to):
            return f"compacted up to {up_to}"
        case SnapshotRecord(snapshot):
            return f"snapshot after {snapshot.applied}"
