"""What is kept has a bound: who is waited for, what that stops, and the two ways out."""

from __future__ import annotations

import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from paxos_engine import (
    Cluster,
    ClusterConfig,
    ConfigError,
    Reply,
    StorageError,
    why_kept,
    why_pending,
    why_waiting,
)
from paxos_engine.roles.flow import FIRST_WINDOW
from tests.runtime.test_cluster import PATIENCE, primaries, submit_all, until

FAST = {"election_timeout": 0.5, "heartbeat_every": 0.05, "snapshot_every": 20, "retain": 100}

FULL = "the logs are full, and wait for L1: bring it back, or write it off"


def config(**more: object) -> ClusterConfig:
    """Return a configuration whose logs are full after 100 instances."""
    return ClusterConfig(**{**FAST, **more})  # type: ignore[arg-type]


def fill(cluster: Cluster) -> list[Future[Reply]]:
    """Submit more than the logs hold while L1 is away; return what is answered or waits."""
    futures = [cluster.submit(f"v{n}") for n in range(400)]
    until(lambda: sum(future.done() for future in futures) > 60)
    until(lambda: why_waiting(cluster) == FULL)
    return futures


def answered(futures: list[Future[Reply]]) -> bool:
    """Say whether every command has its answer, waiting for it."""
    return {future.result(PATIENCE).result for future in futures} == {"ok"}


def test_new_commands_wait_at_the_limit_until_the_leader_is_back() -> None:
    with Cluster(config()) as cluster:
        until(lambda: primaries(cluster))
        reader, view = cluster.trace.reader(), cluster.new_view()
        submit_all(cluster, ["before"])
        cluster.fail("L1")
        futures = fill(cluster)
        time.sleep(0.5)
        # Behind the limit lies what was under way when it was reached: the client's window, which
        # each answer until then has widened by one.
        under_way = FIRST_WINDOW + cluster.config.retain
        assert cluster.kept("L2") <= cluster.config.retain + under_way
        assert not all(future.done() for future in futures)
        view.apply_all(reader.drain())
        assert why_pending(view) == FULL
        cluster.recover("L1")
        assert answered(futures)
        assert cluster.violation is None


def test_a_leader_that_is_written_off_is_waited_for_no_more_until_it_is_back() -> None:
    with Cluster(config()) as cluster:
        until(lambda: primaries(cluster))
        reader, view = cluster.trace.reader(), cluster.new_view()
        cluster.fail("L1")
        futures = fill(cluster)
        cluster.write_off("L1")
        assert answered(futures)
        until(lambda: cluster.kept("L2") < cluster.config.retain)
        view.apply_all(reader.drain())
        assert (view.written_off, why_kept(view), why_pending(view)) == (("L1",), "", "")
        cluster.recover("L1")
        assert cluster.written_off == ()
        submit_all(cluster, [f"w{n}" for n in range(200)])
        until(lambda: cluster.applied("L1") == cluster.applied("L2"))
        until(lambda: cluster.kept("L1") < cluster.config.retain)
        assert cluster.violation is None


def test_who_is_primary_after_a_crash_still_does_without_the_one_that_is_gone() -> None:
    with Cluster(config(leaders=2)) as cluster:
        until(lambda: primaries(cluster))
        cluster.fail("L1")
        cluster.write_off("L1")
        cluster.crash("L2")
        cluster.recover("L2")
        submit_all(cluster, [f"v{n}" for n in range(400)])
        until(lambda: cluster.kept("L2") < cluster.config.retain)
        assert cluster.violation is None


@pytest.mark.parametrize("disk", ["memory", "disk"])
def test_a_wiped_leader_that_may_come_back_gets_the_snapshot_and_counts_again(
    tmp_path: Path, disk: str
) -> None:
    data_dir = tmp_path / "data" if disk == "disk" else None
    with Cluster(config(data_dir=data_dir, allow_empty_disk=True)) as cluster:
        until(lambda: primaries(cluster))
        submit_all(cluster, [f"set k{n} {n}" for n in range(150)])
        cluster.crash("L1", "wipe")
        until(lambda: cluster._running["L1"].node.standing == "crashed")
        assert cluster.written_off == ("L1",)
        submit_all(cluster, [f"set k{n} {n}" for n in range(300)])
        until(lambda: cluster.kept("L2") < 100)
        cluster.recover("L1")
        until(lambda: cluster.applied("L1") == cluster.applied("L2"))
        dropped = cluster._log("L2").compacted
        submit_all(cluster, [f"set k{n} {n}" for n in range(300)])
        until(lambda: cluster._log("L2").compacted > dropped + 200)
        assert cluster.written_off == ()
        assert cluster.violation is None


def test_a_leader_whose_disk_is_gone_is_written_off_from_the_start_or_by_hand(
    tmp_path: Path,
) -> None:
    with Cluster(config(data_dir=tmp_path / "data")) as cluster:
        until(lambda: primaries(cluster))
        submit_all(cluster, ["a"])
        cluster.crash("L1", "wipe")
        until(lambda: cluster._running["L1"].node.standing == "crashed")
    with Cluster(config(data_dir=tmp_path / "data")) as again:
        assert again.status("L1") == "broken"
        assert "L1" in again.why_down("L1")
        futures = fill(again)
        again.write_off("L1")
        assert answered(futures)
    with Cluster(config(data_dir=tmp_path / "data", written_off=("L1",))) as again:
        submit_all(again, [f"v{n}" for n in range(400)])
        assert again.violation is None


def test_who_is_up_or_the_last_cannot_be_written_off(tmp_path: Path) -> None:
    with Cluster(config(data_dir=tmp_path / "data")) as cluster:
        with pytest.raises(ValueError, match="L1 is up"):
            cluster.write_off("L1")
        with pytest.raises(ValueError, match="A1 is no leader: there are L1, L2"):
            cluster.write_off("A1")
        cluster.crash("L1")
        cluster.crash("L1", "wipe")  # which does nothing any more: its disk is as it was
        assert cluster.written_off == ()
        cluster.write_off("L1")
        cluster.fail("L2")
        with pytest.raises(ValueError, match="L2 is the last leader"):
            cluster.write_off("L2")
    with pytest.raises(StorageError, match="the disk of L1 is in order"):
        Cluster(config(data_dir=tmp_path / "data", written_off=("L1",)))
    with pytest.raises(ConfigError, match="written_off is 'A1'"):
        config(written_off=("A1",))
    with pytest.raises(ConfigError, match="every leader"):
        config(written_off=("L1", "L2"))
    Cluster(config(data_dir=tmp_path / "data")).stop()  # what refused it has let it go


def test_why_commands_wait_is_told_without_a_trace() -> None:
    with Cluster(config()) as cluster:
        until(lambda: primaries(cluster))
        assert why_waiting(cluster) == ""
        for node in cluster.acceptors[:3]:
            cluster.fail(node)
        assert why_waiting(cluster) == "2 of 5 acceptors up, 3 needed"
        for node in cluster.acceptors:
            cluster.recover(node)
        for node in cluster.leaders:
            cluster.fail(node)
        assert why_waiting(cluster) == "no leader is up"
