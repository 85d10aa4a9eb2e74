"""What watches a live cluster: the safety check, and the readers that must miss nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from paxos_engine import Cluster, ClusterConfig, Entry, read_trace
from paxos_engine.checks.agreement import ONE_VALUE
from paxos_engine.roles.events import Skipped, Violation
from paxos_engine.trace.hub import TraceReader
from paxos_engine.trace.recorder import TraceWriter
from tests.runtime.breaches import FAR, choose_twice
from tests.runtime.test_cluster import PATIENCE, until

QUICK = {"election_timeout": 0.5, "heartbeat_every": 0.05}


def test_two_values_chosen_for_one_instance_are_seen_and_told_with_the_votes() -> None:
    with Cluster(ClusterConfig(**QUICK)) as cluster:
        assert cluster.submit("x").result(PATIENCE).instance >= 2
        assert cluster.violation is None
        told = cluster.trace.reader()
        choose_twice(cluster)
        until(lambda: cluster.violation is not None)
    assert cluster.violation is not None
    assert cluster.violation.rule == ONE_VALUE
    assert f"instance {FAR}: C1#7 'one' was chosen under 50.L1" in cluster.violation.text
    entries = told.drain()
    votes = [e.seq for e in entries if getattr(e.event, "instance", 0) == FAR]
    assert cluster.violation.evidence == tuple(votes)
    assert cluster.explanation[0].startswith(f"Broken: {ONE_VALUE}")
    assert [e.event for e in entries if isinstance(e.event, Violation)] == [cluster.violation]


def test_a_recorder_that_falls_behind_makes_commands_wait_and_never_a_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk_is_back = threading.Event()
    write = TraceWriter.write

    def slow(self: TraceWriter, entries: list[Entry]) -> list[int]:
        disk_is_back.wait(PATIENCE)
        return write(self, entries)

    monkeypatch.setattr("paxos_engine.runtime.observers.BACKLOG_AT_MOST", 500)
    monkeypatch.setattr(TraceWriter, "write", slow)
    path = tmp_path / "trace.jsonl"
    with Cluster(ClusterConfig(record=path, **QUICK)) as cluster:
        screen = cluster.trace.reader()
        try:
            recorder = cluster._observers.recorder
            until(lambda: recorder is not None and recorder.backlog >= 500)
            futures = [cluster.submit(f"v{n}") for n in range(300)]
            names = names_until_beats(screen, 60)
        finally:
            disk_is_back.set()
        assert "submitted" not in names
        assert all(future.result(PATIENCE).instance > 1 for future in futures)
    entries = list(read_trace(path))
    seqs = [entry.seq for entry in entries]
    assert seqs == sorted(seqs)
    assert len({*range(seqs[-1] + 1)} - {*seqs}) <= 1  # the reader that joined drew a number
    assert not any(isinstance(entry.event, Skipped) for entry in entries)


def names_until_beats(reader: TraceReader, beats: int) -> list[str]:
    """Return the names of the events that are read until so many more heartbeats were sent."""
    reader.drain()
    names: list[str] = []

    def beaten() -> bool:
        names.extend(entry.event.name for entry in reader.drain())
        return names.count("heartbeat") >= beats

    until(beaten)
    return names
