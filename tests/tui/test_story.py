"""A scenario in the console: what is told, line by line or at speed, under either rule."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from textual.widgets import Static

from paxos_engine.scenarios import Scenario, perform, shipped_scenario, shipped_scenarios
from paxos_tui.replay_actions import SCENARIO
from paxos_tui.screens.help import ViolationScreen
from paxos_tui.screens.replay import StoryScreen, StoryText
from paxos_tui.story import Story
from paxos_tui.widgets.play_line import NarrationPane
from tests.tui.driving import open_replay


def story(name: str = "S07", *, wrong: bool = False) -> Story:
    scenario = shipped_scenario(name)
    assert scenario is not None
    return Story(perform(scenario, wrong))


async def test_it_opens_where_the_play_begins_with_title_question_and_what_is_expected() -> None:
    played = story()
    async with open_replay(played) as replay:
        assert replay.position == played.performance.begins
        told = replay.told()
        assert "S07  Filling a gap discovers a value  right rules  0 of 7" in told
        assert "May a leader just write a no-op there?" in told
        assert "expected: safe: no rule is broken; history: a, b, c, d, e" in told
        assert "0.001x" in replay.progress()


async def test_n_goes_from_line_to_line_and_at_the_end_says_what_it_came_to() -> None:
    played = story()
    async with open_replay(played) as replay:
        for number, line in enumerate(played.narration.lines, 1):
            await replay.press("n")
            assert replay.position == line.seq
            assert f"right rules  {number} of 7" in replay.told()
            assert line.text in replay.told()
            assert "expectations" not in replay.told()
        await replay.press("n")
        wanted = "as expected, safe: 27 invariants and linearizability over 328 events. 13 of 13"
        assert wanted in replay.told()
        assert played.narration.lines[-1].text in replay.told()


async def test_a_line_stands_where_what_its_step_does_has_happened() -> None:
    played = story()
    dies = next(told for told in played.performance.narration if told.text.startswith("L1 dies."))
    async with open_replay(played) as replay:
        while "L1 dies. L2 takes over" not in replay.told():
            assert "primary L1" in replay.status()
            await replay.press("n")
        assert dies.seq < replay.position <= dies.done
        assert "no primary" in replay.status()
        assert replay.app.view.nodes["L1"].status != "up"


@pytest.mark.parametrize("scenario", shipped_scenarios(), ids=lambda scenario: scenario.id)
def test_no_line_waits_for_what_the_next_one_tells(scenario: Scenario) -> None:
    played = Story(perform(scenario))
    told, lines = played.performance.narration, played.narration.lines
    assert [line.seq for line in lines] == sorted({line.seq for line in lines})
    for line, following in pairwise(told):
        assert line.seq <= line.done
        shown = next(each.seq for each in lines if line.text in each.text)
        assert line.seq <= shown < max(following.seq, line.seq + 1)


async def test_capital_n_goes_back_line_by_line_to_where_the_play_begins() -> None:
    played = story()
    async with open_replay(played) as replay:
        await replay.press("n", "n", "n", "full_stop", "N")
        assert replay.position == played.narration.lines[1].seq
        await replay.press("N", "N")
        assert replay.position == played.performance.begins
        assert "0 of 7" in replay.told()
        await replay.press("N")
        assert replay.position == played.performance.begins


async def test_w_plays_the_other_rules_where_another_rule_is_broken() -> None:
    async with open_replay(story()) as replay:
        await replay.press("w")
        await replay.settle()
        assert "wrong rule no-op-at-once  0 of 6" in replay.told()
        await replay.press("end")
        await replay.settle()
        assert 'as expected, broken: "leaders apply the same history"' in replay.told()
        assert "NOT SAFE: leaders apply the same history" in replay.status()
        await replay.press("v")
        await replay.until(lambda: isinstance(replay.app.screen, ViolationScreen))
        assert "#281  L2 applies the no-op in instance 4" in replay.progress()
        said = str(replay.app.screen.query_one(Static).content)
        assert said.startswith("Broken: leaders apply the same history (")
        await replay.press("escape")
        assert "NOT SAFE: leaders apply the same history" in replay.status()
        await replay.press("comma")
        assert "NOT SAFE: learned from a quorum of distinct acceptors" in replay.status()
        await replay.press("w")
        await replay.settle()
        assert "right rules  0 of 7" in replay.told()
        assert "safe: " in replay.status()


async def test_a_scenario_without_a_wrong_rule_says_so() -> None:
    async with open_replay(story("S01")) as replay:
        await replay.press("w")
        assert replay.said() == "S01 has no wrong rule."


async def test_what_only_the_clients_history_shows_is_told_at_its_last_evidence() -> None:
    played = story("S29", wrong=True)
    async with open_replay(played) as replay:
        assert "safe: " in replay.status()
        await replay.press("v")
        await replay.until(lambda: isinstance(replay.app.screen, ViolationScreen))
        assert played.performance.violation is not None
        assert replay.position == max(played.performance.violation.evidence)
        await replay.press("escape")
        assert f"NOT SAFE: {played.performance.violation.rule}" in replay.status()


@pytest.mark.parametrize(
    ("name", "wrong", "speed"),
    [("S07", False, 0.001), ("S08", False, 0.05), ("S02", False, 1.0), ("S22", True, 4.0)],
)
def test_a_play_takes_some_seconds_however_long_its_virtual_time_is(
    name: str, wrong: bool, speed: float
) -> None:
    assert story(name, wrong=wrong).speed == speed


async def test_playing_shows_each_line_for_as_long_as_reading_takes() -> None:
    async with open_replay(story()) as replay:
        await replay.press("space")
        await replay.until(lambda: "1 of 7" in replay.told())
        assert replay.app.player.playing
        assert replay.position == replay.app.player.narration.lines[0].seq
        await replay.until(lambda: "2 of 7" in replay.told())


@pytest.mark.parametrize("wrong", [False, True])
async def test_i_reads_everything_about_it(wrong: bool) -> None:
    played = story(wrong=wrong)
    async with open_replay(played, size=(80, 24)) as replay:
        await replay.press("i")
        await replay.until(lambda: isinstance(replay.app.screen, StoryScreen))
        said = str(replay.app.screen.query_one(StoryText).text())
        assert "May a leader just write a no-op there?" in said
        assert ("Played under a wrong rule, no-op-at-once" in said) == wrong
        for check in played.performance.checks:
            assert f"✓ {check}" in said
        assert "That is how a gap is filled".lower() in said.lower()
        box = replay.app.screen.query_one("#story")
        await replay.until(lambda: box.max_scroll_y > 0)
        await replay.press("pagedown")
        await replay.until(lambda: box.scroll_y > 0)
        await replay.press("escape")
        assert replay.app.screen is replay.app.main


async def test_an_expectation_that_is_not_met_is_told_as_that() -> None:
    played = story()
    first, *others = played.performance.checks
    unmet = replace(first, met=False, found="something else came")
    performance = replace(played.performance, checks=(unmet, *others))
    async with open_replay(Story(performance)) as replay:
        await replay.press("end")
        await replay.settle()
        assert "not as expected: safe: no rule is broken; but something else" in replay.told()
        assert "12 of 13 expectations met" in replay.told()
        await replay.press("i")
        await replay.until(lambda: isinstance(replay.app.screen, StoryScreen))
        said = str(replay.app.screen.query_one(StoryText).text())
        assert "✗ UNMET safe: no rule is broken; but something else came" in said


async def test_the_footer_of_a_scenario_fits_eighty_columns() -> None:
    async with open_replay(story(), size=(80, 24)) as replay:
        offered = {active.binding.action for active in replay.app.main.active_bindings.values()}
        shown = [a for a in SCENARIO.actions if a.footer and a.name in offered]
        words = [f"{a.shown} {a.short or a.title}" for a in shown]
        assert len("  ".join(words)) <= 80


async def test_on_the_smallest_terminal_a_narration_leaves_four_rows_to_the_instances() -> None:
    async with open_replay(story("S05"), size=(60, 16)) as replay:
        for _ in range(9):
            await replay.until(lambda: replay.pane("matrix").scrollable_content_region.height > 4)
            assert replay.app.main.query_one(NarrationPane).region.height <= 3
            title, *told = replay.told().splitlines()
            assert title.startswith("S05  The highest")
            assert len(title) <= 57
            assert 1 <= len(told[0]) <= 2 * 57
            assert told[1:] == []
            await replay.press("n")
        assert "as expected, safe: " in replay.told()
