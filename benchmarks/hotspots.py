"""Where CPU time, memory and the start of the program go: the profiles behind a missed aim.

The CPU is looked at where a command runs as the aims want it, with one thread for all nodes, which
is the main thread of its process here. At each tick of the kernel's clock in which the process ran,
the interpreter writes down where that thread is, as soon as it gets to it: at the next call or
loop. Another thread could look only when this one hands the interpreter over, and that is where it
calls the system; and to count calls (cProfile) makes Python slower and the system not.
"""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from types import FrameType, SimpleNamespace
from typing import Any, Final

from benchmarks import holders, ours, simulator, starting
from benchmarks.apart import apart
from benchmarks.driver import closed_loop
from benchmarks.harness import Row, Sample, Table, Tell, Way, rows_of, take_turns
from benchmarks.parts import Place, part_at
from benchmarks.scale import QUICK, Scale
from benchmarks.throughput import BARE, BATCH
from paxos_engine.runtime import loop

LONGER: Final = 4
"""By how much longer than a rate this takes: it needs a thousand ticks, of mostly 4 ms."""

WARM_UP: Final = 300
"""Commands, beyond those outstanding, after which everything that is made once has been made."""

TICK: Final = 0.001
"""Seconds of CPU between two looks, as asked for; the kernel looks at its own ticks only."""

CASES: Final = {
    "bare, 1 out": (1, ours.Setting(options=BARE)),
    "bare, 256 out": (256, ours.Setting(options=BARE)),
    "bare, batching, 1,024 out": (1_024, ours.Setting(options={"batch": BATCH, **BARE})),
}

SHARE, SPENT = "% of the time", "us a command"


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return the tables of CPU time, of memory and of imports."""
    return [cpu(scale, tell), holders.table(scale, tell), starting.table(scale, tell)]


def cpu(scale: Scale, tell: Tell) -> Table:
    """Return the table of CPU time."""
    seconds = LONGER * scale.seconds
    commands = simulator.COMMANDS // (10 if scale is QUICK else 1)
    ways: dict[str, Way] = {
        case: partial(apart, loaded, outstanding, seconds, setting)
        for case, (outstanding, setting) in CASES.items()
    }
    for case, checks in (("simulator, checks off", False), ("simulator, checks on", True)):
        ways[case] = partial(apart, simulated, commands, checks=checks)
    table = Table("CPU time by part of the program")
    for case, samples in take_turns(ways, scale.rounds, tell).items():
        table.rows += rows(case, samples)
    table.notes = [
        "bare: one thread for all nodes, no trace and no checks; simulator: its world made too",
        "one sample at each tick of the kernel's clock, mostly 250 a second of CPU: 10 % of a",
        "thousand of them are known to within 1; taking them adds a few % to every part alike",
        "what a library does counts for who calls it, and so does what the collector takes",
    ]
    return table


def rows(case: str, samples: Sequence[Sample]) -> list[Row]:
    """Return a row for each part that took time, the largest first.

    Args:
        case: the circumstances.
        samples: part -> microseconds a command, one a round.
    """
    parts = dict.fromkeys(part for sample in samples for part in sample)
    taken: dict[str, list[Sample]] = {part: [] for part in parts}
    for sample in samples:
        whole = sum(sample.values())
        for part in parts:
            spent = sample.get(part, 0.0)
            taken[part].append({SHARE: 100 * spent / whole, SPENT: spent})
    found = rows_of(taken, case=case)
    return sorted(found, key=lambda row: -row.figures[SHARE].spread.median)


class Lent(threading.Thread):
    """The thread of a loop, for which the main thread stands in: looks are taken of no other."""

    begun: queue.SimpleQueue[Lent] = queue.SimpleQueue()

    def __init__(self, target: Callable[[], None], **_: object) -> None:
        super().__init__(target=target)
        self._over = threading.Event()

    @property
    def ident(self) -> int | None:
        """That of the main thread."""
        return threading.main_thread().ident

    def start(self) -> None:
        """Have the main thread begin."""
        self.begun.put(self)

    def join(self, timeout: float | None = None) -> None:
        """Wait until the loop has ended."""
        self._over.wait(timeout)

    def stand_in(self) -> None:
        """Be that thread until the loop ends."""
        self.run()
        self._over.set()


def loaded(outstanding: int, seconds: float, setting: ours.Setting) -> Sample:
    """Return the CPU time of a command by part, in microseconds, in a closed loop."""
    looks = Looks()
    with ThreadPoolExecutor(1) as other:
        lent: Any = SimpleNamespace(Thread=Lent, get_ident=threading.get_ident)
        loop.threading = lent  # type: ignore[attr-defined]
        spent = other.submit(_load, looks, outstanding, seconds, setting)
        Lent.begun.get(timeout=ours.PATIENCE).stand_in()
        return of_whole(looks.parts(), spent.result())


def _load(looks: Looks, outstanding: int, seconds: float, setting: ours.Setting) -> float:
    """Load a cluster and take looks meanwhile; return the CPU microseconds of a command."""
    with ours.running(setting) as cluster:
        ours.submit_all(cluster, WARM_UP + outstanding, outstanding)
        stretch, before = Stretch(seconds), time.process_time()
        with looks.taken():
            closed_loop(ours.asking(cluster, ours.value_of(16)), outstanding, stretch)
        spent = time.process_time() - before
        ours.checked(cluster, {})
        return spent / stretch.answers * 1e6


def simulated(commands: int, *, checks: bool) -> Sample:
    """Return the CPU time of a command by part, in microseconds, in the simulator."""
    simulator.simulated(commands // 10, checks=checks)
    looks = Looks()
    with looks.taken():
        figures = simulator.simulated(commands, checks=checks)
    return of_whole(looks.parts(), figures[SPENT])


def of_whole(counts: Mapping[str, int], whole: float) -> Sample:
    """Divide `whole` as the counts say."""
    every = sum(counts.values())
    return {part: whole * count / every for part, count in counts.items()}


class Stretch:
    """Asks for a stretch of time, and counts the answers.

    Args:
        seconds: how long.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.perf_counter() + seconds
        self.answers = 0

    def more(self) -> bool:
        """Say whether the time is not over."""
        return time.perf_counter() < self._end

    def answered(self, seconds: float) -> None:
        """Count an answer."""
        self.answers += 1


class Looks:
    """Where the main thread of this process was, at each tick; made in that thread."""

    def __init__(self) -> None:
        self._stacks: Counter[tuple[Place, ...]] = Counter()
        signal.signal(signal.SIGPROF, self._look)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Look as long as this is open, whichever thread opens it."""
        signal.setitimer(signal.ITIMER_PROF, TICK, TICK)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def parts(self) -> Counter[str]:
        """Return in how many looks each part was at work.

        Raises:
            RuntimeError: there was none.
        """
        if not self._stacks:
            raise RuntimeError("too little was done to see where its time goes")
        parts: Counter[str] = Counter()
        for stack, count in self._stacks.items():
            parts[part_at(stack)] += count
        return parts

    def _look(self, number: int, frame: FrameType | None) -> None:
        stack: list[Place] = []
        while frame is not None:
            # Some instructions are of no line: what begins a function, for one.
            stack.append((frame.f_code.co_filename, frame.f_lineno or 0))
            frame = frame.f_back
        self._stacks[tuple(stack)] += 1
