"""A trace played: in its own time, faster or slower, with pauses to read."""

from __future__ import annotations

import pytest

from paxos_engine import Entry, Header
from paxos_engine.roles.events import Synced
from paxos_tui.playback import Playback
from paxos_tui.playing import READ_A_LETTER, READ_AT_LEAST, SPEEDS, Narration, Player
from paxos_tui.survey import ListedTrace

HEADER = Entry(0, 0.0, "cluster", Header(("A1",), ("L1",), (1, 1), "multi", 0, {}))
TOLD = [(3, "three"), (3, "and more"), (7, "seven")]


def player(*told: tuple[int, str], every: float = 1.0) -> Player:
    """Return a player of ten events, one each `every` seconds, the first at that time."""
    events = [Entry(seq, seq * every, "A1", Synced(seq, 1, 0)) for seq in range(1, 11)]
    return Player(Playback(ListedTrace([HEADER, *events])), Narration(told))


def test_nothing_moves_before_it_is_played() -> None:
    playing = player()
    assert not playing.advance(5.0, 100)
    assert playing.playback.position == 0


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 3.2), (2.0, 1.6), (0.25, 12.8)])
def test_what_has_happened_in_the_recordings_own_time_is_shown(
    speed: float, seconds: float
) -> None:
    playing = player()
    playing.speed = speed
    playing.toggle()
    for _ in range(10):
        playing.advance(seconds / 10, 100)
    assert playing.playback.position == 3
    assert playing.playback.view.now == pytest.approx(3.2)


def test_playing_ends_at_the_end() -> None:
    playing = player()
    playing.toggle()
    playing.advance(100.0, 100)
    assert playing.playback.is_at_end
    assert not playing.playing


def test_a_pause_stops_time_and_playing_goes_on_from_where_the_cursor_is() -> None:
    playing = player()
    playing.toggle()
    playing.advance(2.5, 100)
    playing.toggle()
    playing.advance(50.0, 100)
    assert playing.playback.position == 2
    playing.playback.back()
    playing.toggle()
    playing.advance(1.0, 100)
    assert playing.playback.position == 2


def test_more_than_can_be_taken_at_once_is_left_for_the_next_call() -> None:
    playing = player(every=0.001)
    playing.toggle()
    assert playing.advance(1.0, 4)
    assert playing.playback.position == 4
    playing.catch_up()
    assert not playing.advance(0.0015, 4)
    assert playing.playback.position == 5


def test_speeds_go_up_and_down_between_the_least_and_the_most() -> None:
    playing = player()
    playing.change_speed(1)
    assert playing.speed == 2.0
    playing.change_speed(-2)
    assert playing.speed == 0.5
    for _ in SPEEDS:
        playing.change_speed(1)
    assert playing.speed == SPEEDS[-1]


def test_playing_waits_at_what_is_told_for_as_long_as_reading_takes() -> None:
    playing = player(*TOLD, every=0.001)
    playing.toggle()
    playing.advance(1.0, 100)
    assert playing.playback.position == 3
    reading = READ_AT_LEAST + len("three and more") * READ_A_LETTER
    playing.advance(reading - 0.01, 100)
    assert playing.playback.position == 3
    playing.advance(0.1, 100)
    assert playing.playback.position == 7


def test_playing_stops_where_a_rule_is_broken() -> None:
    playing = player()
    playing.stop_at = 6
    playing.toggle()
    playing.advance(100.0, 100)
    assert playing.playback.place.line == 6
    assert not playing.playing


def test_what_is_told_of_one_entry_is_one_line_and_lines_are_found_both_ways() -> None:
    narration = Narration(TOLD)
    assert [line.text for line in narration.lines] == ["three and more", "seven"]
    assert [narration.at(seq) for seq in (0, 2, 3, 6, 7, 99)] == [0, 0, 1, 1, 2, 2]
    assert [line and line.seq for line in map(narration.following, (0, 3, 6, 7))] == [3, 7, 7, None]
    assert [line and line.seq for line in map(narration.before, (3, 4, 7, 9))] == [None, 3, 3, 7]
