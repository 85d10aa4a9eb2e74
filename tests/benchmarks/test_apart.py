"""A sample in a process of its own."""

from __future__ import annotations

import os

import pytest

from benchmarks.apart import apart


def test_what_a_function_returns_comes_from_another_process() -> None:
    assert apart(os.getpid) != os.getpid()


def test_what_it_raises_is_raised_here() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        apart(int, "three")


def test_a_process_that_dies_is_told_from_one_that_answers() -> None:
    with pytest.raises(RuntimeError, match="the process of _exit ended without a result"):
        apart(os._exit, 3)
