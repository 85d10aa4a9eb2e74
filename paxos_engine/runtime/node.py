"""A node: one thread, one socket, one disk, one role.

The thread waits in one selector for datagrams and for wake-ups, takes everything that is there,
lets the cycle handle it message by message, and sleeps until the next timer. Nothing blocks it:
whoever wants something of a node posts it and wakes it.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, Literal, Protocol, TypeAlias

from paxos_engine.cycle import NodeCycle, Publish
from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.effects import (
    AcceptRecord,
    Effects,
    Outgoing,
    PromiseRecord,
    Record,
    Role,
)
from paxos_engine.roles.events import (
    Crashed,
    Failed,
    Lost,
    Paused,
    Recovered,
    Restarted,
    Resumed,
    Synced,
)
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.messages import Envelope
from paxos_engine.storage.disk import Disk, DiskFailure

TAKE_AT_MOST: Final = 512
"""Messages handled in one turn, so that timers are looked at under any load."""

SLEEP_AT_MOST: Final = 1.0
"""Seconds; a thread that missed a wake-up would notice after this long."""

Action: TypeAlias = Callable[[float], Effects]
"""A call into the role, made on the node's thread: now -> effects."""

Status: TypeAlias = Literal["up", "failed", "paused", "crashed", "broken"]
"""How a node stands: failed is deaf with its memory, paused stands still, crashed has lost its
memory, and broken has a disk that failed or a defect of ours."""

CRASHES: Final = ("crash", "power cut", "wipe")


class Pump(Protocol):
    """What a node needs of its message pump."""

    @property
    def deadline(self) -> float | None:
        """When a delayed datagram is due."""

    def fileno(self) -> int:
        """Return the socket's descriptor, for the selector."""

    def receive_all(self, limit: int) -> list[Envelope]:
        """Take off the socket what is there."""

    def send(self, batches: Mapping[str, Sequence[Outgoing]], now: float) -> None:
        """Send the messages for each peer."""

    def tick(self, now: float) -> None:
        """Send what is due."""

    def close(self) -> None:
        """Close the socket."""


class NodeThread:
    """One running node.

    Args:
        make: makes the protocol object, at the start and after each crash; only this thread
            touches what it returns.
        disk: where its records go; it survives crashes.
        pump: its socket.
        publish: how the trace is told.
        clock: seconds since the cluster began.
        admits: asked before posted actions are run; False leaves them waiting (back-pressure).
        after_turn: called on this thread after each turn that did something.
        sync_after: seconds for which a sync may wait for more records (a slow disk).
        note: what was unusual about its disk when it was opened; said when it starts.
    """

    def __init__(
        self,
        make: Callable[[], Role],
        disk: Disk,
        pump: Pump,
        publish: Publish,
        clock: Callable[[], float],
        *,
        admits: Callable[[], bool] = lambda: True,
        after_turn: Callable[[], None] = lambda: None,
        sync_after: Callable[[], float] = lambda: 0.0,
        note: str = "",
    ) -> None:
        self.status: Status = "up"
        self.disk = disk
        self.role = make()
        self._make = make
        self._pump = pump
        self._publish = publish
        self._clock = clock
        self._admits = admits
        self._after_turn = after_turn
        self._sync_after = sync_after
        self._cycle = self._new_cycle()
        self._actions: deque[Action] = deque()
        self._orders: deque[Callable[[], None]] = deque()
        self._standing: Status = "up"  # `status` as the thread has carried it out
        self._stopping = False
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=f"paxos-{self.name}", daemon=True)
        if disk.mark or note:
            self._restore(note)

    @property
    def name(self) -> str:
        """The node id."""
        return self.role.name

    # --- what others ask of it -----------------------------------------------------------

    def start(self) -> None:
        """Start the thread."""
        self._actions.append(self._start)
        self._thread.start()

    def post(self, action: Action) -> None:
        """Have `action` run on the node's thread, and its effects carried out."""
        self._actions.append(action)
        self._wake()

    def fail(self) -> None:
        """Make the node deaf and dumb; its memory is kept."""
        self._order("failed", self._obey_fail, when=("up",))

    def pause(self) -> None:
        """Make the node stand still; what is sent to it waits in its socket."""
        self._order("paused", self._obey_pause, when=("up",))

    def crash(self, kind: str) -> None:
        """Make the node lose its memory (`crash`), unsynced records too, or its disk as well."""
        self._order("crashed", partial(self._obey_crash, kind), when=("up", "failed", "paused"))

    def recover(self) -> None:
        """Bring the node back: a failed or paused one as it was, a crashed one from its disk."""
        if self.status in ("failed", "paused", "crashed"):
            self._order("up", self._obey_recover, when=("failed", "paused", "crashed"))

    def forgets(self, kind: str) -> str:
        """Say in one line what a crash of this kind would forget now."""
        counts = Counter(_word(record) for record in [*self.disk.pending])
        unsynced = ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for word, n in counts.items())
        waiting = f"{unsynced} not yet on disk" if unsynced else "nothing else: all is on disk"
        match kind:
            case "wipe":
                return f"its memory and its disk: all {self.disk.mark} records"
            case "power cut":
                return f"its memory, and {waiting}"
            case _:
                return f"its memory; {waiting}, but written" if unsynced else "its memory"

    def stop(self) -> None:
        """Ask the thread to end; `join` waits for it."""
        self._stopping = True
        self._wake()

    def join(self) -> None:
        """Wait until the thread has ended, and close what it used."""
        if self._thread.ident is not None:
            self._thread.join()
        self._pump.close()
        self._wake_in.close()
        self._wake_out.close()
        self.disk.close()

    def _order(self, status: Status, order: Callable[[], None], when: tuple[Status, ...]) -> None:
        if self.status in when:
            self.status = status
            self._orders.append(order)
            self._wake()

    def _wake(self) -> None:
        # A full pipe means that the thread is about to wake anyway; a closed one, that it ended.
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_out.send(b"\0")

    # --- the thread ----------------------------------------------------------------------

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._pump, selectors.EVENT_READ)
            selector.register(self._wake_in, selectors.EVENT_READ)
            while not self._stopping:
                if self._standing == "paused":
                    self._wait_for_wake()  # its socket is left alone
                else:
                    selector.select(self._timeout())
                try:
                    self._turn()
                except DiskFailure as error:
                    self._break(f"disk: {error}")
                except Exception as error:  # a defect of ours: the cluster goes on, and says so
                    self._break(f"{type(error).__name__}: {error}")

    def _wait_for_wake(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_in, selectors.EVENT_READ)
            selector.select(SLEEP_AT_MOST)

    def _timeout(self) -> float:
        if self._orders or (self._actions and self._standing == "up" and self._admits()):
            return 0.0
        deadlines = [self._pump.deadline]
        if self._standing == "up":
            deadlines += [self.role.deadline, self._cycle.sync_at]
        now = self._clock()
        waits = [deadline - now for deadline in deadlines if deadline is not None]
        if self._actions:
            waits.append(0.02)
        return max(0.0, min([*waits, SLEEP_AT_MOST]))

    def _turn(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_in.recv(4096)
        while self._orders:
            self._orders.popleft()()
        if self._standing == "paused":
            return
        now = self._clock()
        envelopes = self._pump.receive_all(TAKE_AT_MOST)
        if self._standing == "up":
            self._cycle.run(self._steps(envelopes, now), now)
            self._after_turn()
        else:
            for envelope in envelopes:
                lost = Lost(envelope.id, envelope.sender, self._standing)
                self._publish(self.name, lost)
        self._pump.tick(now)

    def _steps(self, envelopes: list[Envelope], now: float) -> Iterator[Callable[[], Effects]]:
        for envelope in envelopes:
            yield partial(self._cycle.receive, envelope, now)
        for _ in range(min(len(self._actions), TAKE_AT_MOST)):
            if not self._admits():
                break
            yield partial(self._actions.popleft(), now)
        deadline = self.role.deadline
        if deadline is not None and deadline <= now:
            yield partial(self.role.tick, now)

    # --- orders, carried out on the thread -----------------------------------------------

    def _start(self, now: float) -> Effects:
        return self.role.start(now)

    def _obey_fail(self) -> None:
        self._standing = "failed"
        self._publish(self.name, Failed())

    def _obey_pause(self) -> None:
        self._standing = "paused"
        self._publish(self.name, Paused())

    def _obey_crash(self, kind: str) -> None:
        self._standing = "crashed"
        forgotten = self.forgets(kind)
        if kind == "wipe":
            self.disk.wipe()
        elif kind == "power cut":
            self.disk.power_cut()
        self._publish(self.name, Crashed(kind, forgotten))
        # Nothing of the old memory may speak any more: neither the role, nor what it had said and
        # was held back until a sync.
        self.role = self._make()
        self._cycle = self._new_cycle()
        self._actions.clear()

    def _obey_recover(self) -> None:
        was, self._standing = self._standing, "up"
        match was:
            case "failed":
                self._publish(self.name, Recovered())
                self._actions.appendleft(self._start)
            case "paused":
                self._publish(self.name, Resumed())
            case _:
                self._restore("")
                self._actions.appendleft(self._start)

    def _restore(self, note: str) -> None:
        """Give the role what the disk holds, what was written but not synced included."""
        unsynced = len(self.disk.pending)
        if unsynced:
            written = self.disk.sync()
            self._publish(self.name, Synced(self.disk.mark, unsynced, written, self.disk.kind))
        self.role.restore(self.disk.records(), self.disk.mark)
        promised, accepted, applied = None, 0, 0
        if isinstance(self.role, PaxosAcceptor):
            promised, accepted = self.role.highest, self.role.votes
        elif isinstance(self.role, PaxosLeader):
            applied = self.role.log.applied_up_to
        restarted = Restarted(promised, accepted, applied, self.disk.mark, note)
        self._publish(self.name, restarted)

    def _break(self, kind: str) -> None:
        self.status = self._standing = "broken"
        self._publish(self.name, Crashed(kind, "everything in memory"))

    def _new_cycle(self) -> NodeCycle:
        return NodeCycle(self.role, self.disk, self._pump, self._publish, self._sync_after)


def _word(record: Record) -> str:
    match record:
        case PromiseRecord():
            return "promise"
        case AcceptRecord():
            return "accepted value"
        case _:
            return "record"
