"""The hub: one order for everybody, and readers that are told what they missed."""

from __future__ import annotations

import threading

import pytest

from paxos_engine.roles.events import Entry, Event, Header, Skipped, Synced
from paxos_engine.trace.hub import PATIENCE, Trace, TraceReader

HEADER = Header(("A1",), ("L1",), (1, 1), "multi", 0, {})


def new_trace() -> Trace:
    return Trace(HEADER, lambda: 1.5)


def event(number: int) -> Event:
    return Synced(number, 1, 1)


def publish(trace: Trace, count: int) -> None:
    for number in range(count):
        trace.publish("A1", event(number))


def seqs(entries: list[Entry]) -> list[int]:
    return [entry.seq for entry in entries]


def test_a_reader_gets_the_header_and_then_everything_in_order() -> None:
    trace = new_trace()
    reader = trace.reader()
    publish(trace, 3)
    header, *rest = reader.drain()
    assert header.event is HEADER
    assert rest == [Entry(i + 1, 1.5, "A1", event(i)) for i in range(3)]


def test_each_reader_gets_all_of_it() -> None:
    trace = new_trace()
    readers = [trace.reader(), trace.reader(), trace.reader(limit=100)]
    publish(trace, 3)
    assert [seqs(reader.drain()) for reader in readers] == [[0, 1, 2, 3]] * 3


def test_a_late_reader_gets_the_header_and_what_happens_from_then_on() -> None:
    trace = new_trace()
    publish(trace, 5)
    reader = trace.reader()
    trace.publish("L1", event(99))
    header, *rest = reader.drain()
    assert header.event is HEADER
    assert [entry.event for entry in rest] == [event(99)]
    assert reader.missed == 0


def test_a_late_reader_is_no_event_for_the_others() -> None:
    trace = new_trace()
    early = trace.reader()
    publish(trace, 1)
    trace.reader()
    publish(trace, 1)
    entries = early.drain()
    assert [entry.event for entry in entries] == [HEADER, event(0), event(0)]
    assert seqs(entries) == [0, 1, 2]  # a number that is missing would look as if one was taken out


def test_a_drain_takes_no_more_than_it_is_asked_to() -> None:
    trace = new_trace()
    reader = trace.reader()
    publish(trace, 5)
    assert seqs(reader.drain(2)) == [0, 1]
    assert reader.backlog == 4
    assert seqs(reader.drain(3)) == [2, 3, 4]
    assert seqs(reader.drain(3)) == [5]
    assert (reader.drain(3), reader.backlog) == ([], 0)


def test_a_number_whose_entry_is_still_on_its_way_is_waited_for() -> None:
    trace = new_trace()
    reader = trace.reader()
    late = Entry(1, 0.0, "A1", event(1))
    next(trace._numbers)  # another thread has drawn 1 and not appended yet
    trace.publish("A2", event(2))
    for _ in range(PATIENCE + 2):
        assert seqs(reader.drain()) in ([0], [])
    reader.offer(late)
    assert seqs(reader.drain()) == [1, 2]


def test_the_entry_that_closes_a_hole_is_reached_however_little_is_drained_at_once() -> None:
    trace = new_trace()
    reader = trace.reader()
    reader.drain()
    next(trace._numbers)
    publish(trace, 3)
    reader.offer(Entry(1, 0.0, "A1", event(1)))
    drained = [seqs(reader.drain(2)) for _ in range(4)]
    assert [seq for some in drained for seq in some] == [1, 2, 3, 4]


def test_a_ring_that_overflowed_says_how_many_entries_are_missing() -> None:
    trace = new_trace()
    reader = trace.reader(limit=10)
    publish(trace, 25)
    header, hole, *rest = reader.drain()
    assert header.event is HEADER
    assert hole.event == Skipped(15)
    assert (hole.node, hole.seq) == ("trace", 1)
    assert seqs(rest) == list(range(16, 26))
    assert reader.missed == 15


def test_a_reader_that_catches_up_misses_nothing_more() -> None:
    trace = new_trace()
    reader = trace.reader(limit=10)
    publish(trace, 25)
    reader.drain()
    publish(trace, 9)
    assert seqs(reader.drain()) == list(range(26, 35))
    assert reader.missed == 15


def test_a_bounded_reader_gives_up_a_hole_that_stays_and_drops_what_comes_too_late() -> None:
    trace = new_trace()
    reader = trace.reader(limit=10)
    next(trace._numbers)
    trace.publish("A2", event(2))
    drained = [reader.drain() for _ in range(PATIENCE)]
    assert [entry.event for entry in drained[-1]] == [Skipped(1), event(2)]
    reader.offer(Entry(1, 0.0, "A1", event(1)))
    assert (reader.drain(), reader.missed, reader.backlog) == ([], 1, 0)


def test_the_missed_and_the_read_make_up_the_whole() -> None:
    trace = new_trace()
    reader = trace.reader(limit=7)
    read = 0
    for burst in (3, 20, 1, 8, 7, 50, 2):
        publish(trace, burst)
        read += sum(not isinstance(e.event, Skipped | Header) for e in reader.drain(5))
    while drained := reader.drain(5):
        read += sum(not isinstance(e.event, Skipped | Header) for e in drained)
    assert read + reader.missed == 3 + 20 + 1 + 8 + 7 + 50 + 2


def test_a_closed_reader_keeps_nothing_and_may_be_closed_again() -> None:
    trace = new_trace()
    reader = trace.reader()
    reader.close()
    reader.close()
    publish(trace, 3)
    assert reader.backlog <= 1  # the header


def test_a_reader_keeps_at_least_one_entry() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        new_trace().reader(limit=0)


def test_many_threads_make_one_order_that_keeps_the_order_of_each() -> None:
    trace = new_trace()
    reader = trace.reader()
    each, names = 2_000, ("A1", "A2", "A3", "A4")
    threads = [threading.Thread(target=_speak, args=(trace, name, each)) for name in names]
    for thread in threads:
        thread.start()
    late = trace.reader()
    entries = _drain_while(threads, reader)
    assert seqs(entries) == sorted(seqs(entries))
    for name in names:
        assert [e.event.mark for e in entries if e.node == name] == list(range(each))  # type: ignore[attr-defined]
    tail = late.drain()[1:]
    assert tail == entries[len(entries) - len(tail) :]


def _speak(trace: Trace, name: str, count: int) -> None:
    for number in range(count):
        trace.publish(name, event(number))


def _drain_while(threads: list[threading.Thread], reader: TraceReader) -> list[Entry]:
    entries: list[Entry] = []
    while any(thread.is_alive() for thread in threads):
        entries += reader.drain(100)
    for thread in threads:
        thread.join()
    while reader.backlog:  # a part may hold nothing but what waits for an earlier entry
        entries += reader.drain(100)
    return entries
