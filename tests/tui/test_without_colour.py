"""Colour is never the only carrier of a meaning: every difference can be read as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

import pytest
from textual.pilot import Pilot

from paxos_engine import CellState, Command, Entry, ProposalNumber
from paxos_engine.roles.events import AcceptedValue
from paxos_tui.app import PaxosApp
from paxos_tui.feed import FrozenFeed
from paxos_tui.widgets import paint
from paxos_tui.widgets.line_table import LineTable
from paxos_tui.widgets.node_card import NodeCard
from paxos_tui.widgets.paint import LEGEND, Look
from tests.tui.record_traces import STATES
from tests.tui.terminals import PROGRAM, Terminal
from tests.tui.test_snapshots import _holes, console

COLOUR = re.compile(rb"[34]8;2;(\d+);(\d+);(\d+)")

PLACES = {
    "cells of the matrix": [*paint.CELLS.values(), paint.UNSYNCED, paint.UNSYNCED_PROMISE],
    "cards and heartbeats": [
        *(paint.UP, paint.FAILED, paint.PRIMARY, paint.WAS_PRIMARY, paint.IN_FOCUS, paint.BEAT),
        Look("┃", "primary", "one was heard"),
        Look("·", "dim", "none was heard"),
    ],
    "fates of messages": [paint.DELIVERED, paint.IN_FLIGHT, paint.DELAYED, paint.LOST],
}


@pytest.mark.parametrize("place", PLACES)
def test_in_one_place_each_meaning_has_a_glyph_of_its_own(place: str) -> None:
    for one, other in combinations(PLACES[place], 2):
        assert one.glyph != other.glyph, f"{one.meaning} / {other.meaning}"


def test_every_state_of_a_cell_and_every_look_that_there_is_was_considered() -> None:
    assert set(paint.CELLS) == set(CellState)
    looks = {look for look in vars(paint).values() if isinstance(look, Look)}
    assert looks <= {look for place in PLACES.values() for look in place}
    assert {*paint.CELLS.values(), *looks} <= set(LEGEND), "and help explains it"


LABELLED = {"clients", "hearts"}
"""Panes whose rows are read as a whole: the first column says what the others mean."""


def painted(app: PaxosApp) -> Iterator[tuple[object, str]]:
    """Yield every piece of text that can be seen, with its place, and its paint."""
    for table in app.main.query(LineTable):
        table.show(app.view)
        for number in range(min(table.row_count(), 300)):
            row = table.row(number, 100)
            whole = "".join(part.text for part in row) if table.id in LABELLED else ""
            for at, part in enumerate(row):
                if part.text.strip():
                    yield (table.id, at, part.text.strip(), whole), part.paint
    for card in app.main.query(NodeCard):
        for lines in (card._lines(), card._few_lines()):
            whole = "\n".join(text for text, _ in lines)
            for at, (text, name) in enumerate(lines):
                yield ("card", at, text, whole), name


async def shown(app: PaxosApp, pilot: Pilot[None]) -> None:
    """Wait until the console shows its trace."""
    while not (app.main.ready and app.view.nodes and app.main.query(NodeCard)):
        await pilot.pause()
    await pilot.pause()


def check_frame(card: NodeCard) -> None:
    """Hold what the frame of a card says by its colour against what stands on the card."""
    text = card.text
    assert card.has_class("-failed") == (paint.FAILED.glyph in text)
    assert card.has_class("-primary") == (paint.PRIMARY.glyph in text)
    assert card.has_class("-in-focus") == (paint.IN_FOCUS.glyph in text)


def alike() -> PaxosApp:
    """Return the console over a trace in which one value is chosen, and voted for elsewhere."""
    entries = _holes()
    vote = AcceptedValue(4, ProposalNumber(1, 2), Command("C1", 9, "first"), 99)
    entries.append(Entry(len(entries), entries[-1].t, "A1", vote))
    return PaxosApp(feed=FrozenFeed(entries), fps=0)


async def test_the_same_words_in_the_same_place_never_differ_in_colour_only() -> None:
    seen: dict[object, str] = {}
    for app in (*map(console, STATES), alike()):
        async with app.run_test(size=(160, 48)) as pilot:
            await shown(app, pilot)
            for place, name in painted(app):
                assert seen.setdefault(place, name) == name, place
            for card in app.main.query(NodeCard):
                check_frame(card)
    assert len(seen) > 1000


def test_with_no_color_nothing_is_coloured_and_everything_is_said() -> None:
    with Terminal(PROGRAM, size=(120, 36), environment={"NO_COLOR": "1"}) as terminal:
        terminal.see("instances agree")
        terminal.type("1")
        terminal.see("✗ FAILED", "A1 failed. 4 of 5 acceptors are up, 3 needed.")
        terminal.type("swithout colour\r")
        terminal.see("2 instances agree")
        terminal.type("q")
        assert terminal.end() == 0
    assert "★" in terminal.text
    colours = {tuple(map(int, found)) for found in COLOUR.findall(terminal.raw)}
    assert colours, "shades of grey tell background from text"
    assert all(max(colour) - min(colour) <= 1 for colour in colours)
