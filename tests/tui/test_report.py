"""What a run without a screen calls good, the exit code that says so; a recording that stops."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from paxos_engine import Cluster, ClusterConfig
from paxos_tui import run
from paxos_tui.cli import cli
from paxos_tui.run import Report
from tests.tui.driving import open_console

FULL = Path("/dev/full")
STOPPED = "recording to /dev/full stopped: No space left on device"

has_a_full_disk = pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")

GOOD = Report(
    commands=2,
    chosen=2,
    missing=[],
    agree=True,
    agreed_instances=3,
    events=100,
    level="everything",
    rules=27,
    unchecked="",
    violation="",
    explanation=[],
    recording_error="",
    profile="calm",
    failed=[],
    broken={},
    waiting="",
    seconds=0.5,
    commits_per_second=4.0,
    latency_ms={"p50": 1.0, "p90": 2.0, "p99": 3.0},
    states={"L1": "ab", "L2": "ab"},
    growth=[],
    counters={},
    histories={"L1": [(2, "command-1")], "L2": [(2, "command-1")]},
)

BAD = {
    "histories that disagree": (replace(GOOD, agree=False), "histories agree   NO"),
    "a command that is missing": (
        replace(GOOD, chosen=1, missing=["command-2"]),
        "missing           command-2",
    ),
    "a recording that is not complete": (
        replace(GOOD, recording_error="recording to x stopped: No space left on device"),
        "NOT RECORDED      recording to x stopped: No space left on device",
    ),
    "a rule that was broken": (
        replace(GOOD, violation="two values", explanation=["Broken: a rule"]),
        "VIOLATION         two values",
    ),
}


@pytest.mark.parametrize(("report", "words"), BAD.values(), ids=BAD)
def test_what_is_not_good_is_said_and_makes_the_exit_code_one(
    monkeypatch: pytest.MonkeyPatch, report: Report, words: str
) -> None:
    assert not report.good
    monkeypatch.setattr("paxos_tui.run.run_demo", lambda *a: report)
    told = CliRunner().invoke(cli, ["run"])
    assert words in told.output
    assert told.exit_code == 1
    as_json = CliRunner().invoke(cli, ["run", "--json"])
    assert json.loads(as_json.output)["good"] is False
    assert as_json.exit_code == 1


def test_all_chosen_and_one_history_is_good_and_makes_the_exit_code_nought(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert GOOD.good
    monkeypatch.setattr("paxos_tui.run.run_demo", lambda *a: GOOD)
    assert CliRunner().invoke(cli, ["run"]).exit_code == 0


def printed(report: Report, capsys: pytest.CaptureFixture[str]) -> str:
    report.print(as_json=False, full=False)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("instances", "words"),
    [
        (0, "none with a chosen value"),
        (1, "1 with one chosen value"),
        (3, "3, each with one chosen value"),
    ],
)
def test_how_many_instances_were_checked_reads_well(
    capsys: pytest.CaptureFixture[str], instances: int, words: str
) -> None:
    report = replace(GOOD, agreed_instances=instances)
    assert f"instances checked {words}\n" in printed(report, capsys)


def test_without_any_answer_no_latency_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "latency" in printed(GOOD, capsys)
    nothing = printed(replace(GOOD, chosen=0, latency_ms={}), capsys)
    assert "latency" not in nothing
    assert "from submission to answer" not in nothing


def test_while_nothing_is_answered_the_reason_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "TELL_AFTER", 0.05)
    report = run.run_demo(Cluster(ClusterConfig()), 3, ["A1", "A2", "A3"], timeout=0.5)
    assert len(report.missing) == 3
    assert capsys.readouterr().err.splitlines() == ["waiting: 2 of 5 acceptors up, 3 needed"]


def test_a_reason_is_said_again_when_it_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = iter(["logs are full", "logs are full", "", "no leader is up", "no leader is up"])
    monkeypatch.setattr(run, "why_waiting", lambda cluster: next(reasons))
    said: list[str] = []
    with Cluster(ClusterConfig()) as cluster:
        reason = run._Reason(cluster, said.append)
        for _ in range(5):
            reason.tell()
    assert said == [
        "waiting: logs are full",
        "waiting: no answer for 3 s",
        "waiting: no leader is up",
    ]


@pytest.mark.parametrize("what", ["index", "state"])
def test_leaders_that_end_at_different_places_do_not_agree(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    cluster = Cluster(ClusterConfig(election_timeout=0.5, heartbeat_every=0.05))
    ends = {"L1": (4, "same"), "L2": (5, "same") if what == "index" else (4, "other")}
    monkeypatch.setattr(cluster, "applied", ends.get)
    settled = run._settled
    monkeypatch.setattr(run, "_settled", lambda cluster, leaders, end: settled(cluster, leaders, 0))
    report = run.run_demo(cluster, 3, [], timeout=60)
    assert (report.chosen, report.missing) == (3, [])
    assert not report.agree
    assert not report.good


@has_a_full_disk
def test_a_run_whose_recording_stops_says_so_and_is_not_good() -> None:
    report = run.run_demo(Cluster(ClusterConfig(record=FULL)), 3, [], timeout=60)
    assert (report.chosen, report.agree, report.recording_error) == (3, True, STOPPED)
    assert not report.good


@has_a_full_disk
async def test_the_status_line_says_that_the_recording_stops() -> None:
    async with open_console(config=ClusterConfig(record=FULL)) as console:
        await console.until(lambda: f"! {STOPPED}" in console.status())
