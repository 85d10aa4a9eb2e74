"""`--trace`: how much is told, and that what is left out is said and never called safe."""

from __future__ import annotations

import json
from pathlib import Path

from paxos_engine import ClusterConfig, SafetyChecker, TraceFile, TraceLevel
from tests.tui.driving import open_console, open_replay
from tests.tui.test_cli import call

ALL = len(SafetyChecker.INVARIANTS)


def test_a_run_at_level_protocol_says_how_many_rules_it_was_held_against(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    done = call("run", "--commands", "20", "--trace", "protocol", "--record", str(path))
    assert done.returncode == 0, done.stderr
    assert f"rules checked     22 of {ALL} invariants over " in done.stdout

    done = call("check", str(path))
    assert done.returncode == 0, done.stdout
    assert f"checks     22 of {ALL} invariants" in done.stdout
    assert "not asked, since a trace of level protocol has no messages: a quorum" in done.stdout
    said = json.loads(call("check", str(path), "--json").stdout)
    assert (said["level"], said["verdict"]) == ("protocol", "safe")
    assert {*said["checks"], *said["checks_left_out"]} == {r.name for r in SafetyChecker.INVARIANTS}
    assert "every delivery has a sending" in said["checks_left_out"]


def test_a_run_at_level_counters_is_not_called_checked_and_says_what_was_counted() -> None:
    done = call("run", "--commands", "20", "--trace", "counters")
    assert done.returncode == 0, done.stderr
    assert "safety            not checked (counters only)" in done.stdout
    assert "rules checked" not in done.stdout
    [line] = [line for line in done.stdout.splitlines() if line.startswith("counted in C1 ")]
    assert "answered 20" in line
    report = json.loads(call("run", "--commands", "20", "--trace", "counters", "--json").stdout)
    assert (report["good"], report["unchecked"], report["rules"]) == (True, "counters only", 0)
    assert report["counters"]["L2"]["applied"] >= 21  # and what was asked twice


def test_counters_cannot_be_recorded_and_the_refusal_is_one_line(tmp_path: Path) -> None:
    done = call("run", "--trace", "counters", "--record", str(tmp_path / "trace.jsonl"))
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert "at trace level counters there is nothing to record" in line


def test_the_console_needs_a_trace_and_says_so_in_one_line() -> None:
    done = call("--trace", "counters")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert "--trace counters tells the console nothing that it could show" in line


async def test_a_console_without_messages_shows_what_nodes_do_and_what_its_safety_rests_on() -> (
    None
):
    config = ClusterConfig(trace_level=TraceLevel.PROTOCOL)
    async with open_console(size=(160, 48), config=config) as console:
        await console.submit("x")
        await console.until(lambda: "2 instances agree" in console.status())
        assert f"safe: 22 of {ALL} invariants over " in console.status()
        assert console.pane("log").border_title == "messages: not told at this trace level"
        assert console.pane("log").row_count() == 0
        await console.until(lambda: all(node.heartbeats for node in console.app.view.leaders))


async def test_a_replay_of_a_trace_without_messages_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    call("run", "--commands", "5", "--trace", "protocol", "--record", str(path))
    async with open_replay(TraceFile(path), size=(160, 48)) as replay:
        await replay.until(lambda: f"safe: 22 of {ALL} invariants over " in replay.status())
        assert replay.pane("log").border_title == "messages: not told at this trace level"
