"""A loop: one thread that waits for datagrams, wake-ups and timers, and gives nodes their turns.

It waits in one selector for the sockets of all its nodes. Nothing in a turn waits for anything but
the node's own disk, so a loop may serve one node or all of a cluster: threads of one interpreter
never run at the same time, and each change from one to another costs more than a message does.
"""

from __future__ import annotations

import contextlib
import math
import selectors
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Final

from paxos_engine.runtime.node import RunningNode

SLEEP_AT_MOST: Final = 1.0
"""Seconds; a loop that missed a wake-up would notice after this long."""


class NodeLoop:
    """The thread of one or several nodes.

    Args:
        name: of the thread.
        nodes: whom it serves.
        clock: the clock of the nodes, in seconds.
    """

    def __init__(self, name: str, nodes: Sequence[RunningNode], clock: Callable[[], float]) -> None:
        self._nodes = tuple(nodes)
        self._clock = clock
        self._stopping = False
        self._woken = False  # a wake-up is under way that the thread has not taken yet
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=f"paxos-{name}", daemon=True)
        for node in self._nodes:
            node.on_post = self._wake

    def start(self) -> None:
        """Start the nodes and the thread."""
        for node in self._nodes:
            node.begin()
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; `join` waits for it."""
        self._stopping = True
        self._wake()

    def join(self) -> None:
        """Wait until the thread has ended, and close what it used."""
        if self._thread.ident is not None:
            self._thread.join()
        self._wake_in.close()
        self._wake_out.close()
        for node in self._nodes:
            node.close()

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
        due: dict[RunningNode, float | None] = dict.fromkeys(self._nodes, 0.0)
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_in, selectors.EVENT_READ, None)
            for node in self._nodes:
                selector.register(node, selectors.EVENT_READ, node)
            while not self._stopping:
                ready = {key.data for key, _ in selector.select(self._timeout(due))}
                if None in ready:
                    self._take_wake_up()
                now = self._clock()
                for node, at in due.items():
                    if node in ready or node.posted or (at is not None and at <= now):
                        self._give_turn(node, selector)
                        due[node] = node.next_turn(self._clock())

    def _timeout(self, due: dict[RunningNode, float | None]) -> float:
        if any(node.posted for node in self._nodes):
            return 0.0
        first = min([at for at in due.values() if at is not None], default=math.inf)
        return min(max(0.0, first - self._clock()), SLEEP_AT_MOST)

    def _give_turn(self, node: RunningNode, selector: selectors.BaseSelector) -> None:
        listened = node.listens
        node.turn()
        if node.listens == listened:
            return
        if listened:
            selector.unregister(node)
        else:
            selector.register(node, selectors.EVENT_READ, node)


def loops_for(
    nodes: Sequence[RunningNode], clock: Callable[[], float], *, shared: bool
) -> list[NodeLoop]:
    """Return one loop for all nodes, if it is `shared`, or else one for each."""
    if shared:
        return [NodeLoop("nodes", nodes, clock)]
    return [NodeLoop(node.node.name, [node], clock) for node in nodes]
