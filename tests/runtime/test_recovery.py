"""Crash, power cut, wipe, pause and SIGKILL: nothing that was answered is lost or done twice."""

from __future__ import annotations

import contextlib
import json
import random
import resource
import signal
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
)
from paxos_engine.roles.sessions import EXPIRED
from tests.runtime.test_cluster import PATIENCE, one_history, primaries, submit_all, until
from tests.storage.devices import FullDevice

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
    # What is learned is applied a moment later.
    until(lambda: len({durable.applied(leader) for leader in durable.leaders}) == 1)
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
    until(lambda: durable._running["A1"].node.standing == "crashed")
    assert not durable._running["A1"].disk.pending
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
    until(lambda: durable._running["A1"].node.standing == "crashed")
    with pytest.raises(ValueError, match="A1 was wiped"):
        durable.recover("A1")
    submit_all(durable, ["b"])
    path = durable.config.data_dir
    durable.stop()
    with Cluster(ClusterConfig(data_dir=path, **FAST)) as again:  # type: ignore[arg-type]
        assert again.status("A1") == "broken"
        with pytest.raises(ValueError, match=r"A1 stays down.*so it does neither"):
            again.recover("A1")
        submit_all(again, ["c"])


def test_a_wiped_acceptor_that_is_recovered_at_once_does_not_slip_in(durable: Cluster) -> None:
    durable.crash("A1", "wipe")
    with contextlib.suppress(ValueError):  # the thread may not have obeyed yet
        durable.recover("A1")
    until(lambda: durable._running["A1"].node.standing in ("broken", "crashed"))
    assert durable.is_failed("A1")


@pytest.mark.parametrize("disk", ["memory", "disk"])
def test_a_wiped_acceptor_comes_back_only_by_a_flag_and_is_marked_as_unsafe(
    tmp_path: Path, disk: str
) -> None:
    data_dir = tmp_path / "data" if disk == "disk" else None
    config = ClusterConfig(data_dir=data_dir, allow_empty_disk=True, **FAST)  # type: ignore[arg-type]
    with Cluster(config) as cluster:
        reader = cluster.trace.reader()
        submit_all(cluster, ["a"])
        cluster.crash("A1", "wipe")
        cluster.recover("A1")
        submit_all(cluster, ["b"])
        until(lambda: cluster._running["A1"].disk.held)
        restarted = [
            e.event for e in reader.drain() if (e.node, e.event.name) == ("A1", "restarted")
        ]
        assert [event.note.split(":")[0] for event in restarted] == ["UNSAFE"]  # type: ignore[attr-defined]
    if data_dir:
        with Cluster(config) as again:
            assert again.status("A1") == "up"


def test_what_a_wipe_would_forget_is_what_the_disk_holds_now() -> None:
    with Cluster(ClusterConfig(snapshot_every=20, **FAST)) as cluster:  # type: ignore[arg-type]
        submit_all(cluster, [f"set k {n}" for n in range(200)])
        until(lambda: cluster._running["A1"].role.compacted >= 180)  # type: ignore[attr-defined]
        disk = cluster._running["A1"].disk
        until(lambda: disk.held < disk.mark / 2)
        assert f"its disk: {disk.held} records on it" in cluster.forgets("A1", "wipe")


def test_a_rotten_node_stays_down_with_its_reason_and_the_cluster_goes_on(tmp_path: Path) -> None:
    config = ClusterConfig(data_dir=tmp_path / "data", **FAST)  # type: ignore[arg-type]
    with Cluster(config) as cluster:
        submit_all(cluster, ["a"])
    for node in ("A1", "L2"):
        log = tmp_path / "data" / node / "log-00000001"
        data = bytearray(log.read_bytes())
        data[data.index(b"\xa5PXR") + 45] ^= 1
        log.write_bytes(data)
    again = Cluster(config)
    reader = again.trace.reader()  # as a console makes it, before anything happens
    with again:
        assert [n for n in again.nodes if again.status(n) == "broken"] == ["L2", "A1"]
        submit_all(again, ["b"])
        assert [value for _, value in again.history("L1")] == ["a", "b"]
        crashed = {e.node: e.event.kind for e in reader.drain() if e.event.name == "crashed"}  # type: ignore[attr-defined]
    assert set(crashed) == {"A1", "L2"}
    assert "A1/log-00000001 is damaged at offset" in crashed["A1"]


def test_a_reader_made_before_the_start_is_told_everything_from_the_first_entry_on(
    tmp_path: Path,
) -> None:
    config = ClusterConfig(data_dir=tmp_path / "data", **FAST)  # type: ignore[arg-type]
    with Cluster(config) as cluster:
        submit_all(cluster, ["a"])
    again = Cluster(config)
    reader = again.trace.reader()
    with again:
        submit_all(again, ["b"])
    entries = reader.drain()
    assert [entry.seq for entry in entries] == list(range(len(entries)))
    restarted = {entry.node for entry in entries if entry.event.name == "restarted"}
    assert restarted == {*again.nodes}


def test_a_paused_node_goes_on_where_it_was(durable: Cluster) -> None:
    durable.pause("L2")
    until(lambda: durable._running["L2"].node.standing == "paused")
    submit_all(durable, ["meanwhile"])
    durable.recover("L2")
    submit_all(durable, ["after"])
    assert [v for _, v in one_history(durable) if v is not None] == ["meanwhile", "after"]


def test_a_failing_sync_stops_that_node_with_a_reason_and_the_cluster_goes_on(
    durable: Cluster,
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    durable._running["A1"].disk._device.sync = fail  # type: ignore[attr-defined]
    reader = durable.trace.reader()
    submit_all(durable, ["x", "y"])
    until(lambda: durable.status("A1") == "broken")
    crashed = [e.event for e in reader.drain() if e.event.name == "crashed"]
    assert "Input/output error" in crashed[0].kind  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="not written again"):
        durable.recover("A1")
    submit_all(durable, ["z"])


@pytest.mark.parametrize("node", ["A1", "L1"])
def test_a_full_disk_stops_that_node_with_a_reason_and_the_cluster_goes_on(
    durable: Cluster, node: str
) -> None:
    durable._running[node].disk._device = FullDevice(2_000)  # type: ignore[attr-defined]
    reader = durable.trace.reader()
    submit_all(durable, [f"v{n}" for n in range(100)])
    until(lambda: durable.status(node) == "broken")
    crashed = [e for e in reader.drain() if e.event.name == "crashed"]
    assert [e.node for e in crashed] == [node]
    assert "No space left on device" in crashed[0].event.kind  # type: ignore[attr-defined]
    submit_all(durable, [f"w{n}" for n in range(100)])
    assert durable.violation is None
    config = durable.config
    durable.stop()
    with Cluster(config) as again:  # with room again, what was torn is dropped, and it catches up
        assert again.status(node) == "up"
        submit_all(again, ["x"])
        values = [value for _, value in one_history(again) if value is not None]
        assert len(values) == 201


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
        until(lambda: all(cluster._running[a].role.compacted >= 300 for a in cluster.acceptors))  # type: ignore[attr-defined]
        first = cluster.subscribe().get(PATIENCE)
        assert isinstance(first, StateReached)
        assert b"early" in first.state
        cluster.recover("L1")
        until(lambda: cluster.applied("L1") == cluster.applied("L3"))
        assert cluster._log("L1").compacted >= 300
        assert cluster.submit("get early").result(PATIENCE).result == "1"
        assert cluster.violation is None
    for node in cluster.nodes:  # the disks shrank too, and hold what counts for the next start
        disk = cluster._running[node].disk
        assert disk.held < 200, node
        assert disk.mark > 400 or node == "L1", node  # which was away and got the snapshot
        (file,) = (tmp_path / "data" / node).glob("log-*")
        assert file.name > "log-00000001", node
    with Cluster(config) as again:
        assert again.submit("get k399").result(PATIENCE).result == "399"
        until(lambda: len({again.applied(leader) for leader in again.leaders}) == 1)


CHILD = """
import sys
from pathlib import Path
from paxos_engine import ChosenCommand, Cluster, ClusterConfig

def tell(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\\n")
    sys.stdout.flush()

def chosen(item):
    if isinstance(item, ChosenCommand):
        tell("chosen", item.instance, item.value.replace(" ", "_"))

with Cluster(ClusterConfig(data_dir=Path(sys.argv[1]), election_timeout=0.3,
                           heartbeat_every=0.05, snapshot_every=100)) as cluster:
    cluster.subscribe(chosen)
    life, number, out = sys.argv[2], 0, []
    while True:
        number += 1
        key = f"{life}.{number}"
        out.append((key, cluster.submit(f"incr {key}")))
        if len(out) > 40:
            key, future = out.pop(0)
            reply = future.result(60)
            tell("answered", reply.instance, key, reply.result)
"""


class Lives:
    """The lives of one cluster: each in a process of its own, and each but the last killed.

    Args:
        path: the data directory.
        seed: of the moments at which it is killed.
    """

    def __init__(self, path: Path, seed: int) -> None:
        self.answered: dict[str, int] = {}  # key -> instance
        self.chosen: dict[int, str] = {}
        self._path = path
        self._rng = random.Random(seed)
        self._count = 0

    def live(self) -> None:
        """Run the cluster and kill it, every other time without waiting for any answer."""
        self._count += 1
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(self._path), str(self._count)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert child.stdout is not None
        lines = []
        if self._count % 2:
            lines = [child.stdout.readline() for _ in range(self._rng.randrange(1, 600))]
            time.sleep(self._rng.random() * 0.02)
        else:
            time.sleep(self._rng.uniform(0.1, 1.6))
        child.kill()
        rest, complaints = child.communicate()
        assert child.returncode == -signal.SIGKILL, complaints
        for line in [*lines, *rest.splitlines(keepends=True)]:
            if line.endswith("\n"):  # the last one may be cut short
                self._take(line.split())

    def _take(self, words: list[str]) -> None:
        instance = int(words[1])
        if words[0] == "chosen":
            self.note(instance, words[2].replace("_", " "))
        else:
            key, result = words[2:]
            assert result == "1", f"{key} was applied twice"
            self.answered[key] = instance
            self.note(instance, f"incr {key}")

    def note(self, instance: int, value: str) -> None:
        """Take what is said to be chosen; fail if something else was, in this life or before."""
        assert self.chosen.setdefault(instance, value) == value, f"instance {instance}"


def kill_again_and_again(path: Path, times: int, seed: int) -> None:
    """Run a cluster, kill it, start it again; check what it had answered and chosen."""
    lives = Lives(path, seed)
    for _ in range(times):
        lives.live()
    with Cluster(ClusterConfig(data_dir=path, **FAST)) as cluster:  # type: ignore[arg-type]
        assert len(lives.answered) >= times / 2
        futures = {key: cluster.submit(f"get {key}") for key in lives.answered}
        lost = [key for key, future in futures.items() if future.result(PATIENCE).result != "1"]
        assert not lost
        for leader in cluster.leaders:
            for instance, value in cluster.history(leader):
                if isinstance(value, str):
                    lives.note(instance, value)
        assert cluster.violation is None


def test_sigkill_at_any_moment_loses_no_answer_and_applies_nothing_twice(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path / "data", 10, seed=4)


@pytest.mark.soak
def test_two_hundred_kills(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path / "data", 200, seed=5)
