"""The cursor over a trace: every moment of it is what folding it from its beginning gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from paxos_engine import ClusterView, Entry, TraceFile, Violation, is_turn, read_trace
from paxos_engine.trace import tracefile
from paxos_engine.trace.jsonform import to_line
from paxos_tui import playback as module
from paxos_tui import survey
from paxos_tui.playback import Playback
from paxos_tui.survey import ListedTrace
from tests.trace.test_copies import NAMES, TRACES, contents


def opened(name: str) -> Playback:
    return Playback(TraceFile(TRACES / f"{name}.jsonl"))


def entries_of(name: str) -> list[Entry]:
    return list(read_trace(TRACES / f"{name}.jsonl"))


def folded(entries: list[Entry], position: int) -> ClusterView:
    """Return the view after the header and `position` events."""
    view = survey.replay_view()
    view.apply_all(entries[: position + 1])
    return view


def assert_stands_at(playback: Playback, entries: list[Entry], position: int) -> None:
    assert playback.position == position
    assert playback.place.entry == entries[position]
    assert contents(playback.view) == contents(folded(entries, position))


@pytest.fixture(autouse=True)
def many_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recorded traces are short: what is rare in a long one happens often here."""
    monkeypatch.setattr(survey, "SPACING", 60)
    monkeypatch.setattr(survey, "MOST_CHECKPOINTS", 6)
    monkeypatch.setattr(module, "NEARBY", 40)
    monkeypatch.setattr(module, "STEP", 8)
    monkeypatch.setattr(module, "MOST_NEAR", 3)


def test_it_begins_at_the_header() -> None:
    assert_stands_at(opened("fresh"), entries_of("fresh"), 0)
    assert not opened("fresh").back()


@pytest.mark.parametrize("name", NAMES)
def test_a_step_forward_takes_one_event_and_a_step_back_undoes_it(name: str) -> None:
    entries, playback = entries_of(name), opened(name)
    last = min(150, len(entries)) - 1
    for position in range(1, last + 1):
        assert playback.step()
        assert playback.place.entry == entries[position]
    for position in range(last - 1, 30, -1):
        assert playback.back()
        if position % 43 == 0:
            assert_stands_at(playback, entries, position)
    assert playback.step()
    assert_stands_at(playback, entries, 32)


@pytest.mark.parametrize("name", NAMES)
def test_seeking_anywhere_gives_the_same_as_folding_from_scratch(name: str) -> None:
    entries, playback = entries_of(name), opened(name)
    chance = random.Random(name)
    places = [len(entries) - 1, 0, *(chance.randrange(len(entries)) for _ in range(4))]
    for position in places:
        playback.go_to_event(entries[position].seq)
        assert playback.settle()
        assert_stands_at(playback, entries, position)


@pytest.mark.parametrize("name", ["adversarial", "load"])
def test_a_step_back_folds_no_more_than_the_way_to_the_checkpoint_before(name: str) -> None:
    entries, playback = entries_of(name), opened(name)
    playback.go_to_end()
    playback.settle()
    for _ in range(100):
        before = playback.place.line
        playback.back()
        assert before - playback.place.line == 1
        assert len(playback._near) <= module.MOST_NEAR + 1
    assert len(playback.survey.checkpoints) <= survey.MOST_CHECKPOINTS
    assert len(playback._reel._places) <= 2 * module.NEARBY
    assert_stands_at(playback, entries, len(entries) - 101)


def test_home_and_end() -> None:
    entries, playback = entries_of("gap"), opened("gap")
    playback.go_to_end()
    assert playback.settle()
    assert playback.is_at_end
    assert playback.count == playback.position == len(entries) - 1
    assert not playback.step()
    playback.go_home()
    assert playback.settle()
    assert_stands_at(playback, entries, 0)


def test_an_instance_is_found_at_the_first_event_that_names_it_and_no_other_is() -> None:
    entries, playback = entries_of("load"), opened("load")
    playback.go_to_instance(20)
    assert playback.settle()
    first = next(n for n, e in enumerate(entries) if getattr(e.event, "instance", None) == 20)
    assert playback.position == first
    playback.go_to_instance(9_999)
    assert not playback.settle()
    assert playback.missed == "instance 9,999"
    assert playback.position == first


def test_a_time_is_found_at_the_last_event_that_had_happened_by_then() -> None:
    entries, playback = entries_of("two_primaries"), opened("two_primaries")
    playback.go_to_time(1.0)
    assert playback.settle()
    assert playback.place.entry.t <= 1.0 < entries[playback.position + 1].t


@pytest.mark.parametrize("name", ["gap", "two_primaries"])
def test_milestones_are_turns_and_the_votes_that_choose(name: str) -> None:
    entries, playback = entries_of(name), opened(name)
    expected = [0]
    view = ClusterView()
    for position, entry in enumerate(entries):
        chosen = view.chosen_count
        view.apply(entry)
        if is_turn(entry) or view.chosen_count > chosen:
            expected.append(position)
    if expected[-1] < len(entries) - 1:
        expected.append(len(entries) - 1)
    seen = [*_walk(playback, 1, len(expected))]
    assert [0, *seen] == expected
    back = [*_walk(playback, -1, len(expected))]
    assert [*reversed(back)] == expected[:-1]


def _walk(playback: Playback, step: int, most: int) -> Iterator[int]:
    for _ in range(most - 1):
        playback.go_to_milestone(step)
        playback.settle()
        yield playback.position


def test_a_trace_without_a_violation_has_none_to_go_to() -> None:
    playback = opened("fresh")
    playback.go_to_violation()
    assert not playback.settle()
    assert playback.missed == "a violation"
    assert playback.survey.violation is None


def test_what_a_trace_reports_of_itself_counts_where_nothing_else_is_found() -> None:
    entries = entries_of("fresh")
    claim = Violation("a rule of theirs", (3, 4), "something happened")
    told = Entry(entries[-1].seq + 1, entries[-1].t, "checker", claim)
    playback = Playback(ListedTrace([*entries, told]))
    playback.go_to_violation()
    assert playback.settle()
    assert playback.place.entry == told
    assert playback.survey.explanation[0] == "Broken: a rule of theirs."


def test_work_is_done_in_parts_the_goal_first(tmp_path: Path) -> None:
    playback = opened("load")
    playback.go_to_event(900)
    parts = 0
    while playback.goal is not None:
        assert playback.work(50)
        parts += 1
    assert parts > 900 / 50
    assert playback.place.entry.seq == 900
    while playback.work(500):
        pass
    assert playback.is_surveyed


def test_events_that_are_unknown_here_are_stepped_over(tmp_path: Path) -> None:
    entries = entries_of("fresh")[:6]
    entries[3:] = [entry._replace(seq=entry.seq + 1) for entry in entries[3:]]
    lines = [to_line(entry) for entry in entries]
    lines.insert(3, b'{"seq": 3, "t": 0, "node": "A1", "event": "danced"}\n')
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"".join(lines))
    playback = Playback(TraceFile(path))
    seen = []
    while playback.step():
        seen.append(playback.place.entry)
    assert seen == entries[1:]
    while playback.back():
        seen.pop()
        assert playback.place.entry == (seen[-1] if seen else entries[0])
    assert seen == []


def test_a_damaged_trace_opens_up_to_the_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracefile, "STILL_WRITTEN", 0)
    entries = entries_of("fresh")[:20]
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"".join(map(to_line, entries)) + b'{"seq": no\n' + to_line(entries[-1]))
    playback = Playback(TraceFile(path))
    playback.go_to_end()
    assert playback.settle()
    assert playback.position == playback.count == 19
    assert playback.damage.startswith("damaged at line 21: no JSON")


def test_what_is_written_while_one_looks_is_found(tmp_path: Path) -> None:
    entries = entries_of("fresh")
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"".join(map(to_line, entries[:20])))
    playback = Playback(TraceFile(path))
    playback.go_to_end()
    playback.settle()
    assert playback.position == 19
    assert not playback.step()
    with path.open("ab") as file:
        file.write(b"".join(map(to_line, entries[20:30])) + to_line(entries[30])[:9])
    playback.go_to_end()
    playback.settle()
    assert_stands_at(playback, entries, 29)
    assert playback.damage == ""
    playback.back()
    assert_stands_at(playback, entries, 28)
