"""The nodes of a simulated cluster, and what may be done to them; when is decided elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from paxos_engine.cycle import Publish
from paxos_engine.node import Action, Node
from paxos_engine.roles.assembly import Shape
from paxos_engine.roles.client import PaxosClient
from paxos_engine.roles.effects import CompactedRecord, Outgoing, Role, SnapshotRecord
from paxos_engine.roles.events import Entry, Header, Sent, WrittenOff
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.messages import Envelope
from paxos_engine.simulation.disk import SimulatedDisk
from paxos_engine.simulation.plan import Act

Carry: TypeAlias = Callable[[str, str, list[Envelope]], None]
"""Takes what was sent together: (sender, receiver, envelopes)."""


COSTLY: Final = ("wipe", "bit flip", "disk failure", "deafen")
"""What a node may not come back from."""


@dataclass(slots=True)
class Clock:
    """A node's own clock: it may run fast or slow, and jump."""

    rate: float = 1.0
    offset: float = 0.0

    def local(self, t: float) -> float:
        """Return what it shows at true time `t`."""
        return self.offset + self.rate * t

    def true(self, local: float) -> float:
        """Return the true time at which it shows `local`."""
        return (local - self.offset) / self.rate

    def turn(self, rate: float, t: float) -> None:
        """Run at another rate from true time `t` on, without going back."""
        self.offset, self.rate = self.local(t) - rate * t, rate

    def jump(self, seconds: float) -> None:
        """Show that much more from now on, or less, as a clock that somebody sets does."""
        self.offset += seconds


class Line:
    """How one node's messages leave: stamped, told to the trace, and handed to whoever carries.

    Args:
        name: the node.
        publish: how the trace is told.
        carry: takes each datagram.
    """

    def __init__(self, name: str, publish: Publish, carry: Carry) -> None:
        self._name = name
        self._publish = publish
        self._carry = carry
        self._next = 1

    def send(self, batches: Mapping[str, Sequence[Outgoing]], now: float) -> None:
        """Send the messages for each peer, as one datagram."""
        for to, batch in batches.items():
            envelopes = []
            for outgoing in batch:
                ident = f"{self._name}.{self._next}"
                self._next += 1
                self._publish(self._name, Sent(ident, to, outgoing.message, outgoing.after))
                envelopes.append(Envelope(ident, self._name, to, outgoing.message))
            self._carry(self._name, to, envelopes)


class Cast:
    """All nodes of a simulated cluster.

    Args:
        shape: the cluster.
        publish: how the trace is told.
        carry: takes what nodes send.
    """

    def __init__(self, shape: Shape, publish: Publish, carry: Carry) -> None:
        self.shape = shape
        self.disk_delay = 0.0
        self.slow_disks: dict[str, float] = {}  # those with a delay of their own
        self._publish = publish
        self._written_off: tuple[str, ...] = ()
        self.servers = [*shape.leader_names, *shape.acceptor_names]
        self.disks = {name: SimulatedDisk(name) for name in (*self.servers, *shape.client_names)}
        self.clocks = {name: Clock() for name in self.disks}
        self.deaf: list[str] = []  # who hears nothing any more, whatever is healed
        self.defects: dict[str, str] = {}  # node -> what its role ended with
        self.nodes: dict[str, Node] = {}
        for name, disk in self.disks.items():
            self.nodes[name] = Node(
                self._factory(name),
                disk,
                Line(name, publish, carry),
                publish,
                lambda name=name: self.slow_disks.get(name, self.disk_delay),  # type: ignore[misc]
            )

    def header(self, seed: int, faults: dict[str, Any], command: str) -> Entry:
        """Return the first entry of a trace."""
        shape = self.shape
        header = Header(
            acceptors=shape.acceptor_names,
            leaders=shape.leader_names,
            quorum=(shape.quorums.phase1, shape.quorums.phase2),
            mode=shape.mode,
            seed=seed,
            faults=faults,
            command=command,
            ports=dict.fromkeys(self.nodes, 0),
            retain=shape.retain,
        )
        return Entry(0, 0.0, "cluster", header)

    def submit(self, client: str, value: str, local: float) -> None:
        """Give a client a value."""
        role = self.nodes[client].role
        assert isinstance(role, PaxosClient)
        self.turn(client, [], [lambda now: role.submit(value, now)[1]], local)

    def turn(
        self, name: str, envelopes: list[Envelope], actions: Sequence[Action], local: float
    ) -> None:
        """Give a node a turn at `local` on its own clock.

        A defect ends the node and not the run, as in the runtime; `defects` tells of it.
        """
        try:
            self.nodes[name].turn(envelopes, actions, local)
        except Exception as error:
            self.defects[name] = f"{type(error).__name__}: {error}"
            self.nodes[name].break_down(self.defects[name])

    def lost_for_good(self) -> list[str]:
        """Return the servers that nothing can bring back."""
        return [name for name in self.servers if self._is_lost(name)]

    def befall(self, act: Act, t: float) -> bool:
        """Let an act befall its first node; return False where it cannot or must not happen.

        What costs a node its disk is kept to fewer nodes than would cost a quorum of acceptors, and
        one leader that hears is left to serve the history, what is dropped elsewhere included:
        beyond that nothing could be demanded.
        """
        name = act.nodes[0]
        node, disk = self.nodes[name], self.disks[name]
        if node.standing == "broken" or (act.kind in COSTLY and not self._may_lose(name)):
            return False
        up, down = node.standing == "up", node.standing in ("failed", "paused", "crashed")
        match act.kind:
            case "fail" if up:
                node.fail()
            case "pause" if up:
                node.pause()
            case "crash" | "power cut" | "wipe" as kind if node.standing != "crashed":
                self._crash(node, kind)
            case "torn write" if node.standing != "crashed":
                disk.tear(act.amount)
                node.crash("power cut")
            case "bit flip" if node.standing != "crashed":
                disk.flip(act.amount, int(act.amount * 1e6) % 8)
                node.crash("power cut")
            case "disk failure" if up:
                disk.fail()
            case "recover" if down and not disk.refusal:
                node.recover()
            case "clock":
                self.clocks[name].turn(act.amount, t)
            case "clock jump":
                self.clocks[name].jump(act.amount)
            case _:
                return self._befall_leader(act, t)
        return True

    def _befall_leader(self, act: Act, t: float) -> bool:
        """Let happen what can only happen to a leader."""
        name = act.nodes[0]
        role, up = self.nodes[name].role, self.nodes[name].standing == "up"
        if not isinstance(role, PaxosLeader):
            return False
        match act.kind:
            case "suspect" if up:
                role.election.suspect_at = self.clocks[name].local(t)
            case "fill gaps" if up:
                self.turn(name, [], [role.fill_gaps], self.clocks[name].local(t))
            case "deafen" if name not in self.deaf:
                self.deaf.append(name)
            case _:
                return False
        return True

    def _factory(self, name: str) -> Callable[[], Role]:
        lives = itertools.count(1)

        def make() -> Role:
            role = self.shape.make(name, next(lives))
            if isinstance(role, PaxosLeader):
                role.copies.write_off(self._written_off)
            return role

        return make

    def _crash(self, node: Node, kind: str) -> None:
        """Crash a node; a leader that is wiped is gone for good, and the others do without it."""
        node.crash(kind)
        if kind != "wipe" or node.name not in self.shape.leader_names:
            return
        self._written_off = (*self._written_off, node.name)
        self._publish("cluster", WrittenOff(self._written_off, f"{node.name} was wiped"))
        for name in self.shape.leader_names:
            role = self.nodes[name].role
            assert isinstance(role, PaxosLeader)
            role.write_off(self._written_off)

    def _is_lost(self, name: str) -> bool:
        node, disk = self.nodes[name], self.disks[name]
        return node.standing == "broken" or bool(disk.refusal) or disk.is_damaged

    def _may_lose(self, name: str) -> bool:
        lost = {*self.lost_for_good(), *self.deaf, name}
        left = [a for a in self.shape.acceptor_names if a not in lost]
        leaders = [leader for leader in self.shape.leader_names if leader not in lost]
        quorums = self.shape.quorums
        enough = len(left) >= max(quorums.phase1, quorums.phase2)
        return enough and any(map(self._serves, leaders))

    def _serves(self, leader: str) -> bool:
        """Say whether a leader holds, on its disk, what the acceptors have dropped."""
        dropped = [
            record.up_to
            for acceptor in self.shape.acceptor_names
            for record in self.disks[acceptor].durable
            if isinstance(record, CompactedRecord)
        ]
        held = [
            record.snapshot.applied
            for record in self.disks[leader].durable
            if isinstance(record, SnapshotRecord)
        ]
        return max(held, default=0) >= max(dropped, default=0)
