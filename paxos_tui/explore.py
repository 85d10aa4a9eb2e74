"""`paxos-tui explore`: many simulated runs, what they came to, and the failing ones as traces."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, wait
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from paxos_engine import RecorderError, Rules, relax_collector
from paxos_engine.simulation import (
    BREAKS_OFF,
    LIVENESS,
    CampaignBroken,
    Players,
    SchedulerError,
    Shrunk,
    Stuck,
    Tally,
    dask_players,
    local_players,
    play_campaign,
    play_seeds,
    player_here,
    processors,
    record_run,
    record_small,
    record_stuck,
    shrunken_plan,
    smallest_of,
)
from paxos_tui.explore_report import Asked, Report, Saved
from paxos_tui.explore_text import lines

MOST_SAVED: Final = 8
"""Failing runs that are saved: the first of each rule, the most often broken rules first."""

LOOK_AFTER: Final = 0.1
"""Seconds between two looks at whether somebody wants to end this."""


class NothingToShrink(ValueError):
    """The run that should be made small is good, or cannot be played to its end."""


class Stop:
    """Whether somebody wants to end this, as `play_campaign` asks it."""

    number = 0

    def __call__(self) -> bool:
        """Say whether a signal has come."""
        return self.number != 0


def explore(asked: Asked, jobs: int, scheduler: str, save: Path) -> Report:
    """Play a campaign and save the first run of each way to fail.

    Args:
        asked: what is played.
        jobs: processes of this machine.
        scheduler: of the Dask cluster that plays instead; empty if none does.
        save: the directory that failing runs are saved in.

    Raises:
        SchedulerError: the scheduler cannot be used.
    """
    report = Report(asked, Tally())
    if asked.runs == 1 and not scheduler:
        with player_here() as players:  # Ctrl-C ends it right where it is
            _play(report, players, save, Stop())
        return report
    making = (
        dask_players(scheduler)
        if scheduler
        else local_players(min(jobs, asked.runs), relax_collector)
    )
    with making as players, _stopping() as stop:
        _play(report, players, save, stop)
        report.signal = stop.number
    return report


def _play(report: Report, players: Players, save: Path, stop: Stop) -> None:
    """Play what the report was asked for, and fill it in."""
    asked, report.players = report.asked, players.words
    began = time.monotonic()
    try:
        with _progress(asked.runs) as show:
            report.tally = play_campaign(
                asked.seeds, players.executor, players.workers, asked.rules, show, stop
            )
        report.seconds = time.monotonic() - began
        for saved in _save_failures(report, players, save, stop):
            report.saved.append(saved)
    except CampaignBroken as error:
        report.tally, report.broken = error.tally, str(error)
        report.seconds = time.monotonic() - began
    except (OSError, BrokenExecutor) as error:
        report.broken = f"not every failure could be saved in {save}: {error}"


def explore_one(asked: Asked, file: Path) -> Report:
    """Play one run and write its trace, whatever it comes to.

    Args:
        asked: which run.
        file: for the trace.

    Raises:
        OSError: the trace cannot be written.
    """
    began = time.monotonic()
    command = asked.command(asked.seed)
    tally = record_run(asked.seed, file, asked.rules, command)
    return Report(asked, tally, time.monotonic() - began, recorded=str(file))


def explore_shrunk(asked: Asked, file: Path | None, save: Path) -> Report:
    """Play one run, make it small and write that trace.

    Args:
        asked: which run.
        file: for the trace; None for one in `save` that is named after the run.
        save: the directory for it.

    Raises:
        NothingToShrink: the run is good, or cannot be played to its end.
        OSError: the trace cannot be written.
    """
    began = time.monotonic()
    tally = play_seeds(asked.seeds, asked.rules)
    broken = next(iter(tally.failures), "")
    small = make_small(broken, [asked.seed], asked.rules)[1] if broken else None
    if small is None:
        raise NothingToShrink(
            f"the run of seed {asked.seed} {'cannot be played' if broken else 'is good'}"
        )
    saved = _save(asked, asked.seed, broken, file or save / file_name(asked, asked.seed), small)
    return Report(asked, tally, time.monotonic() - began, saved=[saved])


# --- saving ----------------------------------------------------------------------------------


def file_name(asked: Asked, seed: int) -> str:
    """Return the name for the trace of a failing run."""
    rule = f"-{asked.rule}" if asked.rule else ""
    return f"failure-seed{seed}{rule}.jsonl.gz"


def _save_failures(
    report: Report, players: Players, directory: Path, stop: Stop
) -> Iterator[Saved]:
    """Yield a short run of each way to fail, once it is saved: made small, if it can be."""
    asked = report.asked
    for broken, failures in report.tally.sorted_failures()[:MOST_SAVED]:
        seeds = [seed for _, seed in failures.shortest]
        shrinking = players.executor.submit(make_small, broken, seeds, asked.rules)
        while not (stop() or wait([shrinking], timeout=LOOK_AFTER).done):
            pass
        if stop():
            return
        seed, small = shrinking.result()
        yield _save(asked, seed, broken, directory / file_name(asked, seed), small)


def make_small(
    broken: str, seeds: Sequence[int], rules: Rules
) -> tuple[int, Shrunk | Stuck | None]:
    """Return which run is the smallest, and what is left of it.

    That is steps, or a plan if it does not end; None if it is neither.

    Args:
        broken: what the runs break.
        seeds: of the runs, the shortest first.
        rules: which classes play the roles.
    """
    if broken in (LIVENESS, BREAKS_OFF):
        return seeds[0], shrunken_plan(seeds[0], rules)
    return smallest_of(seeds, rules) or (seeds[0], None)


def _save(asked: Asked, seed: int, broken: str, path: Path, small: Shrunk | Stuck | None) -> Saved:
    """Write a run into a file: what was made small, or the whole run if that is None."""
    command = asked.command(seed, shrunk=small is not None)
    again = f"{command} --record {shlex.quote(path.name)}"
    saved = partial(Saved, broken, seed, str(path), again)
    match small:
        case None:
            record_run(seed, path, asked.rules, command)
            return saved()
        case Stuck():
            record_stuck(small, path, command)
            return saved(small.size)
        case _:
            record_small(small, path, command)
            return saved(small.size, small.deliveries, small.between_servers)


# --- while it lasts --------------------------------------------------------------------------


@contextlib.contextmanager
def _stopping() -> Iterator[Stop]:
    """Take note of Ctrl-C and the like while this lasts; a second one ends the program at once."""
    stop = Stop()

    def note(number: int, frame: FrameType | None) -> None:
        stop.number = number
        for each, handler in before.items():
            signal.signal(each, handler)

    before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in before:
        signal.signal(number, note)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _progress(runs: int) -> Iterator[Callable[[Tally], None]]:
    """Show on a terminal how far the campaign is, while this lasts."""
    if not sys.stderr.isatty():
        yield lambda tally: None
        return
    columns = (
        TextColumn("runs"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]:.0f}/s, {task.fields[failed]} failed"),
        TimeElapsedColumn(),
    )
    began = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("runs", total=runs, speed=0.0, failed=0)

        def show(tally: Tally) -> None:
            speed = tally.runs / max(time.monotonic() - began, LOOK_AFTER)
            progress.update(task, completed=tally.runs, speed=speed, failed=tally.failed)

        yield show


# --- the command -----------------------------------------------------------------------------


def explore_command(
    *,
    runs: int,
    seed: int,
    rule: str,
    jobs: int | None,
    scheduler: str,
    record: Path | None,
    shrunk: bool,
    save: Path,
    as_json: bool,
) -> int:
    """Carry out `paxos-tui explore`; return the exit code.

    Raises:
        click.ClickException: it cannot be done; the text is one line.
    """
    if runs != 1 and (record or shrunk):
        option = "--record" if record else "--shrunk"
        raise click.UsageError(f"{option} is about a single run: give it with --runs 1")
    asked = Asked(runs, seed, rule)
    try:
        if record is None:
            save.mkdir(parents=True, exist_ok=True)
        if shrunk:
            report = explore_shrunk(asked, record, save)
        elif record:
            report = explore_one(asked, record)
        else:
            report = explore(asked, jobs or processors(), scheduler, save)
    except RecorderError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        text = f"cannot write {error.filename or record or save}: {error.strerror or error}"
        raise click.ClickException(text) from error
    except (NothingToShrink, SchedulerError) as error:
        raise click.ClickException(str(error)) from error
    for line in [json.dumps(report.as_data())] if as_json else lines(report):
        click.echo(line)
    return report.exit_code
