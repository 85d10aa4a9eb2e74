"""What the mouse can do, on a real cluster."""

from __future__ import annotations

import pytest
from textual import events
from textual.widget import Widget
from textual.widgets._footer import FooterKey

from paxos_tui.screens.prompt import PromptScreen
from paxos_tui.widgets.node_card import NodeCard
from tests.tui.driving import Console, open_console


def wheel(widget: Widget, kind: type[events.MouseEvent]) -> events.MouseEvent:
    """Return a turn of the wheel over the middle of `widget`."""
    x, y = widget.region.center
    place = (int(x), int(y))
    return kind(widget, *place, 0, 1, 0, False, False, False, *place)


async def burst(console: Console, count: int) -> None:
    """Submit `count` values and wait until they are answered."""
    console.app._burst(str(count))
    await console.until(lambda: console.app.view.answered == count)


async def test_a_click_on_a_card_makes_its_node_the_one_in_focus() -> None:
    async with open_console() as console:
        await console.until(lambda: console.app.main.query("#card-A3"))
        card = console.app.main.query_one("#card-A3", NodeCard)
        await console.until(lambda: card.region.width > 0)
        while not await console.pilot.click("#card-A3"):
            await console.pilot.pause(0.05)
        await console.until(lambda: console.app.main.node_in_focus == "A3")
        await console.until(lambda: "▸A3" in card.text)


async def test_a_click_on_a_row_moves_the_cursor_and_a_click_on_a_tab_changes_the_pane() -> None:
    async with open_console(size=(80, 24)) as console:
        await burst(console, 5)
        matrix = console.pane("matrix")
        await console.until(lambda: matrix.row_count() == 6)
        await console.pilot.pause(0.2)
        await console.pilot.click("#matrix", offset=(5, 4))
        await console.until(lambda: matrix.cursor == 2)
        await console.pilot.click("#tabs", offset=(15, 0))
        await console.until(lambda: console.app.main.pane().id == "node")


async def test_the_panes_at_the_lower_right_have_tabs_to_click() -> None:
    async with open_console() as console:
        assert console.pane("gaps").region.height > 0
        await console.pilot.click("#lower-tabs", offset=(10, 0))
        await console.until(lambda: console.app.main.pane().id == "disks")
        await console.until(lambda: console.pane("disks").region.height >= 10)
        assert console.pane("gaps").region.height == 0
        assert console.pane("node").region.height >= 4


async def test_the_wheel_ends_following_and_a_click_at_the_foot_goes_on_with_it() -> None:
    async with open_console() as console:
        await burst(console, 100)
        matrix = console.pane("matrix")
        await console.until(lambda: matrix.row_count() == 101)
        for _ in range(3):
            console.app.post_message(wheel(matrix, events.MouseScrollDown))
        await console.until(lambda: matrix.scroll_offset.y > 0)
        assert not matrix.follow
        await console.until(lambda: matrix.border_subtitle == "not following (o)")
        await console.pilot.click("#matrix", offset=(20, matrix.outer_size.height - 1))
        await console.until(lambda: matrix.follow)
        assert matrix.scroll_offset.y == 0


@pytest.mark.parametrize("pane", ["matrix", "node", "hearts", "gaps"])
async def test_a_click_on_a_title_zooms_and_unzooms(pane: str) -> None:
    async with open_console() as console:
        await console.until(lambda: console.pane("hearts").region.height == 10)
        before = console.pane(pane).region.width
        await console.pilot.click(f"#{pane}", offset=(4, 0))
        await console.until(lambda: console.app.main.zoomed)
        await console.until(lambda: console.pane(pane).region.width > before)
        await console.pilot.click(f"#{pane}", offset=(4, 0))
        await console.until(lambda: console.pane(pane).region.width == before)
        assert not console.app.main.zoomed


async def test_a_double_click_on_a_row_zooms() -> None:
    async with open_console() as console:
        await burst(console, 5)
        await console.pilot.click("#matrix", offset=(5, 3), times=2)
        await console.until(lambda: console.app.main.zoomed)


async def test_a_click_on_filter_in_the_title_of_the_log_opens_the_filter() -> None:
    async with open_console() as console:
        log = console.pane("log")
        await console.until(lambda: "filter" in str(log.border_title))
        for _ in range(100):  # a click that falls into a change of the layout meets another widget
            place = 2 + str(log.border_title).index("filter")
            await console.pilot.click("#log", offset=(place, 0))
            await console.pilot.pause(0.05)
            if console.app.main.query_one("#filter").has_focus:
                return
        raise AssertionError(console.status())


@pytest.mark.parametrize("name", ["submit", "commands"])
async def test_a_click_in_the_footer_does_what_its_key_does(name: str) -> None:
    async with open_console() as console:
        for _ in range(100):  # the footer is made anew when the keys of the moment change
            keys = console.app.main.query("FooterKey").results(FooterKey)
            found = next((key for key in keys if key.description == name), None)
            if found is not None and found.region.width:
                await console.pilot.click(found)
            if console.app.screen is not console.app.main:
                break
            await console.pilot.pause(0.05)
        assert isinstance(console.app.screen, PromptScreen) == (name == "submit")
        assert console.app.screen is not console.app.main
