"""What is where, on terminals of every size."""

from __future__ import annotations

import pytest
from textual.widgets._footer import FooterKey

from paxos_engine import ClusterConfig
from paxos_tui.widgets.node_card import NodeBar, NodeCard
from tests.tui.driving import Console, open_console


async def test_resizing_changes_the_layout_live() -> None:
    async with open_console(size=(160, 48)) as console:
        assert not console.app.main.has_class("-small")
        await console.pilot.resize_terminal(80, 24)
        await console.until(lambda: console.app.main.has_class("-small"))
        await console.pilot.resize_terminal(40, 10)
        await console.until(lambda: console.app.main.is_too_small)


async def test_the_pane_in_use_stays_the_one_that_is_shown() -> None:
    async with open_console() as console:
        await console.pilot.click("#log", offset=(5, 4))
        await console.until(lambda: console.app.main.pane().id == "log")
        await console.pilot.resize_terminal(80, 24)
        await console.until(lambda: console.pane("log").region.height > 5)
        assert console.pane("matrix").region.height == 0
        tabs = console.app.main.query_one("#tabs")
        assert "[messages]" in tabs.render_line(0).text


@pytest.mark.parametrize("name", ["hearts", "gaps", "disks", "clients", "state", "log"])
async def test_a_zoomed_pane_has_all_the_room_between_the_lines_that_stay(name: str) -> None:
    async with open_console() as console:
        console.app.main._activate(name)
        await console.press("z")
        await console.until(lambda: console.pane(name).region.width == 120)
        assert console.pane(name).region.height >= 20
        for line in ("AppHeader", "StatusLine", "WaitingLine", "Footer"):
            assert console.app.main.query_one(line).region.height == 1
        await console.press("escape")
        await console.until(lambda: console.pane("matrix").region.width > 0)


async def test_on_a_terminal_that_is_too_small_no_key_acts_but_quit() -> None:
    async with open_console() as console:
        await console.pilot.resize_terminal(40, 10)
        await console.until(lambda: console.app.main.is_too_small)
        await console.press("1", "p", "tab", "s")
        assert console.app.screen is console.app.main
        assert console.app.main.pane().id == "matrix"
        assert not any(console.cluster.is_failed(node) for node in console.cluster.nodes)
        await console.press("q")
        await console.until(lambda: not console.app.is_running)


@pytest.mark.parametrize("size", [(40, 10), (60, 15), (59, 16)])
async def test_after_a_terminal_that_was_too_small_the_pane_in_use_has_the_keys_again(
    size: tuple[int, int],
) -> None:
    async with open_console(size=(80, 24)) as console:
        await console.until(lambda: console.app.view.log)
        console.app.main._activate("log")
        await console.until(lambda: console.pane("log").has_focus)
        await console.pilot.resize_terminal(*size)
        await console.until(lambda: console.app.main.is_too_small)
        await console.pilot.pause()
        assert not console.app.main.show_vertical_scrollbar
        await console.pilot.resize_terminal(80, 24)
        await console.until(lambda: console.pane("log").has_focus)
        await console.press("down")
        assert console.pane("log").cursor == 1


def _cards(console: Console) -> list[NodeCard]:
    return list(console.app.main.query(NodeCard))


@pytest.mark.parametrize("size", [(60, 16), (80, 24)])
async def test_a_small_terminal_shows_every_card_whole_and_every_tab(size: tuple[int, int]) -> None:
    async with open_console(size=size) as console:
        (primary,) = console.app.view.primaries
        console.app.main.look_at(primary)
        await console.until(lambda: len(_cards(console)) == 7)
        await console.until(lambda: all(card.region.width for card in _cards(console)))
        for card in _cards(console):
            assert card.region.right <= size[0]
            assert card.content_size.height == 3
        shown = console.app.main.query_one("#tabs").render_line(0).text
        assert "state" in shown
        number = str(console.app.view.nodes[primary].number)
        card = console.app.main.query_one(f"#card-{primary}", NodeCard)
        await console.until(lambda: number in card.render_line(1).text)
        assert "♥" in card.render_line(2).text


@pytest.mark.parametrize(
    ("leaders", "acceptors", "sizes"),
    [
        (2, 5, [(97, 30), (100, 30), (104, 30), (109, 30)]),
        (3, 9, [(60, 16), (80, 24), (120, 36), (168, 36)]),
    ],
)
async def test_every_card_is_whole_in_one_row_or_in_two(
    leaders: int, acceptors: int, sizes: list[tuple[int, int]]
) -> None:
    config = ClusterConfig(leaders, acceptors, election_timeout=0.5, heartbeat_every=0.05)
    async with open_console(config=config) as console:
        await console.until(lambda: len(_cards(console)) == leaders + acceptors)
        bar = console.app.main.query_one(NodeBar)

        def whole(width: int) -> bool:
            regions = [card.region for card in _cards(console)]
            return bar.region.width == width and all(
                region.width >= 7 and region in bar.region for region in regions
            )

        for width, height in sizes:
            await console.pilot.resize_terminal(width, height)
            await console.until(lambda width=width: whole(width))
            assert console.pane("matrix").region.height >= 3


async def test_where_cards_have_no_room_at_all_the_one_in_focus_is_scrolled_to() -> None:
    config = ClusterConfig(9, 9, election_timeout=0.5, heartbeat_every=0.05)
    async with open_console(size=(60, 16), config=config) as console:
        bar = console.app.main.query_one(NodeBar)
        for name in ("A9", "L1"):
            console.app.main.look_at(name)
            card = console.app.main.query_one(f"#card-{name}", NodeCard)
            await console.until(lambda card=card: card.region and card.region in bar.region)


async def test_the_footer_of_a_small_terminal_has_help_first_and_quit_in_sight() -> None:
    async with open_console(size=(80, 24)) as console:
        await console.until(lambda: console.app.main.query("FooterKey"))
        await console.until(
            lambda: any(
                key.description == "quit" and 0 < key.region.right <= 80
                for key in console.app.main.query("FooterKey")
            )
        )
        assert console.footer()[0] == "help"


async def test_the_footer_shows_whole_words_and_as_many_as_fit() -> None:
    async with open_console(size=(200, 30)) as console:
        await console.press("x", "5")
        await console.until(lambda: {"heal", "recover all"} <= set(console.footer()))
        offered = list(dict.fromkeys(console.footer()))  # a second key of an action shows nothing
        footer = console.app.main.query_one("Footer")

        def whole(width: int) -> bool:
            keys = list(footer.query("FooterKey").results(FooterKey))
            fits = all(0 < key.region.right <= width for key in keys)
            names = [key.description for key in keys]
            return fits and names == offered[: len(names)] and 0 < len(names) < len(offered)

        for width in (60, 80, 100):
            await console.pilot.resize_terminal(width, 30)
            await console.until(lambda width=width: whole(width))
        await console.pilot.resize_terminal(200, 30)
        await console.until(lambda: len(footer.query("FooterKey")) == len(offered))


async def test_the_title_of_the_node_pane_tells_port_and_backlog() -> None:
    async with open_console(size=(80, 24)) as console:
        port = console.cluster.ports["L1"]
        title = console.pane("node").border_title
        await console.until(lambda: f"port {port}" in str(console.pane("node").border_title))
        assert "wait" in str(title)


async def test_a_leader_that_failed_as_primary_has_no_full_star() -> None:
    async with open_console() as console:
        (first,) = console.app.view.primaries
        await console.press("p")
        card = console.app.main.query_one(f"#card-{first}", NodeCard)
        await console.until(lambda: "☆" in card.text)
        assert "★" not in card.text
