"""A node's thread: what is asked of it while it goes down is not lost."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.effects import Effects, Outgoing
from paxos_engine.roles.messages import Envelope
from paxos_engine.runtime.node import NodeThread
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


def test_what_is_posted_while_a_crash_makes_the_new_role_reaches_it() -> None:
    node = Restless()
    with running(node) as thread:
        thread.crash("crash")
        thread.recover()
        assert node.heard.wait(PATIENCE)
