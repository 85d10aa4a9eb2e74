"""A node's thread: it loses nothing while it goes down, and no timer waits behind a queue."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.effects import Effects, Outgoing, Role
from paxos_engine.roles.messages import Envelope
from paxos_engine.runtime.node import TURN_AT_MOST, NodeThread
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
        self.thread = NodeThread(
            self._make, MemoryDisk(), pump, lambda node, event: None, lambda: 0.0
        )

    def _make(self) -> PaxosAcceptor:
        self.lives += 1
        if self.lives == 2:
            self.thread.post(self._hear)
        return PaxosAcceptor("A1", ["L1"])

    def _hear(self, now: float) -> Effects:
        self.heard.set()
        return Effects()


@contextlib.contextmanager
def running(node: Restless) -> Iterator[NodeThread]:
    node.thread.start()
    try:
        yield node.thread
    finally:
        node.thread.stop()
        node.thread.join()


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
    thread = NodeThread(lambda: role, MemoryDisk(), pump, lambda *_: None, lambda: clock[0])
    while role.read < 1_000:
        thread._turn()
    thread.join()
    gaps = [after - before for before, after in pairwise(role.beats)]
    assert max(gaps) < 0.05 + TURN_AT_MOST + 2 * 0.005
    assert pump.waiting == 0


def test_what_the_thread_itself_posts_is_carried_out_before_it_sleeps() -> None:
    node = Restless()
    with running(node) as thread:

        def post_another(now: float) -> Effects:
            thread.post(node._hear)
            return Effects()

        thread.post(post_another)
        assert node.heard.wait(PATIENCE)


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
            node.thread.post(partial(note, number))

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
    with running(node) as thread:
        thread.crash("crash")
        thread.recover()
        assert node.heard.wait(PATIENCE)
