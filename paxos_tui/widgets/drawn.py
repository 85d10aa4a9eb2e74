"""A widget that is drawn line by line, and painted again only where a line says something else."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from paxos_tui.widgets.paint import Painter

STRIPS_KEPT: Final = 512
"""Lines that are kept as they were painted: a row that only moves is not made anew."""


class Part(NamedTuple):
    """A piece of a line: text that is safe to paint, and the name of its paint."""

    text: str
    paint: str = "plain"


class DrawnLine(NamedTuple):
    """All that decides how one line looks, on one ground and in one width."""

    parts: tuple[Part, ...] = ()
    under_cursor: bool = False


class Drawn(Painter):
    """Base of what is shown again and again: to paint a line costs more than to compare it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._drawn: dict[int, DrawnLine] = {}
        self._strips: dict[DrawnLine, Strip] = {}
        self._strips_are_for: tuple[Style, int] | None = None
        self._ground: Style | None = None

    def line(self, y: int, width: int) -> DrawnLine:
        """Return what line `y` from the top has to say in `width` cells."""
        raise NotImplementedError

    def room(self) -> Size:
        """Return the columns and rows that are drawn on."""
        return self.size

    def refresh_changed(self) -> None:
        """Have those lines painted that say something else than what is on the screen."""
        width, height = self.room()
        lines = [
            Region(0, y, width, 1)
            for y in range(height)
            if self.line(y, width) != self._drawn.get(y)
        ]
        if lines:
            self.refresh(*lines)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return what is to be seen; what lies behind the text is looked up once."""
        self._ground = None
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return line `y` from the top."""
        width = self.room().width
        line = self._drawn[y] = self.line(y, width)
        if self._ground is None:
            self._ground = self.rich_style
        if self._strips_are_for != (self._ground, width) or len(self._strips) > STRIPS_KEPT:
            self._strips.clear()
            self._strips_are_for = (self._ground, width)
        if line not in self._strips:
            self._strips[line] = self._strip(line, width, self._ground)
        return self._strips[line]

    def notify_style_update(self) -> None:
        """Forget what was painted: the theme has changed, or what of it applies here."""
        self._strips.clear()
        super().notify_style_update()

    def _strip(self, line: DrawnLine, width: int, ground: Style) -> Strip:
        base = ground + self._cursor_style() if line.under_cursor else ground
        segments = [Segment(part.text, base + self.paint(part.paint)) for part in line.parts]
        return Strip(segments).adjust_cell_length(width, base)

    def _cursor_style(self) -> Style:
        """Return what the theme says of the cursor; a tint is laid over the ground of the table."""
        tint = self.painting.style_of("cursor").background
        _, ground = self.background_colors
        return self.paint("cursor") + Style(bgcolor=(ground + tint).rich_color)
