"""Enter on a row tells all of an instance: every command in full, the votes, who learned it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual.widgets import Input

from paxos_engine import (
    NOOP,
    Batch,
    ClusterView,
    Command,
    Entry,
    Event,
    Header,
    ProposalNumber,
    Value,
)
from paxos_engine.roles.events import AcceptedValue, Learned, Skipped, Synced
from paxos_tui.app import PaxosApp
from paxos_tui.feed import FrozenFeed
from paxos_tui.screens.help import HelpScreen
from paxos_tui.screens.instance import Facts, InstanceScreen, InstanceText, facts_of, lines_of
from tests.tui.driving import Keyboard, open_console, open_replay
from tests.tui.test_replay import GAP
from tests.tui.test_story import story

NUMBER = ProposalNumber(3, 2)
LONG = "set poem " + "word " * 400 + "end\x1b[2J"
BATCH = Batch(tuple(Command("C1", 5 + at, value) for at, value in enumerate(("a", "  ", LONG))))


def trace(*events: tuple[str, Event]) -> list[Entry]:
    """Return a trace of two leaders and three acceptors."""
    header = Header(("A1", "A2", "A3"), ("L1", "L2"), (2, 2), "multi", 0, {})
    told: Sequence[tuple[str, Event]] = (("cluster", header), *events)
    return [Entry(seq, seq / 100, node, event) for seq, (node, event) in enumerate(told)]


def votes(
    value: Value, *acceptors: str, number: ProposalNumber = NUMBER
) -> list[tuple[str, Event]]:
    """Return votes for `value` in instance 1 that are on disk."""
    return [
        (acceptor, event)
        for acceptor in acceptors
        for event in (AcceptedValue(1, number, value, number.round), Synced(number.round, 1, 0))
    ]


def view_of(entries: list[Entry]) -> ClusterView:
    view = ClusterView()
    view.apply_all(entries)
    return view


async def read(keyboard: Keyboard) -> str:
    """Press Enter on the row under the cursor, and return what is told."""
    await keyboard.press("enter")
    await keyboard.until(lambda: isinstance(keyboard.app.screen, InstanceScreen))
    await keyboard.until(lambda: keyboard.app.screen.query(InstanceText))
    await keyboard.pilot.pause()
    return str(keyboard.app.screen.query_one(InstanceText).content)


async def test_a_batch_says_in_its_row_how_many_commands_and_in_full_every_one() -> None:
    missing = ("trace", Skipped(1))  # what led to the votes, so that nothing is held against it
    entries = trace(
        missing, *votes(BATCH, "A1", "A2"), ("L2", Learned(1, NUMBER, BATCH, "votes", ()))
    )
    app = PaxosApp(feed=FrozenFeed(entries), fps=0)
    async with app.run_test(size=(80, 24)) as pilot:
        keyboard = Keyboard(app, pilot)
        await keyboard.until(lambda: app.main.is_whole and app.view.nodes)
        app.frame()
        assert "3: a,   , set poem" in keyboard.rows("matrix", 120)[0]
        said = await read(keyboard)
        assert "chosen under 3.L2; 1 of 2 leaders learned it" in said
        assert "value, chosen  3 commands" in said
        assert "C1#5  a\n" in said
        assert "C1#6  ␣␣\n" in said, "blanks can be seen"
        assert f"C1#7  {LONG[:-4]}␛[2J" in said
        box = app.screen.query_one("#instance")
        await keyboard.until(lambda: box.max_scroll_y > 0)
        await pilot.press("end")
        assert box.scroll_y > 0


@pytest.mark.parametrize("key", ["escape", "enter", "q"])
async def test_what_is_told_of_an_instance_goes_by(key: str) -> None:
    async with open_console() as console:
        await console.submit("hello")
        await console.until(lambda: console.app.view.answered == 1)
        said = await read(console)
        assert "C1#1  hello" in said
        assert "A1  ● accepted what is chosen" in said
        await console.press(key)
        assert console.app.screen is console.app.main
        assert console.app.is_running


def test_who_voted_for_another_value_is_told_with_that_value() -> None:
    one, two = Command("C1", 1, "one"), Command("C1", 2, "two")
    later = ProposalNumber(4, 1)
    entries = trace(*votes(two, "A3"), *votes(one, "A1", "A2", number=later))
    facts = facts_of(view_of(entries), 1)
    assert facts.values == (one, two)
    assert facts.is_chosen
    assert {h.node: h.cell.value for h in facts.holders if h.cell.value} == {
        "A1": one,
        "A2": one,
        "A3": two,
    }


async def test_the_row_shows_a_vote_that_stands_beside_what_is_chosen() -> None:
    async with open_replay(story("S04", wrong=True)) as replay:
        await replay.press("end")
        assert "X  ◐ no-op" in replay.rows("matrix")[-3]
        assert not any("◐ " in row[:40] for row in replay.rows("matrix")[-2:])


def test_a_vote_that_is_not_on_disk_is_called_so_and_nothing_is_chosen_by_it() -> None:
    value = Command("C1", 1, "one")
    facts = facts_of(view_of(trace(("A1", AcceptedValue(1, NUMBER, value, 1)))), 1)
    assert facts.state == "voted on, and not known as chosen"
    assert not facts.is_chosen
    assert facts.values == (value,)
    assert next(h for h in facts.holders if h.node == "A1").look.paint == "fault"


def test_what_a_value_asks_for_has_a_line_for_every_command() -> None:
    assert list(lines_of(NOOP)) == ["no-op: the instance is decided, and does nothing"]
    assert list(lines_of(Command("C1", 0, ""))) == ["C1#0  opens a session"]
    assert [line.split()[0] for line in lines_of(BATCH)] == ["C1#5", "C1#6", "C1#7"]


def test_an_instance_that_is_kept_no_more_says_so() -> None:
    view = ClusterView(kept=1)
    view.apply_all(trace(*votes(NOOP, "A1", "A2")))
    view.matrix._forget_before(2)
    assert facts_of(view, 1) == Facts("no longer kept")


async def test_enter_reads_the_row_under_the_cursor_in_a_replay_and_in_a_scenario() -> None:
    async with open_replay(GAP) as replay:
        await replay.press("end", "down")
        instance = replay.app.view.highest_instance - 1
        said = await read(replay)
        assert replay.app.screen.query_one("#instance").border_title == f"instance {instance}"
        assert "chosen under" in said
    async with open_replay(story("S04", wrong=True)) as replay:
        await replay.press("end")
        if replay.app.screen is not replay.app.main:
            await replay.press("escape")
        said = await read(replay)
        assert "value 2, not chosen  no-op" in said


async def test_enter_elsewhere_says_where_instances_are_and_ends_a_filter_as_before() -> None:
    async with open_console() as console:
        await console.press("slash", *"abc", "enter")
        assert not isinstance(console.app.focused, Input)
        assert console.app.screen is console.app.main
        await console.press("enter")
        await console.until(lambda: "Enter reads an instance" in console.said())
        await console.press("question_mark", "enter")
        assert isinstance(console.app.screen, HelpScreen)


async def test_the_value_takes_the_width_that_is_there() -> None:
    async with open_console() as console:
        await console.submit("x" * 250)
        await console.until(lambda: console.app.view.answered == 1)
        await console.until(lambda: len(console.rows("matrix", 300)) == 2)
        assert "x" * 200 in console.rows("matrix", 300)[0]
        assert "A5" in "".join(part.text for part in console.pane("matrix").heading(300))
