"""Who plays the runs of a campaign: the processors of this machine, or a Dask cluster.

Both are an `Executor` of `concurrent.futures`, and whoever uses one does not know which.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

from paxos_engine.simulation.pool import PlayingPool

PATIENCE: Final = 10.0
"""Seconds in which a scheduler has to answer and to have a worker."""

P = ParamSpec("P")
T = TypeVar("T")


class Players(NamedTuple):
    """Who plays: the executor, how many runs it plays at once, and both in words."""

    executor: Executor
    workers: int
    words: str


class SchedulerError(Exception):
    """No scheduler can be used; the text is one line that says why, and what to do."""


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Here(Executor):
    """Does at once, in the calling thread, whatever it is given."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextlib.contextmanager
def player_here() -> Iterator[Players]:
    """Play in this very thread: a single run needs nothing else."""
    yield Players(_Here(), 1, "this process")


@contextlib.contextmanager
def local_players(jobs: int, first: Callable[[], None] | None = None) -> Iterator[Players]:
    """Play on `jobs` processes of this machine; none of them outlives the block.

    Args:
        jobs: how many.
        first: what each process is set to before it plays; a function of a module.
    """
    with PlayingPool(jobs, first) as pool:
        yield Players(pool, jobs, f"{jobs} process{'' if jobs == 1 else 'es'}")


@contextlib.contextmanager
def dask_players(scheduler: str, patience: float = PATIENCE) -> Iterator[Players]:
    """Play on a Dask cluster that is there already; it stays when the block ends.

    Args:
        scheduler: its address, such as `tcp://host:8786`.
        patience: seconds to wait for the scheduler, and for its first worker.

    Raises:
        SchedulerError: there is none, it has no workers, or they cannot play.
    """
    try:
        from distributed import Client  # noqa: PLC0415 - only for those who have it and ask for it
    except ImportError:
        raise SchedulerError(
            "a scheduler needs Dask: install it with pip install 'paxos-tui[dask]'"
        ) from None
    for logger in ("distributed", "distributed.client"):  # what they tell, we say in one line
        logging.getLogger(logger).setLevel(logging.CRITICAL + 1)
    try:
        client = Client(scheduler, timeout=patience, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SchedulerError(f"no Dask scheduler at {scheduler}: {_short(error)}") from None
    try:
        threads = _threads(client, scheduler, patience)
        yield Players(
            client.get_executor(pure=False),
            sum(threads.values()),
            f"{len(threads)} Dask worker{'' if len(threads) == 1 else 's'} of {scheduler}",
        )
    finally:
        client.close(timeout=patience)


def _threads(client: Any, scheduler: str, patience: float) -> dict[str, int]:
    """Return the workers and how many threads each has; all of them can play.

    Raises:
        SchedulerError: there are none, or one cannot.
    """
    try:
        client.wait_for_workers(1, timeout=patience)
    except TimeoutError:
        raise SchedulerError(
            f"the scheduler {scheduler} has no workers: start some with dask worker {scheduler}"
        ) from None
    try:
        client.run(processors)  # they find it where they find everything else of ours
    except Exception as error:
        raise SchedulerError(
            f"the workers of {scheduler} cannot play: {_short(error)};"
            " install the same paxos-tui there"
        ) from None
    return dict(client.nthreads())


def _short(error: BaseException) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 160 else f"{words[:157]}..."
