"""The big tables paint only what can be seen."""

from __future__ import annotations

import pytest
from textual.app import ComposeResult
from textual.strip import Strip

from paxos_engine import ClusterView, Command, Entry, ProposalNumber
from paxos_engine.roles.events import Lost, Sent
from paxos_engine.roles.messages import Accept
from paxos_tui.themes import DEFAULT_VARIABLES, stylesheet
from paxos_tui.widgets.drawn import Part
from paxos_tui.widgets.line_table import LineTable
from paxos_tui.widgets.message_log import MessageLog, fate_text
from paxos_tui.widgets.paint import PaintingApp


class Numbers(LineTable):
    """A table of a million rows that counts how many it was asked for."""

    count = 1_000_000
    made = 0
    renamed = ""

    def __init__(self) -> None:
        super().__init__()
        self.painted: list[int] = []

    def heading(self, width: int) -> list[Part]:
        return [Part("number")]

    def row(self, number: int, width: int) -> list[Part]:
        self.made += 1
        if number == 3 and self.renamed:
            return [Part(self.renamed)]
        return [Part(str(self.count - number))]

    def render_line(self, y: int) -> Strip:
        self.painted.append(y)
        return super().render_line(y)

    def row_count(self) -> int:
        return self.count

    def stamp(self, view: ClusterView) -> object:
        return self.count


class TableApp(PaintingApp):
    """One table."""

    CSS = stylesheet()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULT_VARIABLES

    def compose(self) -> ComposeResult:
        yield Numbers()


def top_row(table: Numbers) -> str:
    """Return the text of the first row on the screen."""
    return table.render_line(1).text.strip()


async def test_a_million_rows_cost_no_more_than_those_on_the_screen() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        table = app.query_one(Numbers)
        table.show(ClusterView())
        await pilot.pause()
        assert table.made < 200
        await pilot.press("end")
        await pilot.pause()
        assert table.cursor == 999_999
        assert table.made < 400


async def test_the_row_under_the_cursor_is_told_from_the_others_also_without_colour() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        table = app.query_one(Numbers)
        table.show(ClusterView())
        await pilot.pause()
        await pilot.press("j")
        await pilot.pause()
        looks = []
        for y in range(1, 5):
            (style,) = {segment.style for segment in table.render_line(y) if segment.text.strip()}
            assert style is not None
            looks.append((style.bgcolor, bool(style.bold)))
        (ground, _), (tint, bold) = looks[0], looks[1]
        assert looks == [(ground, False), (tint, True), (ground, False), (ground, False)]
        assert bold
        assert tint != ground


async def test_following_stays_at_the_newest_row_and_moving_away_stays_where_it_is() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        table = app.query_one(Numbers)
        table.show(ClusterView())
        await pilot.pause()
        table.count += 5
        table.show(ClusterView())
        await pilot.pause()
        assert top_row(table) == "1000005"
        await pilot.press("pagedown", "pagedown", "pagedown")
        await pilot.pause()
        before = top_row(table)
        table.count += 5
        table.show(ClusterView())
        await pilot.pause()
        assert not table.follow
        assert top_row(table) == before
        await pilot.press("home")
        await pilot.pause()
        assert top_row(table) == "1000010"


async def test_what_has_not_changed_is_not_painted_again() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        table = app.query_one(Numbers)
        table.show(ClusterView())
        await pilot.pause()
        made = table.made
        for _ in range(20):
            table.show(ClusterView())
        await pilot.pause()
        assert table.made == made


async def test_of_a_table_only_the_lines_that_say_something_else_are_painted() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        table = app.query_one(Numbers)
        for _ in range(2):  # the scroll bar comes, and takes its room
            table.forget_painted()
            table.show(ClusterView())
            await pilot.pause()
        table.painted.clear()
        table.renamed = "three"
        table.forget_painted()
        table.show(ClusterView())
        await pilot.pause()
        assert table.painted == [4]  # the heading is line 0


async def test_the_cursor_leaves_one_line_and_comes_to_another() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        table = app.query_one(Numbers)
        table.show(ClusterView())
        await pilot.pause()
        table.painted.clear()
        await pilot.press("down")
        await pilot.pause()
        assert table.painted == [1, 2]


async def test_what_stands_in_a_frame_already_is_not_written_again() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        table = app.query_one(Numbers)
        table.show(ClusterView())
        table.entitle("numbers", "following")
        await pilot.pause()
        table.painted.clear()
        table.entitle("numbers", "following")
        await pilot.pause()
        assert not table.painted


async def test_what_stands_in_a_frame_is_never_read_as_markup() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 20)) as pilot:
        table = app.query_one(Numbers)
        table.entitle("filter: [/", "[Errno 28] full")
        await pilot.pause()
        assert "[/" in str(table.border_title)
        assert "Errno 28" in str(table.border_subtitle)


def test_filtering_looks_at_the_beginning_of_large_values_and_once_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Accept] = []
    monkeypatch.setattr(Accept, "describe", asked.append)
    view = ClusterView()
    number = ProposalNumber(1, 2)
    for seq in range(50):
        command = Command("C1", seq, f"value-{seq} " + "x" * 60_000)
        sent = Sent(f"L2.{seq}", "A1", Accept(number, 1, command, 0), 0)
        view.apply(Entry(seq, 0.0, "L2", sent))
    log = MessageLog()
    log.filter = "value-7"
    log.view = view
    log._painted = None
    for _ in range(3):
        log.stamp(view)
        assert [line.seq for line in log._rows] == [7]
    assert not asked
    assert all(len(line.cached) < 400 for line in view.log)
    view.apply(Entry(99, 0.1, "A1", Lost("L2.7", "L2", "cut")))
    log.filter = "lost value-7"
    log.stamp(view)
    assert [line.seq for line in log._rows] == [7]


@pytest.mark.parametrize(
    ("fate", "width", "shown"),
    [
        ("lost: cut", 20, "lost: cut"),
        ("lost: failed, delayed 40 ms", 18, "lost: failed"),
        ("delivered, delayed 40 ms", 30, "delivered, delayed 40 ms"),
        ("delivered, delayed 40 ms", 18, "delivered +40ms"),
        ("delivered, duplicated, delayed 40 ms", 17, "arrived x2 +40ms"),
    ],
)
def test_a_fate_has_short_words_where_there_is_little_room(
    fate: str, width: int, shown: str
) -> None:
    assert fate_text(fate, width) == shown


@pytest.mark.parametrize("width", [70, 90, 120])
def test_the_log_gives_a_fate_the_room_it_needs(width: int) -> None:
    log = MessageLog()
    widths = [len(part.text) for part in log.heading(width)[:-1]]
    assert width - sum(widths) >= 17
