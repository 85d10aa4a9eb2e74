"""Two checkers that share no code come to the same verdict: ours, and one of the document alone.

Where they differ, the document says who is right.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from paxos_engine import Cluster, ClusterConfig, SafetyChecker
from paxos_engine.checks.linear import LINEARIZABLE
from paxos_engine.roles.acceptor_protocol import PaxosAcceptorProtocol
from paxos_engine.roles.events import Entry, Header, Violation
from paxos_engine.scenarios import perform, shipped_scenarios, wrong_rules
from paxos_engine.scenarios.form import Scenario
from paxos_engine.simulation import trial
from paxos_engine.simulation.swarm import draw
from paxos_engine.trace.jsonform import to_line
from paxos_engine.trace.replay import Recording
from tests.checks.histories import History, cmd, n
from tests.trace.staged import TracedStage, play
from tests.trace.stranger import judge

STRANGER = Path(__file__).parent / "stranger.py"
TRACES = (Path(__file__).parents[1] / "tui" / "traces").glob("*.jsonl")
REAL = sorted(path for path in TRACES if path.stem != "durable")
"""All but the one that begins with disks of which nothing was told before."""


def ours(lines: Iterable[bytes]) -> tuple[str, int, set[str]]:
    """Return what our checker says: verdict, line of the first violation, and its rules."""
    recording = Recording(lines)
    checker = SafetyChecker.of(recording.header)
    claims: set[str] = set()
    for entry in recording:
        if recording.hole:
            checker.miss(recording.hole)
        checker.observe(entry)
        if checker.violations:
            return "violated", recording.line, {each.rule for each in checker.violations}
        if isinstance(entry.event, Violation):
            claims.add(entry.event.rule)
    if recording.hole:
        checker.miss(recording.hole)
    unchecked = recording.damage is not None or not checker.checked
    return "violated" if claims else "not checked" if unchecked else "safe", 0, claims


def agreed(lines: list[bytes], what: str = "") -> tuple[str, int, set[str]]:
    """Have both judge a trace; return the verdict, which is the same."""
    mine, theirs = ours(lines), judge(lines)
    assert mine[:2] == theirs[:2], (what, mine, theirs)
    assert mine[2] & theirs[2] or not mine[2], (what, mine, theirs)
    return mine


def simulated(seed: int) -> list[bytes]:
    """Return the trace of a simulated run, with whatever its seed brings upon it."""
    entries: list[Entry] = []
    trial.play(draw(seed), (entries.append,))
    return [to_line(entry) for entry in entries]


def test_the_stranger_is_short_and_knows_nothing_of_ours() -> None:
    text = STRANGER.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 200
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]  # type: ignore[union-attr]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported == {"json", "collections", "typing"}


def test_the_stranger_knows_the_rules_that_the_document_names_and_we_watch() -> None:
    document = (Path(__file__).parents[2] / "docs" / "trace-format.md").read_text(encoding="utf-8")
    table = document[document.index("## What can be held") :]
    named = {
        line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()[4:] if "|" in line
    }
    strings = {
        node.value
        for node in ast.walk(ast.parse(STRANGER.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    watched = {rule.name for rule in SafetyChecker.INVARIANTS}
    assert named - {"rule", "|---|---|"} == watched
    assert watched <= strings


def test_both_call_a_recording_of_the_real_cluster_safe(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    config = ClusterConfig(
        leaders=3, record=path, snapshot_every=20, election_timeout=0.5, heartbeat_every=0.05
    )
    with Cluster(config) as cluster:
        for node in ("A1", "L1", "A2"):
            before = [cluster.submit(f"set {node} {number}") for number in range(20)]
            cluster.crash(node, "power cut")
            after = [cluster.submit(f"get {node}") for _ in range(10)]
            cluster.recover(node)
            for future in [*before, *after]:
                future.result(60)
    lines = path.read_bytes().splitlines(keepends=True)
    assert agreed(lines) == ("safe", 0, set())
    assert {"crashed", "restarted", "snapshot"} <= {json.loads(line)["event"] for line in lines}


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_both_call_the_traces_of_the_screens_safe(path: Path) -> None:
    assert agreed(path.read_bytes().splitlines(keepends=True)) == ("safe", 0, set())


@pytest.mark.parametrize("seed", range(12))
def test_both_call_a_simulated_run_safe(seed: int) -> None:
    assert agreed(simulated(seed)) == ("safe", 0, set())


RULES = [
    pytest.param(wrong_rules.LastReplyOnly, 300, range(15), id="last reply only"),
    pytest.param(wrong_rules.CountsMessages, 300, range(7), id="counts messages"),
    pytest.param(wrong_rules.OnlyMajorityReports, 300, range(5, 7), id="only majority reports"),
    pytest.param(wrong_rules.ReportsPromised, 300, range(3), id="reports promised"),
    pytest.param(wrong_rules.AcceptsBelowPromise, 300, range(3), id="accepts below promise"),
    pytest.param(wrong_rules.AcceptKeepsThePromise, 600, range(74, 76), id="keeps the promise"),
    pytest.param(wrong_rules.ComparesPortWithCount, 300, range(3), id="port and count"),
]


def follows(rule: type) -> dict[str, Any]:
    """Return how a stage gets a wrong rule."""
    is_acceptors = issubclass(rule, PaxosAcceptorProtocol)
    return {"acceptor_protocol" if is_acceptors else "leader_protocol": rule}


@pytest.mark.parametrize(("rule", "steps", "seeds"), RULES)
def test_both_catch_a_wrong_rule_at_the_same_line(rule: type, steps: int, seeds: range) -> None:
    right = [agreed(play(TracedStage(), seed, steps))[0] for seed in seeds]
    wrong = [agreed(play(TracedStage(**follows(rule)), seed, steps))[0] for seed in seeds]
    assert set(right) == {"safe"}
    assert "violated" in wrong


@pytest.mark.parametrize("seed", range(4))
def test_both_catch_who_forgets_in_a_crash(seed: int) -> None:
    verdict, _, broken = agreed(play(TracedStage(), seed, 200, forget=True))
    assert (verdict, broken) == ("violated", {"what is durable survives a restart"})


def test_both_say_not_checked_of_holes_and_of_damage() -> None:
    lines = play(TracedStage(), 1, 200)
    raw = {**json.loads(lines[-1]), "seq": 10**6, "event": "skipped", "count": 3}
    skipped = json.dumps(raw).encode() + b"\n"
    assert agreed([*lines, skipped]) == ("not checked", 0, set())
    for damage in (b"{oops\n", b"{}\n", b"\xff\n", lines[3]):
        assert agreed([*lines, damage])[0] == "not checked"


def test_both_say_not_checked_when_a_line_was_taken_out() -> None:
    """All but the last, and the first behind the header: there a recording may begin and end."""
    lines = play(TracedStage(), 1, 60)
    for at in range(2, len(lines) - 1):
        assert agreed([*lines[:at], *lines[at + 1 :]])[0] == "not checked", lines[at]
    assert agreed([lines[0], *lines[2:]])[0] in ("safe", "violated")
    assert agreed(lines[:-1]) == ("safe", 0, set())


def test_both_hold_only_agreement_against_what_comes_after_a_hole() -> None:
    """Lines are missing: who sent what was delivered afterwards is not known."""
    lines = play(TracedStage(), 1, 300)
    half = len(lines) // 2
    raw = {**json.loads(lines[half]), "event": "skipped", "count": 1}
    hole = json.dumps(raw).encode() + b"\n"
    rest = [line for line in lines[half + 1 :] if b'"sent"' not in line]
    assert agreed([*lines[:half], hole, *rest]) == ("not checked", 0, set())


def test_both_ask_of_a_long_promise_only_the_page_about_the_instance_and_the_last() -> None:
    """A leader names no others: a promise may have hundreds of pages."""
    header = Header(("A1", "A2", "A3"), ("L1", "L2"), (2, 2), "multi", 0, {})

    def verdict(*named: str) -> tuple[str, set[str]]:
        history = History().say("cluster", header).prepare("L1", n(2))
        history.promise("A2", n(2)).page("A2", n(2)).promise("A1", n(2))
        for cursor in (1, 5, 9):
            history.page("A1", n(2), first=1, cursor=cursor, covers_to=cursor + 3, final=False)
        history.page("A1", n(2), first=1, cursor=13).propose("L1", n(2), 6, cmd("x"), named)
        said, _, rules = agreed([to_line(entry) for entry in history.entries])
        return said, rules

    assert verdict("A2.1", "A1.2", "A1.4") == ("safe", set())
    for named in (("A2.1", "A1.2", "A1.3"), ("A2.1", "A1.1", "A1.4"), ("A2.1", "A1.2")):
        assert verdict(*named) == ("violated", {"a quorum promises before a value is proposed"})


@pytest.mark.parametrize("scenario", shipped_scenarios(), ids=lambda scenario: scenario.id)
def test_they_agree_on_every_scenario_under_the_right_and_the_wrong_rule(
    scenario: Scenario,
) -> None:
    assert agreed([to_line(entry) for entry in perform(scenario).entries])[0] == "safe"
    if scenario.wrong is not None:
        performance = perform(scenario, wrong=True)
        seen_by_clients_only = scenario.wrong.violates == LINEARIZABLE.name
        broken = scenario.wrong.violates and not seen_by_clients_only
        verdict = agreed([to_line(entry) for entry in performance.entries])[0]
        assert verdict == "violated" if broken else verdict in ("safe", "violated")
