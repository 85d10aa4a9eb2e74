"""A footer that is made anew only when what it offers has changed."""

from __future__ import annotations

from textual.screen import Screen
from textual.widgets import Footer


class StillFooter(Footer):
    """Textual's footer, which would else be made anew whenever the focus moves."""

    _offered: object = None

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
