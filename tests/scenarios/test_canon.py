"""Every scenario that ships comes out as it says, under the right rules and the wrong one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from importlib import resources
from pathlib import Path

import pytest

from paxos_engine.scenarios.form import Scenario
from paxos_engine.scenarios.performance import Performance, perform
from paxos_engine.scenarios.shipped import shipped_scenario, shipped_scenarios
from paxos_engine.scenarios.wrong_rules import WRONG_RULES
from paxos_engine.trace.jsonform import to_json

CANON = shipped_scenarios()
BOTH_WAYS = [(s, wrong) for s in CANON for wrong in ((False, True) if s.wrong_rule else (False,))]


def name(value: object) -> str | None:
    """Return the words by which a test names its scenario and rule."""
    if isinstance(value, Scenario):
        return value.id
    return {True: "wrong", False: "right"}[value] if isinstance(value, bool) else None


@cache
def played(scenario_id: str, wrong: bool) -> Performance:
    """Return a performance; one is enough for all who only look at it."""
    scenario = shipped_scenario(scenario_id)
    assert scenario is not None
    return perform(scenario, wrong)


def unmet(performance: Performance) -> list[str]:
    """Return what did not come as expected."""
    stopped = [performance.stopped] if performance.stopped else []
    return stopped + [str(check) for check in performance.checks if not check.met]


@pytest.mark.parametrize(("scenario", "wrong"), BOTH_WAYS, ids=name)
def test_a_scenario_comes_out_as_it_says(scenario: Scenario, wrong: bool) -> None:
    performance = played(scenario.id, wrong)
    assert unmet(performance) == []
    assert performance.good


@pytest.mark.parametrize("scenario", [s for s in CANON if s.wrong_rule], ids=name)
def test_the_wrong_rule_breaks_what_the_right_one_holds(scenario: Scenario) -> None:
    assert scenario.wrong is not None
    broken = [violation.rule for violation in played(scenario.id, True).violations]
    if WRONG_RULES[scenario.wrong_rule].breaks == "safety":
        assert scenario.wrong.violates in broken
    else:
        assert not broken
        assert scenario.wrong.unanswered, "a rule that costs progress leaves something unanswered"
        assert not set(scenario.wrong.unanswered) & set(scenario.right.unanswered)
    assert played(scenario.id, False).violations == ()


@pytest.mark.parametrize(("scenario", "wrong"), BOTH_WAYS, ids=name)
def test_a_scenario_gives_the_same_trace_every_time(scenario: Scenario, wrong: bool) -> None:
    assert lines(perform(scenario, wrong)) == lines(played(scenario.id, wrong))


def lines(performance: Performance) -> list[str]:
    """Return the trace as its file would have it."""
    return [json.dumps(to_json(entry)) for entry in performance.entries]


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_gives_the_same_trace_to_the_byte(tmp_path: Path, hash_seed: str) -> None:
    file = tmp_path / "trace.jsonl"
    arguments = ["play", "S02", "--headless", "--record", str(file)]
    subprocess.run(
        [sys.executable, "-m", "paxos_tui", *arguments],
        check=True,
        timeout=120,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        stdout=subprocess.DEVNULL,
    )
    written = [json.loads(line) for line in file.read_text().splitlines()]
    assert written == [json.loads(line) for line in lines(played("S02", False))]


@pytest.mark.parametrize("scenario", CANON, ids=name)
def test_a_scenario_is_told_from_its_beginning_to_its_end(scenario: Scenario) -> None:
    performance = played(scenario.id, False)
    told = performance.narration
    assert {line.text for line in told} == {
        each.say
        for each in (*scenario.steps, *scenario.asides)
        if each.say and each.under != "wrong"
    }
    assert [line.seq for line in told] == sorted(line.seq for line in told)
    assert all(performance.begins <= line.seq <= performance.entries[-1].seq for line in told)


def test_each_scenario_is_asked_for_by_the_name_of_its_file() -> None:
    folder = resources.files("paxos_engine.scenarios") / "canon"
    files = sorted(f.name.removesuffix(".toml") for f in folder.iterdir())
    assert files == sorted(scenario.id for scenario in CANON)
    assert CANON[0].id == "S01"
    assert all(re.fullmatch(r"[SM]\d\d[a-z]?", scenario.id) for scenario in CANON)
    assert shipped_scenario("s04") == next(s for s in CANON if s.id == "S04")
    assert shipped_scenario("S99") is None
