"""A node: one thread, one socket, one role.

The thread waits in one selector for datagrams and for wake-ups, takes everything that is there,
lets the cycle handle it message by message, and sleeps until the next timer. Nothing blocks it:
whoever wants something of a node posts it and wakes it.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, Protocol, TypeAlias

from paxos_engine.cycle import NodeCycle, Publish
from paxos_engine.roles.effects import Effects, Outgoing, Role
from paxos_engine.roles.events import Crashed, Failed, Lost, Recovered
from paxos_engine.roles.messages import Envelope
from paxos_engine.storage.memory import Disk

TAKE_AT_MOST: Final = 512
"""Messages handled in one turn, so that timers are looked at under any load."""

SLEEP_AT_MOST: Final = 1.0
"""Seconds; a thread that missed a wake-up would notice after this long."""

Action: TypeAlias = Callable[[float], Effects]
"""A call into the role, made on the node's thread: now -> effects."""


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
        role: the protocol object; only this thread touches it.
        disk: where its records go.
        pump: its socket.
        publish: how the trace is told.
        clock: seconds since the cluster began.
        admits: asked before posted actions are run; False leaves them waiting (back-pressure).
        after_turn: called on this thread after each turn that did something.
    """

    def __init__(
        self,
        role: Role,
        disk: Disk,
        pump: Pump,
        publish: Publish,
        clock: Callable[[], float],
        *,
        admits: Callable[[], bool] = lambda: True,
        after_turn: Callable[[], None] = lambda: None,
    ) -> None:
        self.role = role
        self.failed = False
        self._pump = pump
        self._publish = publish
        self._clock = clock
        self._admits = admits
        self._after_turn = after_turn
        self._cycle = NodeCycle(role, disk, pump, publish)
        self._actions: deque[Action] = deque()
        self._switches: deque[bool] = deque()
        self._deaf = False
        self._stopping = False
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=f"paxos-{role.name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self.post(self.role.start)
        self._thread.start()

    def post(self, action: Action) -> None:
        """Have `action` run on the node's thread, and its effects carried out."""
        self._actions.append(action)
        self._wake()

    def switch(self, failed: bool) -> None:
        """Make the node deaf and dumb, its memory kept, or let it hear and speak again."""
        self.failed = failed
        self._switches.append(failed)
        self._wake()

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

    def _wake(self) -> None:
        # A full pipe means that the thread is about to wake anyway; a closed one, that it ended.
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_out.send(b"\0")

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._pump, selectors.EVENT_READ)
            selector.register(self._wake_in, selectors.EVENT_READ)
            try:
                while not self._stopping:
                    selector.select(self._timeout())
                    self._turn()
            except Exception as error:  # a defect of ours: the cluster goes on, and says so
                self.failed = True
                kind = f"{type(error).__name__}: {error}"
                self._publish(self.role.name, Crashed(kind, "everything in memory"))

    def _timeout(self) -> float:
        if self._switches or (self._actions and self._admits()):
            return 0.0
        deadlines = [self._pump.deadline, None if self._deaf else self.role.deadline]
        now = self._clock()
        waits = [deadline - now for deadline in deadlines if deadline is not None]
        if self._actions:
            waits.append(0.02)
        return max(0.0, min([*waits, SLEEP_AT_MOST]))

    def _turn(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_in.recv(4096)
        while self._switches:
            self._obey(self._switches.popleft())
        now = self._clock()
        envelopes = self._pump.receive_all(TAKE_AT_MOST)
        if self._deaf:
            for envelope in envelopes:
                lost = Lost(envelope.id, envelope.sender, "failed")
                self._publish(self.role.name, lost)
        else:
            self._cycle.run(self._steps(envelopes, now), now)
            self._after_turn()
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

    def _obey(self, failed: bool) -> None:
        if failed == self._deaf:
            return
        self._deaf = failed
        if failed:
            self._publish(self.role.name, Failed())
        else:
            self._publish(self.role.name, Recovered())
            self._actions.appendleft(self.role.start)
