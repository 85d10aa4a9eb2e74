"""Large things on the screen: values of many bytes, histories of a million instances."""

from __future__ import annotations

from rich.cells import cell_len

from paxos_engine import NOOP, Entry, ProposalNumber, read_trace
from paxos_engine.roles.events import Learned, Skipped
from paxos_tui.app import PaxosApp
from paxos_tui.feed import FrozenFeed
from paxos_tui.widgets.instance_matrix import InstanceMatrix
from paxos_tui.widgets.line_table import LineTable
from tests.tui.driving import open_console
from tests.tui.test_snapshots import TRACES

LARGE = "漢" * 19_000
"""Nearly as many bytes as a datagram takes."""

MILLION = 1_000_000


async def test_the_largest_value_is_chosen_and_clipped_wherever_it_is_shown() -> None:
    async with open_console() as console:
        console.app._submit(LARGE)
        await console.until(lambda: console.app.view.answered == 1)
        await console.until(lambda: console.cluster.history("L1") == [(2, LARGE)])
        await console.until(lambda: console.pane("matrix").row_count() == 2)
        shown = {name: console.rows(name, 100) for name in ("matrix", "node", "log")}
        for name, rows in shown.items():
            assert all(cell_len(row) <= 100 for row in rows), name
            assert any("漢…" in row or "漢 …" in row for row in rows), name
        assert "漢…" in console.status()
        assert cell_len(console.said()) < 120


async def test_a_matrix_of_a_million_instances_makes_only_the_rows_that_are_seen() -> None:
    header = [entry for entry in read_trace(TRACES / "fresh.jsonl") if entry.seq == 0]
    skipped = Entry(1, 0.1, "trace", Skipped(1))  # the history so far, which checks would miss
    last = Entry(2, 0.1, "L2", Learned(MILLION, ProposalNumber(1, 2), NOOP, "votes"))
    app = PaxosApp(feed=FrozenFeed([*header, skipped, last]), fps=0)
    async with app.run_test(size=(160, 48)) as pilot:
        while not (app.main.ready and app.view.nodes and app.main.pane().has_focus):
            await pilot.pause()
        matrix = app.main.query_one(InstanceMatrix)
        while not matrix.virtual_size.height > MILLION:
            await pilot.pause()
        made: list[int] = []
        row = matrix.row

        def counted(number: int, width: int) -> list[object]:
            made.append(number)
            return row(number, width)  # type: ignore[return-value]

        matrix.row = counted  # type: ignore[assignment, method-assign]
        assert matrix.row_count() == MILLION
        await pilot.press("end")
        await pilot.pause()
        foot = matrix.render_line(matrix.size.height - 1).text
        assert foot.split()[0] == "1"
        await pilot.press("home")
        await pilot.pause()
        assert matrix.render_line(1).text.startswith("1000000 ")
        node = app.main.query_one("#node", LineTable)
        assert node.render_line(1).text.startswith("1000000 ")
        assert {0, MILLION - 1} <= set(made)
        assert len(made) < 1_000
