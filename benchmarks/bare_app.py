"""The bare Textual application that the console is measured beside: an input and a line of text."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Footer, Input, Static

READY = "bare application"


class BareApp(App[None]):
    """As little as an application can be that shows what is typed."""

    def compose(self) -> ComposeResult:
        """Return the widgets."""
        yield Static(READY)
        yield Input()
        yield Footer()


if __name__ == "__main__":
    BareApp().run()
