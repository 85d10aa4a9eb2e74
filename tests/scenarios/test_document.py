"""`docs/scenarios.md` and the reader of scenario files say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paxos_engine.scenarios.form import Aside, Expected, Scenario, Start, Step
from paxos_engine.scenarios.performance import perform
from paxos_engine.scenarios.reading import parse_scenario
from paxos_engine.scenarios.verbs import USAGES

DOCUMENT = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the part of the document under a heading."""
    return DOCUMENT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def words(text: str) -> set[str]:
    """Return what stands in backticks in the first column of the tables of a text."""
    rows = re.findall(r"^\| (`.*?) \|", text.replace(r"\|", "/"), re.MULTILINE)
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize("wrong", [False, True])
def test_the_example_is_a_scenario_that_comes_out_as_it_says(wrong: bool) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL)
    performance = perform(parse_scenario(example, "example.toml"), wrong)
    assert performance.good, performance.verdict


def test_every_verb_is_defined_and_none_that_is_not_there() -> None:
    usages = {re.split(r" ", word)[0] for word in words(section("What a step can do"))}
    assert usages == set(USAGES)


@pytest.mark.parametrize(
    ("title", "form"),
    [
        ("`[start]`", Start),
        ("`[[step]]`", Step),
        ("`[expect.right]`, `[expect.wrong]`", Expected),
    ],
)
def test_every_key_of_a_table_is_defined(title: str, form: type) -> None:
    assert words(section(title)) == set(form.__slots__) - {"line"}


def test_every_key_at_the_top_and_of_an_aside_is_defined() -> None:
    defined = {
        re.sub(r"\W", "", word).replace("expect", "") for word in words(section("At the top"))
    }
    keys = set(Scenario.__slots__) - {"file", "steps", "asides"} | {"step", "aside"}
    assert defined == keys
    assert set(Aside.__slots__) - {"line"} == {"when", "say", "under"}
