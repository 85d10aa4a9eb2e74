"""The main screen as a picture, in every state, size and theme; fed from recorded traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from paxos_engine import (
    NOOP,
    ClusterView,
    Command,
    Entry,
    Event,
    ProposalNumber,
    read_trace,
)
from paxos_engine.roles.events import AcceptedValue, GapFound, Learned, Synced
from paxos_tui.app import PaxosApp
from paxos_tui.feed import FrozenFeed
from paxos_tui.screens.main import PANES
from tests.tui.record_traces import STATES

TRACES = Path(__file__).parent / "traces"
SIZES = [(80, 24), (160, 48)]
THEMES = ["paxos-contrast", "paxos-dark", "paxos-light", "paxos-safe"]


def console(state: str, theme: str = "paxos-dark") -> PaxosApp:
    """Return the console over a recorded trace: no thread, no clock."""
    entries = list(read_trace(TRACES / f"{state}.jsonl"))
    app = PaxosApp(feed=FrozenFeed(entries), fps=0, theme=theme)
    app.animation_level = "none"
    return app


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
def test_the_main_screen_in_every_state(snap_compare: Any, state: str, size: Any) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await _go_to(pilot, "gaps" if state == "gap" and size[0] < 100 else "matrix")

    assert snap_compare(console(state), terminal_size=size, run_before=show)


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_once(snap_compare: Any, theme: str) -> None:
    assert snap_compare(console("no_quorum", theme), terminal_size=(120, 36))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_help(snap_compare: Any, size: Any) -> None:
    assert snap_compare(console("load"), terminal_size=size, press=["question_mark"])


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_all_of_an_instance(snap_compare: Any, size: Any) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await _go_to(pilot, "matrix")
        await pilot.press("down", "enter")
        await pilot.pause()

    assert snap_compare(console("no_quorum"), terminal_size=size, run_before=show)


def test_help_scrolled_to_its_end(snap_compare: Any) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await _go_to(pilot, "matrix")
        await pilot.press("question_mark")
        await pilot.pause()
        await pilot.press("end")
        await pilot.pause()

    assert snap_compare(console("load"), terminal_size=(80, 24), run_before=show)


async def _go_to(pilot: Pilot[None], pane: str) -> None:
    """Press tab until `pane` is the one in use."""
    app = pilot.app
    assert isinstance(app, PaxosApp)
    while not (app.main.ready and app.view.nodes):
        await pilot.pause()
    await pilot.pause()
    for _ in PANES:
        if app.main.pane().id == pane:
            break
        await pilot.press("tab")
        await pilot.pause()
    assert app.main.pane().id == pane
    await pilot.pause()


STATE_OF = {"gaps": "gap", "disks": "durable", "clients": "durable", "state": "durable"}
"""The trace in which a pane has most to show."""


@pytest.mark.parametrize("pane", PANES)
def test_each_pane_of_a_small_terminal(snap_compare: Any, pane: str) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await _go_to(pilot, pane)

    state = STATE_OF.get(pane, "adversarial")
    assert snap_compare(console(state), terminal_size=(80, 24), run_before=show)


@pytest.mark.parametrize("pane", ["disks", "clients"])
def test_what_stands_beside_the_matrix(snap_compare: Any, pane: str) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await _go_to(pilot, pane)

    assert snap_compare(console("durable"), terminal_size=(120, 36), run_before=show)


def test_a_zoomed_pane(snap_compare: Any) -> None:
    async def show(pilot: Pilot[None]) -> None:
        await _go_to(pilot, "hearts")
        await pilot.press("z")
        await pilot.pause()

    assert snap_compare(console("adversarial"), terminal_size=(120, 36), run_before=show)


def test_the_least_terminal(snap_compare: Any) -> None:
    assert snap_compare(console("no_quorum"), terminal_size=(60, 16))


def test_the_recorded_states_hold_what_their_names_say() -> None:
    views = {}
    for state in STATES:
        view = views[state] = ClusterView()
        view.apply_all(read_trace(TRACES / f"{state}.jsonl"))
    assert views["load"].pending
    assert views["gap"].open_gaps
    assert {gap.outcome for gap in views["gap"].gaps} > {"open"}
    assert len(views["two_primaries"].primaries) == 2
    durable = views["durable"]
    assert any(node.unsynced for node in durable.acceptors)
    assert any(durable.is_unsynced(n.name, durable.highest_instance) for n in durable.acceptors)
    assert durable.retried >= 1
    assert durable.before_trace > 0
    assert durable.nodes["A5"].status_reason.startswith("UNSAFE")
    assert {node.disk for node in durable.acceptors} == {"disk"}


def test_a_gap_and_a_no_op_are_shown_in_the_matrix(snap_compare: Any) -> None:
    assert snap_compare(PaxosApp(feed=FrozenFeed(_holes()), fps=0), terminal_size=(120, 36))


def _holes() -> list[Entry]:
    """Return a trace in which a leader has a gap, a no-op is chosen, and one vote stands alone."""
    entries = [entry for entry in read_trace(TRACES / "fresh.jsonl") if entry.seq == 0]
    number = ProposalNumber(1, 2)
    what: list[tuple[str, Event]] = []
    for instance, value in ((1, Command("C1", 1, "first")), (3, NOOP)):
        for acceptor in ("A1", "A2", "A3"):
            what.append((acceptor, AcceptedValue(instance, number, value, instance)))
            what.append((acceptor, Synced(instance, 1, 0)))
        what.append(("L2", Learned(instance, number, value, "votes")))
    what.append(("L1", Learned(3, number, NOOP, "votes")))
    what.append(("L2", GapFound(2, "takeover")))
    what.append(("A1", AcceptedValue(2, number, Command("C1", 2, "voted for once"), 9)))
    return entries + [Entry(seq, seq / 10, *pair) for seq, pair in enumerate(what, 1)]


def test_a_terminal_that_is_too_small_says_so(snap_compare: Any) -> None:
    assert snap_compare(console("load"), terminal_size=(50, 12))
