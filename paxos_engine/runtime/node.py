"""A node's thread: it waits for datagrams and wake-ups, and gives the node its turns.

The thread waits in one selector, takes everything that is there, lets the node handle it message
by message, and sleeps until the next timer. Nothing blocks it: whoever wants something of a node
posts it and wakes it.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final, Protocol

from paxos_engine.cycle import Publish
from paxos_engine.node import Action, Node, Status
from paxos_engine.roles.effects import Outgoing, Role
from paxos_engine.roles.messages import Envelope
from paxos_engine.storage.disk import Disk

TAKE_AT_MOST: Final = 512
"""Messages taken in one turn."""

TURN_AT_MOST: Final = 0.02
"""Seconds after which a turn takes no further message, so that no timer waits behind a queue: a
heartbeat is sent on time under any load, whatever a message costs."""

SLEEP_AT_MOST: Final = 1.0
"""Seconds; a thread that missed a wake-up would notice after this long."""


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
        allow_empty: see `Node`.
        tells_messages: see `Node`.
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
        allow_empty: bool = False,
        tells_messages: bool = True,
    ) -> None:
        self.status: Status = "up"
        self.node = Node(make, disk, pump, publish, sync_after, allow_empty, tells_messages)
        self._note = note
        self._pump = pump
        self._clock = clock
        self._admits = admits
        self._after_turn = after_turn
        self._inbox: deque[Envelope] = deque()
        self._actions: deque[Action] = deque()
        self._orders: deque[Callable[[], None]] = deque()
        self._stopping = False
        self._woken = False  # a wake-up is under way that the thread has not taken yet
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        name = f"paxos-{self.node.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def role(self) -> Role:
        """The protocol object of this life; only the thread may call it."""
        return self.node.role

    @property
    def disk(self) -> Disk:
        """Where its records go."""
        return self.node.disk

    # --- what others ask of it -----------------------------------------------------------

    def start(self) -> None:
        """Give the node what its disk holds, say so, and start the thread."""
        if self.disk.mark or self.disk.refusal or self._note:
            self.node.restore(self._note)
            self.status = self.node.standing
        self._thread.start()
        self._wake()

    def post(self, action: Action) -> None:
        """Have `action` run on the node's thread, and its effects carried out."""
        self._actions.append(action)
        self._wake()

    def fail(self) -> None:
        """Make the node deaf and dumb; its memory is kept."""
        self._order("failed", self.node.fail, when=("up",))

    def pause(self) -> None:
        """Make the node stand still; what is sent to it waits in its socket."""
        self._order("paused", self.node.pause, when=("up",))

    def crash(self, kind: str) -> None:
        """Make the node lose its memory (`crash`), unsynced records too, or its disk as well."""
        self._order("crashed", partial(self._obey_crash, kind), when=("up", "failed", "paused"))

    def recover(self) -> None:
        """Bring the node back: a failed or paused one as it was, a crashed one from its disk."""
        if self.status in ("failed", "paused", "crashed"):
            self._order("up", self.node.recover, when=("failed", "paused", "crashed"))

    def forgets(self, kind: str) -> str:
        """Say in one line what a crash of this kind would forget now."""
        return self.node.forgets(kind)

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
        if self._woken or threading.get_ident() == self._thread.ident:
            return  # it will look at what is posted before it sleeps
        self._woken = True
        # A full pipe means that the thread is about to wake anyway; a closed one, that it ended.
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake_out.send(b"\0")

    def _take_wake_up(self) -> None:
        """Empty the pipe; what is posted from now on wakes the thread again."""
        with contextlib.suppress(BlockingIOError):
            self._wake_in.recv(4096)
        # In this order: a byte sent after the reading is not read, so that it still wakes; and
        # whoever found the flag set had posted before it was cleared, so that it is seen now.
        self._woken = False

    # --- the thread ----------------------------------------------------------------------

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._pump, selectors.EVENT_READ)
            selector.register(self._wake_in, selectors.EVENT_READ)
            while not self._stopping:
                if self.node.standing == "paused":
                    self._wait_for_wake()  # its socket is left alone
                else:
                    ready = selector.select(self._timeout())
                    if any(key.fileobj is self._wake_in for key, _ in ready):
                        self._take_wake_up()
                try:
                    self._turn()
                except Exception as error:  # a defect of ours: the cluster goes on, and says so
                    self.node.break_down(f"{type(error).__name__}: {error}")
                if self.node.standing == "broken":
                    self.status = "broken"

    def _wait_for_wake(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_in, selectors.EVENT_READ)
            selector.select(SLEEP_AT_MOST)
        self._take_wake_up()

    def _timeout(self) -> float:
        up = self.node.standing == "up"
        if self._orders or self._inbox or (self._actions and up and self._admits()):
            return 0.0
        now = self._clock()
        until = now + (0.02 if self._actions and up else SLEEP_AT_MOST)
        for deadline in (self._pump.deadline, self.node.deadline):
            if deadline is not None and deadline < until:
                until = deadline
        return max(0.0, until - now)

    def _turn(self) -> None:
        while self._orders:
            self._orders.popleft()()
        if self.node.standing == "paused":
            return
        now = self._clock()
        self._inbox += self._pump.receive_all(TAKE_AT_MOST - len(self._inbox))
        end = now + TURN_AT_MOST
        self.node.turn(self._due_messages(end), self._due_actions(end), now)
        if self.node.standing == "up":
            self._after_turn()
        self._pump.tick(now)

    def _due_messages(self, end: float) -> Iterator[Envelope]:
        while self._inbox:
            yield self._inbox.popleft()
            if self._clock() >= end:
                return

    def _due_actions(self, end: float) -> Iterator[Action]:
        for _ in range(min(len(self._actions), TAKE_AT_MOST)):
            if not self._admits():
                return
            yield self._actions.popleft()
            if self._clock() >= end:
                return

    def _obey_crash(self, kind: str) -> None:
        # Forgotten first: what is posted while the new role is made is meant for that one.
        self._actions.clear()
        self.node.crash(kind)
