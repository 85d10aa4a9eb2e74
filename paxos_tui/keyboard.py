"""What is typed acts in the order in which it was typed, whatever a prompt does meanwhile.

A prompt is on its way before it can be typed into, and an answer before it is taken: what is typed
in between would go to the wrong screen, or to one that is about to go, and be lost.
"""

from __future__ import annotations

from collections import deque

from textual import events, on
from textual.driver import Driver

from paxos_tui.screens.prompt import Asking
from paxos_tui.widgets.paint import PaintingApp

AT_ONCE = ("ctrl+c", "ctrl+q")
"""Keys that wait for nothing: they leave."""


class Keyboard(PaintingApp):
    """Base of an application whose prompts are typed into, however fast."""

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class=driver_class)
        self._typed: deque[events.Key | events.Paste] = deque()

    async def on_event(self, event: events.Event) -> None:
        """Have what is typed wait its turn."""
        match event:
            case events.Key(key=key) if key in AT_ONCE:
                await super().on_event(event)
            case events.Key() | events.Paste() if not event.is_forwarded:
                self._typed.append(event)
                await self.hand_on()
            case _:
                await super().on_event(event)

    @on(Asking.Ready)
    async def hand_on(self) -> None:
        """Hand on what was typed, up to where a prompt has yet to open or to take its answer."""
        while self._typed:
            screen = self.screen if self.screen_stack else None
            if isinstance(screen, Asking):
                if screen.is_busy:
                    return
                screen.expect(self._typed[0])
            await self.type(self._typed.popleft())

    async def type(self, event: events.Key | events.Paste) -> None:
        """Let what was typed act."""
        await super().on_event(event)
