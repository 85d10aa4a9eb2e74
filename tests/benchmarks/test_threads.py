"""What the table of threads is made of: each thread's own time, and every node in it."""

from __future__ import annotations

import pytest

from benchmarks.ours import Setting
from benchmarks.threads import ALL, EACH, WALL, cpu_of_threads, spend


def test_the_time_of_this_thread_grows_as_it_works() -> None:
    before = cpu_of_threads()["MainThread"]
    assert sum(range(300_000)) > 0
    assert cpu_of_threads()["MainThread"] > before


def test_what_a_command_costs_is_the_sum_over_the_threads_of_the_cluster() -> None:
    spent = spend(40, 4, Setting(acceptors=3, options=EACH))
    assert {"all acceptors", "L1", "L2", "C1", "watch"} <= set(spent)
    each = {name: us for name, us in spent.items() if name not in (ALL, WALL)}
    assert sum(each.values()) == pytest.approx(spent[ALL])
    assert min(spent["all acceptors"], spent["L2"], spent[WALL]) > 0
