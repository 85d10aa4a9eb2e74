"""The stage of the roles' tests, with a trace of all that happens on it, as a driver tells it."""

from __future__ import annotations

from typing import Any

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.events import (
    Crashed,
    Delivered,
    Entry,
    Event,
    Failed,
    Header,
    Recovered,
    Restarted,
    Sent,
    Synced,
)
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.messages import Envelope
from tests.roles.stage import Stage


class TracedStage(Stage):
    """A stage whose `entries` are what a cluster would have recorded."""

    def __init__(self, acceptors: int = 3, leaders: int = 2, **how: Any) -> None:
        self.entries: list[Entry] = []
        self.now = 0.0
        super().__init__(acceptors, leaders, **how)
        quorum = (self.quorums.phase1, self.quorums.phase2)
        mode = "classic" if how.get("classic") else "multi"
        header = Header(tuple(self.acceptors), tuple(self.leaders), quorum, mode, 0, {})
        self.entries.insert(0, Entry(0, 0.0, "cluster", header))

    def hand_over(self, envelope: Envelope) -> None:
        """Deliver one message now."""
        if envelope.to not in self.failed and envelope.sender not in self.failed:
            self._tell(envelope.to, Delivered(envelope.id, envelope.sender))
        super().hand_over(envelope)

    def fail(self, name: str) -> None:
        """Make a node deaf and dumb."""
        self._tell(name, Failed())
        super().fail(name)

    def recover(self, name: str) -> None:
        """Let a failed node hear again."""
        self._tell(name, Recovered())
        super().recover(name)

    def restart(self, name: str, forget: bool = False) -> None:
        """Crash a node and start it from its records; `forget` plays the toy's empty memory."""
        self._tell(name, Crashed("wipe" if forget else "crash", "its memory"))
        super().restart(name, forget)

    def _carry_out(self, name: str, effects: Effects) -> None:
        self._tell_restart(name)
        for event in effects.events:
            self._tell(name, event)
        if effects.records:
            self._tell(name, Synced(effects.mark, len(effects.records), 0))
        before = len(self.in_flight)
        super()._carry_out(name, effects)
        sent = zip(self.in_flight[before:], effects.messages, strict=True)
        for envelope, outgoing in sent:
            self._tell(name, Sent(envelope.id, envelope.to, envelope.message, outgoing.after))

    def _tell_restart(self, name: str) -> None:
        """Say what a node that has just been started again found on its disk."""
        last = next((e.event for e in reversed(self.entries) if e.node == name), None)
        if not isinstance(last, Crashed):
            return
        role, mark = self.roles[name], len(self.records[name])
        if isinstance(role, PaxosAcceptor):
            self._tell(name, Restarted(role.highest, role.votes, 0, mark))
        elif isinstance(role, PaxosLeader):
            self._tell(name, Restarted(None, 0, role.log.applied_up_to, mark))

    def _tell(self, node: str, event: Event) -> None:
        self.entries.append(Entry(len(self.entries) + 1, self.now, node, event))
