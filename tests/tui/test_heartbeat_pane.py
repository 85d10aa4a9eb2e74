"""The heartbeat pane is as high as its rows."""

from __future__ import annotations

from textual.app import ComposeResult

from paxos_engine import ClusterView, Entry, Header
from paxos_tui.themes import DEFAULT_VARIABLES, stylesheet
from paxos_tui.widgets.heartbeat_pane import HeartbeatPane
from paxos_tui.widgets.paint import PaintingApp

FRAME = 2


class HeartbeatApp(PaintingApp):
    """The pane alone, which has heard of no node yet."""

    CSS = stylesheet()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULT_VARIABLES

    def compose(self) -> ComposeResult:
        yield HeartbeatPane(id="hearts", classes="pane")


async def test_it_grows_where_the_frame_was_laid_out_before_the_nodes_were_known() -> None:
    view = ClusterView()
    async with HeartbeatApp().run_test(size=(80, 40)) as pilot:
        pane = pilot.app.query_one(HeartbeatPane)
        assert pane.region.height == FRAME
        header = Header(("A1", "A2", "A3"), ("L1", "L2"), (2, 2), "multi", 1, {})
        view.apply(Entry(0, 0.0, "cluster", header))
        pane.show(view)
        await pilot.pause()
        assert pane.region.height == FRAME + 1 + 5
