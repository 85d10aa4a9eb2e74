"""`paxos-tui explore --exhaustive`: every state of a small cluster, and what came of it."""

from __future__ import annotations

import contextlib
import json
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from paxos_engine import RIGHT, RecorderError, write_trace
from paxos_engine.scenarios import BEYOND, NEED_A_CRASH, WRONG_RULES
from paxos_engine.simulation import Bounds, Search, Searched, play_path, tell_path
from paxos_tui.text import counted

EXIT_CODES: Final = {"safe": 0, "violated": 1, "not whole": 3}
"""What the program leaves with; 2 is for what cannot be asked, as for any bad input."""

WIDTH: Final = 80


def exhaustive_command(
    *,
    rule: str,
    acceptors: int,
    leaders: int,
    rounds: int,
    mode: str,
    crashes: bool | None,
    max_states: int,
    record: Path | None,
    command: str,
    as_json: bool,
) -> int:
    """Carry out `paxos-tui explore --exhaustive`; return the exit code.

    Args:
        rule: a wrong rule, one that there is; empty for the right ones.
        acceptors: how many.
        leaders: how many.
        rounds: proposal numbers that each leader may use.
        mode: "multi" or "classic".
        crashes: whether nodes crash; None lets the rule decide.
        max_states: where to give up.
        record: the trace of the path to a violation is written here.
        command: the command line, for the header of that trace.
        as_json: print one JSON object.

    Raises:
        click.ClickException: it cannot be done; the text is one line.
    """
    if rule in BEYOND:
        raise click.UsageError(
            f"{rule} does not show within one instance: {BEYOND[rule]};"
            f" use: paxos-tui explore --rule {rule}"
        )
    rules = WRONG_RULES[rule].rules if rule else RIGHT
    crashing = rule in NEED_A_CRASH if crashes is None else crashes
    bounds = Bounds(acceptors, leaders, rounds, mode, rules, crashing)
    with _progress() as told:
        searched = Search(bounds, max_states=max_states).run(told)
    data = as_data(rule, searched)
    if searched.path is not None:
        played = play_path(searched.path, command)
        data |= {"path": tell_path(searched.path), "turns": searched.path.length}
        data |= {"refusals": len(searched.path.turns) - searched.path.length}
        data |= {"broken": played.broken}
        if record is not None:
            try:
                write_trace(record, played.entries)
            except RecorderError as error:
                raise click.ClickException(str(error)) from error
            data["trace"] = str(record)
    for line in [json.dumps(data)] if as_json else lines(data):
        click.echo(line)
    return EXIT_CODES[searched.verdict]


def as_data(rule: str, searched: Searched) -> dict[str, Any]:
    """Return what a search came to as what JSON can hold."""
    bounds = searched.bounds
    return {
        "rule": rule,
        "acceptors": bounds.acceptors,
        "leaders": bounds.leaders,
        "rounds": bounds.rounds,
        "mode": bounds.mode,
        "crashes": bounds.crashes,
        "verdict": searched.verdict,
        "states": searched.states,
        "transitions": searched.transitions,
        "depth": searched.depth,
        "role_steps": searched.role_steps,
        "seconds": round(searched.seconds, 3),
        "not_whole": searched.unfinished,
    }


def lines(data: dict[str, Any]) -> Iterator[str]:
    """Yield the report for a person."""
    crashes = "any node may crash" if data["crashes"] else "nobody crashes"
    yield (
        f"cluster    {counted(data['acceptors'], 'acceptor')},"
        f" {counted(data['leaders'], 'leader')},"
        f" {counted(data['rounds'], 'round')} each, 1 instance"
    )
    yield f"           {data['mode']} mode, {crashes}"
    rule = data["rule"]
    words = f"{rule}: {WRONG_RULES[rule].wrong}" if rule else "the right ones"
    yield from _wrapped(f"rule       {words}", " " * 11)
    depth = counted(data["depth"], "turn")
    yield f"states     {data['states']:,}, up to {depth} away from the start"
    yield f"turns      {data['transitions']:,}, of {data['role_steps']:,} different steps of roles"
    yield f"took       {data['seconds']:.1f} s"
    match data["verdict"]:
        case "safe":
            yield "verdict    safe: every state was visited, and no two values can be learned"
        case "not whole":
            yield f"verdict    NOT WHOLE: {data['not_whole']}; so far no two values can be learned"
        case _:
            yield from _violated(data)


def _violated(data: dict[str, Any]) -> Iterator[str]:
    yield f"verdict    VIOLATED: two values are learned, {counted(data['turns'], 'turn')} away"
    yield ""
    refusals = f"with {counted(data['refusals'], 'refusal')} " if data["refusals"] else ""
    yield f"The way there, {refusals}and how two leaders then learn:"
    for number, line in enumerate(data["path"], 1):
        yield from _wrapped(f"{number:3}. {line}", " " * 5)
    yield ""
    yield "Nodes with disks, taking these turns, break:"
    for rule in data["broken"]:
        yield f"     {rule}"
    if trace := data.get("trace"):
        yield f"trace      {trace}"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how far the search is, while this lasts."""
    if not sys.stderr.isatty():
        yield lambda states, depth: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("searching")

        def told(states: int, depth: int) -> None:
            progress.update(task, description=f"{states:,} states, {depth} turns deep")

        yield told
