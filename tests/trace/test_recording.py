"""A trace on its way into a file and back out of it."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from paxos_engine.roles.events import (
    Answered,
    Entry,
    Event,
    FaultsChanged,
    Header,
    Recovered,
    Skipped,
)
from paxos_engine.trace.hub import Trace
from paxos_engine.trace.jsonform import TraceFormatError, to_json, to_line
from paxos_engine.trace.recorder import Recorder, RecorderError
from paxos_engine.trace.replay import Damage, Recording, read_trace

HEADER = Header(("A1", "A2", "A3"), ("L1",), (2, 2), "multi", 5, {}, command="paxos-tui run")
FULL = Path("/dev/full")


def lines(*entries: Entry) -> list[bytes]:
    """Return a header and entries as the lines of a file."""
    return [to_line(entry) for entry in (Entry(0, 0.0, "cluster", HEADER), *entries)]


def recovered(seq: int) -> Entry:
    return Entry(seq, 0.1, "A1", Recovered())


def events(recording: Recording) -> list[Event]:
    """Return what follows the header."""
    return [entry.event for entry in recording][1:]


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz", "run.jsonl.zst"])
def test_what_was_published_is_read_back_in_order_after_the_header(
    tmp_path: Path, name: str
) -> None:
    trace = Trace(HEADER, lambda: 0.5)
    recorder = Recorder(tmp_path / name, trace.reader())
    recorder.start()
    for sequence in range(5_000):
        trace.publish("C1", Answered("C1", sequence, sequence, "ok", "chosen", 0.1))
    recorder.stop()
    recording = read_trace(tmp_path / name)
    header, *rest = recording
    assert header.event == recording.header == HEADER
    assert [entry.event.instance for entry in rest] == list(range(5_000))  # type: ignore[attr-defined]
    assert (recording.damage, recording.line) == (None, 5_001)
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
    assert events(read_trace(tmp_path / "run.jsonl")) == [
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


DAMAGE = [
    pytest.param(b"{oops\n", "no JSON", id="no JSON"),
    pytest.param(b"{}\n", "an entry lacks 'seq'", id="no entry"),
    pytest.param(b"\xff\xfe\n", "no UTF-8 at byte 1", id="no UTF-8"),
    pytest.param(b'{"seq": NaN}\n', "no JSON (NaN is no JSON)", id="no number"),
    pytest.param(b"[" * 100_000 + b"\n", "no JSON", id="too deep"),
    pytest.param(to_line(recovered(1)), "seq 1 comes after 1", id="out of order"),
    pytest.param(to_line(recovered(2))[:20], "it breaks off in the middle", id="cut off"),
]


@pytest.mark.parametrize(("bad", "reason"), DAMAGE)
def test_a_trace_opens_up_to_the_line_that_is_damaged_and_says_so(bad: bytes, reason: str) -> None:
    rest = [to_line(recovered(3))] if bad.endswith(b"\n") else []
    recording = Recording([*lines(recovered(1)), bad, *rest])
    assert events(recording) == [Recovered()]
    assert recording.damage is not None
    assert recording.damage.line == 3
    assert str(recording.damage).startswith(f"damaged at line 3: {reason}")
    assert "\n" not in str(recording.damage)
    assert list(recording) == []


def test_a_last_line_that_lacks_nothing_but_its_end_is_read() -> None:
    recording = Recording([*lines(), to_line(recovered(1))[:-1]])
    assert events(recording) == [Recovered()]
    assert recording.damage is None


def test_a_device_that_fails_in_the_middle_ends_the_trace_there() -> None:
    def failing() -> object:
        yield from lines(recovered(1))
        raise OSError(5, "Input/output error")

    recording = Recording(failing())  # type: ignore[arg-type]
    assert events(recording) == [Recovered()]
    assert recording.damage == Damage(3, "it cannot be read: Input/output error")


@pytest.mark.parametrize("level", ["everything", "protocol"])
def test_a_header_says_how_much_the_trace_tells(level: str) -> None:
    header = Entry(0, 0.0, "cluster", replace(HEADER, level=level))
    assert Recording([to_line(header)], "a trace").header.level == level


def test_a_header_of_before_there_were_levels_tells_everything() -> None:
    old = json.loads(lines()[0])
    del old["level"]
    assert Recording([json.dumps(old).encode() + b"\n"], "a trace").header == HEADER


def test_events_of_a_later_version_are_left_out_and_counted() -> None:
    later = json.dumps({"seq": 1, "t": 0, "node": "A1", "event": "teleported"}).encode() + b"\n"
    recording = Recording([*lines(), later, to_line(recovered(2))])
    assert events(recording) == [Recovered()]
    assert (recording.left_out, recording.damage, recording.line) == (1, None, 3)


def test_a_message_that_nobody_here_could_follow_counts_as_missing() -> None:
    shout = {"seq": 1, "t": 0, "node": "A1", "event": "sent", "message": "A1.1", "to": "A2",
             "after": 0, "kind": "shout"}  # fmt: skip
    recording = Recording([*lines(), json.dumps(shout).encode() + b"\n", to_line(recovered(2))])
    assert events(recording) == [Skipped(1), Recovered()]


def holes(*entries: Entry | bytes) -> list[str]:
    """Return what is said to be missing before each entry behind the header, and at the end."""
    given = [each if isinstance(each, bytes) else to_line(each) for each in entries]
    recording = Recording([*lines(), *given])
    next(recording)
    return [*(recording.hole for _ in recording), recording.hole]


def unknown(seq: int) -> bytes:
    return json.dumps({"seq": seq, "t": 0, "node": "A1", "event": "teleported"}).encode() + b"\n"


def test_a_number_that_nobody_announces_as_missing_is_a_hole_before_its_line() -> None:
    """In the second line behind the header at the earliest: a reader may begin anywhere."""
    assert holes(recovered(7), recovered(8), recovered(9)) == ["", "", "", ""]
    found = holes(recovered(1), recovered(3), recovered(4), recovered(9))
    assert found[:3] == ["", "1 entry is missing before line 3", ""]
    assert found[3] == "4 entries are missing before line 5"


def test_a_hole_that_is_announced_is_no_other() -> None:
    skipped = Entry(2, 0.0, "trace", Skipped(5))
    assert holes(recovered(1), skipped, recovered(7)) == ["", "", "", ""]


def test_the_number_of_an_event_that_is_left_out_is_not_missing() -> None:
    assert holes(recovered(1), unknown(2), recovered(3)) == ["", "", ""]
    assert holes(recovered(1), unknown(3), recovered(5))[1] == "2 entries are missing before line 4"
    assert holes(recovered(1), unknown(3))[1] == "1 entry is missing before line 3"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ([], "an empty file is no trace"),
        ([b"hello\n"], "line 1: no JSON"),
        ([b"\n"], "line 1: no JSON"),
        ([to_line(recovered(1))], "line 1: a trace begins with its header"),
        ([b'{"seq": 1, "t": 0, "node": "A1", "event": "hm"}\n'], "begins with its header"),
        ([lines()[0].replace(b"paxos-tui-trace", b"other")], "its format is 'other'"),
        ([lines()[0].replace(b'"version": 1', b'"version": 2')], "version 2 is newer than 1"),
        (
            [lines()[0].replace(b'"everything"', b'"counters"')],
            "its level is 'counters', not everything or protocol",
        ),
        ([b"[" * 100_000 + b"\n"], "line 1: no JSON"),
    ],
)
def test_what_is_no_trace_is_refused_in_one_line(text: list[bytes], complaint: str) -> None:
    with pytest.raises(TraceFormatError, match=complaint) as caught:
        Recording(text, "run.jsonl")
    assert str(caught.value).startswith("run.jsonl")
    assert "\n" not in str(caught.value)


def test_what_stands_in_a_file_is_what_the_format_says() -> None:
    assert json.loads(to_line(recovered(1))) == to_json(recovered(1))
