"""The durable log: what comes back after a stop, a torn write, rot, or a failing disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from paxos_engine.roles.effects import (
    AcceptRecord,
    ChosenRecord,
    CompactedRecord,
    PromiseRecord,
    Record,
    RoundRecord,
    SnapshotRecord,
)
from paxos_engine.roles.log import Snapshot
from paxos_engine.roles.values import NOOP, Command, ProposalNumber
from paxos_engine.storage.device import SystemDevice
from paxos_engine.storage.disk import DamagedLog, DiskFailure, StorageError
from paxos_engine.storage.durable import DurableDisk
from paxos_engine.storage.logfile import FORMAT_VERSION

N = ProposalNumber(3, 2)
RECORDS: list[Record] = [
    PromiseRecord(N, 1, None),
    PromiseRecord(N, 4, 4),
    AcceptRecord(N, 4, Command("C1", 1, "x", 1, 7)),
    AcceptRecord(N, 5, Command("C1", 2, b"\x00\xff", 1, 7)),
    AcceptRecord(N, 6, Command("C1", 3, "\udc80 half", 1, 7)),
    RoundRecord(9),
    ChosenRecord(4, N, NOOP),
    CompactedRecord(3),
    SnapshotRecord(Snapshot(3, "00" * 8, b"{}")),
]


def open_disk(path: Path, **more: object) -> DurableDisk:
    """Open the disk of A1 in `path`, a new one if nothing is there."""
    fresh = not any(path.glob("log-*"))
    return DurableDisk(path, "cluster", "A1", create=fresh, **more)  # type: ignore[arg-type]


def write(path: Path, *batches: list[Record]) -> Path:
    """Write batches, each with a sync of its own, and stop without a seal; return the file."""
    disk = open_disk(path)
    for batch in batches:
        disk.append(batch)
        disk.sync()
    disk._release()
    return next(path.glob("log-*"))


def damage(file: Path, offset: int, flip: int = 1) -> None:
    """Flip bits of one byte."""
    data = bytearray(file.read_bytes())
    data[offset] ^= flip
    file.write_bytes(data)


def test_every_kind_of_record_comes_back_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, RECORDS[:3], RECORDS[3:])
    disk = open_disk(tmp_path)
    assert disk.records() == RECORDS
    assert disk.mark == len(RECORDS)
    disk.close()


def test_a_clean_stop_seals_the_log_and_the_next_start_goes_on_behind_it(tmp_path: Path) -> None:
    for record in RECORDS[:3]:
        disk = open_disk(tmp_path)
        disk.append([record])
        disk.sync()
        disk.close()
    disk = open_disk(tmp_path)
    assert disk.records() == RECORDS[:3]
    assert not disk.notice
    disk.close()


def test_what_was_not_synced_is_lost_in_a_power_cut_and_nothing_else(tmp_path: Path) -> None:
    disk = open_disk(tmp_path)
    disk.append(RECORDS[:2])
    disk.sync()
    disk.append(RECORDS[2:4])
    disk.power_cut()
    disk.sync()
    assert disk.records() == RECORDS[:2]
    disk.close()


def test_a_batch_cut_short_anywhere_is_a_torn_tail_dropped_and_said(tmp_path: Path) -> None:
    file = write(tmp_path, RECORDS[:2])
    first = open_disk(tmp_path)
    good = first._end
    first._release()
    write(tmp_path, RECORDS[2:5])
    whole = file.read_bytes().rstrip(b"\0")
    for end in range(good + 1, len(whole)):
        for reserved in (b"", b"\0" * 500):
            file.write_bytes(whole[:end] + reserved)
            disk = open_disk(tmp_path)
            assert disk.records() == RECORDS[:2], end
            assert "torn tail" in disk.notice
            assert str(file) in disk.notice
            disk._release()


def test_any_flipped_bit_in_a_batch_that_others_follow_is_rot_and_refuses_to_vote(
    tmp_path: Path,
) -> None:
    file = write(tmp_path, RECORDS[:2], RECORDS[2:4], RECORDS[4:])
    clean = file.read_bytes()
    last = clean.rindex(b"\xa5PXR", 0, clean.rindex(b"\x09\xe5"))
    for offset in range(last):
        for bit in (1, 128):
            file.write_bytes(clean)
            damage(file, offset, bit)
            with pytest.raises(StorageError) as refusal:
                open_disk(tmp_path)
            assert str(file) in str(refusal.value)
            assert "\n" not in str(refusal.value)


def test_a_flipped_bit_in_the_last_batch_is_refused_unless_its_loss_is_accepted(
    tmp_path: Path,
) -> None:
    file = write(tmp_path, RECORDS[:2], RECORDS[2:4])
    clean = file.read_bytes()
    end = len(clean.rstrip(b"\0"))
    start = [at for at in range(end) if clean.startswith(b"\xa5PXR", at)][2]
    for offset in range(start, end):
        file.write_bytes(clean)
        damage(file, offset)
        with pytest.raises(DamagedLog, match=r"offset \d+.*--accept-damaged-tail"):
            open_disk(tmp_path)
        disk = open_disk(tmp_path, accept_damaged_tail=True)
        assert disk.records() == RECORDS[:2]
        assert disk.notice.startswith("UNSAFE")
        assert "may have left" in disk.notice
        disk._release()


def test_after_a_clean_stop_no_flag_accepts_the_loss_of_the_last_records(tmp_path: Path) -> None:
    file = write(tmp_path, RECORDS[:2])
    disk = open_disk(tmp_path)
    disk.append(RECORDS[2:4])
    disk.sync()
    first, last = file.read_bytes().rindex(b"\xa5PXR"), disk._end
    disk.close()
    clean = file.read_bytes()
    for offset in range(first, last):  # the seal stands behind them, and is of a later batch
        file.write_bytes(clean)
        damage(file, offset)
        with pytest.raises(DamagedLog):
            open_disk(tmp_path, accept_damaged_tail=True)


def test_a_checkpoint_that_is_not_whole_is_refused_wherever_it_ends_and_under_any_flag(
    tmp_path: Path,
) -> None:
    disk = open_disk(tmp_path)
    disk.append(RECORDS)
    disk.sync()
    disk.replace(RECORDS[:4])
    disk._release()
    file = next(tmp_path.glob("log-*"))
    clean = file.read_bytes()
    for end in range(clean.index(b"\xa5PXR"), len(clean)):  # cut behind the header, and later
        file.write_bytes(clean[:end])
        for accept in (False, True):
            with pytest.raises(DamagedLog, match=rf"{file}.*offset \d+"):
                open_disk(tmp_path, accept_damaged_tail=accept)
        file.write_bytes(clean)
        damage(file, end)
        with pytest.raises(DamagedLog):
            open_disk(tmp_path, accept_damaged_tail=True)


def test_a_checkpoint_stands_for_everything_before_and_the_mark_goes_on(tmp_path: Path) -> None:
    disk = open_disk(tmp_path)
    disk.append(RECORDS[:5])
    disk.sync()
    disk.replace(RECORDS[2:3])
    disk.append(RECORDS[5:6])
    disk.sync()
    assert [path.name for path in tmp_path.glob("log-*")] == ["log-00000002"]
    disk._release()
    again = open_disk(tmp_path)
    assert again.records() == [RECORDS[2], RECORDS[5]]
    assert again.mark == 6
    again.close()


def test_a_replacement_that_was_cut_short_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, RECORDS[:5])
    (tmp_path / "log-00000002.new").write_bytes(b"half")
    disk = open_disk(tmp_path)
    assert disk.records() == RECORDS[:5]
    assert not list(tmp_path.glob("*.new"))
    disk.close()


def test_a_copy_beside_the_log_is_never_taken_for_the_log(tmp_path: Path) -> None:
    file = write(tmp_path, RECORDS[:5])
    copies = [
        tmp_path / name for name in ("log-00000001.bak", "log-00000002~", "log-9", "log-x.new")
    ]
    for copy in copies:
        copy.write_bytes(file.read_bytes()[:100])
    disk = open_disk(tmp_path)
    disk.append(RECORDS[5:])
    disk.sync()
    assert disk.records() == RECORDS
    disk.wipe()
    disk.close()
    assert not file.exists()
    assert all(copy.exists() for copy in copies)


def test_a_log_that_loses_its_end_under_us_is_damaged_and_no_shorter_history(
    tmp_path: Path,
) -> None:
    file = write(tmp_path, RECORDS[:2])
    disk = open_disk(tmp_path)
    good = disk._end
    disk.append(RECORDS[2:5])
    disk.sync()
    os.truncate(file, good)
    with pytest.raises(DamagedLog, match="changed while it was in use"):
        disk.records()
    file.unlink()
    with pytest.raises(StorageError, match="cannot be read"):
        disk.records()
    disk.close()


def test_a_wiped_disk_that_begins_anew_is_empty_and_its_mark_goes_on(tmp_path: Path) -> None:
    disk = open_disk(tmp_path)
    disk.append(RECORDS[:3])
    disk.sync()
    disk.wipe()
    assert (disk.held, disk.wiped) == (0, True)
    disk.renew()
    disk.append(RECORDS[3:5])
    disk.sync()
    disk._release()
    again = open_disk(tmp_path)
    assert again.records() == RECORDS[3:5]
    assert (again.held, again.mark) == (2, 5)
    again.close()


class BrokenDevice(SystemDevice):
    """A device that fails from a given call on."""

    def __init__(self, call: str, code: int) -> None:
        self.call, self.code, self.on = call, code, False

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        if self.on and self.call == "write":
            super().write(descriptor, data[: len(data) // 2], offset)
            raise OSError(self.code, os.strerror(self.code))
        super().write(descriptor, data, offset)

    def sync(self, descriptor: int) -> None:
        if self.on and self.call == "sync":
            raise OSError(self.code, os.strerror(self.code))
        super().sync(descriptor)


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [("write", errno.ENOSPC, "No space left"), ("sync", errno.EIO, "Input/output error")],
)
def test_after_a_failed_write_or_sync_the_log_is_never_written_again(
    tmp_path: Path, call: str, code: int, words: str
) -> None:
    device = BrokenDevice(call, code)
    disk = open_disk(tmp_path, device=device)
    disk.append(RECORDS[:2])
    disk.sync()
    device.on = True
    disk.append(RECORDS[2:4])
    with pytest.raises(DiskFailure, match=words):
        disk.sync()
    device.on = False
    with pytest.raises(DiskFailure, match=words):
        disk.sync()
    assert disk.records() == RECORDS[:2]
    disk.close()
    again = open_disk(tmp_path)
    assert again.records()[:2] == RECORDS[:2]
    again.close()


@pytest.mark.parametrize("call", ["write", "sync"])
def test_a_log_that_cannot_be_sealed_is_closed_all_the_same(tmp_path: Path, call: str) -> None:
    device = BrokenDevice(call, errno.EIO)
    before = len(os.listdir("/proc/self/fd"))
    disk = open_disk(tmp_path, device=device)
    disk.append(RECORDS[:2])
    disk.sync()
    device.on = True
    disk.close()
    disk.close()
    assert len(os.listdir("/proc/self/fd")) == before
    again = open_disk(tmp_path)
    assert again.records() == RECORDS[:2]
    again.close()


def test_a_disk_that_is_full_half_way_in_a_replacement_keeps_the_old_log(tmp_path: Path) -> None:
    device = BrokenDevice("write", errno.ENOSPC)
    disk = open_disk(tmp_path, device=device)
    disk.append(RECORDS)
    disk.sync()
    device.on = True
    with pytest.raises(DiskFailure, match=r"replace failed on .*log-00000001: No space left"):
        disk.replace(RECORDS[:4])
    device.on = False
    disk.append(RECORDS[:1])
    with pytest.raises(DiskFailure, match="No space left"):
        disk.sync()
    assert disk.records() == RECORDS
    disk.close()
    assert (tmp_path / "log-00000002.new").exists()
    again = open_disk(tmp_path)
    assert again.records() == RECORDS
    assert not (tmp_path / "log-00000002.new").exists()
    again.close()


def test_a_directory_in_use_foreign_newer_or_emptied_is_a_clear_error(tmp_path: Path) -> None:
    file = write(tmp_path, RECORDS[:2])
    disk = open_disk(tmp_path)
    with pytest.raises(StorageError, match="in use by another process"):
        open_disk(tmp_path)
    disk._release()
    with pytest.raises(StorageError, match="belongs to A1 of cluster cluster"):
        DurableDisk(tmp_path, "cluster", "A2")
    data = bytearray(file.read_bytes())
    data[8] = FORMAT_VERSION + 1
    file.write_bytes(data)
    with pytest.raises(StorageError, match="format version"):
        open_disk(tmp_path)
    file.unlink()
    with pytest.raises(StorageError, match=r"holds no log.*--allow-empty-disk"):
        DurableDisk(tmp_path, "cluster", "A1")
