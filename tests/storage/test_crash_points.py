"""Wherever a process is killed or the power is cut, the next start finds what was vouched for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from paxos_engine.roles.effects import Record
from paxos_engine.storage.datadir import DataDir
from paxos_engine.storage.device import Device
from paxos_engine.storage.disk import StorageError
from paxos_engine.storage.durable import DurableDisk, log_files
from tests.storage.powercut import Ending, Life, every_ending
from tests.storage.test_durable import RECORDS, write

KEPT = RECORDS[2:6]
MORE = RECORDS[6:]


@contextmanager
def opened(path: Path, device: Device | None = None) -> Iterator[DurableDisk]:
    """Open the disk of A1; let it go without a seal, as a kill does."""
    disk = DurableDisk(path, "cluster", "A1", device=device)
    try:
        yield disk
    finally:
        disk._release()


def live(act: Callable[[DurableDisk], None]) -> Life:
    """Return the life of a process that opens its disk and acts on it."""

    def life(path: Path, device: Device) -> None:
        with opened(path, device) as disk:
            act(disk)

    return life


def endings(tmp_path: Path, *acts: Callable[[DurableDisk], None]) -> Iterator[Ending]:
    """Yield every ending of lives that begin with a log of `RECORDS`."""
    prepared = tmp_path / "prepared"
    prepared.mkdir()
    write(prepared, RECORDS[:5], RECORDS[5:])
    yield from every_ending(tmp_path, prepared, *[live(act) for act in acts])


def found(ending: Ending) -> tuple[list[Record], int]:
    """Return the records and the mark that the next start finds."""
    with opened(ending.path) as disk:
        assert len(log_files(ending.path)) == 1
        assert not list(ending.path.glob("*.new"))
        return disk.records(), disk.mark


def do_nothing(disk: DurableDisk) -> None:
    """Only open it."""


def append_more(disk: DurableDisk) -> None:
    """Write one more batch."""
    disk.append(MORE)
    disk.sync()


def replace(disk: DurableDisk) -> None:
    """Put a checkpoint in place of everything."""
    disk.replace(KEPT)


def test_opening_a_log_changes_nothing_in_it(tmp_path: Path) -> None:
    for ending in endings(tmp_path, do_nothing):
        assert found(ending) == (RECORDS, len(RECORDS)), ending.story


def test_a_batch_is_there_as_a_whole_once_its_sync_has_returned_and_not_in_part_before(
    tmp_path: Path,
) -> None:
    before, after = (RECORDS, len(RECORDS)), (RECORDS + MORE, len(RECORDS + MORE))
    seen = []
    for ending in endings(tmp_path, append_more):
        seen.append(found(ending))
        assert seen[-1] in ([after] if ending.finished[0] else [before, after]), ending.story
    assert before in seen


def test_a_replacement_is_there_as_a_whole_or_the_log_before_it(tmp_path: Path) -> None:
    before, after = (RECORDS, len(RECORDS)), (KEPT, len(RECORDS))
    seen = []
    for ending in endings(tmp_path, replace):
        seen.append(found(ending))
        assert seen[-1] in ([after] if ending.finished[0] else [before, after]), ending.story
    assert before in seen


def test_a_replacement_that_was_killed_outlives_a_power_cut_at_the_next_start(
    tmp_path: Path,
) -> None:
    for ending in endings(tmp_path, replace, do_nothing):
        records, mark = found(ending)
        assert records in (RECORDS, KEPT), ending.story
        assert mark == len(RECORDS)


def test_what_is_synced_behind_a_replacement_or_its_remains_is_kept(tmp_path: Path) -> None:
    for ending in endings(tmp_path, replace, append_more):
        records, mark = found(ending)
        if ending.finished[1]:
            assert records in (RECORDS + MORE, KEPT + MORE), ending.story
            assert mark == len(RECORDS + MORE)


def test_a_wiped_log_never_comes_back_once_the_wipe_has_returned(tmp_path: Path) -> None:
    lost = 0
    for ending in endings(tmp_path, DurableDisk.wipe):
        if not ending.finished[0] and log_files(ending.path):
            assert found(ending) == (RECORDS, len(RECORDS)), ending.story
            continue
        lost += 1
        with pytest.raises(StorageError, match="holds no log"), opened(ending.path):
            pass
    assert lost


def test_a_clean_stop_that_is_cut_short_loses_nothing(tmp_path: Path) -> None:
    for ending in endings(tmp_path, DurableDisk.close):
        assert found(ending) == (RECORDS, len(RECORDS)), ending.story
        with opened(ending.path) as disk:
            assert not disk.notice


def make(path: Path, device: Device) -> None:
    """Make the data directory of a small cluster."""
    data = DataDir(path / "new" / "data", ["L1"], ["A1"], device=device)
    for disk in data.disks.values():
        assert isinstance(disk, DurableDisk)
        disk._release()
    data.disks.clear()
    data.close()


def use(path: Path, device: Device) -> None:
    """Open it, or make it anew, and let every node write a record."""
    data = DataDir(path / "new" / "data", ["L1"], ["A1"], device=device)
    try:
        for disk in data.disks.values():
            disk.append(MORE)
            disk.sync()
    finally:
        for disk in data.disks.values():
            assert isinstance(disk, DurableDisk)
            disk._release()
        data.disks.clear()
        data.close()


def test_a_cluster_whose_making_was_cut_short_can_be_made(tmp_path: Path) -> None:
    for ending in every_ending(tmp_path, None, make):
        ending.path.mkdir(exist_ok=True)
        data = DataDir(ending.path / "new" / "data", ["L1"], ["A1"])
        assert not data.broken, ending.story
        assert {disk.mark for disk in data.disks.values()} == {0}
        data.close()


def test_what_a_new_cluster_has_written_is_kept_by_every_directory_above_it(
    tmp_path: Path,
) -> None:
    for ending in every_ending(tmp_path, None, use):
        if ending.finished[0]:
            data = DataDir(ending.path / "new" / "data", ["L1"], ["A1"])
            assert [disk.records() for disk in data.disks.values()] == [MORE, MORE], ending.story
            data.close()
