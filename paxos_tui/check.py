"""`paxos-tui check`: every safety rule over a recorded trace, also one of another program."""

from __future__ import annotations

import contextlib
import json
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from paxos_engine import Judgement, SafetyChecker, judge_trace, warn_of
from paxos_tui.feed import watched
from paxos_tui.text import counted, each_chosen

EXIT_CODES: Final = {"safe": 0, "violated": 1, "not checked": 3}
"""What the program leaves with; 2 is for what is no trace at all, as for any bad input."""

OTHERS_NAMED: Final = 5
WIDTH: Final = 100


def judged(path: Path) -> Judgement:
    """Return the judgement of a trace; a terminal shows how far it is.

    Raises:
        TraceFormatError: it is no trace.
        OSError: it cannot be read.
    """
    with _progress() as progress:
        return judge_trace(path, progress)


def show(path: Path, judgement: Judgement, *, as_json: bool) -> None:
    """Print a judgement, for a person or for a program."""
    said = [json.dumps(as_data(path, judgement))] if as_json else lines(path, judgement)
    for line in said:
        click.echo(line)


def lines(path: Path, judgement: Judgement) -> Iterator[str]:
    """Yield the judgement for a person."""
    header = judgement.header
    yield f"trace      {path}"
    if header.command:
        yield f"made by    {header.command}"
    yield (
        f"cluster    {counted(len(header.leaders), 'leader')},"
        f" {counted(len(header.acceptors), 'acceptor')}, quorums of"
        f" {header.quorum[0]} and {header.quorum[1]}, {header.mode} mode"
    )
    yield f"events     {judgement.entries:,}{_left_out(judgement)}"
    yield f"instances  {_chosen(judgement)}"
    yield f"checks     {watched(len(judgement.rules))}"
    if unwatched := _unwatched(judgement):
        yield from _wrapped(
            f"not asked, since a trace of level {judgement.header.level} has no messages:"
            f" {'; '.join(unwatched)}.",
            "           ",
        )
    if judgement.damage:
        yield f"DAMAGED    {path} is {judgement.damage}"
    yield from _verdict(judgement)


def _unwatched(judgement: Judgement) -> list[str]:
    """Return the names of the rules that this trace does not tell enough for."""
    return [rule.name for rule in SafetyChecker.INVARIANTS if rule not in judgement.rules]


def _chosen(judgement: Judgement) -> str:
    if judgement.verdict == "violated":
        return f"{judgement.agreed:,} with a chosen value up to the first violation"
    return each_chosen(judgement.agreed)


def _left_out(judgement: Judgement) -> str:
    if not judgement.left_out:
        return ""
    return f", and {judgement.left_out:,} that are unknown here and left out"


def _verdict(judgement: Judgement) -> Iterator[str]:
    match judgement.verdict:
        case "safe":
            yield "verdict    safe"
        case "not checked":
            yield f"verdict    not checked: {judgement.why_unchecked}"
        case "violated":
            yield from _violated(judgement)


def _violated(judgement: Judgement) -> Iterator[str]:
    first, *others = judgement.violations
    by = ", as the trace itself reports" if judgement.reported else ""
    yield f"verdict    VIOLATED{by}: {first.rule}"
    for rule in SafetyChecker.INVARIANTS:
        if rule.name == first.rule:
            yield from _wrapped(f"{rule.sentence} ({rule.source})")
    yield from _wrapped(f"Here, {first.text}.")
    if judgement.hole:
        yield from _wrapped(warn_of(judgement.hole))
    for proof in judgement.proof:
        yield from _wrapped(str(proof), "  ")
    if others:
        names = dict.fromkeys(violation.rule for violation in others)
        named = "; ".join([*names][:OTHERS_NAMED])
        more = "; ..." if len(names) > OTHERS_NAMED else ""
        yield from _wrapped(f"{len(others):,} more of these later: {named}{more}.")


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  ")


def as_data(path: Path, judgement: Judgement) -> dict[str, Any]:
    """Return the judgement as what JSON can hold."""
    first = judgement.violations[0] if judgement.violations else None
    return {
        "trace": str(path),
        "command": judgement.header.command,
        "verdict": judgement.verdict,
        "events": judgement.entries,
        "left_out": judgement.left_out,
        "instances": judgement.agreed,
        "level": judgement.header.level,
        "checks": [rule.name for rule in judgement.rules],
        "checks_left_out": _unwatched(judgement),
        "why_not_checked": judgement.why_unchecked,
        "damage": asdict(judgement.damage) if judgement.damage else None,
        "hole_before_the_violation": judgement.hole,
        "violations": len(judgement.violations),
        "violation": first and {"rule": first.rule, "text": first.text, "evidence": first.evidence},
        "reported_by_the_trace_only": judgement.reported,
        "proof": [asdict(proof) for proof in judgement.proof],
    }


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Show on a terminal how far the reading is, while this lasts."""
    if not sys.stderr.isatty():
        yield lambda entries: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} events"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("checking", total=None)
        yield lambda entries: progress.update(task, completed=entries)
