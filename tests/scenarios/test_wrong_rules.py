"""Every wrong rule is found blind, by seeds that know nothing of it, and made small."""

from __future__ import annotations

import json

import pytest

from paxos_engine.roles.events import Entry
from paxos_engine.scenarios.wrong_rules import WRONG_RULES, WrongRule
from paxos_engine.simulation.shrink import rehearse, shrink
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import Outcome, play
from paxos_engine.trace.jsonform import to_json

UNSAFE = [rule for rule in WRONG_RULES.values() if rule.breaks == "safety"]
SEEDS = 250
"""In how many runs each of them has to show itself."""


def first_violation(rule: WrongRule) -> Outcome:
    """Search blind, seed after seed, and stop at the first violation."""
    for seed in range(SEEDS):
        outcome = play(draw(seed, rule.rules))
        if outcome.violation is not None:
            return outcome
    raise AssertionError(f"{SEEDS} runs found nothing wrong with {rule.name}: {rule.wrong}")


@pytest.mark.parametrize("rule", UNSAFE, ids=lambda rule: rule.name)
def test_a_wrong_rule_shows_itself_blind_and_the_right_one_bears_the_same_run(
    rule: WrongRule,
) -> None:
    outcome = first_violation(rule)
    assert play(draw(outcome.seed)).good


@pytest.mark.parametrize("name", ["own-value", "report-promised", "forget-votes", "accept-below"])
def test_a_failing_run_is_made_small_and_breaks_the_same_rule_again_to_the_byte(name: str) -> None:
    outcome = first_violation(WRONG_RULES[name])
    plan = draw(outcome.seed, WRONG_RULES[name].rules)
    small = shrink(plan, outcome.steps)
    assert small is not None
    assert small.deliveries <= 15
    assert len(small.steps) < len(outcome.steps)

    def trace() -> list[str]:
        entries: list[Entry] = []
        again = rehearse(plan, small.steps, (entries.append,))
        assert again is not None
        assert again.violation == small.violation
        return [json.dumps(to_json(entry)) for entry in entries]

    assert trace() == trace()


def test_a_run_that_breaks_nothing_is_not_shrunk() -> None:
    outcome = play(draw(0))
    assert shrink(draw(0), outcome.steps) is None
