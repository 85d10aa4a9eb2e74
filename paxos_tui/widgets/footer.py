"""A footer that is made anew only when what it offers has changed, and cuts no word in two."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer
from textual.widgets._footer import FooterKey


class StillFooter(Footer):
    """Textual's footer, which would else be made anew whenever the focus moves."""

    _offered: object = None
    _room = 0

    def compose(self) -> ComposeResult:
        """Show the keys that fit, the most needed first; help and the palette have all of them."""
        left = self._room = self.app.size.width
        for key in super().compose():
            if isinstance(key, FooterKey):
                left -= cell_len(f"{key.key_display} {key.description}")
                if left < 0:
                    return
                left -= 1  # the blank before the next one
            yield key

    def on_resize(self, event: events.Resize) -> None:
        """Choose anew what fits."""
        if self.app.size.width != self._room and self._offered is not None:
            self.call_after_refresh(self.recompose)

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Take the present bindings, if they are not those that are shown."""
        offered = [
            (active.binding.key, active.binding.description, active.enabled)
            for active in screen.active_bindings.values()
            if active.binding.show
        ]
        if screen is self.screen and offered != self._offered:
            self._offered = offered
            super().bindings_changed(screen)
