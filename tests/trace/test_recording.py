"""A trace on its way into a file and back out of it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from paxos_engine.roles.events import (
    Answered,
    Entry,
    FaultsChanged,
    Header,
    Recovered,
)
from paxos_engine.trace.hub import Trace
from paxos_engine.trace.jsonform import TraceFormatError, to_json
from paxos_engine.trace.recorder import Recorder, RecorderError
from paxos_engine.trace.replay import read_lines, read_trace

HEADER = Header(("A1", "A2", "A3"), ("L1",), (2, 2), "multi", 5, {}, command="paxos-tui run")
FULL = Path("/dev/full")


def lines(*entries: Entry) -> list[str]:
    """Return a header and entries as the lines of a file."""
    whole = [Entry(0, 0.0, "cluster", HEADER), *entries]
    return [json.dumps(to_json(entry)) + "\n" for entry in whole]


def test_what_was_published_is_read_back_in_order_after_the_header(tmp_path: Path) -> None:
    trace = Trace(HEADER, lambda: 0.5)
    recorder = Recorder(tmp_path / "run.jsonl", trace.reader())
    recorder.start()
    for sequence in range(5_000):
        trace.publish("C1", Answered("C1", sequence, sequence, "ok", "chosen", 0.1))
    recorder.stop()
    header, *rest = read_trace(tmp_path / "run.jsonl")
    assert header.event == HEADER
    assert [entry.event.instance for entry in rest] == list(range(5_000))  # type: ignore[attr-defined]
    assert recorder.written == 5_001
    assert recorder.backlog == 0


def test_a_value_with_line_ends_of_all_kinds_stays_on_its_line(tmp_path: Path) -> None:
    trace = Trace(HEADER, lambda: 0.5)
    recorder = Recorder(tmp_path / "run.jsonl", trace.reader())
    recorder.start()
    odd = Answered("C1", 1, 1, "a\nb\rc\u2028d\x85e\ud800", "chosen", 0.1)
    trace.publish("C1", odd)
    trace.publish("network", FaultsChanged({"note": "\ud800"}, "odd names"))
    recorder.stop()
    assert [entry.event for entry in read_trace(tmp_path / "run.jsonl")][1:] == [
        odd,
        FaultsChanged({"note": "\ud800"}, "odd names"),
    ]


def test_a_recorder_leaves_no_thread_and_may_be_stopped_again(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    recorder = Recorder(tmp_path / "run.jsonl", Trace(HEADER, lambda: 0.0).reader())
    recorder.start()
    recorder.stop()
    recorder.stop()
    assert set(threading.enumerate()) <= before


def test_a_recorder_that_never_started_closes_its_file(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run.jsonl", Trace(HEADER, lambda: 0.0).reader())
    recorder.stop()
    assert (tmp_path / "run.jsonl").read_text() == ""


def test_a_file_that_cannot_be_written_is_named_before_the_start(tmp_path: Path) -> None:
    trace = Trace(HEADER, lambda: 0.0)
    path = tmp_path / "missing" / "run.jsonl"
    with pytest.raises(RecorderError, match=r"cannot record to .*run\.jsonl: No such file"):
        Recorder(path, trace.reader())
    trace.publish("A1", Recovered())  # nobody keeps it: the reader is detached
    assert trace._readers == ()


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_a_disk_that_is_full_is_told_once_and_nothing_piles_up() -> None:
    told: list[str] = []
    trace = Trace(HEADER, lambda: 0.0)
    reader = trace.reader()
    recorder = Recorder(FULL, reader, told.append)
    recorder.start()
    for _ in range(10):
        trace.publish("A1", Recovered())
    recorder.stop()
    assert told == ["recording to /dev/full stopped: No space left on device"]
    assert (recorder.error, recorder.backlog, reader.backlog) == (told[0], 0, 0)


def test_a_line_that_is_no_json_is_named_by_file_and_line() -> None:
    broken = [*lines(Entry(1, 0.1, "A1", Recovered())), "{oops\n"]
    with pytest.raises(TraceFormatError, match=r"run\.jsonl, line 3: no JSON"):
        list(read_lines(broken, "run.jsonl"))


def test_a_line_that_is_no_entry_is_named_by_file_and_line() -> None:
    with pytest.raises(TraceFormatError, match="line 2: an entry lacks 'seq'"):
        list(read_lines([*lines(), "{}\n"]))


def test_a_trace_whose_writer_was_killed_ends_with_its_last_whole_line() -> None:
    whole = lines(Entry(1, 0.1, "A1", Recovered()))
    cut_off = [*whole, whole[1][:20]]
    assert list(read_lines(cut_off)) == list(read_lines(whole))


def test_events_of_a_later_version_are_left_out() -> None:
    later = json.dumps({"seq": 1, "t": 0, "node": "A1", "event": "teleported"}) + "\n"
    assert (
        len(list(read_lines([*lines(), later, *lines(Entry(2, 0.1, "A1", Recovered()))[1:]]))) == 2
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ([], "an empty file is no trace"),
        (["hello\n"], "line 1: no JSON"),
        (['{"seq": 1, "t": 0, "node": "A1", "event": "recovered"}\n'], "begins with its header"),
        ([lines()[0].replace("paxos-tui-trace", "other")], "its format is 'other'"),
        ([lines()[0].replace('"version": 1', '"version": 2')], "version 2 is newer than 1"),
        (
            [*lines(Entry(3, 0.1, "A1", Recovered())), lines(Entry(2, 0, "A1", Recovered()))[1]],
            "line 3: seq 2 comes after 3",
        ),
        (["[" * 100_000 + "\n"], "line 1: no JSON"),
    ],
)
def test_what_is_no_trace_is_refused_in_one_line(text: list[str], complaint: str) -> None:
    with pytest.raises(TraceFormatError, match=complaint) as caught:
        list(read_lines(text))
    assert "\n" not in str(caught.value)
