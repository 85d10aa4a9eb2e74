"""A trace file is read from any place on, whatever its form, and while it is being written."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from paxos_engine.roles.events import Entry, Header, Synced
from paxos_engine.trace import files, tracefile
from paxos_engine.trace.jsonform import TraceFormatError, to_line
from paxos_engine.trace.recorder import TraceWriter
from paxos_engine.trace.replay import read_trace
from paxos_engine.trace.tracefile import Place, TraceFile

HEADER = Entry(0, 0.0, "cluster", Header(("A1",), ("L1",), (1, 1), "multi", 0, {}))
NAMES = ["t.jsonl", "t.jsonl.gz", "t.jsonl.zst"]


def entries(first: int, last: int) -> list[Entry]:
    return [Entry(seq, seq / 1000, "A1", Synced(seq, 1, seq * 7)) for seq in range(first, last + 1)]


def write(path: Path, last: int, each: int = 25) -> list[Entry]:
    """Write a trace in blocks of `each` entries."""
    writer, all_of_it = TraceWriter(path), [HEADER, *entries(1, last)]
    for start in range(0, len(all_of_it), each):
        writer.write(all_of_it[start : start + each])
    writer.close()
    return all_of_it


def looked_through(path: Path) -> TraceFile:
    file = TraceFile(path)
    while file.look():
        pass
    return file


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in pieces of a few lines, so that small ones have many."""
    monkeypatch.setattr(files, "READ_BYTES", 300)


@pytest.mark.parametrize("name", NAMES)
def test_what_follows_any_place_is_what_a_reading_from_the_start_gives(
    tmp_path: Path, name: str
) -> None:
    written = write(tmp_path / name, 200)
    file = looked_through(tmp_path / name)
    assert file.header == HEADER.event
    assert file.lines == 201
    for line in (1, 2, 24, 25, 26, 99, 150, 200, 201):
        reader = file.read(Place(line, written[line - 1]))
        assert list(reader) == written[line:]
        assert reader.line == 201
        assert reader.damage is None


@pytest.mark.parametrize("name", NAMES)
def test_a_place_far_behind_is_reached_without_reading_what_is_before_it(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = write(tmp_path / name, 200)
    file = looked_through(tmp_path / name)
    starts: list[int] = []

    def noting(path: Path, start: int = 0) -> object:
        starts.append(start)
        return files.file_lines(path, start)

    monkeypatch.setattr(tracefile, "file_lines", noting)
    next(file.read(Place(180, written[179])))
    assert starts[0] > 0.8 * (tmp_path / name).stat().st_size


def test_a_single_compressed_block_of_another_tool_is_read_from_its_beginning(
    tmp_path: Path,
) -> None:
    written = write(tmp_path / "t.jsonl", 200)
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress((tmp_path / "t.jsonl").read_bytes()))
    file = looked_through(path)
    assert file.lines == 201
    assert list(file.read(Place(150, written[149]))) == written[150:]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_meanwhile_is_found(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writer = TraceWriter(path)
    writer.write([HEADER, *entries(1, 40)])
    file = looked_through(path)
    assert file.lines == 41
    assert not file.look()
    writer.write(entries(41, 90))
    while file.look():
        pass
    assert file.lines == 91
    assert list(file.read(Place(41, entries(40, 40)[0]))) == entries(41, 90)
    writer.close()


def test_a_line_that_is_only_half_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    half = to_line(entries(3, 3)[0])
    path.write_bytes(b"".join(map(to_line, [HEADER, *entries(1, 2)])) + half[:20])
    file = looked_through(path)
    reader = file.read(file.start)
    assert list(reader) == entries(1, 2)
    assert str(reader.damage) == "damaged at line 4: it breaks off in the middle"
    with path.open("ab") as growing:
        growing.write(half[20:])
    while file.look():
        pass
    assert file.lines == 4
    assert list(file.read(Place(3, entries(2, 2)[0]))) == entries(3, 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_file_opens_up_to_the_cut_and_says_where_that_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    written = write(path, 200)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    file = looked_through(path)
    whole = read_trace(path)
    known = list(whole)
    assert 100 < len(known) < 200
    reader = file.read(Place(50, written[49]))
    assert list(reader) == known[50:]
    assert reader.damage == whole.damage is not None


def test_a_file_that_is_no_trace_or_is_taken_away_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "no.txt").write_text("hello\n", encoding="utf-8")
    with pytest.raises(TraceFormatError, match=r"no\.txt, line 1: no JSON"):
        TraceFile(tmp_path / "no.txt")
    write(tmp_path / "t.jsonl", 50)
    file = looked_through(tmp_path / "t.jsonl")
    (tmp_path / "t.jsonl").unlink()
    assert not file.look()
    reader = file.read(file.start)
    assert list(reader) == []
    assert "cannot be read: No such file" in str(reader.damage)
