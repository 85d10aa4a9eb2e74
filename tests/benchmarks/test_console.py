"""The load on the console is what was asked for, or as much as there can be, and is counted."""

from __future__ import annotations

import pytest
from textual.widgets import DataTable, Input, Static

from benchmarks import console, naive_app, terminal
from paxos_tui import cli
from paxos_tui.feed import Verdict


class Cluster:
    """Makes so many events of each command, beside its heartbeats, and no more than it can."""

    def __init__(self, entries: float, heartbeats: int = 0, most: int = 1_000_000) -> None:
        self._entries = entries
        self._heartbeats = heartbeats
        self._most = most
        self.set_to: list[int] = []

    def reach(self, commands: int) -> float:
        """Return the events a second at so many commands a second."""
        self.set_to.append(commands)
        return min(self._most, self._heartbeats + self._entries * commands)


@pytest.mark.parametrize("entries", [6, 13, 25, 44])
@pytest.mark.parametrize("wanted", [1_000, 10_000])
def test_a_workload_is_set_until_it_makes_as_many_events_as_were_asked_for(
    entries: float, wanted: int
) -> None:
    cluster = Cluster(entries, heartbeats=150)
    load = console.steer(cluster.reach, wanted)
    assert abs(cluster.reach(load) - wanted) <= console.NEAR * wanted


def test_a_first_guess_that_is_near_enough_is_left_as_it_is() -> None:
    cluster = Cluster(console.ENTRIES_A_COMMAND)
    console.steer(cluster.reach, 10_000)
    assert cluster.set_to == [10_000 // console.ENTRIES_A_COMMAND]


def test_a_cluster_that_does_no_more_is_not_asked_for_ever_more() -> None:
    cluster = Cluster(13, most=20_000)
    load = console.steer(cluster.reach, 50_000)
    assert len(cluster.set_to) <= 3
    assert cluster.reach(load) == 20_000


def test_the_workload_is_left_at_what_came_nearest() -> None:
    rates = {3_846: 20_000.0, 5_000: 12_000.0}  # beyond what it can do, it does less
    set_to = []

    def reach(commands: int) -> float:
        set_to.append(commands)
        return rates[commands]

    assert console.steer(reach, 50_000) == set_to[-1] == 3_846


def test_no_workload_is_beyond_what_the_console_takes() -> None:
    cluster = Cluster(2)
    console.steer(cluster.reach, 50_000)
    assert max(cluster.set_to) == console.MOST_COMMANDS


@pytest.mark.parametrize("events", [0, 17, 1_234_567])
def test_events_are_read_off_the_status_line(events: int) -> None:
    said = Verdict(agreed=3, events=events).say(briefly=False)
    assert console.EVENTS.findall(said) == [f"{events:,}"]


def test_a_number_rises_from_its_first_reading_to_its_last() -> None:
    assert terminal.rise([(10.0, 500), (10.5, 900), (12.0, 2_500)]) == 1_000


def test_the_switch_interval_that_is_compared_is_the_one_that_the_console_sets() -> None:
    assert next(iter(console.INTERVALS)) == f"{cli.SWITCH_INTERVAL * 1e3:g} ms"


async def test_the_naive_app_shows_everything_anew_though_nothing_is_asked_for() -> None:
    app = naive_app.NaiveApp()
    async with app.run_test() as pilot:
        status = app.query_one("#status", Static)
        said = str(status.content)
        while str(status.content) == said:
            await pilot.pause(naive_app.EVERY)
        app.repainting.stop()  # what it repaints is about to be taken down
        assert app.query_one("#instances", DataTable).row_count == naive_app.SHOWN


async def test_the_naive_app_takes_what_is_typed_from_the_start() -> None:
    app = naive_app.NaiveApp()
    async with app.run_test() as pilot:
        app.repainting.stop()
        await pilot.press("ж")
        assert app.query_one(Input).value == "ж"
