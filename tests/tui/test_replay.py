"""A recorded trace in the console: every key moves where it says, and nothing acts on a cluster."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from textual.widgets import Input, Static

from paxos_engine import SafetyChecker, TraceFile, read_trace
from paxos_engine.scenarios import Performance, perform, shipped_scenario
from paxos_engine.trace import tracefile
from paxos_engine.trace.jsonform import to_line
from paxos_tui.actions import ACTIONS
from paxos_tui.replay import ReplayApp
from paxos_tui.replay_actions import REPLAY, SCENARIO
from paxos_tui.screens.help import HelpScreen, HelpText, ViolationScreen
from paxos_tui.survey import ListedTrace
from paxos_tui.widgets.message_log import MessageLog
from tests.tui.driving import Replay, open_replay
from tests.tui.test_help import words

TRACES = Path(__file__).parent / "traces"
GAP = TraceFile(TRACES / "gap.jsonl")
BROKEN_AT = 280
"""The event by which S07 breaks its first rule, under the wrong one."""

LIVE_ONLY = {action.title for action in ACTIONS} - {action.title for action in REPLAY.actions}


@cache
def failure() -> Performance:
    """Return a run that breaks a rule."""
    scenario = shipped_scenario("S07")
    assert scenario is not None
    return perform(scenario, wrong=True)


def failing() -> ListedTrace:
    return ListedTrace(failure().entries)


@pytest.fixture(autouse=True)
def no_file_is_being_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracefile, "STILL_WRITTEN", 0)


async def test_a_trace_without_a_violation_opens_at_its_start() -> None:
    async with open_replay(GAP) as replay:
        assert replay.position == 0
        assert "‖ paused  event 0 of " in replay.progress()
        assert "#0  cluster has 5 acceptors" in replay.progress()
        assert "safe: " in replay.status()


async def test_a_trace_with_a_violation_opens_there_and_tells_about_it_as_live() -> None:
    async with open_replay(failing()) as replay:
        assert replay.position == BROKEN_AT
        assert isinstance(replay.app.screen, ViolationScreen)
        said = str(replay.app.screen.query_one(Static).content)
        assert "Here, L2 learned instance 4 from 0 distinct acceptors, 2 needed." in said
        await replay.press("escape")
        assert "NOT SAFE: learned from a quorum of distinct acceptors" in replay.status()
        await replay.press("comma")
        invariants = len(SafetyChecker.INVARIANTS)
        safe = f"safe: {invariants} invariants over {BROKEN_AT} events, 6 instances agree"
        assert safe in replay.status()
        await replay.press("v")
        await replay.until(lambda: isinstance(replay.app.screen, ViolationScreen))
        assert replay.position == BROKEN_AT


@pytest.mark.parametrize(("forward", "back"), [("full_stop", "comma"), ("right", "left")])
async def test_one_event_forward_and_one_back(forward: str, back: str) -> None:
    async with open_replay(GAP) as replay:
        entries = list(read_trace(GAP.path))
        await replay.press(*[forward] * 5)
        assert replay.position == 5
        assert f"#{entries[5].seq}  {entries[5].node} " in replay.progress()
        await replay.press(*[back] * 5)
        assert replay.position == 0
        await replay.press(back)
        assert replay.said() == "This is the start."


async def test_home_end_and_the_milestones_between() -> None:
    async with open_replay(GAP) as replay:
        await replay.press("greater_than_sign")
        assert (replay.position, "begins phase 1" in replay.progress()) == (2, True)
        await replay.press("greater_than_sign", "less_than_sign")
        assert replay.position == 2
        await replay.press("end")
        last = GAP.lines - 1
        assert replay.position == last
        assert f"■ at the end  event {last:,} of {last:,}" in replay.progress()
        await replay.press("full_stop")
        assert replay.said() == "This is the end."
        await replay.press("home")
        assert replay.position == 0


@pytest.mark.parametrize(
    ("asked", "position"),
    [("48", 48), ("#100", 100), ("i1", 115), ("instance 1", 115), ("0.5s", 94)],
)
async def test_seeking_goes_to_an_event_an_instance_or_a_time(asked: str, position: int) -> None:
    async with open_replay(GAP) as replay:
        await replay.press("slash")
        await replay.type(asked)
        await replay.settle()
        assert replay.position == position


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("[/x", "'[/x' is no event (48), instance (i7) or time (1.5s)."),
        ("99999", "There is no event 99,999 in this trace."),
        ("i99999", "There is no instance 99,999 in this trace."),
    ],
)
async def test_a_place_that_does_not_exist_is_one_line_and_moves_nothing(
    asked: str, said: str
) -> None:
    async with open_replay(GAP) as replay:
        await replay.press("slash")
        await replay.type(asked)
        await replay.until(lambda: replay.said() == said)
        assert replay.position == 0


async def test_space_plays_and_pauses_and_the_speed_is_shown() -> None:
    async with open_replay(GAP) as replay:
        await replay.press("minus", "minus")
        assert "0.25x" in replay.progress()
        await replay.press("plus", "plus", "equals_sign")
        assert "2x" in replay.progress()
        await replay.press(*["minus"] * 4, "space")
        assert "▶ playing" in replay.progress()
        await replay.until(lambda: replay.position > 20)
        await replay.press("space")
        stopped = replay.position
        assert "‖ paused" in replay.progress()
        await replay.press(*["plus"] * 9, "space")
        await replay.until(lambda: not replay.app.player.playing)
        assert replay.position == GAP.lines - 1 > stopped
        await replay.press("space")
        assert replay.said().startswith("This is the end")


async def test_a_step_pauses_what_is_playing() -> None:
    async with open_replay(GAP) as replay:
        await replay.press("space", "full_stop")
        assert not replay.app.player.playing


async def test_playing_stops_at_the_violation_and_tells_about_it() -> None:
    async with open_replay(failing()) as replay:
        await replay.press("escape", "home", "space")
        await replay.until(lambda: isinstance(replay.app.screen, ViolationScreen))
        assert replay.position == BROKEN_AT
        assert not replay.app.player.playing


async def test_what_needs_a_cluster_is_absent_from_keys_footer_and_palette() -> None:
    async with open_replay(GAP) as replay:
        offered = [*dict.fromkeys(replay.footer())]
        assert offered == ["help", "play", "step", "back", "next", "go to", "commands", "quit"]
        assert not replay.palette() & LIVE_ONLY
        assert {action.title for action in REPLAY.actions} - replay.palette() == {"commands"}
        bound = {key for action in REPLAY.actions for key in action.keys.split(",")}
        live = {key for action in ACTIONS for key in action.keys.split(",")}
        before = contents_of(replay)
        for key in sorted(live - bound):
            await replay.press(key)
            assert replay.app.screen is replay.app.main, key
        assert contents_of(replay) == before
        for key, said in (
            ("s", "A recording cannot be changed: s (submit) needs a running cluster."),
            ("1", "A recording cannot be changed: 1 (fail or recover A1) needs a running cluster."),
            ("n", "n is ] here: next node."),
        ):
            await replay.press(key)
            await replay.until(lambda said=said: replay.said() == said)
    async with open_replay(failing()) as replay:
        await replay.press("escape")
        assert "violation" in replay.footer()


def contents_of(replay: Replay) -> tuple[object, ...]:
    return (replay.position, replay.progress(), replay.status())


async def test_what_only_looks_works_as_live(tmp_path: Path) -> None:
    async with open_replay(GAP) as replay:
        await replay.press("end", "f")
        await replay.until(lambda: isinstance(replay.app.focused, Input))
        await replay.press(*"prepare", "left", "home", "enter")
        assert replay.position == GAP.lines - 1
        log = replay.app.main.query_one(MessageLog)
        assert log.filter == "prepare"
        assert all("prepare" in row for row in replay.rows("log"))
        await replay.until(lambda: "filter: prepare" in str(log.border_title))
        await replay.press("escape", "z")
        assert replay.app.main.zoomed
        await replay.press("escape", "right_square_bracket")
        assert replay.app.main.node_in_focus == "L2"
        await replay.press("left_square_bracket", "tab", "t", "P")
        assert replay.app.main.node_in_focus == "L1"
        assert replay.app.theme != "paxos-dark"
        await replay.until(lambda: list(tmp_path.glob("*.svg")))


@pytest.mark.parametrize("guide", [REPLAY, SCENARIO])
async def test_help_explains_every_key_of_a_replay_and_none_of_a_cluster(guide: object) -> None:
    async with open_replay(failing()) as replay:
        await replay.press("escape")
        replay.app.guide = guide  # type: ignore[assignment]
        await replay.press("question_mark")
        await replay.until(lambda: isinstance(replay.app.screen, HelpScreen))
        said = words(replay.app.screen.query_one(HelpText), 300)
        for action in replay.app.guide.actions:
            assert f"{action.shown} {action.help}" in said
        assert "Submit a value" not in said
        assert "act on it" not in said


async def test_going_back_paints_what_was_there_then() -> None:
    async with open_replay(GAP, size=(160, 48)) as replay:
        await replay.press("slash")
        await replay.type("60")
        await replay.settle()
        panes = ("matrix", "log", "hearts", "gaps", "clients")
        then = [replay.rows(pane) for pane in panes]
        await replay.press("end")
        assert [replay.rows(pane) for pane in panes] != then
        await replay.press("slash")
        await replay.type("60")
        await replay.settle()
        assert [replay.rows(pane) for pane in panes] == then


async def test_a_damaged_file_opens_and_says_so_on_screen(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(GAP.path.read_bytes()[:9_000])
    async with open_replay(TraceFile(path), size=(80, 24)) as replay:
        assert "! damaged at line " in replay.progress()
        assert "it breaks off in the middle" in replay.progress()
        assert "safe: " in replay.status()
        await replay.press("end")
        assert "not checked: damaged at line" in replay.status()


async def test_a_trace_with_a_line_taken_out_is_not_checked_from_there_on(tmp_path: Path) -> None:
    lines = GAP.path.read_bytes().splitlines(keepends=True)
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"".join([*lines[:100], *lines[101:]]))
    async with open_replay(TraceFile(path), size=(120, 36)) as replay:
        await replay.press("end")
        assert "not checked: 1 entry is missing before line 101" in replay.status()
        await replay.press("home")
        assert "not checked" not in replay.status()


async def test_a_file_that_is_being_written_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracefile, "STILL_WRITTEN", 1e9)
    lines = [to_line(entry) for entry in read_trace(GAP.path)]
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"".join(lines[:50]))
    async with open_replay(TraceFile(path)) as replay:
        await replay.press("end")
        assert "event 49 of 49 so far" in replay.progress()
        with path.open("ab") as file:
            file.write(b"".join(lines[50:80]))
        await replay.until(lambda: "event 49 of 79 so far" in replay.progress())
        await replay.press("end")
        assert replay.position == 79


async def test_the_person_may_move_before_the_violation_is_found() -> None:
    app = ReplayApp(failing(), "t", fps=0)
    async with app.run_test(size=(120, 36)) as pilot:
        replay = Replay(app, pilot)
        await replay.until(lambda: app.main.is_whole)
        app._opening = True
        app.action_go_home()
        await replay.settle()
        assert replay.position == 0


@pytest.mark.parametrize("name", ["gap", "durable"])
def test_the_verdict_at_every_moment_is_that_of_a_check_up_to_there(name: str) -> None:
    entries = list(read_trace(TRACES / f"{name}.jsonl"))
    app = ReplayApp(ListedTrace(entries), "t", fps=0)
    checker = SafetyChecker.of(app.playback.source.header)
    for position, entry in enumerate(entries):
        checker.observe(entry)
        if position:
            app.playback.step()
        app.view = app.playback.view
        verdict = app.verdict
        said = (verdict.agreed, verdict.events, verdict.broken, verdict.unchecked)
        assert said == (checker.agreed, checker.events, checker.violation, checker.unchecked)
