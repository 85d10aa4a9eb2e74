"""The names of panes that share one place; a click chooses."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events
from textual.message import Message

from paxos_tui.widgets.lines import Line


class PaneTabs(Line):
    """Tabs in one line, the active one in brackets.

    Args:
        names: the title of each pane.
        short: shorter titles for some of them, for where there is little room.
    """

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(
        self, names: Mapping[str, str], short: Mapping[str, str], *, id: str | None = None  # noqa: A002
    ) -> None:  # fmt: skip
        super().__init__(id=id)
        self._names = dict(names)
        self._short = short
        self._active = ""

    def show(self, active: str) -> None:
        """Paint the tabs; where the active pane is none of them, the last one stays marked."""
        if active in self._names or not self._active:
            self._active = active if active in self._names else next(iter(self._names))
        parts = []
        for name, title in self._titles():
            here = name == self._active
            parts.append((f"[{title}]" if here else f" {title} ", "primary" if here else "dim"))
        self.say(parts)

    def on_resize(self) -> None:
        """Choose titles that fit."""
        self.show(self._active)

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the mouse."""
        left = self.styles.padding.left
        for name, title in self._titles():
            if left <= event.x < left + len(title) + 2:
                self.post_message(self.Picked(name))
            left += len(title) + 2

    def _titles(self) -> list[tuple[str, str]]:
        needed = sum(len(title) + 2 for title in self._names.values())
        if self.size.width and needed > self.size.width:
            return [(name, self._short.get(name, title)) for name, title in self._names.items()]
        return list(self._names.items())
