"""What a cluster is made of: its shape, the rules it follows, and the making of each role.

Both drivers make their roles here, so a run over UDP and one in the simulator differ in nothing
that the protocol could notice.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.acceptor_protocol import PaxosAcceptorProtocol
from paxos_engine.roles.client import PaxosClient
from paxos_engine.roles.effects import Role
from paxos_engine.roles.election import Election, PortElection, Timing
from paxos_engine.roles.flow import ROOM
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.leader_protocol import PaxosLeaderProtocol
from paxos_engine.roles.log import ReplicatedLog
from paxos_engine.roles.machine import KeyValueStore, StateMachine
from paxos_engine.roles.quorum import Quorums, majority


@dataclass(frozen=True, slots=True)
class Rules:
    """Which classes play the roles. The right ones by default; a wrong rule replaces one."""

    acceptor: type[PaxosAcceptor] = PaxosAcceptor
    acceptor_protocol: type[PaxosAcceptorProtocol] = PaxosAcceptorProtocol
    leader: type[PaxosLeader] = PaxosLeader
    leader_protocol: type[PaxosLeaderProtocol] = PaxosLeaderProtocol
    client: type[PaxosClient] = PaxosClient
    log: type[ReplicatedLog] = ReplicatedLog
    election: type[Election] = Election
    machine: Callable[[], StateMachine] = KeyValueStore


RIGHT = Rules()


@dataclass(frozen=True, slots=True)
class Shape:
    """A cluster as the protocol knows it.

    Args:
        leaders: how many; `L1` has the lowest rank.
        acceptors: how many.
        clients: how many.
        mode: "multi" or "classic".
        election: "number" or "port".
        seed: of every role's jitter.
        timing: the clockwork of the leaders, in seconds.
        pipeline: instances that a primary may have under way at once.
        batch: commands that one instance may decide.
        room: bytes of commands that a client may have under way at once.
        thrifty: an accept goes to a quorum of acceptors first, to the others if that is silent.
        distinguished: acceptors tell of a vote only the leader that asked for it, which tells the
            others what is chosen.
        snapshot_every: instances between two snapshots of a leader.
        retain: instances that a leader keeps at the most while snapshots are lacking.
        phase1: acceptors that make a quorum of phase 1; 0 for a majority.
        phase2: the same of phase 2.
        rules: which classes play the roles.
        run: what sets the clients of this run apart from those of earlier runs over the same
            history; empty where there is none.
    """

    leaders: int = 2
    acceptors: int = 5
    clients: int = 1
    mode: str = "multi"
    election: str = "number"
    seed: int = 0
    timing: Timing = field(default_factory=Timing)
    pipeline: int = 64
    batch: int = 1
    room: int = ROOM
    thrifty: bool = False
    distinguished: bool = False
    snapshot_every: int = 10_000
    retain: int = 1_000_000
    phase1: int = 0
    phase2: int = 0
    rules: Rules = RIGHT
    run: str = ""

    @property
    def leader_names(self) -> tuple[str, ...]:
        """`L1`, `L2`, ... in ascending rank."""
        return names("L", self.leaders)

    @property
    def acceptor_names(self) -> tuple[str, ...]:
        """`A1`, `A2`, ..."""
        return names("A", self.acceptors)

    @property
    def client_names(self) -> tuple[str, ...]:
        """`C1`, `C2`, ..."""
        return names("C", self.clients)

    @property
    def quorums(self) -> Quorums:
        """The acceptors, and how many of them are enough."""
        usual = majority(self.acceptors)
        return Quorums(self.acceptor_names, self.phase1 or usual, self.phase2 or usual)

    def make(self, name: str, life: int) -> Role:
        """Return the role of a node at birth; what its disk holds is restored by the driver.

        Args:
            name: the node.
            life: 1 at the start, one more after each crash: each life has jitter of its own, or
                two crashed leaders would duel in step for ever.
        """
        rules = self.rules
        if name in self.acceptor_names:
            return rules.acceptor(
                name,
                self.leader_names,
                protocol=rules.acceptor_protocol,
                distinguished=self.distinguished,
            )
        rng = random.Random(f"{self.seed}/{name}/{life}")
        if name in self.client_names:
            client = f"{name}-{self.run}" if self.run else name
            return rules.client(
                name,
                self.leader_names,
                rng,
                retry_after=self.timing.retry_after,
                room=self.room,
                client=client,
            )
        return rules.leader(
            name,
            self.leader_names,
            self.quorums,
            self.timing,
            rng,
            classic=self.mode == "classic",
            pipeline=self.pipeline,
            batch=self.batch,
            thrifty=self.thrifty,
            distinguished=self.distinguished,
            election=PortElection if self.election == "port" else rules.election,
            protocol=rules.leader_protocol,
            machine=rules.machine,
            snapshot_every=self.snapshot_every,
            retain=self.retain,
            log=rules.log,
        )


def names(letter: str, count: int) -> tuple[str, ...]:
    """Return the ids of `count` nodes of a kind: `A1`, `A2`, ..."""
    return tuple(f"{letter}{position}" for position in range(1, count + 1))
