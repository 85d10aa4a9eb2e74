"""Every wrong rule is found blind, by seeds that know nothing of it, and made small."""

from __future__ import annotations

import inspect
import json
from dataclasses import astuple
from functools import cache

import pytest

from paxos_engine.roles.assembly import RIGHT
from paxos_engine.roles.events import Entry
from paxos_engine.roles.messages import Envelope, Redirect, Reply, Request
from paxos_engine.scenarios.shipped import shipped_scenarios
from paxos_engine.scenarios.wrong_rules import WRONG_RULES, WrongRule
from paxos_engine.simulation.shrink import Shrunk, rehearse, shrink
from paxos_engine.simulation.stuck import shrink_stuck
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import Outcome, play
from paxos_engine.trace.jsonform import to_json

UNSAFE = [rule for rule in WRONG_RULES.values() if rule.breaks == "safety"]
ENDLESS = [rule for rule in WRONG_RULES.values() if rule.breaks == "liveness"]
SEEDS = 250
"""In how many runs each of them has to show itself."""

DELIVERIES = 15
"""How many messages a run that breaks a rule delivers at the most, once it is made small."""

THREE_CLAIMS = 16
"""The least for a rule that errs only where two values are reported: three claims ask two
acceptors each (12), each value is asked for once (2) and accepted once (2)."""

AT_MOST = {"first-reply": THREE_CLAIMS, "most-common": THREE_CLAIMS}


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


@cache
def first_failure(name: str) -> Outcome:
    """Search blind, seed after seed, and stop at the first run that is not good."""
    rule = WRONG_RULES[name]
    for seed in range(SEEDS):
        outcome = play(draw(seed, rule.rules))
        if outcome.violation is not None or (outcome.stuck and rule.breaks == "liveness"):
            return outcome
    raise AssertionError(f"{SEEDS} runs found nothing wrong with {rule.name}: {rule.wrong}")


def between_servers(small: Shrunk) -> int:
    """Count the messages of a run that no client sends or gets."""
    messages = [w.message for step in small.steps for w in step.what if isinstance(w, Envelope)]
    return sum(not isinstance(message, Request | Reply | Redirect) for message in messages)


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

    small = shrink(draw(outcome.seed, rule.rules), outcome.steps)

    assert small is not None
    assert small.deliveries <= AT_MOST.get(rule.name, DELIVERIES)
    assert between_servers(small) <= DELIVERIES
    lines = trace_of(small)
    assert lines == trace_of(small)
    assert sum(json.loads(line)["event"] == "delivered" for line in lines) == small.deliveries


@pytest.mark.parametrize("rule", ENDLESS, ids=lambda rule: rule.name)
def test_a_rule_that_never_comes_to_an_end_is_found_blind_and_its_plan_made_small(
    rule: WrongRule,
) -> None:
    outcome = first_failure(rule.name)
    assert outcome.violation is None
    assert play(draw(outcome.seed)).good

    drawn = draw(outcome.seed, rule.rules)
    small = shrink_stuck(drawn, plays=40)

    assert small is not None
    assert small.plan.shape.acceptors <= drawn.shape.acceptors
    assert len(small.plan.asks) + len(small.plan.acts) < len(drawn.asks) + len(drawn.acts)
    assert play(small.plan).stuck == small.stuck


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
