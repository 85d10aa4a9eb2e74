"""Trace files as bytes: blocks, compression by name, and what damage costs."""

from __future__ import annotations

import gzip
import random
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from paxos_engine.roles.events import Entry, Header, Synced
from paxos_engine.trace import files
from paxos_engine.trace.files import DamagedFile, compressor, file_lines
from paxos_engine.trace.jsonform import TraceFormatError
from paxos_engine.trace.recorder import TraceWriter
from paxos_engine.trace.replay import read_trace

if sys.version_info < (3, 14):
    from backports import zstd
else:
    from compression import zstd

HEADER = Entry(0, 0.0, "cluster", Header(("A1",), ("L1",), (1, 1), "multi", 0, {}))
NAMES = ["t.jsonl", "t.jsonl.gz", "t.jsonl.zst"]
COMPRESSED = NAMES[1:]


def entry(seq: int) -> Entry:
    return Entry(seq, seq / 1000, "A1", Synced(seq, 1, seq * 7))


def write(path: Path, blocks: int, each: int = 10) -> list[int]:
    """Write a header and blocks of entries; return the size of the file after each write."""
    writer = TraceWriter(path)
    writer.write([HEADER])
    sizes = [path.stat().st_size]
    for block in range(blocks):
        writer.write([entry(block * each + n + 1) for n in range(each)])
        sizes.append(path.stat().st_size)
    writer.close()
    return sizes


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_can_be_read_while_the_file_grows(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writer = TraceWriter(path)
    written = [HEADER]
    writer.write(written)
    for seq in range(1, 6):
        writer.write([entry(seq)])
        written.append(entry(seq))
        recording = read_trace(path)
        assert list(recording) == written
        assert recording.damage is None
    writer.close()
    writer.close()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_only_ever_appended_to(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writer = TraceWriter(path)
    before = b""
    for block in range(5):
        writer.write([entry(block)])
        now = path.read_bytes()
        assert now.startswith(before)
        assert len(now) > len(before)
        before = now
    writer.close()


def test_equal_entries_make_equal_files(tmp_path: Path) -> None:
    for name in NAMES:
        write(tmp_path / name, 3)
        before = (tmp_path / name).read_bytes()
        write(tmp_path / name, 3)
        assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize(("name", "tool"), [("t.gz", "zcat"), ("t.zst", "zstdcat")])
def test_the_ordinary_tools_read_it_as_one_file(tmp_path: Path, name: str, tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    write(tmp_path / name, 3)
    write(tmp_path / "plain", 3)
    with (tmp_path / name).open("rb") as file:
        said = subprocess.run([tool], stdin=file, capture_output=True, check=True, timeout=60)
    assert said.stdout == (tmp_path / "plain").read_bytes()


def test_the_standard_library_reads_it_as_one_file(tmp_path: Path) -> None:
    for name in NAMES:
        write(tmp_path / name, 3)
    plain = (tmp_path / NAMES[0]).read_bytes()
    assert gzip.decompress((tmp_path / NAMES[1]).read_bytes()) == plain
    assert zstd.decompress((tmp_path / NAMES[2]).read_bytes()) == plain


def test_what_other_tools_compressed_as_one_block_is_read(tmp_path: Path) -> None:
    write(tmp_path / NAMES[0], 300)
    plain = (tmp_path / NAMES[0]).read_bytes()
    (tmp_path / "o.gz").write_bytes(gzip.compress(plain))
    (tmp_path / "o.ZST").write_bytes(zstd.compress(plain))
    for name in ("o.gz", "o.ZST"):
        recording = read_trace(tmp_path / name)
        assert len(list(recording)) == 3_001
        assert recording.damage is None


@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_anywhere_opens_up_to_the_last_whole_block(tmp_path: Path, name: str) -> None:
    sizes = write(tmp_path / name, 4)
    whole = list(read_trace(tmp_path / name))
    data = (tmp_path / name).read_bytes()
    for length in range(sizes[0], len(data)):
        (tmp_path / name).write_bytes(data[:length])
        recording = read_trace(tmp_path / name)
        read = list(recording)
        assert read == whole[: len(read)]
        complete = sum(size <= length for size in sizes) - 1
        assert len(read) >= 1 + 10 * complete
        if name in COMPRESSED:
            assert (recording.damage is None) == (length in sizes)
        if recording.damage is not None:
            assert recording.damage.line == len(read) + 1


@pytest.mark.parametrize("name", COMPRESSED)
def test_a_flipped_bit_costs_its_block_and_never_becomes_another_value(
    tmp_path: Path, name: str
) -> None:
    sizes = write(tmp_path / name, 4)
    whole = list(read_trace(tmp_path / name))
    data = (tmp_path / name).read_bytes()
    rng = random.Random(1)
    silent = 0
    for _ in range(300):
        place = rng.randrange(sizes[1], len(data))  # in one of the blocks behind the second
        changed = bytearray(data)
        changed[place] ^= 1 << rng.randrange(8)
        (tmp_path / name).write_bytes(changed)
        recording = read_trace(tmp_path / name)
        read = list(recording)
        assert read == whole[: len(read)]
        before = sum(size <= place for size in sizes) - 1
        assert len(read) >= 1 + 10 * before
        silent += recording.damage is None
        assert recording.damage is not None or read == whole
    assert silent < 30  # a gzip header has fields that stand for nothing


@pytest.mark.parametrize("name", COMPRESSED)
def test_damage_in_the_first_block_is_one_clear_line(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, 1)
    data = bytearray((tmp_path / name).read_bytes())
    data[14] ^= 0xFF
    (tmp_path / name).write_bytes(data)
    with pytest.raises(TraceFormatError, match="compressed block is damaged") as caught:
        read_trace(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", COMPRESSED)
def test_a_plain_file_under_the_name_of_a_compressed_one_is_told_as_that(
    tmp_path: Path, name: str
) -> None:
    write(tmp_path / "plain.jsonl", 1)
    (tmp_path / "plain.jsonl").rename(tmp_path / name)
    with pytest.raises(TraceFormatError) as caught:
        read_trace(tmp_path / name)
    ending = Path(name).suffix
    said = f"{tmp_path / name}: it is not compressed, although its name ends in {ending}"
    assert str(caught.value) == said


def test_what_is_wrong_with_a_block_is_said_to_the_last_letter(tmp_path: Path) -> None:
    (tmp_path / "t.zst").write_bytes(bytes(range(128, 228)))
    with pytest.raises(DamagedFile, match=r"\(.*: Unknown frame descriptor\)$"):
        list(file_lines(tmp_path / "t.zst"))


def test_a_block_longer_than_what_is_held_back_is_handed_out_before_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "READ_BYTES", 100)
    monkeypatch.setattr(files, "HELD_BYTES", 1_000)
    text = b"".join(b"line %d\n" % n for n in range(1_000))
    (tmp_path / "t.gz").write_bytes(gzip.compress(text)[:-8] + bytes(8))
    read: list[bytes] = []
    with pytest.raises(DamagedFile):
        read.extend(file_lines(tmp_path / "t.gz"))
    assert 800 < len(read) < 1_000


def test_little_that_unpacks_to_very_much_is_refused_and_takes_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LINE_BYTES", 1 << 20)
    monkeypatch.setattr(files, "HELD_BYTES", 1 << 18)
    squeeze = zlib.compressobj(wbits=31)
    bomb = b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(50)) + squeeze.flush()
    (tmp_path / "t.gz").write_bytes(bomb)
    with pytest.raises(DamagedFile, match="longer than 1 MiB"):
        list(file_lines(tmp_path / "t.gz"))


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_lines_are_the_same_however_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(files, "READ_BYTES", size)
    text = b"a\n\nbc\r\n\x85\n" + b"d" * 50 + b"\nend"
    (tmp_path / "t").write_bytes(text)
    expected = [b"a\n", b"\n", b"bc\r\n", b"\x85\n", b"d" * 50 + b"\n", b"end"]
    assert list(file_lines(tmp_path / "t")) == expected


def test_only_the_two_endings_compress() -> None:
    assert compressor(Path("t.jsonl")) is None
    assert compressor(Path("gz")) is None
    assert compressor(Path("t.GZ")) is not None
    assert compressor(Path("t.zst")) is not None
