"""What `paxos-tui run` reports besides the history: broken nodes, and why commands wait."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from paxos_engine.roles.machine import KeyValueStore
from paxos_tui.workloads import KEYS, WORKLOADS
from tests.tui.test_cli import call

SMALL = ("--snapshot-every", "50", "--retain", "200")


def test_a_node_that_is_broken_is_named_with_its_reason_and_the_run_is_good(tmp_path: Path) -> None:
    data = ("--data-dir", str(tmp_path / "data"))
    assert call("run", "--commands", "20", *data).returncode == 0
    log = tmp_path / "data" / "A1" / "log-00000001"
    damaged = bytearray(log.read_bytes())
    damaged[damaged.index(b"\xa5PXR") + 45] ^= 1
    log.write_bytes(damaged)
    done = call("run", "--commands", "20", *data)
    assert done.returncode == 0
    [line] = [line for line in done.stdout.splitlines() if line.startswith("A1 broken")]
    assert "log-00000001 is damaged at offset" in line
    report = json.loads(call("run", "--commands", "20", "--json", *data).stdout)
    assert set(report["broken"]) == {"A1"}
    assert "is damaged at offset" in report["broken"]["A1"]


def test_commands_that_wait_are_said_to_wait_for_whom_and_what_to_do() -> None:
    done = call("run", "--commands", "900", "--fail", "L1", "--timeout", "3", *SMALL)
    assert done.returncode == 1
    wanted = "the logs are full, and wait for L1: bring it back, or write it off"
    assert f"why they wait     {wanted}" in done.stdout
    done = call("run", "--commands", "3", "--fail", "A1,A2,A3", "--timeout", "1", "--json")
    assert json.loads(done.stdout)["waiting"] == "2 of 5 acceptors up, 3 needed"


def test_a_leader_whose_disk_is_gone_is_written_off_by_name(tmp_path: Path) -> None:
    data = ("--data-dir", str(tmp_path / "data"))
    assert call("run", "--commands", "20", *data, *SMALL).returncode == 0
    for file in (tmp_path / "data" / "L1").iterdir():
        file.unlink()
    done = call("run", "--commands", "900", "--write-off", "l1", *data, *SMALL)
    assert done.returncode == 0, done.stdout
    assert "L1 broken" in done.stdout
    done = call("run", "--commands", "9", "--write-off", "L2", *data, *SMALL)
    assert done.returncode == 2
    assert "the disk of L2 is in order" in done.stderr


def test_a_workload_of_commands_leaves_a_state_and_equal_hashes() -> None:
    done = call("run", "--commands", "400", "--workload", "kv", "--full", "--json")
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert len(set(report["states"].values())) == 1
    values = [value for _, value in report["histories"]["L1"] if value is not None]
    assert sorted(values) == sorted(WORKLOADS["kv"](n) for n in range(1, 401))


@pytest.mark.parametrize(("name", "kinds"), [("opaque", 0), ("kv", 5)])
def test_a_workload_uses_every_kind_of_command_and_its_state_has_a_bound(
    name: str, kinds: int
) -> None:
    store, words = KeyValueStore(), set()
    for number in range(1, 30_001):
        value = WORKLOADS[name](number)
        words.add(value.split()[0] if " " in value else "opaque")
        assert not store.apply(value).result.startswith("error: n")
    assert len(words) == max(1, kinds)
    assert (KEYS < len(store.items) <= 2 * KEYS) if kinds else not store.items


def test_a_directory_that_holds_a_history_is_said_to(tmp_path: Path) -> None:
    data = ("--data-dir", str(tmp_path / "data"))
    first = call("run", "--commands", "20", *data)
    assert "holds a history" not in first.stderr
    assert "from submission to answer, 20 submitted at once" in first.stdout
    again = call("run", "--commands", "1", *data)
    assert "data holds a history up to instance 2" in again.stderr
    assert "going on from there" in again.stderr
