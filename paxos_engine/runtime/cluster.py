"""A whole cluster in this process: leaders, acceptors and a client, each on a thread of its own."""

from __future__ import annotations

import atexit
import itertools
import random
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Final

from paxos_engine.checks.agreement import AgreementChecker
from paxos_engine.checks.watch import SafetyWatch
from paxos_engine.faults.plan import FaultPlan
from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.client import PaxosClient, check_value
from paxos_engine.roles.effects import Effects, Role
from paxos_engine.roles.election import Election, PortElection
from paxos_engine.roles.events import Answered, Event, FaultsChanged, Header, Violation
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.messages import Reply
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import Command
from paxos_engine.runtime.config import ClusterConfig
from paxos_engine.runtime.node import NodeThread
from paxos_engine.runtime.subscription import ChosenCommand, Subscription
from paxos_engine.storage.memory import MemoryDisk
from paxos_engine.trace.hub import Trace
from paxos_engine.trace.recorder import Recorder, RecorderError
from paxos_engine.wire.codec import Codec
from paxos_engine.wire.pump import AdversarialMessagePump, bind_ports

CLIENT: Final = "C1"

BACKLOG_AT_MOST: Final = 200_000
"""Entries that checker and recorder may be behind before new commands have to wait."""


class OutcomeUnknown(Exception):
    """The cluster stopped before a command was answered: it may or may not be chosen."""


class Cluster:
    """A running cluster; use it as a context manager, or call `start` and `stop`.

    Args:
        config: its shape; two leaders and five acceptors by default.
        clock: a monotonic clock in seconds.

    Raises:
        PortInUse: a fixed port is taken; the text names it.
        RecorderError: the file to record to cannot be written.
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
        self.leaders = list(self.config.leader_names)
        self.acceptors = list(self.config.acceptor_names)
        self.nodes = [*self.leaders, *self.acceptors]
        self.quorums = Quorums.majorities(self.acceptors)
        self.faults = FaultPlan(self.config.seed)
        self.faults.set_profile(self.config.profile)
        everyone = [*self.acceptors, *self.leaders, CLIENT]  # leaders get the higher ports
        sockets = dict(zip(everyone, bind_ports(len(everyone), self.config.base_port), strict=True))
        self.ports: dict[str, int] = {n: s.getsockname()[1] for n, s in sockets.items()}
        self.trace = Trace(self._header(), self._clock)
        self.faults.on_change = self._faults_changed
        self._violation: Violation | None = None
        self._watch = SafetyWatch(
            self.trace.reader(), AgreementChecker(self.quorums), self._violated
        )
        try:
            self._recorder = self._make_recorder()
        except RecorderError:
            for sock in sockets.values():
                sock.close()
            raise
        self._futures: dict[int, Future[Reply]] = {}
        self._subscriptions: list[Subscription] = []
        self._lock = threading.Lock()
        self._running = False
        self._stopped = False
        codec = Codec(secrets.token_hex(4), secrets.token_bytes(32))
        peers = {name: ("127.0.0.1", port) for name, port in self.ports.items()}
        self._roles: dict[str, Role] = self._make_roles()
        self._logs = [r.log for r in self._roles.values() if isinstance(r, PaxosLeader)]
        self._threads = {
            name: NodeThread(
                role,
                MemoryDisk(),
                AdversarialMessagePump(
                    name,
                    sockets[name],
                    codec,
                    peers,
                    self.trace.publish,
                    plan=self.faults,
                ),
                self._publish_client if name == CLIENT else self.trace.publish,
                self._clock,
                admits=self._admits if name == CLIENT else lambda: True,
                after_turn=self._notify if isinstance(role, PaxosLeader) else lambda: None,
            )
            for name, role in self._roles.items()
        }

    # --- life ----------------------------------------------------------------------------

    def start(self) -> Cluster:
        """Start every node's thread, and those of the checker and the recorder."""
        self._running = True
        atexit.register(self.stop)
        self._watch.start()
        if self._recorder is not None:
            self._recorder.start()
        for thread in self._threads.values():
            thread.start()
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
        for thread in self._threads.values():
            thread.stop()
        for thread in self._threads.values():
            thread.join()
        for subscription in self._subscriptions:
            subscription.close()
        if self._running:
            self._watch.stop()
            if self._recorder is not None:
                self._recorder.stop()
        for future in list(self._futures.values()):
            if not future.done():
                future.set_exception(OutcomeUnknown("the cluster stopped before the answer"))

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

        Raises:
            ValueError: the value is too large for a datagram, in one line.
        """
        check_value(value)
        future: Future[Reply] = Future()

        def act(now: float) -> Effects:
            client = self._roles[CLIENT]
            assert isinstance(client, PaxosClient)
            sequence, effects = client.submit(value, now)
            self._futures[sequence] = future
            return effects

        if self._stopped:
            future.set_exception(OutcomeUnknown("the cluster has stopped"))
        else:
            self._threads[CLIENT].post(act)
        return future

    def subscribe(
        self,
        callback: Callable[[ChosenCommand], None] | None = None,
        *,
        from_instance: int = 1,
    ) -> Subscription:
        """Follow the ordered history from `from_instance` on; see `Subscription`."""
        subscription = Subscription(self._logs, from_instance, callback)
        self._subscriptions = [*self._subscriptions, subscription]
        return subscription

    def history(self, leader: str) -> list[tuple[int, str | bytes | None]]:
        """Return (instance, value) of the history that `leader` knows; None is the no-op.

        Raises:
            KeyError: there is no such leader.
        """
        role = self._roles[leader]
        if not isinstance(role, PaxosLeader):
            raise KeyError(f"{leader} is no leader")
        rows = role.log.rows[:]
        return [
            (instance, row.value.value if isinstance(row.value, Command) else None)
            for instance, row in enumerate(rows, 1)
        ]

    # --- failures ------------------------------------------------------------------------

    def fail(self, node: str) -> None:
        """Make a node deaf and dumb; its memory is kept. KeyError if there is no such node."""
        self._node(node).switch(True)

    def recover(self, node: str) -> None:
        """Let a failed node hear and speak again. KeyError if there is no such node."""
        self._node(node).switch(False)

    def is_failed(self, node: str) -> bool:
        """Say whether `node` is failed. KeyError if there is no such node."""
        return self._node(node).failed

    def fill_gaps(self) -> None:
        """Have every leader fill its gaps now: the primary by phase 1, the others from peers."""
        for role in self._roles.values():
            if isinstance(role, PaxosLeader):
                self._threads[role.name].post(role.fill_gaps)

    # --- watching ------------------------------------------------------------------------

    @property
    def agreed(self) -> int:
        """How many instances the checker has seen chosen, each with one value."""
        return self._watch.agreed

    @property
    def checked(self) -> str:
        """Empty while the checker sees everything, else why it cannot say "safe"."""
        return self._watch.unchecked

    @property
    def violation(self) -> Violation | None:
        """The first violation of agreement, with its evidence."""
        return self._violation

    @property
    def now(self) -> float:
        """Seconds since the cluster was made."""
        return self._clock()

    def _violated(self, violation: Violation) -> None:
        self._violation = violation
        self.trace.publish("checker", violation)

    # --- inside --------------------------------------------------------------------------

    def _node(self, name: str) -> NodeThread:
        if name not in self.nodes:
            raise KeyError(f"no node {name}: there are {', '.join(self.nodes)}")
        return self._threads[name]

    def _make_recorder(self) -> Recorder | None:
        if self.config.record is None:
            return None
        return Recorder(self.config.record, self.trace.reader())

    def _make_roles(self) -> dict[str, Role]:
        config = self.config
        seeds = (random.Random(f"{config.seed}/{n}") for n in itertools.count())
        election = PortElection if config.election == "port" else Election
        roles: dict[str, Role] = {}
        for name in self.acceptors:
            roles[name] = PaxosAcceptor(name, self.leaders)
        for name in self.leaders:
            roles[name] = PaxosLeader(
                name,
                self.leaders,
                self.quorums,
                config.timing,
                next(seeds),
                classic=config.mode == "classic",
                pipeline=config.pipeline,
                election=election,
            )
        roles[CLIENT] = PaxosClient(CLIENT, self.leaders, next(seeds))
        return roles

    def _header(self) -> Header:
        return Header(
            acceptors=tuple(self.acceptors),
            leaders=tuple(self.leaders),
            quorum=(self.quorums.phase1, self.quorums.phase2),
            mode=self.config.mode,
            seed=self.config.seed,
            faults=self.faults.to_dict(),
            ports=self.ports,
        )

    def _faults_changed(self, plan: dict[str, Any], reason: str) -> None:
        self.trace.publish("network", FaultsChanged(plan, reason))

    def _publish_client(self, node: str, event: Event) -> None:
        self.trace.publish(node, event)
        if isinstance(event, Answered):
            future = self._futures.pop(event.sequence, None)
            if future is not None and future.set_running_or_notify_cancel():
                future.set_result(Reply(event.client, event.sequence, event.instance, event.result))

    def _admits(self) -> bool:
        behind = self._watch.backlog
        if self._recorder is not None:
            behind = max(behind, self._recorder.backlog)
        return behind < BACKLOG_AT_MOST

    def _notify(self) -> None:
        for subscription in self._subscriptions:
            subscription.notify()
