"""Our cluster under the workload, by its public face only."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.driver import Ask, Collector, Done, Window, closed_loop
from paxos_engine import Cluster, ClusterConfig, OutcomeUnknown, Reply, relax_collector

PATIENCE = 60.0
"""Seconds within which a healthy cluster answers, however loaded the machine is."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is put under load.

    Args:
        acceptors: how many.
        size: bytes of each value.
        durable: the disks are real.
        options: further options of `ClusterConfig`.
        relaxed: the garbage collector is set as `paxos-tui run` sets it; else as Python does.
    """

    acceptors: int = 5
    size: int = 16
    durable: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    relaxed: bool = True


@contextmanager
def running(setting: Setting) -> Iterator[Cluster]:
    """Run a cluster that has answered once; its disks, if it has any, go with it."""
    if setting.relaxed:
        relax_collector()
    with tempfile.TemporaryDirectory(dir=Path.cwd() if setting.durable else None) as folder:
        data_dir = Path(folder) / "data" if setting.durable else None
        options = {"acceptors": setting.acceptors, "data_dir": data_dir, **setting.options}
        with Cluster(ClusterConfig(**options)) as cluster:
            cluster.submit("first").result(PATIENCE)
            yield cluster


def value_of(size: int) -> str:
    """Return a value of `size` bytes."""
    return "v" * size


def asking(cluster: Cluster, value: str) -> Ask:
    """Return what submits `value` once."""

    def ask(done: Done) -> None:
        def answered(outcome: Reply | OutcomeUnknown) -> None:
            done(None if isinstance(outcome, Reply) else outcome)

        cluster.submit_then(value, answered)

    return ask


def load(
    outstanding: int, seconds: float, warm_up: float, setting: Setting | None = None
) -> dict[str, float]:
    """Return rate and latencies with so many commands outstanding."""
    setting = setting or Setting()
    with running(setting) as cluster:
        window = Window(warm_up, seconds, outstanding)
        closed_loop(asking(cluster, value_of(setting.size)), outstanding, window)
        return checked(cluster, window.figures())


def wait_for_each(
    seconds: float, warm_up: float, setting: Setting | None = None
) -> dict[str, float]:
    """Return rate and latencies as a caller sees them that waits for each result."""
    setting = setting or Setting()
    value = value_of(setting.size)
    with running(setting) as cluster:
        window = Window(warm_up, seconds)
        while window.more():
            began = time.perf_counter()
            cluster.submit(value).result(PATIENCE)
            window.answered(time.perf_counter() - began)
        return checked(cluster, window.figures())


class Count:
    """Asks so many commands and counts the answers.

    Args:
        commands: how many, beyond those that are outstanding at the beginning.
    """

    def __init__(self, commands: int) -> None:
        self._left = commands
        self.answers = 0

    def more(self) -> bool:
        """Say whether another command shall be asked."""
        self._left -= 1
        return self._left >= 0

    def answered(self, seconds: float) -> None:
        """Count an answer."""
        self.answers += 1


def submit_all(cluster: Cluster, commands: int, outstanding: int, size: int = 16) -> float:
    """Have so many commands answered, in a closed loop; return the seconds that it took."""
    outstanding = min(outstanding, commands)
    count: Collector = Count(commands - outstanding)
    began = time.perf_counter()
    closed_loop(asking(cluster, value_of(size)), outstanding, count)
    return time.perf_counter() - began


def burst(commands: int, setting: Setting | None = None) -> dict[str, float]:
    """Throw so many commands at a cluster at once, and wait for all answers."""
    setting = setting or Setting()
    with running(setting) as cluster:
        seconds = submit_all(cluster, commands, commands, setting.size)
        return checked(cluster, {"commands/s": commands / seconds})


def checked(cluster: Cluster, figures: dict[str, float]) -> dict[str, float]:
    """Return the figures of a run that was safe; a fast wrong answer is worth nothing."""
    if cluster.violation is not None:
        raise RuntimeError(f"a rule was broken: {cluster.violation.text}")
    return figures
