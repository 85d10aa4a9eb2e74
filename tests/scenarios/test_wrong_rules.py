"""Every wrong rule is found blind, by seeds that know nothing of it, and made small."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import astuple
from functools import cache
from pathlib import Path

import pytest

from benchmarks.wrong_rules import (
    AT_MOST,
    DELIVERIES,
    failures,
    small_run,
)
from paxos_engine.roles.assembly import RIGHT
from paxos_engine.roles.events import Entry
from paxos_engine.scenarios.shipped import shipped_scenarios
from paxos_engine.scenarios.wrong_rules import WRONG_RULES, WrongRule
from paxos_engine.simulation.failing import shrunken_plan
from paxos_engine.simulation.shrink import Shrunk, rehearse, shrink
from paxos_engine.simulation.stuck import shrink_stuck
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import Outcome, play
from paxos_engine.trace.jsonform import to_json

UNSAFE = [rule for rule in WRONG_RULES.values() if rule.breaks == "safety"]
ENDLESS = [rule for rule in WRONG_RULES.values() if rule.breaks == "liveness"]
SEEDS = 2_000
"""In how many runs each of them has to show itself; all but two do so within 250."""

SERVERS, COMMANDS, ACTS = 5, 3, 5
"""How many leaders and acceptors together, commands, and acts a plan that never comes to its end
has at the most, once it is made small."""


CASES = [
    # It takes as long as first-reply, and in the same way.
    pytest.param(rule, id=rule.name, marks=[pytest.mark.soak] * (rule.name == "most-common"))
    for rule in UNSAFE
]


def test_every_wrong_rule_has_a_scenario_that_shows_it() -> None:
    assert {scenario.wrong_rule for scenario in shipped_scenarios()} - {""} == set(WRONG_RULES)


@pytest.mark.parametrize("rule", WRONG_RULES.values(), ids=lambda rule: rule.name)
def test_a_wrong_rule_is_one_class_that_overrides_one_method_of_the_right_one(
    rule: WrongRule,
) -> None:
    replaced = [
        (wrong, right)
        for wrong, right in zip(astuple(rule.rules), astuple(RIGHT), strict=True)
        if wrong is not right
    ]
    [(wrong, right)] = replaced
    assert wrong.__bases__ == (right,)
    own = [
        name
        for name, what in vars(wrong).items()
        if inspect.isfunction(what) or isinstance(what, property)
    ]
    assert len(own) == 1
    assert hasattr(right, own[0])


def rows() -> dict[str, list[str]]:
    """Return the rows of the tables of blind runs, by the name of the rule."""
    text = (Path(__file__).parents[2] / "docs/rules.md").read_text(encoding="utf-8")
    told = text.split("## What blind runs find")[1].split("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in told.splitlines() if line.startswith("| `")]
    return {name.strip("`"): rest for name, *rest in cells}


def test_the_tables_of_blind_runs_have_every_rule_within_the_bounds_that_are_tested() -> None:
    told = rows()
    assert [*told] == [rule.name for rule in (*UNSAFE, *ENDLESS)]
    assert all(int(runs.replace(",", "")) <= SEEDS for runs, *_ in told.values())
    for rule in UNSAFE:
        _, _, deliveries, between, _ = told[rule.name]
        assert int(between) <= int(deliveries) <= AT_MOST.get(rule.name, DELIVERIES)
        assert int(between) <= DELIVERIES
    for rule in ENDLESS:
        leaders, acceptors, commands, acts = map(int, re.findall(r"\d+", told[rule.name][1]))
        assert leaders + acceptors <= SERVERS
        assert 1 <= commands <= COMMANDS
        assert acts <= ACTS


@cache
def first_failure(name: str) -> Outcome:
    """Search blind, seed after seed, and stop at the first run that is not good."""
    outcome = next(failures(WRONG_RULES[name]))
    assert outcome.seed < SEEDS, WRONG_RULES[name].wrong
    return outcome


def trace_of(small: Shrunk) -> list[str]:
    """Take the steps of a small run again; return the lines that its trace has."""
    entries: list[Entry] = []
    again = rehearse(small.plan, small.steps, (entries.append,))
    assert again == small
    return [json.dumps(to_json(entry)) for entry in entries]


@pytest.mark.parametrize("rule", CASES)
def test_a_wrong_rule_shows_itself_blind_and_is_made_small_and_the_right_one_bears_the_same_run(
    rule: WrongRule,
) -> None:
    outcome = first_failure(rule.name)
    assert play(draw(outcome.seed)).good

    assert outcome.violation is not None
    found = small_run(rule)  # as `explore` does it

    assert found is not None
    _, small = found
    assert small.violation.rule == outcome.violation.rule
    assert small.deliveries <= AT_MOST.get(rule.name, DELIVERIES)
    assert small.between_servers <= DELIVERIES
    lines = trace_of(small)
    assert lines == trace_of(small)
    delivered = [e for e in map(json.loads, lines) if e["event"] == "delivered"]
    assert len(delivered) == small.deliveries
    servers = {*small.plan.shape.leader_names, *small.plan.shape.acceptor_names}
    assert sum({e["node"], e["from"]} <= servers for e in delivered) == small.between_servers


@pytest.mark.parametrize("rule", ENDLESS, ids=lambda rule: rule.name)
def test_a_rule_that_never_comes_to_an_end_is_found_blind_and_its_plan_made_small(
    rule: WrongRule,
) -> None:
    outcome = first_failure(rule.name)
    assert outcome.violation is None
    assert play(draw(outcome.seed)).good

    drawn = draw(outcome.seed, rule.rules)
    small = shrunken_plan(outcome.seed, rule.rules)  # as `explore` does it

    assert small is not None
    assert small.plan.shape.leaders + small.plan.shape.acceptors <= SERVERS
    assert 1 <= len(small.plan.asks) <= COMMANDS
    assert len(small.plan.acts) <= min(ACTS, len(drawn.acts))
    again = play(small.plan)
    assert (again.stuck, again.broke) == (small.stuck, small.broke)


def test_a_run_that_breaks_nothing_is_not_shrunk() -> None:
    outcome = play(draw(0))
    assert shrink(draw(0), outcome.steps) is None
    assert shrink_stuck(draw(0)) is None


def test_a_run_is_made_small_only_as_one_that_breaks_the_rule_that_is_asked_for() -> None:
    outcome = first_failure("no-op-at-once")
    assert outcome.violation is not None
    plan = draw(outcome.seed, WRONG_RULES["no-op-at-once"].rules)
    small = shrink(plan, outcome.steps, outcome.violation.rule)
    assert small is not None
    assert small.violation.rule == outcome.violation.rule
    assert shrink(plan, outcome.steps, "at most one value is chosen") is None
