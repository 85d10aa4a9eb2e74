"""`paxos-tui scenarios` and `paxos-tui play --headless`: situations played and told in text."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from paxos_engine import write_trace
from paxos_engine.scenarios import (
    WRONG_RULES,
    Performance,
    Scenario,
    ScenarioError,
    perform,
    read_scenario,
    shipped_scenario,
    shipped_scenarios,
)
from paxos_tui.text import counted

WIDTH: Final = 100
LABEL: Final = 12
"""Columns of the words at the left."""


def find_scenario(name: str) -> Scenario:
    """Return the scenario that ships under an id, or that of a file.

    Args:
        name: S04, or the path of a file: whatever ends in .toml or has a slash.

    Raises:
        ScenarioError: there is none, or the file is no scenario.
    """
    if name.endswith(".toml") or "/" in name:
        return read_scenario(Path(name))
    found = shipped_scenario(name)
    if found is None and Path(name).is_file():
        raise ScenarioError(f"{name} is no scenario: the name of a scenario file ends in .toml")
    if found is None:
        ids = ", ".join(scenario.id for scenario in shipped_scenarios())
        raise ScenarioError(f"no scenario {name!r}: there are {ids}, and files of your own")
    return found


def list_scenarios(*, as_json: bool) -> None:
    """Print every scenario that ships: id, title, question, wrong rule."""
    scenarios = shipped_scenarios()
    if as_json:
        keys = ("id", "title", "question", "answer", "wrong_rule")
        rows = [{key: getattr(scenario, key) for key in keys} for scenario in scenarios]
        click.echo(json.dumps(rows))
        return
    for scenario in scenarios:
        click.echo(f"{scenario.id:6}{scenario.title}")
        for line in _wrapped(scenario.question, 6):
            click.echo(line)
        if scenario.wrong_rule:
            rule = WRONG_RULES[scenario.wrong_rule]
            for line in _wrapped(f"wrong rule {rule.name}: {rule.wrong}", 6):
                click.echo(line)


def play_one(scenario: Scenario, wrong: bool, record: Path | None) -> bool:
    """Play one scenario, tell it, and return whether everything came as expected.

    Raises:
        RecorderError: the trace cannot be written.
    """
    performance = performed(scenario, wrong, record)
    for line in told(performance):
        click.echo(line)
    return performance.good


def performed(scenario: Scenario, wrong: bool, record: Path | None) -> Performance:
    """Play one scenario, and write its trace to a file if there is to be one.

    Raises:
        RecorderError: the trace cannot be written.
    """
    performance = perform(scenario, wrong)
    if record is not None:
        write_trace(record, performance.entries)
    return performance


def play_all() -> bool:
    """Play every scenario that ships, both ways; return whether all came as expected."""
    good = 0
    performances = [
        perform(scenario, wrong)
        for scenario in shipped_scenarios()
        for wrong in ((False, True) if scenario.wrong_rule else (False,))
    ]
    for performance in performances:
        scenario = performance.scenario
        rules = scenario.wrong_rule if performance.wrong else "right rules"
        mark = "ok  " if performance.good else "FAIL"
        for line in _labelled(f"{mark} {scenario.id}", f"{rules}: {performance.verdict}"):
            click.echo(line)
        good += performance.good
    click.echo(f"{good} of {len(performances)} came as expected")
    return good == len(performances)


def told(performance: Performance) -> Iterator[str]:
    """Yield a performance for a person: the question, the narration, what came of it."""
    scenario = performance.scenario
    yield from _labelled(scenario.id, scenario.title)
    yield from _labelled("question", scenario.question)
    start = scenario.start
    nodes = f"{counted(start.acceptors, 'acceptor')}, {counted(start.leaders, 'leader')}"
    yield from _labelled("cluster", f"{nodes}, {start.mode} mode")
    yield from _labelled("rules", _rules(performance))
    yield ""
    times = {entry.seq: entry.t for entry in performance.entries}
    for line in performance.narration:
        yield from _labelled(f"{times[line.seq]:.3f} s", line.text)
    yield ""
    for check in performance.checks:
        yield from _labelled("expected" if check.met else "UNMET", str(check))
    yield from _labelled("verdict", performance.verdict)
    if performance.explanation:
        yield ""
        yield from performance.explanation
        yield ""
    if performance.good:
        yield from _labelled("answer", scenario.answer)


def _rules(performance: Performance) -> str:
    if not performance.wrong:
        return "the right ones"
    rule = WRONG_RULES[performance.scenario.wrong_rule]
    return f"WRONG, {rule.name}: {rule.wrong}. Right: {rule.right}"


def _labelled(label: str, text: str) -> Iterator[str]:
    first, *rest = _wrapped(text, LABEL)
    yield f"{label:{LABEL}}{first.strip()}"
    yield from rest


def _wrapped(text: str, indent: int) -> list[str]:
    margin = " " * indent
    return textwrap.wrap(text, WIDTH, initial_indent=margin, subsequent_indent=margin)
