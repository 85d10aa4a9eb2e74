"""Crash, power cut, wipe, pause and SIGKILL: nothing that was answered is lost or done twice."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from paxos_engine import (
    Cluster,
    ClusterConfig,
    OutcomeUnknown,
    StateReached,
    StorageError,
    why_pending,
)
from paxos_engine.roles.sessions import EXPIRED
from tests.runtime.test_cluster import PATIENCE, one_history, primaries, submit_all, until

FAST = {"election_timeout": 0.5, "heartbeat_every": 0.05}


@pytest.fixture
def durable(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(ClusterConfig(data_dir=tmp_path / "data", **FAST)) as cluster:  # type: ignore[arg-type]
        until(lambda: primaries(cluster))
        yield cluster


def test_a_cluster_that_is_started_again_goes_on_with_its_history(tmp_path: Path) -> None:
    for life in range(3):
        with Cluster(ClusterConfig(data_dir=tmp_path / "data", **FAST)) as cluster:  # type: ignore[arg-type]
            assert cluster.submit("incr n").result(PATIENCE).result == str(life + 1)
            history = one_history(cluster)
            assert cluster.violation is None
    assert [value for _, value in history].count("incr n") == 3


def test_a_client_of_a_later_run_is_not_taken_for_one_of_an_earlier_run(tmp_path: Path) -> None:
    """Both begin with sequence 1: under one id the old answers would be given to the new one."""
    seen = set()
    for _ in range(2):
        with Cluster(ClusterConfig(data_dir=tmp_path / "data", **FAST)) as cluster:  # type: ignore[arg-type]
            reader = cluster.trace.reader()
            cluster.submit("incr n").result(PATIENCE)
            seen.add(next(e.event.client for e in reader.drain() if e.event.name == "submitted"))  # type: ignore[attr-defined]
    assert len(seen) == 2


@pytest.mark.parametrize("kind", ["crash", "power cut"])
def test_every_node_crashes_one_after_the_other_under_load_and_nothing_is_lost(
    durable: Cluster, kind: str
) -> None:
    futures = []
    for number, node in enumerate(durable.nodes):
        futures += [durable.submit(f"incr {number}.{n % 5}") for n in range(30)]
        durable.crash(node, kind)
        futures += [durable.submit(f"incr {number}.{n % 5}") for n in range(30)]
        durable.recover(node)
    results = [future.result(PATIENCE) for future in futures]
    assert [sorted(int(r.result) for r in results)[-1]] == [12]
    values = [value for _, value in one_history(durable) if value is not None]
    assert len({durable.applied(leader) for leader in durable.leaders}) == 1
    assert len(values) >= len(futures)
    assert durable.violation is None


def test_a_slow_disk_holds_answers_back_and_a_power_cut_says_what_it_forgets(
    durable: Cluster,
) -> None:
    submit_all(durable, ["before"])
    durable.faults.set_disk_delay(30.0)
    future = durable.submit("waits")
    until(lambda: "accepted value" in durable.forgets("A1", "power cut"))
    assert "not yet on disk" in durable.forgets("A1", "power cut")
    assert not future.done()
    durable.crash("A1", "power cut")
    until(lambda: durable._threads["A1"].node.standing == "crashed")
    assert not durable._threads["A1"].disk.pending
    durable.faults.set_disk_delay(0.0)
    durable.recover("A1")
    for node in durable.nodes[1:]:
        if node != "A1":  # their syncs are still under way: a crash keeps what is written
            durable.crash(node)
            durable.recover(node)
    assert future.result(PATIENCE).result == "ok"


def test_a_wiped_acceptor_never_votes_again_and_the_others_go_on(durable: Cluster) -> None:
    submit_all(durable, ["a"])
    durable.crash("A1", "wipe")
    until(lambda: durable._threads["A1"].node.standing == "crashed")
    with pytest.raises(ValueError, match="A1 was wiped"):
        durable.recover("A1")
    submit_all(durable, ["b"])
    path = durable.config.data_dir
    durable.stop()
    with pytest.raises(StorageError, match=r"A1.*does not vote"):
        Cluster(ClusterConfig(data_dir=path))


def test_a_paused_node_goes_on_where_it_was(durable: Cluster) -> None:
    durable.pause("L2")
    until(lambda: durable._threads["L2"].node.standing == "paused")
    submit_all(durable, ["meanwhile"])
    durable.recover("L2")
    submit_all(durable, ["after"])
    assert [v for _, v in one_history(durable) if v is not None] == ["meanwhile", "after"]


def test_a_failing_sync_stops_that_node_with_a_reason_and_the_cluster_goes_on(
    durable: Cluster,
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    durable._threads["A1"].disk._device.sync = fail  # type: ignore[attr-defined]
    reader = durable.trace.reader()
    submit_all(durable, ["x", "y"])
    until(lambda: durable.status("A1") == "broken")
    crashed = [e.event for e in reader.drain() if e.event.name == "crashed"]
    assert "Input/output error" in crashed[0].kind  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="not written again"):
        durable.recover("A1")
    submit_all(durable, ["z"])


def test_a_full_disk_is_one_clear_line_or_a_node_that_stops(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "paxos_tui", "run", "--commands", "2000", "--timeout", "5"]
    limit = 60_000  # bytes that a file may have: every acceptor's log runs full

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [*program, "--data-dir", str(tmp_path / "data"), "--json"],
        capture_output=True, text=True, timeout=240, check=False, preexec_fn=small,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["violation"] == ""
    assert 0 < report["chosen"] < 2000


def test_a_command_of_an_expired_session_ends_as_outcome_unknown(durable: Cluster) -> None:
    submit_all(durable, ["a"])
    for leader in durable.leaders:  # as if 100,000 instances had gone by
        durable._log(leader)._sessions._open.clear()
    with pytest.raises(OutcomeUnknown, match=EXPIRED):
        durable.submit("b").result(PATIENCE)
    assert durable.submit("c").result(PATIENCE).result == "ok"


def test_who_gives_up_is_told_that_the_outcome_is_unknown(durable: Cluster) -> None:
    for node in durable.acceptors[:3]:
        durable.fail(node)
    future = durable.submit("x")
    durable.give_up()
    with pytest.raises(OutcomeUnknown, match="given up"):
        future.result(PATIENCE)


def test_what_snapshots_cover_is_dropped_everywhere_and_a_late_leader_gets_the_snapshot(
    tmp_path: Path,
) -> None:
    config = ClusterConfig(leaders=3, data_dir=tmp_path / "data", snapshot_every=50, **FAST)  # type: ignore[arg-type]
    with Cluster(config) as cluster:
        until(lambda: primaries(cluster))
        submit_all(cluster, ["set early 1"])
        cluster.fail("L1")
        submit_all(cluster, [f"set k{n} {n}" for n in range(400)])
        until(lambda: cluster._log("L2").compacted >= 300)
        until(lambda: all(cluster._threads[a].role.compacted >= 300 for a in cluster.acceptors))  # type: ignore[attr-defined]
        first = cluster.subscribe().get(PATIENCE)
        assert isinstance(first, StateReached)
        assert b"early" in first.state
        cluster.recover("L1")
        until(lambda: cluster.applied("L1") == cluster.applied("L3"))
        assert cluster._log("L1").compacted >= 300
        assert cluster.submit("get early").result(PATIENCE).result == "1"
        assert cluster.violation is None
    with Cluster(config) as again:
        assert again.submit("get k399").result(PATIENCE).result == "399"
        until(lambda: len({again.applied(leader) for leader in again.leaders}) == 1)


CHILD = """
import sys
from pathlib import Path
from paxos_engine import Cluster, ClusterConfig
with Cluster(ClusterConfig(data_dir=Path(sys.argv[1]), election_timeout=0.3,
                           heartbeat_every=0.05, snapshot_every=100)) as cluster:
    life, number, out = sys.argv[2], 0, []
    while True:
        number += 1
        key = f"{life}.{number}"
        out.append((key, cluster.submit(f"incr {key}")))
        if len(out) > 40:
            key, future = out.pop(0)
            reply = future.result(60)
            print(key, reply.instance, reply.result, flush=True)
"""


def kill_again_and_again(path: Path, times: int, seed: int) -> None:
    """Run a cluster, kill it, start it again; check what it had answered."""
    rng = random.Random(seed)
    answered: dict[str, tuple[int, str]] = {}
    for life in range(times):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(life)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(rng.randrange(1, 300))]
        time.sleep(rng.random() * 0.02)
        child.kill()
        lines += child.stdout.readlines()
        child.wait()
        for line in lines:
            words = line.split()
            if len(words) == 3:  # the last one may be cut short
                answered[words[0]] = (int(words[1]), words[2])
        child.stdout.close()
    with Cluster(ClusterConfig(data_dir=path, **FAST)) as cluster:  # type: ignore[arg-type]
        assert len(answered) >= times
        for key, (_, result) in answered.items():
            assert result == "1", f"{key} was applied twice"
        futures = {key: cluster.submit(f"get {key}") for key in answered}
        assert {future.result(PATIENCE).result for future in futures.values()} == {"1"}
        known = dict(cluster.history("L1"))
        for key, (instance, _) in answered.items():
            assert known.get(instance, f"incr {key}") == f"incr {key}"
        assert cluster.violation is None


def test_sigkill_at_any_moment_loses_no_answer_and_applies_nothing_twice(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path / "data", 10, seed=4)


@pytest.mark.soak
def test_two_hundred_kills(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path / "data", 200, seed=5)


def test_new_commands_wait_at_the_limit_until_a_majority_of_leaders_has_snapshots() -> None:
    config = ClusterConfig(snapshot_every=20, retain=100, **FAST)  # type: ignore[arg-type]
    with Cluster(config) as cluster:
        until(lambda: primaries(cluster))
        reader, view = cluster.trace.reader(), cluster.new_view()
        submit_all(cluster, ["before"])
        cluster.fail("L1")
        futures = [cluster.submit(f"v{n}") for n in range(400)]
        until(lambda: sum(future.done() for future in futures) > 60)
        time.sleep(0.5)
        kept = cluster._log("L2").chosen_up_to - cluster._log("L2").compacted
        assert kept <= config.retain + 130  # and what the client had under way by then
        assert not all(future.done() for future in futures)
        view.apply_all(reader.drain())
        assert why_pending(view) == "the logs are full, and wait for L1"
        cluster.recover("L1")
        assert {future.result(PATIENCE).result for future in futures} == {"ok"}
        assert cluster.violation is None
