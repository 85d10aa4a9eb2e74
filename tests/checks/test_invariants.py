"""The table of rules: complete, readable, and the same in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import paxos_engine.checks as room
from paxos_engine.checks.agreement import AgreementChecker
from paxos_engine.checks.base import Invariant
from paxos_engine.checks.invariants import INVARIANTS, all_checks
from paxos_engine.checks.linear import LINEARIZABLE
from paxos_engine.checks.safety import SafetyChecker
from tests.checks.histories import QUORUMS

DOCUMENT_FOLDER = Path(__file__).parents[2] / "docs"
DOCUMENT = (DOCUMENT_FOLDER / "invariants.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", INVARIANTS, ids=lambda rule: rule.name)
def test_each_rule_has_a_source_and_says_what_it_says_in_a_sentence(rule: Invariant) -> None:
    assert re.search(r'"[A-Z].*", \d', rule.source), "a paper and its section"
    assert re.fullmatch(r"[A-Z].*\.", rule.sentence)
    assert rule.name == rule.name.strip().rstrip(".")


def test_the_names_are_different_and_all_there() -> None:
    names = [rule.name for rule in INVARIANTS]
    assert len(set(names)) == len(names)
    checks = all_checks(QUORUMS, AgreementChecker(QUORUMS))
    assert {rule.name for check in checks for rule in check.rules} == set(names)
    assert SafetyChecker.INVARIANTS is INVARIANTS


def test_every_rule_that_the_checks_can_report_is_in_the_table() -> None:
    names = {rule.name for rule in (*INVARIANTS, LINEARIZABLE)}
    for path in Path(room.__path__[0]).glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for constant in re.findall(r"Violation\(\s*([A-Z_]+)[,.]", text):
            if constant == "LINEARIZABLE":
                continue
            value = re.search(rf'^{constant}: Final = "(.*)"$', text, re.MULTILINE)
            assert value is not None, f"{path.name}: {constant}"
            assert value[1] in names, f"{path.name}: {constant}"


@pytest.mark.parametrize("rule", [*INVARIANTS, LINEARIZABLE], ids=lambda rule: rule.name)
def test_the_documentation_has_the_same_table(rule: Invariant) -> None:
    assert f"| {rule.name} | {rule.source} | {rule.sentence} |" in DOCUMENT


def test_the_readme_counts_them_right() -> None:
    readme = DOCUMENT_FOLDER.parent / "README.md"
    assert f"[{len(INVARIANTS)} invariants](docs/invariants.md)" in readme.read_text(
        encoding="utf-8"
    )


def test_the_documentation_has_no_rule_beyond_those() -> None:
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(INVARIANTS) + 1, "the head, the rules, and linearizability"
