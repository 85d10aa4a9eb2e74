"""A node that runs: its socket, what others want of it, and its turns.

A turn takes everything that is there and lets the node handle it message by message. Which thread
gives it turns is its loop's business (`loop.py`); whoever wants something of it posts that, and the
loop is woken.
"""

from __future__ import annotations

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
"""Messages, or submissions, taken in one turn."""

TURN_AT_MOST: Final = 0.02
"""Seconds after which a turn takes no further message, so that no timer waits behind a queue: a
heartbeat is sent on time under any load, whatever a message costs."""

LOOK_AGAIN: Final = 0.02
"""Seconds between two looks whether actions that wait are admitted by now."""


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


class RunningNode:
    """One running node; its loop alone calls `begin`, `turn`, `next_turn` and `close`.

    Args:
        make: makes the protocol object, at the start and after each crash; only the loop's thread
            touches what it returns.
        disk: where its records go; it survives crashes.
        pump: its socket.
        publish: how the trace is told.
        clock: seconds since the cluster began.
        admits: asked before posted actions are run; False leaves them waiting (back-pressure).
        after_turn: called by the loop after each turn in which the node is up.
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
        self.posted = False  # something was posted since the last turn began
        self.on_post: Callable[[], None] = lambda: None  # wakes the loop

    @property
    def role(self) -> Role:
        """The protocol object of this life; only the loop's thread may call it."""
        return self.node.role

    @property
    def disk(self) -> Disk:
        """Where its records go."""
        return self.node.disk

    # --- what others ask of it -----------------------------------------------------------

    def post(self, action: Action) -> None:
        """Have `action` run by the node's loop, and its effects carried out."""
        self._actions.append(action)
        self._say_posted()

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

    def _order(self, status: Status, order: Callable[[], None], when: tuple[Status, ...]) -> None:
        if self.status in when:
            self.status = status
            self._orders.append(order)
            self._say_posted()

    def _say_posted(self) -> None:
        # In this order: whoever finds the flag set after waking finds what was posted, too.
        self.posted = True
        self.on_post()

    # --- what its loop calls -------------------------------------------------------------

    def begin(self) -> None:
        """Give the node what its disk holds, and say so; before the first turn."""
        if self.disk.mark or self.disk.refusal or self._note:
            self.node.restore(self._note)
            self.status = self.node.standing

    def fileno(self) -> int:
        """Return its socket's descriptor, for a selector."""
        return self._pump.fileno()

    @property
    def listens(self) -> bool:
        """Whether its socket is to be watched: what comes to a paused node waits there."""
        return self.node.standing != "paused"

    def turn(self) -> None:
        """Take and handle what is there; a defect of ours breaks this node only, and is said."""
        # Cleared first: what is posted from now on is seen by this turn, or asks for another one.
        self.posted = False
        try:
            self._turn()
        except Exception as error:
            self.node.break_down(f"{type(error).__name__}: {error}")
        if self.node.standing == "broken":
            self.status = "broken"

    def next_turn(self, now: float) -> float | None:
        """Say when the next turn is due if nothing comes before; None if never."""
        if not self.listens:
            return now if self._orders else None
        up = self.node.standing == "up"
        if self._orders or self._inbox or (self._actions and up and self._admits()):
            return now
        looks = now + LOOK_AGAIN if self._actions and up else None
        due = [at for at in (self._pump.deadline, self.node.deadline, looks) if at is not None]
        return min(due, default=None)

    def close(self) -> None:
        """Close its socket and its disk; after the last turn."""
        self._pump.close()
        self.disk.close()

    # --- inside --------------------------------------------------------------------------

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
            if self._inbox and self._clock() >= end:
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
