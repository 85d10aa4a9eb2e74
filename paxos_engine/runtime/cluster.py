"""A whole cluster in this process: leaders, acceptors and a client, in background threads."""

from __future__ import annotations

import atexit
import itertools
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from types import TracebackType
from typing import Any, Final

from paxos_engine.checks.base import Invariant
from paxos_engine.faults.plan import FaultPlan
from paxos_engine.node import CRASHES, Status
from paxos_engine.roles.client import PaxosClient
from paxos_engine.roles.effects import Effects, Role
from paxos_engine.roles.events import Answered, Event, FaultsChanged, Header, Violation
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.log import ReplicatedLog
from paxos_engine.roles.messages import Reply
from paxos_engine.roles.values import commands_of
from paxos_engine.runtime.config import ClusterConfig
from paxos_engine.runtime.loop import loops_for
from paxos_engine.runtime.node import RunningNode
from paxos_engine.runtime.observers import Observers
from paxos_engine.runtime.submissions import OutcomeUnknown, Submissions
from paxos_engine.runtime.subscription import ChosenCommand, StateReached, Subscription
from paxos_engine.runtime.writeoffs import WriteOffs
from paxos_engine.storage.datadir import DataDir
from paxos_engine.storage.disk import Disk, StorageError
from paxos_engine.storage.memory import MemoryDisk
from paxos_engine.trace.recorder import RecorderError
from paxos_engine.trace.view import ClusterView
from paxos_engine.wire.codec import Codec
from paxos_engine.wire.pump import AdversarialMessagePump, bind_ports, room_of

CLIENT: Final = "C1"


class Cluster:
    """A running cluster; use it as a context manager, or call `start` and `stop`.

    Args:
        config: its shape; two leaders and five acceptors by default.
        clock: a monotonic clock in seconds.

    Raises:
        PortInUse: a fixed port is taken; the text names it.
        RecorderError: the file to record to cannot be written.
        StorageError: the data directory cannot be used; the text says why, and what to do.
    """

    def __init__(
        self,
        config: ClusterConfig | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config or ClusterConfig()
        began = clock()
        self._clock: Callable[[], float] = lambda: clock() - began
        # Without this a command of an earlier run could be answered in place of one of ours.
        run = secrets.token_hex(3) if self.config.data_dir is not None else ""
        shape = self.config.shape
        self.leaders = list(shape.leader_names)
        self.acceptors = list(shape.acceptor_names)
        self.nodes = [*self.leaders, *self.acceptors]
        self.quorums = shape.quorums
        self.faults = FaultPlan(self.config.seed)
        self.faults.set_profile(self.config.profile)
        everyone = [*self.acceptors, *self.leaders, CLIENT]  # leaders get the higher ports
        sockets = dict(zip(everyone, bind_ports(len(everyone), self.config.base_port), strict=True))
        self._shape = replace(shape, run=run, room=room_of(sockets.values()))
        self.ports: dict[str, int] = {n: s.getsockname()[1] for n, s in sockets.items()}
        self._data: DataDir | None = None
        try:
            disks = self._open_disks()
            # Last: a recording of before is replaced only by a cluster that can start.
            self._observers = Observers(self.config, self.quorums, self._header(), self._clock)
        except (RecorderError, StorageError):
            for sock in sockets.values():
                sock.close()
            if self._data is not None:
                self._data.close()
            raise
        self.trace = self._observers.trace
        self.faults.on_change = self._faults_changed
        self._write_offs = WriteOffs(
            self.leaders,
            self.config.written_off,
            lambda event: self.trace.publish("cluster", event),
            self._tell_written_off,
        )
        self._submissions = Submissions(lambda: self._running[CLIENT].post(self._ask))
        self._subscriptions: list[Subscription] = []
        self._lock = threading.Lock()
        self._stopped = False
        of_codec = (secrets.token_hex(4), secrets.token_bytes(32), self.config.coalesce_bytes)
        peers = {name: ("127.0.0.1", port) for name, port in self.ports.items()}
        told = self.trace.publish if self._observers.tells_messages else None
        self._pumps = {
            name: AdversarialMessagePump(name, sock, Codec(*of_codec), peers, told, self.faults)
            for name, sock in sockets.items()
        }
        self._running = {
            name: RunningNode(
                self._factory(name),
                disks[name],
                self._pumps[name],
                self._publish_client if name == CLIENT else self.trace.publish,
                self._clock,
                admits=self._admits if name == CLIENT else lambda: True,
                after_turn=self._notify if name in self.leaders else lambda: None,
                sync_after=lambda: self.faults.disk_delay,
                note=self._data.note(name) if self._data else "",
                allow_empty=self.config.allow_empty_disk,
                tells_messages=told is not None,
            )
            for name in everyone
        }
        shared = not self.config.has_thread_each
        self._loops = loops_for([*self._running.values()], self._clock, shared=shared)

    # --- life ----------------------------------------------------------------------------

    def start(self) -> Cluster:
        """Start every node, and the threads of the checker and the recorder."""
        atexit.register(self.stop)
        self._write_offs.begin()
        self._observers.start()
        for loop in self._loops:
            loop.start()
        return self

    def stop(self) -> None:
        """Stop everything: threads joined, sockets closed, recording complete. Again is harmless.

        Commands without an answer end as `OutcomeUnknown`.
        """
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
        atexit.unregister(self.stop)
        for loop in self._loops:
            loop.stop()
        for loop in self._loops:
            loop.join()
        if self._data is not None:
            self._data.close()
        for subscription in self._subscriptions:
            subscription.close()
        self._observers.stop()
        self._submissions.end()

    def __enter__(self) -> Cluster:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # --- clients -------------------------------------------------------------------------

    def submit(self, value: str | bytes) -> Future[Reply]:
        """Submit a value; the future holds the reply once it is chosen and applied.

        It waits in memory until there is room for it under way (see `unanswered`). The future's
        callbacks run where nodes have their turns: one that waits holds them up.

        Raises:
            ValueError: the value is too large for a datagram, in one line.
            TypeError: it is neither text nor bytes.
        """
        return self._submissions.submit(value)

    def submit_then(
        self, value: str | bytes, told: Callable[[Reply | OutcomeUnknown], None]
    ) -> None:
        """Submit a value as `submit` does, and have `told` called with its one outcome.

        It costs less than a future. `told` runs where nodes have their turns: one that waits holds
        them up, and what it raises is logged. Once the cluster stops it is called by whoever stops
        it, and after that at once, before this returns.

        Raises:
            ValueError: the value is too large for a datagram, in one line.
            TypeError: it is neither text nor bytes.
        """
        self._submissions.submit_then(value, told)

    @property
    def unanswered(self) -> int:
        """How many commands wait for their outcome; whoever submits more makes them wait longer."""
        return self._submissions.unanswered

    def subscribe(
        self,
        callback: Callable[[ChosenCommand | StateReached], None] | None = None,
        *,
        from_instance: int = 1,
    ) -> Subscription:
        """Follow the ordered history from `from_instance` on; see `Subscription`."""
        subscription = Subscription(self._logs, from_instance, callback)
        self._subscriptions = [*self._subscriptions, subscription]
        if self._stopped:
            subscription.close()
        return subscription

    def history(self, leader: str) -> list[tuple[int, str | bytes | None]]:
        """Return (instance, value) of the history that `leader` knows; None is the no-op.

        Raises:
            KeyError: there is no such leader.
        """
        base, rows, _ = self._log(leader).tail
        return [
            (instance, command.value if command else None)
            for instance, row in enumerate(rows[:], base + 1)
            for command in commands_of(row.value) or (None,)
            if command is None or not command.opens_session
        ]

    def applied(self, leader: str) -> tuple[int, str]:
        """Return how far `leader` has applied the history, and the hash of its state there.

        Raises:
            KeyError: there is no such leader.
        """
        log = self._log(leader)
        return log.applied_up_to, log.state

    def kept(self, leader: str) -> int:
        """Return how many instances `leader` holds one by one. KeyError if there is none."""
        return self._log(leader).kept

    # --- failures ------------------------------------------------------------------------

    def fail(self, node: str) -> None:
        """Make a node deaf and dumb; its memory is kept. KeyError if there is no such node."""
        self._node(node).fail()

    def pause(self, node: str) -> None:
        """Make a node stand still until `recover`. KeyError if there is no such node."""
        self._node(node).pause()

    def crash(self, node: str, kind: str = "crash") -> None:
        """Crash a node; one that is crashed or broken already stays as it is.

        Args:
            node: which one; KeyError if there is none of that name.
            kind: "crash" loses its memory, "power cut" also what is not synced, "wipe" its disk.

        Raises:
            ValueError: there is no such kind.
        """
        if kind not in CRASHES:
            raise ValueError(f"no crash of kind {kind!r}: choose one of {', '.join(CRASHES)}")
        is_down = self.status(node) in ("crashed", "broken")
        self._node(node).crash(kind)
        wiped = kind == "wipe" and node in self.leaders and not is_down
        if wiped and self._write_offs.left_without(node):
            self._write_offs.add(node, f"{node} was wiped")

    def write_off(self, leader: str) -> None:
        """Wait no more for the snapshots of a leader that is gone for good, until `recover`.

        The logs are then dropped on the strength of the others' snapshots alone.

        Raises:
            ValueError: it is no leader, is up, or is the last whose snapshots count.
        """
        self.may_write_off(leader)
        self._write_offs.add(leader, f"{leader} is gone for good")

    def may_write_off(self, leader: str) -> None:
        """Raise ValueError, in one line, if that leader cannot be written off."""
        up = leader in self.leaders and self.status(leader) == "up"
        self._write_offs.may_add(leader, up)

    @property
    def written_off(self) -> tuple[str, ...]:
        """The leaders for whose snapshots nothing waits."""
        return self._write_offs.names

    def forgets(self, node: str, kind: str = "crash") -> str:
        """Say in one line what such a crash would forget now."""
        return self._node(node).forgets(kind)

    def recover(self, node: str) -> None:
        """Bring a node back: a failed or paused one as it was, a crashed one from its disk.

        Raises:
            KeyError: there is no such node.
            ValueError: its disk was wiped or has failed, in one line.
        """
        running = self._node(node)
        disk = running.disk
        if disk.wiped and not self.config.allow_empty_disk:
            did, does = ("prepared", "lead") if node in self.leaders else ("voted", "vote")
            raise ValueError(
                f"the disk of {node} was wiped: it may have {did}, so it does not {does} again"
            )
        if running.status == "broken" or (disk.refusal and not disk.wiped):
            raise ValueError(f"{node} stays down: {disk.refusal or 'it broke'}")
        self._write_offs.remove(node, f"{node} comes back")
        running.recover()

    def why_down(self, node: str) -> str:
        """Say why a node is broken; empty if it is not. KeyError if there is no such node."""
        return self._node(node).node.defect

    def status(self, node: str) -> Status:
        """Say how a node stands. KeyError if there is no such node."""
        return self._node(node).status

    def is_failed(self, node: str) -> bool:
        """Say whether `node` is not up, for whatever reason. KeyError if there is none."""
        return self._node(node).status != "up"

    def fill_gaps(self) -> None:
        """Have every leader fill its gaps now: the primary by phase 1, the others from peers."""
        self._have_leaders(lambda leader, now: leader.fill_gaps(now))

    def give_up(self) -> None:
        """Stop asking for every command without an answer: they end as `OutcomeUnknown`."""
        self._running[CLIENT].post(lambda now: self._submissions.give_up(self._client, now))

    # --- watching ------------------------------------------------------------------------

    @property
    def agreed(self) -> int:
        """How many instances the checker has seen chosen, each with one value."""
        return self._observers.watch.agreed

    @property
    def checked(self) -> str:
        """Empty while the checker sees everything, else why it cannot say "safe"."""
        return self._observers.watch.unchecked

    @property
    def checked_rules(self) -> tuple[Invariant, ...]:
        """The rules that are watched: at trace level protocol not those about messages."""
        return self._observers.checker.rules

    @property
    def checked_events(self) -> int:
        """How many entries of the trace the checker has looked at."""
        return self._observers.watch.events

    @property
    def violation(self) -> Violation | None:
        """The first violation of a safety rule, with its evidence."""
        return self._observers.violation

    @property
    def explanation(self) -> list[str]:
        """The first violation in plain words, line by line; empty while there is none."""
        return self._observers.watch.explanation

    @property
    def recording_error(self) -> str:
        """Why the recording is not complete, in one line; empty while it is, or none was asked."""
        recorder = self._observers.recorder
        return recorder.error if recorder is not None else ""

    @property
    def counters(self) -> dict[str, dict[str, int]]:
        """Node -> what happened there -> how often.

        Messages (`sent`, `received`, `lost` and so on) are counted at every trace level, of each
        node those that it sent or got; events only where the trace has none, at level counters.
        """
        counted = self._observers.counts
        return {
            name: {**+pump.counts, **counted.get(name, {})} for name, pump in self._pumps.items()
        }

    @property
    def now(self) -> float:
        """Seconds since the cluster was made."""
        return self._clock()

    def new_view(self) -> ClusterView:
        """Return an empty view of this cluster, which finds older history in the recording."""
        archive = self._observers.archive
        if archive is None:
            return ClusterView()
        return ClusterView(archive.block_of, "are read from the recording")

    # --- inside --------------------------------------------------------------------------

    def _node(self, name: str) -> RunningNode:
        if name not in self.nodes:
            raise KeyError(f"no node {name}: there are {', '.join(self.nodes)}")
        return self._running[name]

    @property
    def _client(self) -> PaxosClient:
        role = self._running[CLIENT].role
        assert isinstance(role, PaxosClient)
        return role

    def _ask(self, now: float) -> Effects:
        return self._submissions.ask(self._client, now)

    def _tell_written_off(self, leaders: tuple[str, ...]) -> None:
        self._have_leaders(lambda leader, now: leader.write_off(leaders))

    def _have_leaders(self, act: Callable[[PaxosLeader, float], Effects]) -> None:
        """Have every leader do something, each in a turn of its own."""
        for name in self.leaders:
            running = self._running[name]

            def in_turn(now: float, running: RunningNode = running) -> Effects:
                assert isinstance(running.role, PaxosLeader)
                return act(running.role, now)

            running.post(in_turn)

    def _open_disks(self) -> Mapping[str, Disk]:
        config = self.config
        disks: dict[str, Disk] = {name: MemoryDisk() for name in [*self.nodes, CLIENT]}
        if config.data_dir is not None:
            self._data = DataDir(
                config.data_dir,
                self.leaders,
                self.acceptors,
                allow_empty=config.allow_empty_disk,
                accept_damaged_tail=config.accept_damaged_tail,
                quorum=max(self.quorums.phase1, self.quorums.phase2),
            )
            disks.update(self._data.disks)
        for name in config.written_off:
            if not disks[name].refusal:
                raise StorageError(f"the disk of {name} is in order: start without writing it off")
        return disks

    def _factory(self, name: str) -> Callable[[], Role]:
        """Return what makes a node's role: at the start, and again after each crash."""
        lives = itertools.count(1)

        def make() -> Role:
            role = self._shape.make(name, next(lives))
            if isinstance(role, PaxosLeader):
                role.copies.write_off(self._write_offs.names)
            return role

        return make

    def _log(self, leader: str) -> ReplicatedLog:
        role = self._running[leader].role if leader in self.leaders else None
        if not isinstance(role, PaxosLeader):
            raise KeyError(f"{leader} is no leader")
        return role.log

    def _logs(self) -> list[ReplicatedLog]:
        return [self._log(name) for name in self.leaders]

    def _header(self) -> Header:
        return Header(
            acceptors=tuple(self.acceptors),
            leaders=tuple(self.leaders),
            quorum=(self.quorums.phase1, self.quorums.phase2),
            mode=self.config.mode,
            seed=self.config.seed,
            faults=self.faults.to_dict(),
            ports=self.ports,
            retain=self.config.retain,
            command=self.config.command,
            level=self.config.trace_level.value,
        )

    def _faults_changed(self, plan: dict[str, Any], reason: str) -> None:
        self.trace.publish("network", FaultsChanged(plan, reason))

    def _publish_client(self, node: str, *events: Event) -> None:
        self.trace.publish(node, *events)
        for event in events:
            if isinstance(event, Answered):
                self._submissions.answered(event)

    def _admits(self) -> bool:
        return self._observers.keep_up

    def _notify(self) -> None:
        for subscription in self._subscriptions:
            subscription.notify()
