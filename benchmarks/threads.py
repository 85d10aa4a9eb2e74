"""Where the time of a command goes, thread by thread; and what the process may be set to.

All nodes share one interpreter, so that what a command costs is the sum over the threads, and the
waking of each in turn. Settings of the process (the core it is bound to, how long a thread keeps
the interpreter, how often garbage is looked for, how much a socket holds) are tried here before an
entry point may use one.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import ours
from benchmarks.apart import apart
from benchmarks.harness import Sample, Table, Tell, Way, rows_of, take_turns
from benchmarks.scale import Scale
from benchmarks.throughput import BATCH, at
from paxos_engine import TraceLevel
from paxos_engine.wire import pump

OUTSTANDING: Final = (1, 64, 1_024)
WARM_UP: Final = 300
"""Commands after which everything that is made once has been made."""

FEWER: Final = 4
"""By how much fewer commands are asked where each waits for the one before."""

STOCK_BUFFER: Final = 106_496
"""Bytes to ask for that come to the receive buffer which Linux grants by itself."""


def ask_for_stock_buffers() -> None:
    """Have sockets hold what they hold where nothing is asked for."""
    pump.RECEIVE_BUFFER = STOCK_BUFFER  # type: ignore[misc]


SETTINGS: Final[Mapping[str, Callable[[], None]]] = {
    "as it is": lambda: None,
    "one core": lambda: os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}),
    "switch interval 1 ms": lambda: sys.setswitchinterval(0.001),
    "switch interval 0.2 ms": lambda: sys.setswitchinterval(0.0002),
    "the kernel's own buffers": ask_for_stock_buffers,
}
"""What a process may be set to; Python's own switch interval is 5 ms."""

ALL: Final = "all threads"
WALL: Final = "the wall"

EACH: Final = {"threads": "each"}
COUNTERS: Final = {**EACH, **at(TraceLevel.COUNTERS)}

PLAIN: Final = "counters only"
BATCHING: Final = "batching, counters only"
SHAPES: Final = {
    PLAIN: ours.Setting(options=COUNTERS),
    BATCHING: ours.Setting(options={"batch": BATCH, **COUNTERS}),
    "everything": ours.Setting(options=EACH),
}
"""Every node has a thread of its own here, so that each can be seen by itself."""


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return the table of threads, and the one of settings."""
    return [_threads(scale, tell), _settings(scale, tell)]


def _threads(scale: Scale, tell: Tell) -> Table:
    table = Table("CPU us a command, by thread, beside all of them")
    for outstanding in OUTSTANDING:
        for name, setting in SHAPES.items():
            tell(f"{outstanding:,} outstanding, {name}")
            commands = max(outstanding, scale.commands // (FEWER if outstanding == 1 else 1))
            looks = [apart(spend, commands, outstanding, setting) for _ in range(scale.rounds)]
            rows = {thread: [{"CPU us": look[thread]} for look in looks] for thread in looks[0]}
            table.rows += rows_of(rows, [ALL], f"{outstanding:,} out, {name}")
    table.notes.append(f"{WALL}: how long it was from one answer to the next")
    table.notes.append("what that has beyond all threads together is waiting to be woken")
    return table


def spend(commands: int, outstanding: int, setting: ours.Setting) -> dict[str, float]:
    """Return the CPU time of a command in microseconds, by who spends it."""
    with ours.running(setting) as cluster:
        ours.submit_all(cluster, WARM_UP, outstanding)
        before = cpu_of_threads()
        seconds = ours.submit_all(cluster, commands, outstanding)
        after = cpu_of_threads()
        ours.checked(cluster, {})
    each = {name: (ns - before.get(name, 0)) / commands / 1e3 for name, ns in after.items()}
    acceptors = sum(us for name, us in each.items() if name in cluster.acceptors)
    shown = {"all acceptors": acceptors}
    shown |= {name: us for name, us in each.items() if name not in cluster.acceptors}
    return {ALL: sum(each.values()), **shown, WALL: seconds / commands * 1e6}


def cpu_of_threads() -> dict[str, int]:
    """Return the CPU time of each thread of this process so far, in nanoseconds, by its name."""
    spent = {}
    for thread in threading.enumerate():
        stat = Path(f"/proc/self/task/{thread.native_id}/schedstat")
        spent[thread.name.removeprefix("paxos-")] = int(stat.read_text(encoding="ascii").split()[0])
    return spent


def _settings(scale: Scale, tell: Tell) -> Table:
    table = Table("the process set otherwise, counters only")
    for outstanding, shape in ((1, PLAIN), (64, PLAIN), (1_024, PLAIN), (1_024, BATCHING)):
        common = (outstanding, scale.seconds, scale.warm_up)
        setting = SHAPES[shape]
        ways: dict[str, Way] = {
            name: partial(apart, load_with, name, *common, setting) for name in SETTINGS
        }
        ways["Python's own collector"] = partial(
            apart, ours.load, *common, replace(setting, relaxed=False)
        )
        one = {**setting.options, "threads": "one"}
        ways["one thread for all nodes"] = partial(
            apart, ours.load, *common, replace(setting, options=one)
        )
        case = f"{outstanding:,} out, {shape}"

        def told(what: str, case: str = case) -> None:
            tell(f"{case}, {what}")

        taken = take_turns(ways, scale.rounds, told)
        table.rows += rows_of(taken, [next(iter(SETTINGS))], case)
    table.notes.append("the last row: the cluster set otherwise, with --threads one")
    table.notes.append("one core: fine for a process alone; two of them would share that core")
    return table


def load_with(
    name: str, outstanding: int, seconds: float, warm_up: float, setting: ours.Setting
) -> Sample:
    """Return rate and latencies in a process that is set so."""
    SETTINGS[name]()
    return ours.load(outstanding, seconds, warm_up, setting)
