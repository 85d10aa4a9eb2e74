"""A stage that writes a trace: pure roles, messages by hand, every line that a driver writes."""

from __future__ import annotations

import random
from typing import Any

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.events import (
    Crashed,
    Delivered,
    Duplicated,
    Entry,
    Event,
    Failed,
    Header,
    Lost,
    Recovered,
    Restarted,
    Sent,
    Synced,
)
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.messages import Envelope, Heartbeat, HeartbeatReply
from paxos_engine.trace.jsonform import to_line
from tests.roles.stage import Stage


class TracedStage(Stage):
    """A stage whose `lines` are the trace of what was played on it.

    Wrong rules may break agreement on it: nobody is stopped.
    """

    def __init__(self, **shape: Any) -> None:
        self.lines: list[bytes] = []
        self._lives: dict[str, int] = {}
        count = shape.get("acceptors", 3)
        acceptors = tuple(f"A{i}" for i in range(1, count + 1))
        leaders = tuple(f"L{i}" for i in range(1, shape.get("leaders", 2) + 1))
        quorum = (count // 2 + 1, count // 2 + 1)
        self.now = 0.0
        self.say("cluster", Header(acceptors, leaders, quorum, "multi", 0, {}))
        super().__init__(**{"session": False, **shape})

    def say(self, node: str, event: Event) -> None:
        """Add a line."""
        self.lines.append(to_line(Entry(len(self.lines), self.now, node, event)))

    def hand_over(self, envelope: Envelope) -> None:
        """Deliver one message, unless one end is down."""
        if envelope.to in self.failed or envelope.sender in self.failed:
            self.say(envelope.to, Lost(envelope.id, envelope.sender, "failed"))
            return
        self.say(envelope.to, Delivered(envelope.id, envelope.sender))
        super().hand_over(envelope)

    def lose(self, envelope: Envelope) -> None:
        """Lose one message that is in flight."""
        self.in_flight.remove(envelope)
        self.say(envelope.to, Lost(envelope.id, envelope.sender, "loss"))

    def double(self, envelope: Envelope) -> None:
        """Put a second copy of one message in flight."""
        self.in_flight.append(envelope)
        self.say(envelope.to, Duplicated(envelope.id, envelope.sender, "duplicate"))

    def fail(self, name: str) -> None:
        """Make a node deaf and dumb."""
        self.say(name, Failed())
        super().fail(name)

    def recover(self, name: str) -> None:
        """Let a failed node hear again."""
        self.say(name, Recovered())
        super().recover(name)

    def restart(self, name: str, forget: bool = False) -> None:
        """Crash a node and start it from its records, or, if it forgets, from none."""
        self.say(name, Crashed("crash", "its memory"))
        if forget:
            self.records[name].clear()
        role = self.make[name]()
        records = self.records[name]
        if isinstance(role, PaxosAcceptor | PaxosLeader):
            role.restore(records, len(records))
        promised = role.highest if isinstance(role, PaxosAcceptor) else None
        votes = role.votes if isinstance(role, PaxosAcceptor) else 0
        applied = role.log.applied_up_to if isinstance(role, PaxosLeader) else 0
        self.say(name, Restarted(promised, votes, applied, len(records)))
        self.roles[name] = role
        self._carry_out(name, role.start(self.now))

    def _carry_out(self, name: str, effects: Effects) -> None:
        for event in effects.events:
            self.say(name, event)
        if effects.records:
            mark = len(self.records[name]) + len(effects.records)
            self.say(name, Synced(mark, len(effects.records), 0))
        first = self._count + 1
        for offset, (to, message, after) in enumerate(effects.messages):
            self.say(name, Sent(f"{name}.{first + offset}", to, message, after))
        super()._carry_out(name, effects)

    def _judge(self, node: str, event: Event) -> None:
        """Leave the judging to those who read the trace."""


BEATS = (Heartbeat, HeartbeatReply)


def play(stage: TracedStage, seed: int, steps: int, *, forget: bool = False) -> list[bytes]:
    """Let chance decide what happens on a stage; return the trace.

    Leaders wake in turn, messages are held until another leader's phase ends, lost and doubled.
    A wrong rule may run into an assertion of the roles: the trace ends there. Nodes that crash
    come back with what their disk holds, or, if they forget, with nothing.
    """
    rng = random.Random(seed)
    try:
        for step in range(steps):
            _step(stage, rng, step, forget)
    except AssertionError:
        pass
    return stage.lines


def _step(stage: TracedStage, rng: random.Random, step: int, forget: bool) -> None:
    chance = rng.random()
    if step % 40 == 0:
        stage.lead(rng.choice(stage.leaders))
    elif chance < 0.06:
        stage.submit(f"set k{step % 3} {step}")
    elif chance < 0.09:
        stage.wait(0.3)
    elif chance < 0.10:
        stage.restart(rng.choice([*stage.leaders, *stage.acceptors]), forget)
    elif stage.in_flight:
        # Mostly the oldest ones, so that something is chosen; sometimes one that is long overdue.
        near = stage.in_flight[: rng.choice((1, 4, len(stage.in_flight)))]
        envelope = rng.choice(near)
        if chance < 0.16 and not isinstance(envelope.message, BEATS):
            stage.double(envelope)
        elif chance < 0.22:
            stage.lose(envelope)
        else:
            stage.in_flight.remove(envelope)
            stage.hand_over(envelope)


def outvote(stage: TracedStage) -> list[bytes]:
    """S05, with every message sent: two acceptors report X, one reports Y under a higher number.

    Of five, A1 and A3 accept X under 1.L2; A2, A4 and A5 choose Y under 2.L1; then L2 hears A1, A2
    and A3.
    """
    _phase_one(stage, "L2", "A1", "A2", "A3")
    stage.submit("X")
    stage.deliver("request")
    for acceptor in ("A1", "A3"):
        stage.deliver("accept", "L2", acceptor)
    stage.in_flight.clear()
    stage.leader("L1").election.highest_round = 1
    _phase_one(stage, "L1", "A2", "A4", "A5")
    stage.wait(0.8)  # the client turns to L1
    stage.in_flight.clear()
    stage.submit("Y")
    stage.deliver("request", to="L1")
    for acceptor in ("A2", "A4", "A5"):
        stage.deliver("accept", "L1", acceptor)
    stage.in_flight.clear()
    stage.restart("L2")
    stage.leader("L2").election.highest_round = 2
    _phase_one(stage, "L2", "A1", "A2", "A3")
    for acceptor in ("A1", "A2", "A3"):
        stage.deliver("accept", "L2", acceptor)
    return stage.lines


def _phase_one(stage: TracedStage, leader: str, *acceptors: str) -> None:
    """Let a leader hear the promises of these acceptors, in this order."""
    stage.in_flight.clear()
    stage.lead(leader)
    for acceptor in acceptors:
        stage.deliver("prepare", leader, acceptor)
        stage.deliver("promise", acceptor, leader)
