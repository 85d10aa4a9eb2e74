"""Each sample in a process of its own: what one leaves behind must not slow down the next."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def apart(task: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function of a module in a fresh process, and return or raise what it does."""
    fresh = multiprocessing.get_context("spawn")  # a fork would inherit our memory, and its pages
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(task, *args, **kwargs).result()
