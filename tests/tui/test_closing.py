"""A screen that lies over another goes once, however often Enter comes while it goes."""

from __future__ import annotations

import pytest
from textual.command import CommandList
from textual.widgets import Input

from paxos_tui.screens.help import HelpScreen
from paxos_tui.screens.prompt import PromptScreen
from tests.tui.driving import Keyboard, open_console, open_replay
from tests.tui.test_replay import GAP


async def enter_twice(keyboard: Keyboard, times: int = 2) -> None:
    """Press Enter again before the first one has been heard."""
    keyboard.press_at_once("\r" * times)
    await keyboard.until(lambda: keyboard.app.screen is keyboard.app.main)
    await keyboard.pilot.pause()


@pytest.mark.parametrize(
    ("key", "typed"),
    [("s", ""), ("s", "5"), ("W", ""), ("b", ""), ("b", "5"), ("X", "L1|L2"), ("/", "a")],
)
async def test_a_second_enter_in_a_prompt_of_the_console_does_nothing(key: str, typed: str) -> None:
    async with open_console() as console:
        console.press_at_once(f"{key}{typed}\r\r")
        await console.until(lambda: console.app.screen is console.app.main)
        await console.pilot.pause()
        assert console.app.is_running


async def test_a_second_enter_answers_an_open_prompt_once() -> None:
    async with open_console() as console:
        await console.press("s")
        await console.until(lambda: console.app.screen.query(Input))
        await console.press(*"abc")
        await enter_twice(console)
        await console.until(lambda: console.cluster.history("L1") == [(2, "abc")])
        assert console.app._history == ["abc"]


async def test_a_second_enter_after_a_typed_yes_wipes_once() -> None:
    async with open_console() as console:
        console.press_at_once("Dyes\r\r")
        await console.until(lambda: console.cluster.status("L1") == "crashed")
        assert console.app.is_running


@pytest.mark.parametrize("key", ["C", "K"])
async def test_a_second_enter_in_a_question_answers_it_once(key: str) -> None:
    async with open_console() as console:
        console.press_at_once(f"{key}\r\r")
        await console.until(lambda: console.cluster.status("L1") == "crashed")
        assert console.app.is_running


async def test_lines_that_come_as_keys_do_not_end_the_console() -> None:
    async with open_console() as console:
        await console.press("s")
        await console.until(lambda: console.app.screen.query(Input))
        console.press_at_once("one\r\r\rtwo\r")
        await console.until(lambda: console.cluster.history("L1") == [(2, "one")])
        assert console.app.is_running


async def test_an_enter_for_a_prompt_takes_away_no_screen_that_came_over_it() -> None:
    async with open_console() as console:
        await console.press("s")
        await console.until(lambda: isinstance(console.app.screen, PromptScreen))
        prompt = console.app.screen
        console.app.push_screen(HelpScreen(console.app.guide))
        await console.until(lambda: console.app.screen is not prompt)
        above = console.app.screen
        assert isinstance(prompt, PromptScreen)
        prompt.dismiss("late")
        await console.pilot.pause()
        assert console.app.screen is above
        assert console.app._history == []


async def test_a_second_enter_in_the_command_palette_acts_once() -> None:
    async with open_console() as console:
        await console.press("colon")
        await console.until(lambda: console.app.screen.query(CommandList))
        await console.press(*"recover A3")
        commands = console.app.screen.query_one(CommandList)
        await console.until(lambda: commands.option_count and commands.highlighted is not None)
        await enter_twice(console, 3)
        await console.until(lambda: console.cluster.is_failed("A3"))
        await console.pilot.pause(0.2)
        assert console.cluster.is_failed("A3"), "the second would let it recover"


async def test_a_second_enter_where_a_replay_asks_does_nothing() -> None:
    async with open_replay(GAP) as replay:
        replay.press_at_once("/10\r\r")
        await replay.until(lambda: replay.position == 10)
        replay.press_at_once("fgap\r\r")
        await replay.pilot.pause()
        assert replay.app.is_running
