"""How much a running cluster tells: everything, the protocol without messages, or counters."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest

from paxos_engine import (
    Cluster,
    ClusterConfig,
    ConfigError,
    Entry,
    SafetyChecker,
    TraceLevel,
    judge_trace,
    read_trace,
)
from paxos_engine.checks.agreement import ONE_VALUE
from paxos_engine.roles.machine import KeyValueStore, Outcome
from tests.runtime.breaches import choose_twice
from tests.runtime.test_cluster import PATIENCE, until
from tests.runtime.test_machines import Stack

COMMANDS = 20
QUICK = {"election_timeout": 0.5, "heartbeat_every": 0.05}
MESSAGES = {"sent", "delivered", "lost", "duplicated", "delayed", "refused"}
PROTOCOL = {
    *("prepared", "promised", "primary", "proposed", "accepted", "synced", "learned", "applied"),
    *("submitted", "answered", "failed", "recovered", "faults_changed"),
}


def demo(level: TraceLevel, record: Path | None = None) -> tuple[Cluster, list[Entry]]:
    """Have a small cluster answer under some loss, with an acceptor failed and recovered."""
    config = ClusterConfig(trace_level=level, record=record, profile="lossy", **QUICK)
    with Cluster(config) as cluster:
        told = cluster.trace.reader()
        cluster.fail("A1")
        cluster.faults.set_profile("jittery")
        for number in range(COMMANDS):
            assert cluster.submit(f"v{number}").result(PATIENCE).result
        cluster.recover("A1")
        until(lambda: cluster._running["A1"].node.standing == "up")
        until(lambda: cluster.applied("L1") == cluster.applied("L2"))
        histories = [cluster.history(leader) for leader in cluster.leaders]
        entries = told.drain()
    assert histories[0] == histories[1]
    values = {value for _, value in histories[0]}
    assert values >= {f"v{number}" for number in range(COMMANDS)}
    return cluster, [*entries, *told.drain()]


def kinds(entries: list[Entry]) -> set[str]:
    return {entry.event.name for entry in entries}


def test_at_level_everything_messages_are_told_and_every_rule_is_watched() -> None:
    cluster, entries = demo(TraceLevel.EVERYTHING)
    assert kinds(entries) >= {*PROTOCOL, "sent", "delivered"}
    assert cluster.checked_rules == SafetyChecker.INVARIANTS
    assert (cluster.checked, cluster.violation) == ("", None)
    assert cluster.agreed >= COMMANDS


def test_at_level_protocol_what_nodes_do_is_told_without_a_message_and_most_rules_are_watched() -> (
    None
):
    cluster, entries = demo(TraceLevel.PROTOCOL)
    assert kinds(entries) >= PROTOCOL
    assert not kinds(entries) & MESSAGES
    assert 0 < len(cluster.checked_rules) < len(SafetyChecker.INVARIANTS)
    assert (cluster.checked, cluster.violation) == ("", None)
    assert cluster.agreed >= COMMANDS


def test_at_level_counters_commands_are_answered_and_what_happens_is_only_counted() -> None:
    cluster, entries = demo(TraceLevel.COUNTERS)
    assert kinds(entries) == {"header"}
    assert (cluster.checked_rules, cluster.checked_events, cluster.agreed) == ((), 0, 0)
    assert cluster.checked == "counters only"
    client, leader = cluster.counters["C1"], cluster.counters["L1"]
    assert client["answered"] == COMMANDS
    assert client["submitted"] == COMMANDS + 1  # the command that opens the session
    assert leader["learned"] == leader["applied"] >= COMMANDS
    assert cluster.counters["A1"]["failed"] == cluster.counters["A1"]["recovered"] == 1
    assert cluster.counters["A2"]["sent"] > 0
    assert cluster.counters["A2"]["received"] > 0


def test_messages_are_counted_at_every_level_as_often_as_they_are_told() -> None:
    cluster, entries = demo(TraceLevel.EVERYTHING)
    told = Counter(entry.node for entry in entries if entry.event.name == "sent")
    assert {node: counts.get("sent", 0) for node, counts in cluster.counters.items()} == {
        node: told[node] for node in cluster.counters
    }


@pytest.mark.parametrize("level", [TraceLevel.EVERYTHING, TraceLevel.PROTOCOL])
def test_a_recording_says_its_level_and_can_be_checked(level: TraceLevel, tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    cluster, entries = demo(level, path)
    recording = read_trace(path)
    assert recording.header.level == level
    assert kinds(list(recording)) == kinds(entries)
    judgement = judge_trace(path)
    assert judgement.verdict == "safe"
    assert judgement.rules == cluster.checked_rules


def test_there_is_nothing_to_record_at_level_counters(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    with pytest.raises(ConfigError, match=r"there is nothing to record: leave out .*trace\.jsonl"):
        ClusterConfig(trace_level=TraceLevel.COUNTERS, record=path)
    assert not path.exists()


def test_two_values_chosen_for_an_instance_are_caught_without_messages() -> None:
    with Cluster(ClusterConfig(trace_level=TraceLevel.PROTOCOL, **QUICK)) as cluster:
        cluster.submit("x").result(PATIENCE)
        choose_twice(cluster)
        until(lambda: cluster.violation is not None)
    assert cluster.violation is not None
    assert cluster.violation.rule == ONE_VALUE


class OnlyMine(KeyValueStore):
    """A machine that is none: what it answers depends on which of its kind it is."""

    made = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self._which = next(self.made)

    def apply(self, value: str | bytes) -> Outcome:
        """Apply one command."""
        return Outcome(f"{self._which}")


@pytest.mark.parametrize("level", [TraceLevel.EVERYTHING, TraceLevel.PROTOCOL])
def test_leaders_whose_machines_differ_are_caught_at_every_level_that_is_checked(
    level: TraceLevel,
) -> None:
    config = ClusterConfig(trace_level=level, machine=OnlyMine, **QUICK)
    with Cluster(config) as cluster:
        cluster.submit("x").result(PATIENCE)
        until(lambda: cluster.violation is not None)
    assert cluster.violation is not None
    assert cluster.violation.rule == "leaders apply the same history"


def test_a_cluster_goes_on_from_its_disks_at_any_level(tmp_path: Path) -> None:
    for number, level in enumerate(TraceLevel, 1):
        config = ClusterConfig(
            machine=Stack, data_dir=tmp_path / "data", trace_level=level, **QUICK
        )
        with Cluster(config) as cluster:
            assert cluster.submit(f"push {number}").result(PATIENCE).result == str(number)
        assert cluster.violation is None
