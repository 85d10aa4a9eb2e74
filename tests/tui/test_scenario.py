"""`paxos-tui scenarios` and `paxos-tui play --headless`: what they say, and how they leave."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from paxos_tui import cli

FULL = Path("/dev/full")


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process; return the exit code and what it printed."""
    try:
        left = cli.cli.main([*arguments], prog_name="paxos-tui", standalone_mode=False)
        code = left if isinstance(left, int) else 0
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    said = capsys.readouterr()
    return code, said.out, said.err


def own(tmp_path: Path, history: str) -> str:
    """Write a scenario of a user's own; return its path."""
    file = tmp_path / "mine.toml"
    file.write_text(
        'id = "mine"\ntitle = "Mine"\nquestion = "Does it work?"\nanswer = "It does."\n'
        '[start]\nprimary = "L1"\n[[step]]\nsay = "X is submitted."\ndo = "submit X at L1"\n'
        f'[expect.right]\nhistory = ["{history}"]\n'
    )
    return str(file)


def test_the_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = call(capsys, "scenarios")
    assert code == 0
    assert "S04   A leader must adopt the reported value" in said
    assert "wrong rule majority-reports: " in said
    rows = json.loads(call(capsys, "scenarios", "--json")[1])
    assert rows[0]["id"] == "S01"
    assert set(rows[0]) == {"id", "title", "question", "answer", "wrong_rule"}


def test_one_is_told_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = call(capsys, "play", "s04", "--headless")
    assert code == 0
    assert "question    One acceptor of two reports a value." in said
    assert "0.010 s     A1 and A3 have accepted X" in said
    assert "verdict     as expected, safe: 27 invariants and linearizability" in said


def test_its_wrong_rule_breaks_it_as_expected(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = call(capsys, "play", "S04", "--headless", "--wrong")
    assert code == 0
    assert "WRONG, majority-reports" in said
    assert 'as expected, broken: "at most one value is chosen": instance 3:' in said
    assert 'Broken: at most one value is chosen ("Paxos Made Simple", 2.1).' in said


def test_all_of_them_are_played_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = call(capsys, "play", "--all", "--headless")
    assert code == 0
    assert "ok   S01" in said
    assert "came as expected" in said.splitlines()[-1]
    assert "FAIL" not in said


def test_a_file_of_ones_own_works_the_same(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, said, _ = call(capsys, "play", own(tmp_path, "X"), "--headless")
    assert code == 0
    assert "X is submitted." in said
    code, said, _ = call(capsys, "play", own(tmp_path, "Y"), "--headless")
    assert code == 1
    assert "UNMET       history: Y; but L1 has applied X" in said


def test_the_trace_is_recorded_and_holds_every_rule(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "s.jsonl.gz"
    assert call(capsys, "play", "S06", "--headless", "--record", str(file))[0] == 0
    assert call(capsys, "check", str(file))[0] == 0
    assert call(capsys, "play", "S06", "--headless", "--wrong", "--record", str(file))[0] == 0
    assert call(capsys, "check", str(file))[0] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["S99", "--headless"], "no scenario 'S99': there are S01, "),
        (["none.toml", "--headless"], "none.toml: cannot be read: No such file or directory"),
        (["--headless"], "which scenario? give an id, a file, or --all"),
        (["S01", "--headless", "--wrong"], "S01 has no wrong rule"),
        (["S01", "--headless", "--all"], "--all plays every scenario under both rules"),
        (["S01", "--headless", "--record", "/none/s.jsonl"], "cannot record to /none/s.jsonl"),
    ],
)
def test_what_cannot_be_played_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    code, out, error = call(capsys, "play", *arguments)
    assert (code, out) == (2, "")
    assert said in error
    assert error.count("\n") == 1


def test_a_file_of_another_kind_is_told_from_a_scenario_that_is_not_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("h.sh").write_text("#!/bin/sh\n")
    code, _, error = call(capsys, "play", "h.sh", "--headless")
    assert code == 2
    assert error == ("paxos-tui: h.sh is no scenario: the name of a scenario file ends in .toml\n")


def test_a_mistake_in_a_file_is_told_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = own(tmp_path, "X")
    Path(path).write_text(Path(path).read_text().replace("submit X", "sumbit X"))
    code, _, error = call(capsys, "play", path, "--headless")
    assert code == 2
    assert error == f"paxos-tui: {path}:9: do: nothing can 'sumbit': is it 'submit'?\n"


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_a_disk_that_is_full_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, said = call(capsys, "play", "S04", "--headless", "--record", str(FULL))
    assert code == 2
    assert said == "paxos-tui: cannot record to /dev/full: No space left on device\n"


def test_a_recording_names_the_file_that_it_was_played_from(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file, trace = own(tmp_path, "X"), tmp_path / "trace.jsonl"
    call(capsys, "play", file, "--headless", "--record", str(trace))
    header = json.loads(trace.read_text().splitlines()[0])
    assert header["command"] == f"paxos-tui play {file} --headless"
