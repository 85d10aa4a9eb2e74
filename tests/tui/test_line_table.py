"""The big tables paint only what can be seen."""

from __future__ import annotations

from textual.app import App, ComposeResult

from paxos_engine import ClusterView
from paxos_tui.themes import DEFAULT_VARIABLES, stylesheet
from paxos_tui.widgets.line_table import LineTable, Part


class Numbers(LineTable):
    """A table of a million rows that counts how many it was asked for."""

    count = 1_000_000
    made = 0

    def heading(self, width: int) -> list[Part]:
        return [Part("number")]

    def row(self, number: int, width: int) -> list[Part]:
        self.made += 1
        return [Part(str(self.count - number))]

    def row_count(self) -> int:
        return self.count

    def stamp(self, view: ClusterView) -> object:
        return self.count


class TableApp(App[None]):
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
