"""What is typed into a prompt: recalled, refused with a reason, put right."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Static

from tests.tui.driving import open_console


async def test_up_recalls_what_was_submitted_before() -> None:
    async with open_console() as console:
        await console.submit("first")
        await console.submit("second")
        await console.press("s", "up", "up")
        assert console.app.screen.query_one(Input).value == "first"
        await console.press("down")
        assert console.app.screen.query_one(Input).value == "second"
        await console.press("escape")


async def test_an_empty_value_is_not_submitted_and_blanks_can_be_seen() -> None:
    async with open_console() as console:
        await console.submit("")
        await console.until(lambda: "Nothing is submitted" in console.said())
        assert not console.app.view.pending
        await console.submit("   ")
        await console.until(lambda: console.app.view.answered == 1)
        assert "␣␣␣" in console.rows("matrix")[0]


async def test_capital_x_takes_groups_and_refuses_nonsense_in_one_line() -> None:
    async with open_console() as console:
        await console.press("X")
        await console.type("L1,A1 | L2,Z9")
        assert not console.cluster.faults.is_partitioned
        await console.type("L1,A1|L2,A2,A3,A4,A5")
        await console.until(lambda: console.cluster.faults.is_partitioned)


@pytest.mark.parametrize(
    ("key", "wrong", "reason"),
    [
        ("b", "12x", "'12x' is no number from 1 to 1,000,000."),
        ("W", "fast", "'fast' is no rate from 0.1 to 5000 a second."),
        ("W", "nan", "'nan' is no rate from 0.1 to 5000 a second."),
        ("X", "L1,Z9 | L2", "There is no Z9 in this cluster."),
        ("X", "L1 | L1", "L1 is in two groups."),
        ("X", "L1 |", "A group is empty."),
    ],
)
async def test_a_wrong_entry_stays_in_the_prompt_beside_what_is_wrong(
    key: str, wrong: str, reason: str
) -> None:
    async with open_console() as console:
        await console.press(key)
        await console.type(wrong)
        prompt = console.app.screen
        await console.until(lambda: reason in str(prompt.query_one(Static).content))
        assert console.app.screen is prompt
        assert prompt.query_one(Input).value == wrong
        await console.press("escape")
        assert console.app.screen is console.app.main
        assert not console.cluster.faults.is_partitioned
        assert not console.app._worked


async def test_a_value_that_is_too_long_stays_in_the_prompt_to_be_made_shorter() -> None:
    async with open_console() as console:
        await console.press("s")
        prompt = console.app.screen
        prompt.query_one(Input).value = "x" * 70_000
        await console.press("enter")
        told = "the value needs 70,064 bytes, and a command may have 60,000"
        await console.until(lambda: told in str(prompt.query_one(Static).content))
        prompt.query_one(Input).value = "x"
        await console.press("enter")
        await console.until(lambda: console.app.view.answered == 1)
