"""Each sample in a process of its own: what one leaves behind must not slow down the next."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

GRACE: Final = 10.0
"""Seconds that a process has to clean up and end."""


def apart(task: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function of a module in a fresh process, and return or raise what it does.

    Raises:
        RuntimeError: the process ended without a word.
    """
    fresh = multiprocessing.get_context("spawn")  # a fork would inherit our memory, and its pages
    ours, theirs = fresh.Pipe(duplex=False)
    child = fresh.Process(target=_run, args=(theirs, task, args, kwargs), daemon=True)
    child.start()
    theirs.close()
    try:
        result, error = ours.recv()
    except EOFError:
        raise RuntimeError(f"the process of {task.__name__} ended without a result") from None
    finally:
        child.join(GRACE)
        child.terminate()
        child.join()
        ours.close()
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return] # what came through the pipe has no type


def _run(to: Connection, task: Callable[..., Any], args: Any, kwargs: Any) -> None:
    try:
        to.send((task(*args, **kwargs), None))
    except KeyboardInterrupt:
        pass  # it came to the whole group: who started us says so
    except Exception as error:
        to.send((None, error))
