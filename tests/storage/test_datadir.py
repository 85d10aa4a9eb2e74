"""A data directory: it knows its cluster, destroys nothing, and outlives a node that is broken."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from paxos_engine.roles.effects import RoundRecord
from paxos_engine.storage.datadir import DataDir
from paxos_engine.storage.device import SystemDevice
from paxos_engine.storage.disk import EMPTY_NOTE, DamagedLog, InUse, StorageError
from paxos_engine.storage.logfile import read_header
from paxos_engine.storage.manifest import read_manifest, write_manifest
from tests.storage.devices import FullDevice

NODES = ["L1", "A1", "A2", "A3"]


def open_dir(path: Path, **more: bool) -> DataDir:
    """Open the directory of a cluster of one leader and three acceptors."""
    return DataDir(path, ["L1"], ["A1", "A2", "A3"], **more)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a data directory in which every node has written one record."""
    data = open_dir(tmp_path / "data")
    for disk in data.disks.values():
        disk.append([RoundRecord(5)])
        disk.sync()
    data.close()
    return tmp_path / "data"


def test_a_data_directory_knows_its_cluster(path: Path) -> None:
    with pytest.raises(StorageError, match="--leaders 1 --acceptors 3"):
        DataDir(path, ["L1"], ["A1"])
    (path / "cluster.json").unlink()
    with pytest.raises(StorageError, match=r"cluster\.json is missing"):
        open_dir(path)


def test_no_flipped_bit_in_cluster_json_costs_any_node_its_data(path: Path) -> None:
    file = path / "cluster.json"
    clean = file.read_bytes()
    logs = {node: (path / node / "log-00000001").read_bytes() for node in NODES}
    for offset in range(len(clean)):
        for bit in range(8):
            data = bytearray(clean)
            data[offset] ^= 1 << bit
            file.write_bytes(data)
            with pytest.raises(StorageError, match=r"cluster\.json") as refusal:
                open_dir(path)
            assert "\n" not in str(refusal.value)
    for node, log in logs.items():
        assert (path / node / "log-00000001").read_bytes() == log


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"format": 1}', b"\xff", b"[" * 100_000])
def test_a_cluster_json_that_says_nothing_is_a_clear_error(path: Path, text: bytes) -> None:
    (path / "cluster.json").write_bytes(text)
    with pytest.raises(DamagedLog, match="is damaged"):
        open_dir(path)


def test_a_cluster_json_of_a_later_program_is_a_clear_error(path: Path) -> None:
    fields = json.loads((path / "cluster.json").read_text())
    (path / "cluster.json").write_text(json.dumps({**fields, "format": 2}))
    with pytest.raises(StorageError, match=r"format 2.*use the later program"):
        open_dir(path)


def say_creating(path: Path) -> None:
    """Put back the cluster.json of a cluster that is only being made."""
    known = read_manifest(path)
    assert known is not None
    write_manifest(path, dataclasses.replace(known, state="creating"), SystemDevice())


def test_a_cluster_that_was_only_being_made_is_made_anew(tmp_path: Path) -> None:
    open_dir(tmp_path).close()
    for node in NODES:  # as they are before anything is written or sealed
        log = tmp_path / node / "log-00000001"
        log.write_bytes(log.read_bytes()[: read_header(log.read_bytes(), "")[1]] + bytes(100))
    (tmp_path / "A2" / "log-00000001").unlink()
    (tmp_path / "A2" / "log-00000001.new").write_bytes(b"half")
    say_creating(tmp_path)
    again = open_dir(tmp_path)
    assert not again.broken
    assert {disk.mark for disk in again.disks.values()} == {0}
    again.close()


def test_what_holds_records_is_never_made_anew(path: Path) -> None:
    say_creating(path)
    with pytest.raises(StorageError, match="holds records"):
        open_dir(path)
    assert (path / "A1" / "log-00000001").exists()


def test_a_directory_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    for name in ("thesis.txt", "A1/thesis.txt"):
        where = tmp_path / name.replace("/", "-")
        file = where / name
        file.parent.mkdir(parents=True)
        file.write_text("years of work")
        with pytest.raises(StorageError, match=r"thesis\.txt and no cluster"):
            open_dir(where)
        assert file.read_text() == "years of work"


def test_a_second_process_on_a_directory_is_a_clear_error(path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(InUse, match="in use by another process: stop that one"):
            open_dir(path)
    open_dir(path).close()


HOLDER = """
import sys
from pathlib import Path
from paxos_engine.storage.datadir import DataDir
data = DataDir(Path(sys.argv[1]), ["L1"], ["A1", "A2", "A3"])
print("open", flush=True)
sys.stdin.read()
data.close()
"""


def rot(directory: Path) -> str:
    """Flip a bit in a record that others follow."""
    log = directory / "log-00000001"
    data = bytearray(log.read_bytes())
    data[data.index(b"\xa5PXR") + 45] ^= 1
    log.write_bytes(data)
    return r"log-00000001 is damaged at offset \d+"


def lose(directory: Path) -> str:
    """Remove the directory."""
    shutil.rmtree(directory)
    return "A1 is missing.*--allow-empty-disk"


def empty(directory: Path) -> str:
    """Remove the log."""
    (directory / "log-00000001").unlink()
    return "holds no log.*so it does neither"


def exchange(directory: Path) -> str:
    """Put the log of another node there."""
    shutil.copy(directory.parent / "A2" / "log-00000001", directory)
    return "belongs to A2"


def forbid(directory: Path) -> str:
    """Put something there that cannot be read as a file."""
    (directory / "log-00000001").unlink()
    (directory / "log-00000001").mkdir()
    return "A1 cannot be used: Is a directory"


@pytest.mark.parametrize("harm", [rot, lose, empty, exchange, forbid])
def test_a_node_that_cannot_be_used_is_broken_and_the_others_go_on(
    path: Path, harm: Callable[[Path], str]
) -> None:
    words = harm(path / "A1")
    data = open_dir(path)
    assert list(data.broken) == ["A1"]
    assert re.search(words, data.broken["A1"])
    assert "\n" not in data.broken["A1"]
    with pytest.raises(StorageError, match=words):
        data.disks["A1"].records()
    assert data.disks["A2"].records() == [RoundRecord(5)]
    data.close()


def test_with_less_than_a_quorum_or_no_leader_every_reason_is_named(path: Path) -> None:
    for nodes in (["A1", "A3"], ["L1"]):
        for node in nodes:
            (path / node).rename(path / f"{node}-away")
        words = ".*".join(f"{node} is missing" for node in nodes)
        with pytest.raises(StorageError, match=rf"can be used, and 2 and 1 are needed: .*{words}"):
            open_dir(path)
        for node in nodes:
            (path / f"{node}-away").rename(path / node)


@pytest.mark.parametrize("harm", [lose, empty])
def test_an_empty_disk_that_is_allowed_is_noted_as_unsafe(
    path: Path, harm: Callable[[Path], str]
) -> None:
    harm(path / "A1")
    data = open_dir(path, allow_empty=True)
    assert not data.broken
    assert [data.note(node) for node in NODES] == ["", EMPTY_NOTE, "", ""]
    data.close()


def test_the_flag_for_empty_disks_allows_no_damaged_one(path: Path) -> None:
    rot(path / "A1")
    data = open_dir(path, allow_empty=True)
    assert list(data.broken) == ["A1"]
    data.close()


def test_a_cluster_that_found_no_room_can_be_made_once_there_is_some(tmp_path: Path) -> None:
    for room in range(0, 720, 30):
        path = tmp_path / str(room)
        with pytest.raises(StorageError, match=f"{path} cannot be used: No space left on device"):
            DataDir(path, ["L1"], ["A1", "A2", "A3"], device=FullDevice(room))
        data = open_dir(path)
        assert not data.broken
        assert {disk.held for disk in data.disks.values()} == {0}
        data.close()
