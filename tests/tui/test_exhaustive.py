"""`paxos-tui explore --exhaustive`: what it says, what it writes, and how it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paxos_engine import judge_trace
from paxos_tui.exhaustive import WIDTH, _violated
from tests.tui.test_explore import paxos_tui

Captured = pytest.CaptureFixture[str]


def test_the_right_rules_are_safe_and_it_leaves_with_zero(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    code = paxos_tui(monkeypatch, "explore", "--exhaustive", "--rounds", "1")
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    for words in (
        "cluster    3 acceptors, 2 leaders, 1 round each, 1 instance",
        "multi mode, nobody crashes",
        "rule       the right ones",
        "states     657, up to 16 turns away from the start",
        "verdict    safe: every state was visited",
    ):
        assert words in out


def test_a_wrong_rule_is_shown_step_by_step_and_recorded(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, tmp_path: Path
) -> None:
    file = tmp_path / "path.jsonl.gz"
    asked = ("--exhaustive", "--rounds", "1", "--rule", "count-messages", "--record", str(file))
    code = paxos_tui(monkeypatch, "explore", *asked)
    out, _ = capsys.readouterr()
    assert code == 1
    assert "two values are learned, 12 turns away" in out
    assert "The way there, and how two leaders then learn:" in out
    assert "  1. L1 prepares 1.L1" in out
    assert " 14. L2 hears the votes of A1 and A1 for 1.L2, and learns its value" in out
    assert max(map(len, out.replace(str(file), "").splitlines())) <= WIDTH
    judgement = judge_trace(file)
    assert judgement.verdict == "violated"
    assert judgement.violations[0].rule in out
    assert judgement.header.command.startswith("paxos-tui explore --exhaustive")


def test_a_path_that_is_longer_than_the_search_went_says_why() -> None:
    data = {"turns": 1, "refusals": 1, "path": ["A1 accepts", "A1 refuses", "L1 learns"]}
    told = [*_violated({**data, "broken": []})]
    assert told[0] == "verdict    VIOLATED: two values are learned, 1 turn away"
    assert told[2] == "The way there, with 1 refusal and how two leaders then learn:"


def test_a_search_that_is_not_whole_leaves_with_three(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    asked = ("--exhaustive", "--max-states", "50", "--mode", "classic", "--json")
    code = paxos_tui(monkeypatch, "explore", *asked)
    said = json.loads(capsys.readouterr().out)
    assert code == 3
    assert (said["verdict"], said["mode"], said["crashes"]) == ("not whole", "classic", False)
    assert said["not_whole"] == "it gave up at 50 states"
    assert said["states"] >= 50


def test_a_rule_about_the_disk_is_searched_with_crashes(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    asked = ("--exhaustive", "--rule", "forget-votes", "--max-states", "50", "--json")
    paxos_tui(monkeypatch, "explore", *asked)
    assert json.loads(capsys.readouterr().out)["crashes"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--exhaustive --rule apply-twice", "it needs a client's command in two instances"),
        ("--exhaustive --rule nonesuch", "no wrong rule 'nonesuch'"),
        ("--exhaustive --runs 3", "--runs does not go with --exhaustive"),
        ("--exhaustive --acceptors 9", "'--acceptors': 9 is not from 1 to 5"),
        ("--rounds 1", "--rounds goes only with --exhaustive"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, arguments: str, said: str
) -> None:
    code = paxos_tui(monkeypatch, "explore", *arguments.split())
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_trace_that_cannot_be_written_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, tmp_path: Path
) -> None:
    file = tmp_path / "missing" / "path.jsonl"
    asked = ("--exhaustive", "--rounds", "1", "--rule", "small-quorum", "--record", str(file))
    assert paxos_tui(monkeypatch, "explore", *asked) == 2
    assert capsys.readouterr().err.count("\n") == 1
