"""A pool of processes that ends when it is told to, or when the process that made it is gone.

A key pressed in a terminal reaches every process of the program. Those that play leave it to the
one that shows: it decides when they end.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, Final, ParamSpec, TypeVar

from paxos_engine.simulation.campaign import stopping

GRACE: Final = 1.0
"""Seconds within which a process ends by itself once it should."""

LEFT_ALONE: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that are the business of the process that shows."""

P = ParamSpec("P")
T = TypeVar("T")


class PlayingPool(ProcessPoolExecutor):
    """Processes that play, each on a leash: once it is let go, they end.

    Args:
        workers: how many.
        first: what each does before it plays; a function of a module, since it has to travel there.
    """

    def __init__(self, workers: int, first: Callable[[], None] | None = None) -> None:
        # A fresh interpreter each: a fork would bring along threads and handlers that it must not.
        context = multiprocessing.get_context("spawn")
        far_end, self._leash = context.Pipe(duplex=False)
        super().__init__(workers, context, _on_a_leash, (far_end, first))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Give the pool something to do; a process that has to be started for it is."""
        with _held_back(LEFT_ALONE):  # a process that begins inherits that
            return super().submit(fn, *args, **kwargs)

    def let_go(self) -> None:
        """Have every process end: at once between two runs, after `GRACE` in any case."""
        self._leash.close()

    def __exit__(self, *_: Any) -> None:
        """End, however the block was left; nothing of the pool remains."""
        self.let_go()
        self.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _held_back(signals: tuple[signal.Signals, ...]) -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _on_a_leash(far_end: Connection, first: Callable[[], None] | None) -> None:
    threading.Thread(target=_end_with, args=(far_end,), daemon=True).start()
    if first is not None:
        first()


def _end_with(far_end: Connection) -> None:
    """Wait until nobody holds the other end: it was closed, or whoever held it is gone."""
    with contextlib.suppress(EOFError, OSError):
        far_end.recv_bytes()
    stopping.set()
    threading.Event().wait(GRACE)
    os._exit(0)  # what is left is arithmetic that nobody waits for
