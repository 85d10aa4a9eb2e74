"""What the command palette offers, and that it acts."""

from __future__ import annotations

from paxos_tui.actions import ACTIONS
from tests.tui.driving import open_console


async def test_every_action_on_what_there_is_is_in_the_command_palette() -> None:
    async with open_console() as console:
        offered = {c.title for c in console.app.get_system_commands(console.app.screen)}
        wanted = {action.title for action in ACTIONS if action.name not in ("palette", "quit")}
        absent = {f"fail or recover A{n}" for n in range(6, 10)}
        assert wanted - absent <= offered
        assert not absent & offered


async def test_colon_opens_the_command_palette() -> None:
    async with open_console() as console:
        await console.press("colon")
        await console.until(lambda: "CommandPalette" in type(console.app.screen).__name__)
        await console.press("escape")


async def test_a_command_of_the_palette_acts() -> None:
    async with open_console() as console:
        await console.press("colon")
        await console.until(lambda: console.app.focused is not None)
        await console.press(*"recover A3")
        await console.pilot.pause(0.5)
        await console.press("enter", "enter")
        await console.until(lambda: console.cluster.is_failed("A3"))


async def test_the_palette_offers_nothing_twice() -> None:
    async with open_console() as console:
        titles = [c.title.lower() for c in console.app.get_system_commands(console.app.screen)]
        assert len(titles) == len(set(titles))
        assert not {"keys", "maximize", "change theme"} & set(titles)
