"""A node between its driver and its role: how it stands, and what a failure does to it.

A driver (a thread over UDP, or the simulator's clock) hands it messages and time; what a crash
forgets, what a disk brings back and what may then speak is decided here, once for both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, Literal, TypeAlias

from paxos_engine.cycle import NodeCycle, Publish, Transport
from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.effects import (
    AcceptRecord,
    ChosenRecord,
    Effects,
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
from paxos_engine.storage.disk import EMPTY_NOTE, Disk, DiskFailure, StorageError

Action: TypeAlias = Callable[[float], Effects]
"""A call into the role: now -> effects."""

Status: TypeAlias = Literal["up", "failed", "paused", "crashed", "broken"]
"""How a node stands: failed is deaf with its memory, paused stands still, crashed has lost its
memory, and broken has a disk that failed or a defect of ours."""

CRASHES: Final = ("crash", "power cut", "wipe")


class Node:
    """One node, without a thread or a clock of its own.

    Args:
        make: makes the role, at the start and after each crash.
        disk: where its records go; it survives crashes.
        transport: how its messages leave.
        publish: how the trace is told.
        sync_after: seconds for which a sync may wait for more records (a slow disk).
        allow_empty: let it come back with an empty disk after a wipe. Unsafe, and said so.
        tells_messages: whether what becomes of the messages to it is published.
    """

    def __init__(
        self,
        make: Callable[[], Role],
        disk: Disk,
        transport: Transport,
        publish: Publish,
        sync_after: Callable[[], float] = lambda: 0.0,
        allow_empty: bool = False,
        tells_messages: bool = True,
    ) -> None:
        self.standing: Status = "up"
        self.defect = ""  # why it is broken
        self.disk = disk
        self.role = make()
        self._make = make
        self._transport = transport
        self._publish = publish
        self._sync_after = sync_after
        self._allow_empty = allow_empty
        self._tells_messages = tells_messages
        self._cycle = self._new_cycle()
        self._has_to_start = True

    @property
    def name(self) -> str:
        """The node id."""
        return self.role.name

    @property
    def deadline(self) -> float | None:
        """When the next turn has something to do, if no message comes before."""
        if self.standing != "up":
            return None
        tick_at, sync_at = self.role.deadline, self._cycle.sync_at
        if tick_at is None or sync_at is None:
            return sync_at if tick_at is None else tick_at
        return min(tick_at, sync_at)

    @property
    def holds_back(self) -> bool:
        """Whether what it said waits for its disk."""
        return self._cycle.holds_back

    def turn(self, envelopes: Iterable[Envelope], actions: Iterable[Action], now: float) -> None:
        """Take messages, carry out actions, do what is due; one sync, then what was said leaves.

        A node that is not up loses the messages; a paused one should not be handed any.
        """
        if self.standing != "up":
            for envelope in envelopes if self._tells_messages else ():
                lost = Lost(envelope.id, envelope.sender, self.standing)
                self._publish(self.name, lost)
            return
        try:
            self._take_turn(envelopes, actions, now)
        except DiskFailure as error:
            self.break_down(f"disk: {error}")

    def forgets(self, kind: str) -> str:
        """Say in one line what a crash of this kind would forget now."""
        counts = Counter(_word(record) for record in [*self.disk.pending])
        unsynced = ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for word, n in counts.items())
        waiting = f"{unsynced} not yet on disk" if unsynced else "nothing else: all is on disk"
        match kind:
            case "wipe":
                held = self.disk.held
                return f"its memory and its disk: {held} record{'' if held == 1 else 's'} on it"
            case "power cut":
                return f"its memory, and {waiting}"
            case _:
                return f"its memory; {waiting}, but written" if unsynced else "its memory"

    # --- failures ------------------------------------------------------------------------

    def fail(self) -> None:
        """Become deaf and dumb; the memory is kept. A broken node stays broken."""
        if self.standing == "broken":
            return
        self.standing = "failed"
        self._publish(self.name, Failed())

    def pause(self) -> None:
        """Stand still."""
        if self.standing == "broken":
            return
        self.standing = "paused"
        self._publish(self.name, Paused())

    def crash(self, kind: str) -> None:
        """Lose the memory (`crash`), unsynced records too (`power cut`), or the disk (`wipe`)."""
        if self.standing == "broken":
            return
        self.standing = "crashed"
        forgotten = self.forgets(kind)
        if kind == "wipe":
            try:
                self.disk.wipe()
            except StorageError as error:
                self.break_down(f"disk: {error}")
                return
        elif kind == "power cut":
            self.disk.power_cut()
        self._publish(self.name, Crashed(kind, forgotten))
        # Nothing of the old memory may speak any more: neither the role, nor what it had said and
        # was held back until a sync.
        self.role = self._make()
        self._cycle = self._new_cycle()

    def recover(self) -> None:
        """Come back: failed or paused with the memory, crashed with what the disk holds."""
        if self.standing == "broken":
            return
        was, self.standing = self.standing, "up"
        match was:
            case "failed":
                self._publish(self.name, Recovered())
                self._has_to_start = True
            case "paused":
                self._publish(self.name, Resumed())
            case _:
                self.restore()

    def restore(self, note: str = "") -> None:
        """Give the role what the disk holds, what was written but not synced included."""
        try:
            if self.disk.wiped:
                self._renew()
                note = EMPTY_NOTE
            unsynced = len(self.disk.pending)
            if unsynced:
                written = self.disk.sync()
                self._publish(self.name, Synced(self.disk.mark, unsynced, written, self.disk.kind))
            self.role.restore(self.disk.records(), self.disk.mark)
        except StorageError as error:
            self.break_down(f"disk: {error}")
            return
        self._has_to_start = True
        promised, accepted, applied, state = None, 0, 0, ""
        if isinstance(self.role, PaxosAcceptor):
            promised, accepted = self.role.highest, self.role.votes
        elif isinstance(self.role, PaxosLeader):
            applied, state = self.role.log.applied_up_to, self.role.log.state
        restarted = Restarted(promised, accepted, applied, self.disk.mark, note, state)
        self._publish(self.name, restarted)

    def break_down(self, reason: str) -> None:
        """Stop for good, and say why: a wrong answer would be worse than none."""
        self.standing, self.defect = "broken", reason
        self._publish(self.name, Crashed(reason, "everything in memory"))

    def _renew(self) -> None:
        """Begin with an empty disk, if that is allowed; raises StorageError if it is not."""
        if not self._allow_empty:
            raise StorageError(f"the disk of {self.name} was wiped, so it does not vote again")
        self.disk.renew()

    # --- inside --------------------------------------------------------------------------

    def _take_turn(
        self, envelopes: Iterable[Envelope], actions: Iterable[Action], now: float
    ) -> None:
        cycle, role = self._cycle, self.role
        if self._has_to_start:
            self._has_to_start = False
            cycle.take(role.start(now))
        for envelope in envelopes:
            cycle.receive(envelope, now)
        for action in actions:
            cycle.take(action(now))
        deadline = role.deadline
        if deadline is not None and deadline <= now:
            cycle.take(role.tick(now))
        cycle.end_turn(now)

    def _new_cycle(self) -> NodeCycle:
        return NodeCycle(
            self.role,
            self.disk,
            self._transport,
            self._publish,
            self._sync_after,
            self._tells_messages,
        )


def _word(record: Record) -> str:
    match record:
        case PromiseRecord():
            return "promise"
        case AcceptRecord():
            return "accepted value"
        case ChosenRecord():
            return "chosen value"
        case _:
            return "record"
