"""The seed's demo without a console: many commands, some nodes failed, histories compared."""

from __future__ import annotations

import contextlib
import json
import resource
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from paxos_engine import Cluster, Reply, why_waiting
from paxos_tui.feed import watched
from paxos_tui.text import counted, each_chosen
from paxos_tui.workloads import Workload, opaque

TAIL = 5
"""Instances of each history that are printed, unless all are asked for."""

HISTORY_KEPT = 100_000
"""Instances of each history that a report holds at the most: the newest."""

OUTSTANDING = 4_096
"""Commands under way at once."""

LATENCIES_KEPT = 100_000

TELL_AFTER = 3.0
"""Seconds without any answer after which it is said why."""

History = list[tuple[int, str | bytes | None]]


@dataclass(frozen=True, slots=True)
class Size:
    """How large the process, and its data directory if it has one, is after so many commands."""

    commands: int
    memory_mib: float
    disk_mib: float | None

    def __str__(self) -> str:
        disk = "" if self.disk_mib is None else f", {self.disk_mib} MiB on disk"
        return f"{self.memory_mib} MiB of memory{disk}"


@dataclass(slots=True)
class Report:
    """What a run came to."""

    commands: int
    chosen: int
    missing: list[str]
    agree: bool
    agreed_instances: int
    events: int
    level: str
    rules: int
    unchecked: str
    violation: str
    explanation: list[str]
    recording_error: str
    profile: str
    failed: list[str]
    seconds: float
    commits_per_second: float
    latency_ms: dict[str, float]
    states: dict[str, str]
    growth: list[Size]
    broken: dict[str, str]
    waiting: str
    counters: dict[str, dict[str, int]]
    histories: dict[str, History] = field(default_factory=dict)

    @property
    def measured(self) -> str:
        """What a latency is measured from: most of it is waiting behind the others."""
        at_once = min(self.commands, OUTSTANDING)
        return (
            f"from submission to answer, {at_once:,} submitted at once"
            if at_once > 1
            else ("from submission to answer")
        )

    @property
    def good(self) -> bool:
        """Whether every command is chosen, all histories agree and the recording is complete."""
        return self.agree and not (self.missing or self.violation or self.recording_error)

    def print(self, *, as_json: bool, full: bool) -> None:
        """Print the report, for a person or for a program."""
        if as_json:
            click.echo(json.dumps(self.as_data()))
            return
        for leader, history in self.histories.items():
            shown = history if full else history[-TAIL:]
            click.echo(f"{leader}: {counted(len(history), 'instance')}")
            if len(shown) < len(history):
                click.echo("  ...")
            for instance, value in shown:
                click.echo(f"  {instance:>6}  {'no-op' if value is None else repr(value)}")
        click.echo(f"commands chosen   {self.chosen} of {self.commands}")
        click.echo(f"histories agree   {'yes' if self.agree else 'NO'}")
        for line in self._checked():
            click.echo(line)
        for leader, state in self.states.items():
            click.echo(f"state of {leader}       {state}")
        for size in self.growth:
            click.echo(f"after {size.commands:<11,} {size}")
        click.echo(f"commits a second  {self.commits_per_second:.0f}")
        if self.latency_ms:
            latency = ", ".join(f"{name} {ms:.1f} ms" for name, ms in self.latency_ms.items())
            click.echo(f"latency           {latency}")
            click.echo(f"                  {self.measured}")
        for node, reason in self.broken.items():
            click.echo(f"{node} broken{' ' * (11 - len(node))}{reason}")
        for line in self._wrong():
            click.echo(line)

    def _checked(self) -> Iterator[str]:
        """Yield what was checked; in its place what was counted, where nothing else was."""
        if self.unchecked:
            yield f"safety            not checked ({self.unchecked})"
            for node, counts in self.counters.items():
                said = ", ".join(f"{name} {count:,}" for name, count in counts.items())
                yield f"counted in {node}     {said}"
            return
        yield f"instances checked {each_chosen(self.agreed_instances)}"
        yield f"rules checked     {watched(self.rules)} over {counted(self.events, 'event')}"

    def _wrong(self) -> Iterator[str]:
        """Yield what is not as it should be."""
        if self.missing:
            yield f"missing           {', '.join(self.missing[:10])}"
        if self.recording_error:
            yield f"NOT RECORDED      {self.recording_error}"
        if self.waiting:
            yield f"why they wait     {self.waiting}"
        if self.violation:
            yield f"VIOLATION         {self.violation}"
            yield from self.explanation

    def as_data(self) -> dict[str, Any]:
        """Return the report as what JSON can hold; bytes become text with escapes."""
        data = asdict(self)
        data["good"] = self.good
        data["histories"] = {
            leader: [
                [i, v.decode("utf-8", "backslashreplace") if isinstance(v, bytes) else v]
                for i, v in history
            ]
            for leader, history in self.histories.items()
        }
        return data


def run_demo(
    cluster: Cluster,
    commands: int,
    failing: list[str],
    timeout: float,
    workload: Workload = opaque,
) -> Report:
    """Submit `commands` commands with the nodes of `failing` failed, and compare histories.

    Args:
        cluster: not started yet.
        commands: how many.
        failing: nodes that are failed before the first command.
        timeout: seconds without any answer after which what is not chosen is called missing.
        workload: what is submitted.
    """
    cluster.start()
    _tell_found(cluster)
    for node in failing:
        cluster.fail(node)
    began = time.monotonic()
    tally = _Tally()
    growth: list[Size] = []
    looks = [part for part in (commands // 10, commands // 2) if part]
    with _progress(commands, tally) as say:
        silent = _Reason(cluster, say)
        for number in range(1, commands + 1):
            # What is under way is bounded, and so is our memory, however many commands there are.
            if not tally.room(OUTSTANDING, timeout, silent.tell):
                break
            tally.add(workload(number), cluster)
            if looks and tally.answered >= looks[0]:
                growth.append(_size(looks.pop(0), cluster.config.data_dir))
        tally.room(1, timeout, silent.tell)
    growth.append(_size(tally.answered, cluster.config.data_dir))
    seconds = time.monotonic() - began
    missing = tally.missing(commands, workload)
    waiting = why_waiting(cluster) if missing else ""
    up = [name for name in cluster.leaders if not cluster.is_failed(name)]
    reached = _settled(cluster, up, time.monotonic() + timeout)
    histories = {name: cluster.history(name)[-HISTORY_KEPT:] for name in up}
    # The checker looks at the last votes a moment after the answers: stopping lets it finish.
    cluster.stop()
    return Report(
        commands=commands,
        chosen=tally.answered,
        missing=missing,
        agree=len(set(reached.values())) <= 1,
        agreed_instances=cluster.agreed,
        events=cluster.checked_events,
        level=cluster.config.trace_level.value,
        rules=len(cluster.checked_rules),
        unchecked=cluster.checked,
        violation=cluster.violation.text if cluster.violation else "",
        explanation=cluster.explanation,
        recording_error=cluster.recording_error,
        profile=cluster.faults.profile,
        failed=failing,
        seconds=round(seconds, 3),
        commits_per_second=round(tally.answered / seconds, 1),
        latency_ms=percentiles(tally.latencies),
        states={name: state for name, (_, state) in reached.items()},
        growth=growth,
        broken={name: why for name in cluster.nodes if (why := cluster.why_down(name))},
        waiting=waiting,
        counters=cluster.counters,
        histories=histories,
    )


def _tell_found(cluster: Cluster) -> None:
    """Say, beside the report, that the data directory holds a history already."""
    found = max(cluster.applied(name)[0] for name in cluster.leaders)
    if cluster.config.data_dir is not None and found:
        text = f"{cluster.config.data_dir} holds a history up to instance {found:,}"
        click.echo(f"{text}: going on from there", err=True)


class _Tally:
    """What is under way, what was answered, and how long that took."""

    def __init__(self) -> None:
        self.answered = 0
        self.latencies: list[float] = []
        self._submitted = 0
        self._out: dict[Future[Reply], str] = {}
        self._unknown: list[str] = []
        self._change = threading.Condition()

    def add(self, value: str, cluster: Cluster) -> None:
        """Submit a value and follow it."""
        since = time.monotonic()
        future = cluster.submit(value)
        self._submitted += 1
        with self._change:
            self._out[future] = value

        def note(done: Future[Reply]) -> None:
            with self._change:
                value = self._out.pop(done)
                if done.exception() is None:
                    self.answered += 1
                    if len(self.latencies) < LATENCIES_KEPT:
                        self.latencies.append(time.monotonic() - since)
                else:
                    self._unknown.append(value)
                self._change.notify_all()

        future.add_done_callback(note)

    def room(self, most: int, patience: float, silent: Callable[[], None]) -> bool:
        """Wait until fewer than `most` are under way.

        Args:
            most: how many would be too many.
            patience: seconds without any answer after which it is given up.
            silent: called each time that `TELL_AFTER` seconds have brought no answer.

        Returns:
            False once it is given up.
        """
        waited = 0.0
        while waited < patience:
            slice_ = min(TELL_AFTER, patience - waited)
            with self._change:
                if len(self._out) < most:
                    return True
                heard = self._change.wait(slice_)
            waited = 0.0 if heard else waited + slice_
            if 0 < waited < patience:
                silent()
        return len(self._out) < most

    def missing(self, commands: int, workload: Workload) -> list[str]:
        """Return the values without an answer, those never submitted included."""
        with self._change:
            never = range(self._submitted + 1, commands + 1)
            return [*self._unknown, *self._out.values(), *map(workload, never)]


class _Reason:
    """Says why nothing is answered: once, and again when the reason is another.

    Args:
        cluster: whose commands wait.
        say: shows a line.
    """

    def __init__(self, cluster: Cluster, say: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._say = say
        self._told = ""

    def tell(self) -> None:
        """Say it, unless that was said last."""
        reason = why_waiting(self._cluster) or f"no answer for {TELL_AFTER:g} s"
        if reason != self._told:
            self._told = reason
            self._say(f"waiting: {reason}")


def _size(commands: int, data_dir: Path | None) -> Size:
    disk = None
    if data_dir is not None:
        written = 0
        for path in data_dir.glob("*/log-*"):
            with contextlib.suppress(FileNotFoundError):  # a shorter log has taken its place
                written += path.stat().st_size
        disk = round(written / 2**20, 1)
    return Size(commands, round(_resident_bytes() / 2**20, 1), disk)


def _resident_bytes() -> int:
    """Return the memory that this process has now; where the system does not tell, the most."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return pages * resource.getpagesize()


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Return the 50th, 90th and 99th percentile in milliseconds, empty without any value."""
    if len(seconds) < 2:
        return {f"p{p}": round(s * 1000, 2) for s in seconds for p in (50, 90, 99)}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {f"p{p}": round(cuts[p - 1] * 1000, 2) for p in (50, 90, 99)}


@contextlib.contextmanager
def _progress(commands: int, tally: _Tally) -> Iterator[Callable[[str], None]]:
    """Show a progress bar while this lasts, on a terminal; yield what shows a line beside it."""
    if not sys.stderr.isatty():
        yield partial(click.echo, err=True)
        return
    columns = (TextColumn("chosen"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("chosen", total=commands)
        over = threading.Event()

        def follow() -> None:
            while not over.wait(0.1):
                progress.update(task, completed=tally.answered)

        thread = threading.Thread(target=follow, name="paxos-progress", daemon=True)
        thread.start()
        try:
            yield partial(progress.console.print, markup=False, highlight=False, soft_wrap=True)
        finally:
            over.set()
            thread.join()


def _settled(cluster: Cluster, leaders: list[str], end: float) -> dict[str, tuple[int, str]]:
    """Return how far each leader is and its state's hash, once all are equal or time is up."""
    while True:
        reached = {name: cluster.applied(name) for name in leaders}
        if len(set(reached.values())) <= 1 or time.monotonic() > end:
            return reached
        time.sleep(0.02)
