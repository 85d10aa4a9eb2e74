"""A table that paints only the rows on screen: a million rows scroll like ten.

Newest first: row 0 is at the top, and following means staying there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView

from paxos_engine import ClusterView
from paxos_tui.text import fit
from paxos_tui.widgets.drawn import Drawn, DrawnLine, Part

if TYPE_CHECKING:
    from typing import Self


class LineTable(ScrollView, Drawn, can_focus=True):
    """Base of the big tables: a heading, then rows made when they are painted."""

    # Styles are inherited from the first base alone, which has to be the one that scrolls.

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "newest", "Newest", show=False),
        Binding("end,G", "oldest", "Oldest", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)
    follow: reactive[bool] = reactive(True, repaint=False)

    class FrameClicked(Message):
        """The frame was clicked at its head, at its foot, or a row was clicked twice.

        Args:
            table: whose frame.
            word: the words of the title under the mouse.
            at_foot: whether it was the foot.
        """

        def __init__(self, table: LineTable, word: str, at_foot: bool) -> None:
            super().__init__()
            self.table = table
            self.word = word
            self.at_foot = at_foot

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.view: ClusterView | None = None
        self._painted: object = None
        self._count = 0
        self._titles = ("", "")

    # --- what a table says ---------------------------------------------------------------

    def heading(self, width: int) -> list[Part]:
        """Return the heading for a table of `width` cells."""
        raise NotImplementedError

    def row(self, number: int, width: int) -> list[Part]:
        """Return row `number`, 0 being the newest."""
        raise NotImplementedError

    def row_count(self) -> int:
        """Return how many rows there are."""
        raise NotImplementedError

    def stamp(self, view: ClusterView) -> object:
        """Return something that changes when what is painted changes."""
        raise NotImplementedError

    # --- painting ------------------------------------------------------------------------

    def show(self, view: ClusterView) -> Self:
        """Paint `view`, if anything of it that is seen here has changed."""
        self.view = view
        stamp = self.stamp(view)
        if stamp != self._painted:
            self._painted = stamp
            self._resize_to(self.row_count())
            self.refresh_changed()
        return self

    def forget_painted(self) -> None:
        """Paint at the next `show`, whatever has changed."""
        self._painted = None

    def entitle(self, head: str, foot: str) -> None:
        """Write into the frame, if that is not what stands there; never read as markup."""
        if head != self._titles[0]:
            self.border_title = Content(head)
        if foot != self._titles[1]:
            self.border_subtitle = Content(foot) if foot else None
        self._titles = (head, foot)

    def room(self) -> Size:
        """Return the columns and rows that are drawn on."""
        return self.scrollable_content_region.size

    def line(self, y: int, width: int) -> DrawnLine:
        """Return one line of the screen: the heading, or the row scrolled to."""
        if self.view is None:
            return DrawnLine()
        if y == 0:
            return DrawnLine(tuple(Part(part.text, "head") for part in self.heading(width)))
        number = y - 1 + self.scroll_offset.y
        if number >= self._count:
            return DrawnLine()
        return DrawnLine(tuple(self.row(number, width)), number == self.cursor and self.has_focus)

    def watch_cursor(self) -> None:
        """Paint the row that the cursor leaves, and the one that it comes to."""
        self.refresh_changed()

    def _resize_to(self, count: int) -> None:
        grown = count - self._count
        self._count = count
        self.cursor = max(0, min(self.cursor, count - 1))
        self._give_room(Size(self.scrollable_content_region.width, count + 1))
        if self.follow:
            self.scroll_to(y=0, animate=False, immediate=True)
        elif grown > 0:
            # New rows come in at the top: keep what is being read where it is.
            self.cursor += grown
            self.scroll_to(y=self.scroll_offset.y + grown, animate=False, immediate=True)

    def _give_room(self, room: Size) -> None:
        """Let the scroll bar know, which shows or hides itself: no pane is laid out anew."""
        if room != self.virtual_size:
            self.set_reactive(LineTable.virtual_size, room)
            self._scroll_update(room)

    # --- moving --------------------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        """Move the cursor by `rows`; leaving the newest row ends following."""
        self.cursor = max(0, min(self._count - 1, self.cursor + rows))
        self.follow = self.cursor == 0
        visible = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + visible:
            self.scroll_to(y=self.cursor - visible + 1, animate=False, immediate=True)

    def action_page(self, pages: int) -> None:
        """Move the cursor by screens."""
        self.action_move(pages * max(1, self.size.height - 2))

    def action_newest(self) -> None:
        """Go to the newest row and follow."""
        self.action_move(-self._count)

    def action_oldest(self) -> None:
        """Go to the oldest row."""
        self.action_move(self._count)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Put the cursor where the mouse is, or tell that the frame was clicked.

        Not on the click that follows: by then the pane may have grown under the mouse.
        """
        place = event.get_content_offset(self)
        if place is None and event.y in (0, self.outer_size.height - 1):
            self.post_message(self.FrameClicked(self, self._word_at(event.x), event.y > 0))
            return
        if place is None or place.y == 0:
            return  # on the border at the side, or on the heading
        row = place.y - 1 + self.scroll_offset.y
        if row < self._count:
            self.cursor = row
            self.follow = row == 0

    def on_click(self, event: events.Click) -> None:
        """Zoom at the second click on the same place."""
        if event.chain == 2 and event.get_content_offset(self) is not None:
            self.post_message(self.FrameClicked(self, "", False))

    def _word_at(self, x: int) -> str:
        """Return the words of the title around column `x`; titles part them by two spaces."""
        left = 2
        for words in self._titles[0].split("  "):
            if left <= x <= left + len(words):
                return words
            left += len(words) + 2
        return ""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stop following when the mouse wheel leaves the newest row."""
        super().watch_scroll_y(old_value, new_value)
        if new_value > 0 and self.follow and old_value < new_value:
            self.follow = False


def column(text: str, width: int, paint: str = "plain") -> Part:
    """Return `text` in exactly `width` cells and one space."""
    return Part(fit(text, width) + " ", paint)


def rest(parts: list[Part], width: int) -> int:
    """Return how many cells are left after `parts`."""
    return max(0, width - sum(cell_len(part.text) for part in parts))
