"""Running nodes and their loop: nothing is lost on the way down, no timer waits behind a queue."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.effects import Effects, Outgoing, Role
from paxos_engine.roles.messages import Envelope
from paxos_engine.runtime.loop import NodeLoop
from paxos_engine.runtime.node import TURN_AT_MOST, RunningNode
from paxos_engine.storage.memory import MemoryDisk

PATIENCE = 10.0


class SilentPump:
    """A socket to which nobody sends."""

    deadline = None

    def __init__(self) -> None:
        self._ends = socket.socketpair()

    def fileno(self) -> int:
        """Return a descriptor that is never ready."""
        return self._ends[0].fileno()

    def receive_all(self, limit: int) -> list[Envelope]:
        """Receive nothing."""
        return []

    def send(self, batches: Mapping[str, Sequence[Outgoing]], now: float) -> None:
        """Lose it all."""

    def tick(self, now: float) -> None:
        """Have nothing to do."""

    def close(self) -> None:
        """Close both ends."""
        for end in self._ends:
            end.close()


class Restless:
    """Makes an acceptor; while it makes the second one, somebody asks something of the node."""

    def __init__(self) -> None:
        self.lives = 0
        self.heard = threading.Event()
        pump = SilentPump()
        self.node = RunningNode(
            self._make, MemoryDisk(), pump, lambda node, event: None, lambda: 0.0
        )

    def _make(self) -> PaxosAcceptor:
        self.lives += 1
        if self.lives == 2:
            self.node.post(self._hear)
        return PaxosAcceptor("A1", ["L1"])

    def _hear(self, now: float) -> Effects:
        self.heard.set()
        return Effects()


@contextlib.contextmanager
def running(*restless: Restless) -> Iterator[None]:
    """Have one loop serve these nodes."""
    loop = NodeLoop("nodes", [each.node for each in restless], lambda: 0.0)
    loop.start()
    try:
        yield
    finally:
        loop.stop()
        loop.join()


class Flood(SilentPump):
    """A socket in which messages have piled up."""

    def __init__(self, waiting: int) -> None:
        super().__init__()
        self.waiting = waiting

    def receive_all(self, limit: int) -> list[Envelope]:
        """Hand out what has piled up."""
        taken = min(limit, self.waiting)
        self.waiting -= taken
        return [Envelope(f"C1.{n}", "C1", "N1", Ask()) for n in range(taken)]


class Ask(NamedTuple):
    """A message."""


class SlowReader(Role):
    """A role that takes a while for each message, by its own clock, and has a timer."""

    name = "N1"

    def __init__(self, clock: list[float]) -> None:
        self.read = 0
        self._beat_at = 0.05
        self.beats: list[float] = []
        self._clock = clock

    @property
    def deadline(self) -> float | None:
        """When it beats next."""
        return self._beat_at

    def start(self, now: float) -> Effects:
        """Begin."""
        return Effects()

    def receive(self, envelope: Envelope, now: float) -> Effects:
        """Take five milliseconds."""
        self._clock[0] += 0.005
        self.read += 1
        return Effects()

    def tick(self, now: float) -> Effects:
        """Beat."""
        self.beats.append(self._clock[0])
        self._beat_at = now + 0.05
        return Effects()


def test_no_heartbeat_waits_behind_a_queue_of_messages() -> None:
    clock = [0.0]
    role = SlowReader(clock)
    pump = Flood(waiting=1_000)
    node = RunningNode(lambda: role, MemoryDisk(), pump, lambda *_: None, lambda: clock[0])
    while role.read < 1_000:
        node.turn()
    node.close()
    gaps = [after - before for before, after in pairwise(role.beats)]
    assert max(gaps) < 0.05 + TURN_AT_MOST + 2 * 0.005
    assert pump.waiting == 0


def test_what_is_posted_within_a_turn_is_carried_out_before_the_loop_sleeps() -> None:
    first, second = Restless(), Restless()

    def post_others(now: float) -> Effects:
        first.node.post(first._hear)
        second.node.post(second._hear)
        return Effects()

    with running(first, second):
        second.node.post(post_others)
        assert first.heard.wait(PATIENCE)
        assert second.heard.wait(PATIENCE)


def test_nothing_that_others_post_is_overslept_whether_the_thread_is_awake_or_not() -> None:
    node = Restless()
    done: list[int] = []
    all_done = threading.Event()

    def note(number: int, now: float) -> Effects:
        done.append(number)
        if len(done) == 4 * 250:
            all_done.set()
        return Effects()

    def post(first: int) -> None:
        for number in range(first, first + 250):
            node.node.post(partial(note, number))

    posters = [threading.Thread(target=post, args=(first,)) for first in range(0, 1000, 250)]
    with running(node):
        for poster in posters:
            poster.start()
        for poster in posters:
            poster.join()
        assert all_done.wait(PATIENCE)
    assert sorted(done) == [*range(1000)]


def test_what_is_posted_while_a_crash_makes_the_new_role_reaches_it() -> None:
    node = Restless()
    with running(node):
        node.node.crash("crash")
        node.node.recover()
        assert node.heard.wait(PATIENCE)


def test_a_defect_breaks_its_node_and_the_loop_goes_on_with_the_others() -> None:
    broken, whole = Restless(), Restless()

    def stumble(now: float) -> Effects:
        raise RuntimeError("a defect")

    with running(broken, whole):
        broken.node.post(stumble)
        whole.node.post(whole._hear)
        assert whole.heard.wait(PATIENCE)
        end = time.monotonic() + PATIENCE
        while broken.node.status != "broken" and time.monotonic() < end:
            time.sleep(0.01)
    assert (broken.node.status, broken.node.node.defect) == ("broken", "RuntimeError: a defect")
    assert whole.node.status == "up"


def test_a_paused_node_is_left_alone_until_it_recovers_whatever_waits_for_it() -> None:
    still, other = Restless(), Restless()
    with running(still, other):
        still.node.pause()
        still.node.post(still._hear)
        other.node.post(other._hear)
        assert other.heard.wait(PATIENCE)
        assert not still.heard.is_set()
        still.node.recover()
        assert still.heard.wait(PATIENCE)
