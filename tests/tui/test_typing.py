"""What is typed fast, or pasted, goes where it was meant to."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from paxos_tui.screens.help import HelpScreen
from tests.tui.driving import open_console


class TestPressedInARow:
    """What is pressed in a row acts in that order, however slowly screens open."""

    async def test_a_number_for_the_prompt_fails_no_acceptor(self) -> None:
        async with open_console() as console:
            console.press_at_once("b57\r")
            await console.until(lambda: console.app.view.answered == 57)
            assert not any(console.cluster.is_failed(node) for node in console.cluster.nodes)

    async def test_a_value_comes_whole(self) -> None:
        async with open_console() as console:
            console.press_at_once("s1 quick pad\r")
            await console.until(lambda: console.cluster.history("L1") == [(2, "1 quick pad")])

    async def test_what_is_typed_behind_an_answer_comes_after_it(self) -> None:
        async with open_console() as console:
            console.press_at_once("sone\rstwo\rsthree\r1")
            chosen = [(2, "one"), (3, "two"), (4, "three")]
            await console.until(lambda: console.cluster.history("L1") == chosen)
            await console.until(lambda: console.cluster.is_failed("A1"))

    async def test_what_is_typed_behind_a_wrong_answer_is_put_to_it(self) -> None:
        async with open_console() as console:
            console.press_at_once("b2x\r1\r")
            await console.until(lambda: "'2x1' is no number" in console.asked())
            assert not any(console.cluster.is_failed(node) for node in console.cluster.nodes)

    async def test_what_is_typed_behind_escape_acts_where_it_leads(self) -> None:
        async with open_console() as console:
            console.press_at_once("sunsaid\x1b1sC\x1bC\r")
            await console.until(lambda: console.cluster.is_failed("A1"))
            await console.until(lambda: console.cluster.status("L1") == "crashed")
            assert not console.cluster.history("L2")

    async def test_a_paste_right_behind_the_key_goes_into_the_prompt(self) -> None:
        async with open_console() as console:
            console.press_at_once("s")
            console.app.post_message(events.Paste("12 of it"))
            console.press_at_once("\r")
            await console.until(lambda: console.cluster.history("L1") == [(2, "12 of it")])

    async def test_keys_behind_help_do_nothing(self) -> None:
        async with open_console() as console:
            console.press_at_once("?15w")
            await console.until(lambda: isinstance(console.app.screen, HelpScreen))
            await console.press("escape")
            assert not any(console.cluster.is_failed(node) for node in console.cluster.nodes)


async def test_pasted_text_never_acts_as_keys() -> None:
    async with open_console() as console:
        console.app.post_message(events.Paste("12345q"))
        await console.until(lambda: "Pasted text does nothing" in console.said())
        assert console.app.is_running
        assert not any(console.cluster.is_failed(node) for node in console.cluster.nodes)


async def test_a_paste_into_the_prompt_keeps_every_character_and_shows_them_harmlessly() -> None:
    async with open_console() as console:
        await console.press("s")
        await console.until(lambda: console.app.focused is not None)
        console.app.post_message(events.Paste("two\nlines \x1b[31m"))
        field = console.app.screen.query_one(Input)
        await console.until(lambda: field.value == "two\nlines \x1b[31m")
        assert "two␊lines ␛[31m" in field.render_line(0).text
        await console.press("enter")
        await console.until(lambda: console.cluster.history("L1") == [(2, "two\nlines \x1b[31m")])
