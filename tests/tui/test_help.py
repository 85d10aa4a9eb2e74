"""Help explains every key, every glyph and every colour, and can be read on any terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console as Terminal
from textual import events

from paxos_tui.actions import ACTIONS
from paxos_tui.screens.help import HelpScreen, HelpText
from paxos_tui.widgets.paint import COLOURS, LEGEND, PAINTS
from tests.tui.driving import open_console
from tests.tui.test_mouse import wheel


def words(text: HelpText, width: int) -> str:
    """Return what help says, with single spaces."""
    terminal = Terminal(width=width, record=True, file=StringIO())
    terminal.print(text.text(90))
    return " ".join(terminal.export_text().split())


async def test_every_key_every_glyph_and_every_colour_is_explained() -> None:
    async with open_console(size=(80, 24)) as console:
        await console.press("question_mark")
        await console.until(lambda: console.app.screen.query(HelpText))
        said = words(console.app.screen.query_one(HelpText), 300)
        for action in ACTIONS:
            if not action.shown.isdecimal():
                assert f"{action.shown} {action.help}" in said
        for look in LEGEND:
            assert f"{look.glyph} {look.meaning}" in said
        for _, meaning in COLOURS:
            assert meaning in said
        assert set(PAINTS) - {name for name, _ in COLOURS} == {"strong", "head", "cursor"}


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 36)])
async def test_help_scrolls_by_keys_and_by_the_wheel(size: tuple[int, int]) -> None:
    async with open_console(size=size) as console:
        await console.press("question_mark")
        await console.until(lambda: console.app.screen.query("#help"))
        box = console.app.screen.query_one("#help")
        await console.until(lambda: box.max_scroll_y > 0)
        for key, there in (
            ("down", 1),
            ("up", 0),
            ("j", 1),
            ("k", 0),
            ("end", box.max_scroll_y),
            ("home", 0),
        ):
            await console.press(key)
            assert box.scroll_y == there, key
        await console.press("pagedown")
        assert box.scroll_y > 1
        await console.press("home")
        console.app.post_message(wheel(box, events.MouseScrollDown))
        await console.until(lambda: box.scroll_y > 0)
        assert "scroll" in str(box.border_subtitle)


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_the_legend_comes_first_and_escape_closes(key: str) -> None:
    async with open_console() as console:
        await console.press(key)
        await console.until(lambda: console.app.screen.query(HelpText))
        said = words(console.app.screen.query_one(HelpText), 100)
        assert said.index(LEGEND[0].meaning[:20]) < said.index(ACTIONS[0].help[:20])
        await console.press("escape")
        assert not isinstance(console.app.screen, HelpScreen)
