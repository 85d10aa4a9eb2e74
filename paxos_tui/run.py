"""The seed's demo without a console: many commands, some nodes failed, histories compared."""

from __future__ import annotations

import json
import statistics
import sys
import time
from concurrent.futures import Future, wait
from dataclasses import asdict, dataclass, field
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from paxos_engine import Cluster, Reply

TAIL = 5
"""Instances of each history that are printed, unless all are asked for."""

History = list[tuple[int, str | bytes | None]]


@dataclass(slots=True)
class Report:
    """What a run came to."""

    commands: int
    chosen: int
    missing: list[str]
    agree: bool
    agreed_instances: int
    violation: str
    profile: str
    failed: list[str]
    seconds: float
    commits_per_second: float
    latency_ms: dict[str, float]
    histories: dict[str, History] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether every command is chosen and all histories agree."""
        return self.agree and not self.missing and not self.violation

    def print(self, *, as_json: bool, full: bool) -> None:
        """Print the report, for a person or for a program."""
        if as_json:
            click.echo(json.dumps(self.as_data()))
            return
        for leader, history in self.histories.items():
            shown = history if full else history[-TAIL:]
            click.echo(f"{leader}: {len(history)} instances")
            if len(shown) < len(history):
                click.echo("  ...")
            for instance, value in shown:
                click.echo(f"  {instance:>6}  {'no-op' if value is None else repr(value)}")
        latency = ", ".join(f"{name} {ms:.1f} ms" for name, ms in self.latency_ms.items())
        click.echo(f"commands chosen   {self.chosen} of {self.commands}")
        click.echo(f"histories agree   {'yes' if self.agree else 'NO'}")
        click.echo(f"instances checked {self.agreed_instances}, each with one chosen value")
        click.echo(f"commits a second  {self.commits_per_second:.0f}")
        click.echo(f"latency           {latency}")
        if self.missing:
            click.echo(f"missing           {', '.join(self.missing[:10])}")
        if self.violation:
            click.echo(f"VIOLATION         {self.violation}")

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


def run_demo(cluster: Cluster, commands: int, failing: list[str], timeout: float) -> Report:
    """Submit `commands` commands with the nodes of `failing` failed, and compare histories.

    Args:
        cluster: not started yet.
        commands: how many.
        failing: nodes that are failed before the first command.
        timeout: seconds after which what is not chosen is called missing.
    """
    cluster.start()
    for node in failing:
        cluster.fail(node)
    began = time.monotonic()
    latencies: list[float] = []
    futures: dict[str, Future[Reply]] = {}
    for number in range(1, commands + 1):
        value = f"command-{number}"
        futures[value] = _submit(cluster, value, latencies)
    _wait(list(futures.values()), began + timeout)
    seconds = time.monotonic() - began
    up = [name for name in cluster.leaders if not cluster.is_failed(name)]
    histories = _settled_histories(cluster, up, began + timeout)
    known = [{value for _, value in history} for history in histories.values()]
    everywhere = set.intersection(*known) if known else set()
    missing = [value for value in futures if value not in everywhere]
    # The checker looks at the last votes a moment after the answers: stopping lets it finish.
    cluster.stop()
    chosen = sum(future.done() and future.exception() is None for future in futures.values())
    return Report(
        commands=commands,
        chosen=chosen,
        missing=missing,
        agree=len(set(map(tuple, histories.values()))) <= 1,
        agreed_instances=cluster.agreed,
        violation=cluster.violation.text if cluster.violation else "",
        profile=cluster.faults.profile,
        failed=failing,
        seconds=round(seconds, 3),
        commits_per_second=round(chosen / seconds, 1),
        latency_ms=percentiles(latencies),
        histories=histories,
    )


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Return the 50th, 90th and 99th percentile in milliseconds, empty without any value."""
    if len(seconds) < 2:
        return {f"p{p}": round(s * 1000, 2) for s in seconds for p in (50, 90, 99)}
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {f"p{p}": round(cuts[p - 1] * 1000, 2) for p in (50, 90, 99)}


def _submit(cluster: Cluster, value: str, latencies: list[float]) -> Future[Reply]:
    since = time.monotonic()
    future = cluster.submit(value)

    def note(done: Future[Reply]) -> None:
        if done.exception() is None:
            latencies.append(time.monotonic() - since)

    future.add_done_callback(note)
    return future


def _wait(futures: list[Future[Reply]], end: float) -> None:
    """Wait for all answers, with a progress bar on a terminal."""
    if not sys.stderr.isatty():
        wait(futures, timeout=max(0.0, end - time.monotonic()))
        return
    columns = (TextColumn("chosen"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("chosen", total=len(futures))
        while time.monotonic() < end:
            done = sum(future.done() for future in futures)
            progress.update(task, completed=done)
            if done == len(futures):
                return
            time.sleep(0.1)


def _settled_histories(cluster: Cluster, leaders: list[str], end: float) -> dict[str, History]:
    """Return the histories once all of `leaders` have reached the same index, or time is up."""
    while True:
        histories = {name: cluster.history(name) for name in leaders}
        if len({len(history) for history in histories.values()}) <= 1 or time.monotonic() > end:
            return histories
        time.sleep(0.02)
