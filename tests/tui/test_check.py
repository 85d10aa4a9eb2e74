"""`paxos-tui check`: what it says of a trace, and with which exit code it leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from paxos_engine import SafetyChecker, judge_trace
from paxos_engine.checks.agreement import ONE_VALUE
from paxos_engine.checks.promises import NEVER_LESS
from paxos_engine.roles.events import Entry, Header, Skipped, Violation
from paxos_engine.trace.jsonform import to_line
from paxos_engine.trace.recorder import TraceWriter
from paxos_tui.check import lines
from tests.checks.histories import History, cmd, n
from tests.tui.test_cli import call

HEADER = Header(("A1", "A2", "A3"), ("L1", "L2"), (2, 2), "multi", 0, {}, "another-paxos --fast")
X, Y = cmd("x", 1), cmd("y", 2)


def quiet() -> History:
    """Return a history in which an acceptor has promised and nothing is wrong."""
    return History().submit(X).prepare("L2", n(2, 2)).promise("A2", n(2, 2))


def broken() -> History:
    """Return the same history, and the acceptor breaks its promise."""
    return quiet().promise("A2", n(1), 3)


def write(path: Path, history: History) -> Path:
    """Write a history as a file, with a blank line behind the header: lines are not `seq`."""
    entries = [Entry(0, 0.0, "cluster", HEADER), *history.entries]
    path.write_bytes(b"\n".join(to_line(entry)[:-1] for entry in entries[:1]) + b"\n\n")
    with path.open("ab") as file:
        file.writelines(to_line(entry) for entry in entries[1:])
    return path


def verdict(path: Path) -> dict[str, Any]:
    """Return what the program says as JSON, with its exit code."""
    done = call("check", str(path), "--json")
    assert "Traceback" not in done.stderr
    return {**json.loads(done.stdout), "code": done.returncode}


def test_a_trace_that_breaks_no_rule_is_safe(tmp_path: Path) -> None:
    done = call("check", str(write(tmp_path / "t.jsonl", quiet())))
    assert done.returncode == 0
    assert "verdict    safe" in done.stdout
    assert f"checks     {len(SafetyChecker.INVARIANTS)} invariants" in done.stdout
    assert "events     5" in done.stdout
    assert "made by    another-paxos --fast" in done.stdout
    assert done.stderr == ""


def test_the_first_violation_is_named_with_the_lines_that_prove_it(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", broken())
    done = call("check", str(path))
    assert done.returncode == 1
    assert f"verdict    VIOLATED: {NEVER_LESS}" in done.stdout
    assert "with a chosen value up to the first violation" in done.stdout
    assert "each with one chosen value" not in done.stdout
    assert "A2 promised 1.L1 for 3.. although it had promised 2.L2" in done.stdout
    proof = [line.strip() for line in done.stdout.splitlines() if line.startswith("  line ")]
    assert [line.split(",")[0] for line in proof] == ["line 5", "line 7"]
    numbered = path.read_text().splitlines()
    assert json.loads(numbered[5 - 1])["event"] == "promised"
    assert json.loads(numbered[7 - 1])["number"] == [1, "L1"]


def test_what_a_program_is_told_is_the_same(tmp_path: Path) -> None:
    said = verdict(write(tmp_path / "t.jsonl", broken()))
    assert (said["code"], said["verdict"]) == (1, "violated")
    assert said["violation"]["rule"] == NEVER_LESS
    assert [proof["line"] for proof in said["proof"]] == [5, 7]
    assert said["checks"] == [rule.name for rule in SafetyChecker.INVARIANTS]
    assert said["events"] == len(broken().entries) + 1


def test_a_trace_with_a_hole_is_not_checked_and_never_called_safe(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", quiet().say("trace", Skipped(7)))
    done = call("check", str(path))
    assert done.returncode == 3
    assert "verdict    not checked: 7 entries of the trace were missed" in done.stdout


def without(path: Path, number: int) -> Path:
    """Take one line out of a file, as an editor does."""
    numbered = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*numbered[: number - 1], *numbered[number:]]))
    return path


def test_a_trace_out_of_which_a_line_was_taken_is_not_checked(tmp_path: Path) -> None:
    done = call("check", str(without(write(tmp_path / "t.jsonl", quiet()), 4)))
    assert done.returncode == 3
    assert "verdict    not checked: 1 entry is missing before line 4" in done.stdout


def test_what_is_missing_accuses_nobody(tmp_path: Path) -> None:
    """The acceptor promises less than before; without the line between, who knows why."""
    path = without(write(tmp_path / "t.jsonl", broken()), 6)
    assert (verdict(path)["code"], verdict(path)["verdict"]) == (3, "not checked")


def test_an_accusation_behind_a_hole_says_that_there_is_one(tmp_path: Path) -> None:
    history = quiet().choose(1, X).vote("A2", n(2), 1, Y).vote("A3", n(2), 1, Y)
    path = write(tmp_path / "t.jsonl", history)
    assert "hole" not in call("check", str(path)).stdout
    done = call("check", str(without(path, 4)))
    assert done.returncode == 1
    hole = "1 entry is missing before line 4"
    assert f"The trace has a hole before that: {hole}." in done.stdout
    assert verdict(path)["hole_before_the_violation"] == hole


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_a_damaged_trace_is_read_up_to_the_damage_and_not_checked(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"t.jsonl{ending}"
    writer = TraceWriter(path)
    writer.write([Entry(0, 0.0, "cluster", HEADER), *quiet().entries])
    writer.write(quiet().promise("A3", n(2, 2)).entries[len(quiet().entries) :])
    writer.close()
    path.write_bytes(path.read_bytes()[:-9])
    said = verdict(path)
    assert (said["code"], said["verdict"]) == (3, "not checked")
    assert said["damage"]["line"] == said["events"] + 1 >= 6
    done = call("check", str(path))
    assert f"DAMAGED    {path} is damaged at line {said['damage']['line']}: " in done.stdout


def test_a_violation_stands_whatever_is_damaged_behind_it(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", broken())
    with path.open("ab") as file:
        file.write(b"{oops\n")
    said = verdict(path)
    assert (said["code"], said["verdict"]) == (1, "violated")
    assert said["damage"] == {"line": 9, "reason": said["damage"]["reason"]}


def test_a_violation_that_only_the_trace_itself_reports_is_believed(tmp_path: Path) -> None:
    claim = Violation(ONE_VALUE, (3,), "two values, I saw it")
    path = write(tmp_path / "t.jsonl", quiet().say("checker", claim))
    done = call("check", str(path))
    assert done.returncode == 1
    assert f"VIOLATED, as the trace itself reports: {ONE_VALUE}" in done.stdout
    assert "line 5, 0.003 s: A2 promises" in done.stdout


def test_quorums_that_do_not_meet_are_a_violation_on_the_first_line(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", quiet())
    path.write_text(path.read_text().replace('"phase1": 2', '"phase1": 1', 1))
    done = call("check", str(path))
    assert done.returncode == 1
    assert "every two quorums share an acceptor" in done.stdout
    assert "  line 1, " in done.stdout


def test_events_that_are_unknown_here_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", quiet())
    with path.open("a") as file:
        file.write('{"seq": 5, "t": 1, "node": "A1", "event": "teleported"}\n')
    done = call("check", str(path))
    assert done.returncode == 0
    assert "events     5, and 1 that are unknown here and left out" in done.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file is no trace"),
        (b"hello\n", "line 1: no JSON"),
        (to_line(Entry(0, 0.0, "c", HEADER)).replace(b'"version": 1', b'"version": 9'), "update"),
        (None, "No such file"),
    ],
)
def test_what_is_no_trace_is_one_clear_line(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "t.jsonl"
    if content is not None:
        path.write_bytes(content)
    done = call("check", str(path))
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_recording_of_the_demo_is_safe(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.zst"
    assert call("run", "--commands", "100", "--record", str(path)).returncode == 0
    said = verdict(path)
    assert (said["code"], said["verdict"]) == (0, "safe")
    assert said["instances"] >= 100
    assert said["command"].startswith("paxos-tui run --commands 100")


def test_no_line_for_a_person_is_wider_than_a_hundred_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", broken())
    said = list(lines(Path("t.jsonl"), judge_trace(path)))
    assert all(len(line) <= 100 for line in said)
    assert len(said) < 16
