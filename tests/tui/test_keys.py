"""Every key of the console does what its action says, on a real cluster."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from textual.widgets import Static

from paxos_engine import Cluster, ClusterConfig, SafetyChecker, Violation
from paxos_tui.actions import ACTIONS
from paxos_tui.app import PaxosApp
from paxos_tui.screens.help import HelpScreen, ViolationScreen
from paxos_tui.screens.prompt import ConfirmScreen
from paxos_tui.widgets.line_table import LineTable
from paxos_tui.widgets.message_log import MessageLog
from tests.tui.driving import open_console


async def test_s_submits_a_value_and_it_is_chosen_on_the_screen() -> None:
    async with open_console() as console:
        await console.submit("hello [red]")
        await console.until(lambda: console.app.view.chosen_count == 2)
        await console.until(lambda: "2 instances agree" in console.status())
        assert console.cluster.history("L1") == [(2, "hello [red]")]


@pytest.mark.parametrize(
    "value", ["[/", "[type=x, v={'a[0]'}]", "\x1b[2J", "漢" * 300, "\u202eabc"]
)
async def test_no_submitted_text_can_hurt_the_console(value: str) -> None:
    async with open_console() as console:
        console.app._submit(value)
        await console.until(lambda: console.app.view.answered == 1)
        await console.press("tab")
        assert console.app.is_running


async def test_b_submits_a_burst_and_keys_are_answered_meanwhile() -> None:
    async with open_console() as console:
        await console.press("b")
        await console.type("10000")
        await console.until(lambda: console.app.view.answered > 0)
        await console.press("question_mark")
        assert isinstance(console.app.screen, HelpScreen)
        await console.press("escape")
        # More instances than commands where a takeover filled a gap or a command was retried.
        await console.until(lambda: console.cluster.agreed >= 10_000)


async def test_w_starts_and_stops_a_workload_and_capital_w_sets_its_rate() -> None:
    async with open_console() as console:
        await console.press("W")
        await console.type("200")
        await console.until(lambda: console.app.view.answered >= 5)
        await console.press("w")
        assert console.app._working_since is None
        before = console.app._worked
        await console.press("w")
        assert console.app._working_since is not None
        await console.until(lambda: console.app._worked > before)
        await console.press("w")
        await console.until(lambda: console.app.view.answered == console.app._worked)
        history = [value for _, value in console.cluster.history("L2") if value is not None]
        assert len(history) == len(set(history)) >= console.app._worked, "no value comes twice"


@pytest.mark.parametrize(("key", "node"), [("1", "A1"), ("5", "A5"), ("[", "L1"), ("]", "L2")])
async def test_a_number_or_bracket_fails_a_node_and_recovers_it(key: str, node: str) -> None:
    name = {"[": "left_square_bracket", "]": "right_square_bracket"}.get(key, key)
    async with open_console() as console:
        await console.press(name)
        await console.until(lambda: console.app.view.nodes[node].status == "failed")
        await console.press(name)
        await console.until(lambda: console.app.view.nodes[node].status == "up")


async def test_a_number_without_an_acceptor_says_so() -> None:
    async with open_console() as console:
        await console.press("9")
        await console.until(lambda: console.app._notifications)
        assert [n.message for n in console.app._notifications] == [
            "There is no A9 in this cluster."
        ]


async def test_without_a_quorum_a_command_waits_says_why_and_completes() -> None:
    async with open_console() as console:
        await console.press("1", "2", "3")
        await console.submit("waits")
        await console.until(lambda: "2 of 5 acceptors up, 3 needed" in console.status())
        assert console.cluster.agreed == 0
        await console.press("3")
        await console.until(lambda: console.app.view.answered == 1)


async def test_f_fails_the_node_in_focus_and_n_moves_the_focus() -> None:
    async with open_console() as console:
        await console.press("n", "n", "f")
        await console.until(lambda: console.app.view.nodes["A1"].status == "failed")
        await console.press("N", "f")
        await console.until(lambda: console.app.view.nodes["L2"].status == "failed")


@pytest.mark.parametrize(("key", "kind"), [("C", "crash"), ("K", "power cut")])
async def test_capital_c_crashes_the_node_in_focus_after_saying_what_it_forgets(
    key: str, kind: str
) -> None:
    async with open_console() as console:
        await console.press(key)
        await console.until(lambda: isinstance(console.app.screen, ConfirmScreen))
        await console.press("enter")
        await console.until(lambda: console.app.view.nodes["L1"].status == "crashed")
        assert console.app.view.nodes["L1"].status_reason == kind
        await console.press("f")
        await console.until(lambda: console.app.view.nodes["L1"].status == "up")


async def test_capital_d_wipes_only_after_a_typed_yes_and_the_node_stays_down() -> None:
    async with open_console() as console:
        await console.press("D")
        await console.type("")
        assert console.cluster.status("L1") == "up"
        await console.press("D")
        await console.type("yes")
        await console.until(lambda: console.app.view.nodes["L1"].status == "crashed")
        await console.press("f")
        await console.press("r")
        assert console.cluster.status("L1") == "crashed"


async def test_v_lets_a_node_stand_still_and_go_on() -> None:
    async with open_console() as console:
        await console.press("v")
        await console.until(lambda: console.app.view.nodes["L1"].status == "paused")
        await console.press("v")
        await console.until(lambda: console.app.view.nodes["L1"].status == "up")


async def test_d_makes_disks_slow_and_u_gives_up_what_waits() -> None:
    async with open_console() as console:
        await console.press("1", "2", "3", "d")
        assert console.cluster.faults.disk_delay == 0.5
        await console.until(lambda: "disks 0.5 s slow" in console.status())
        console.app._submit("waits")
        await console.until(lambda: console.app.view.pending)
        await console.press("u", "d")
        await console.until(lambda: ("C1", 1) not in console.app.view.pending)
        assert console.cluster.faults.disk_delay == 0.0


async def test_the_state_pane_shows_keys_applied_index_and_hash() -> None:
    async with open_console() as console:
        await console.submit("set colour blue")
        await console.press("shift+tab")
        pane = console.app.main.pane()
        assert pane.id == "state"

        def shown() -> str:
            rows = [pane.row(number, 60) for number in range(pane.row_count())]
            return " ".join(part.text for row in rows for part in row)

        await console.until(lambda: "colour" in shown())
        assert "blue" in shown()
        await console.until(lambda: shown().count("2 applied") == 2)
        assert console.cluster.applied("L1")[1] in shown()


async def test_p_fails_the_primary_and_the_other_leader_takes_over_and_r_recovers() -> None:
    async with open_console() as console:
        await console.press("p")
        # Which leader it was is known only now: a first election may still have been going on.
        (first,) = (name for name in console.cluster.leaders if console.cluster.is_failed(name))
        await console.until(lambda: console.app.view.primaries not in ([], [first]))
        await console.submit("after")
        await console.until(lambda: console.app.view.answered == 1)
        await console.press("r")
        await console.until(lambda: not console.cluster.is_failed(first))


async def test_a_makes_the_network_hostile_and_calm_and_capital_a_steps_through() -> None:
    async with open_console() as console:
        await console.press("a")
        await console.until(lambda: "network hostile" in console.status())
        await console.press("a")
        assert console.cluster.faults.profile == "calm"
        seen = []
        for _ in range(4):
            await console.press("A")
            seen.append(console.cluster.faults.profile)
        assert seen == ["jittery", "lossy", "hostile", "calm"]


async def test_x_cuts_the_primary_off_and_h_heals() -> None:
    async with open_console() as console:
        (first,) = console.app.view.primaries
        await console.press("x")
        assert console.cluster.faults.is_partitioned
        await console.until(lambda: len(console.app.view.primaries) == 2)
        await console.submit("one history")
        await console.until(lambda: console.app.view.answered == 1)
        await console.press("h")
        await console.until(lambda: console.app.view.primaries not in ([first], []))
        assert not console.cluster.faults.is_partitioned


async def test_g_says_when_no_gap_is_open() -> None:
    async with open_console() as console:
        await console.press("g")
        await console.until(lambda: "No gap is open." in console.said())


async def test_g_fills_a_gap_now() -> None:
    config = ClusterConfig(gap_fill_after=3600, heartbeat_every=0.05, election_timeout=0.5)
    async with open_console(config=config) as console:
        await console.submit("before")
        await console.until(lambda: console.app.view.answered == 1)
        primary = console.app.view.primaries[0]
        other = next(name for name in console.cluster.leaders if name != primary)
        for acceptor in console.cluster.acceptors:  # votes for the next one are lost to one leader
            console.cluster.faults.cut(acceptor, other)
        console.cluster.faults.cut(primary, other)
        await console.submit("missed")
        await console.until(lambda: console.app.view.answered == 2)
        console.cluster.faults.heal()
        await console.submit("known")
        await console.until(lambda: console.app.view.answered == 3)
        await console.press("g")
        await console.until(lambda: console.cluster.applied(other)[0] == 4)
        assert not console.app.view.open_gaps


async def test_space_pauses_the_view_while_the_cluster_runs_on() -> None:
    async with open_console() as console:
        await console.press("space")
        assert "PAUSED" in console.status()
        await asyncio.wrap_future(console.cluster.submit("unseen"))
        await console.pilot.pause(0.2)
        assert "PAUSED" in console.status()
        await console.press("space")
        await console.until(lambda: "2 instances agree" in console.status())


async def test_o_ends_and_begins_following_in_the_pane_in_use() -> None:
    async with open_console() as console:
        await console.press("o")
        assert not console.app.main.pane().follow
        await console.press("o")
        assert console.app.main.pane().follow


async def test_slash_filters_the_log_while_typing_and_escape_clears() -> None:
    async with open_console() as console:
        await console.submit("needle")
        await console.until(lambda: console.app.view.answered == 1)
        log = console.app.main.query_one(MessageLog)
        await console.until(lambda: log.row_count() > 10)
        await console.press("slash", *"promise")
        await console.until(
            lambda: log._rows and all("promise" in r.body.describe() for r in log._rows)
        )
        await console.press("escape")
        await console.until(lambda: log.row_count() > 10)


async def test_a_filter_that_nothing_matches_says_so() -> None:
    async with open_console() as console:
        await console.submit("needle")
        await console.until(lambda: console.app.view.answered == 1)
        log = console.app.main.query_one(MessageLog)
        await console.until(lambda: log.row_count() > 10)
        await console.press("slash", *"zzz")
        await console.until(lambda: "nothing matches: " in log.render_line(1).text)
        assert "messages hidden" in log.render_line(1).text
        await console.press("escape")
        await console.until(lambda: "nothing matches" not in log.render_line(1).text)


async def test_c_clears_the_log() -> None:
    async with open_console() as console:
        await console.until(lambda: console.app.view.log)
        await console.press("c")
        assert console.app.main.query_one(MessageLog).row_count() == 0


async def test_z_zooms_the_pane_in_use_and_back() -> None:
    async with open_console() as console:
        await console.press("z")
        assert console.app.main.zoomed
        await console.press("z")
        assert not console.app.main.zoomed


async def test_tab_goes_round_the_panes() -> None:
    async with open_console(size=(80, 24)) as console:
        seen = []
        for _ in range(5):
            seen.append(console.app.main.pane().id)
            await console.press("tab")
        assert seen == ["matrix", "node", "hearts", "log", "gaps"]


async def test_capital_p_saves_a_picture(tmp_path: Path) -> None:
    async with open_console() as console:
        await console.press("P")
        await console.until(lambda: list(tmp_path.glob("*.svg")))


async def test_t_changes_the_theme() -> None:
    async with open_console() as console:
        seen = {console.app.theme}
        for _ in range(3):
            await console.press("t")
            seen.add(console.app.theme)
        assert len(seen) == 4


async def test_what_is_painted_by_name_is_painted_anew_when_the_theme_changes() -> None:
    async with open_console() as console:
        matrix = console.app.main.query_one("#matrix", LineTable)

        def colours() -> set[str]:
            return {str(segment.style) for y in range(4) for segment in matrix.render_line(y)}

        before, chosen = colours(), console.app.paint("chosen")
        await console.press("t")
        await console.until(lambda: console.app.paint("chosen") != chosen)
        await console.until(lambda: not colours() & before)


async def test_a_violation_stops_the_screen_with_the_evidence() -> None:
    async with open_console() as console:
        found = Violation("at most one value is chosen", (3, 9), "instance 1: two values")
        console.cluster.trace.publish("checker", found)
        await console.until(lambda: isinstance(console.app.screen, ViolationScreen))
        assert console.app._frozen
        await console.until(lambda: console.app.screen.query(Static))  # it is composed by and by
        text = str(console.app.screen.query_one(Static).content)
        assert 'Broken: at most one value is chosen ("Paxos Made Simple", 2.1).' in text
        assert "Here, instance 1: two values." in text


async def test_the_status_line_says_how_much_is_behind_safe() -> None:
    async with open_console(size=(160, 48)) as console:
        await console.submit("x")
        await console.until(lambda: "2 instances agree" in console.status())
        said = re.search(
            r"safe: (\d+) invariants over [\d,]+ events, 2 instances", console.status()
        )
        assert said is not None
        assert int(said[1]) == len(SafetyChecker.INVARIANTS)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_each_action_has_a_method(action: object) -> None:
    name = action.name.split("(")[0]  # type: ignore[attr-defined]
    assert hasattr(PaxosApp, f"action_{name}")


@pytest.mark.parametrize("text", ["get a", "cas a 7 7"])
async def test_the_result_of_a_command_is_said_shown_and_in_the_log(text: str) -> None:
    result = {"get a": "3", "cas a 7 7": "error: a is 3, not 7"}[text]
    async with open_console() as console:
        await console.submit("set a 3")
        await console.until(lambda: "set a 3 -> ok, in instance 2" in console.said())
        await console.submit(text)
        await console.until(lambda: f"{text} -> {result}, in instance 3" in console.said())
        await console.until(lambda: f"last: {text} -> {result} (in 3" in console.status())
        await console.press("slash", *"reply")
        await console.until(lambda: result in console.rows("log", 120)[0])


async def test_u_ends_what_waits_as_unknown_and_counts_it_apart() -> None:
    async with open_console() as console:
        await console.press("u")
        await console.until(lambda: "No command is pending." in console.said())
        await console.press("1", "2", "3")
        await console.submit("lost to sight")
        await console.until(lambda: console.app.view.pending)
        await console.press("u")
        await console.until(lambda: "outcome unknown 1" in console.status())
        assert "last: lost to sight: outcome unknown" in console.status()
        assert console.app.view.answered == 0


async def test_the_status_says_why_a_command_waits_before_what_it_is() -> None:
    async with open_console(size=(80, 24)) as console:
        await console.press("1", "2", "3", "x")
        await console.submit("x" * 500)
        reason = "1 pending: 2 of 5 acceptors up, 3 needed"
        await console.until(lambda: reason in console.status())
        line = console.app.main.query_one("WaitingLine")
        assert line.region.height == 1
        assert reason in line.render_line(0).text


async def test_failing_a_leader_speaks_of_leaders() -> None:
    async with open_console() as console:
        await console.press("left_square_bracket")
        await console.until(lambda: "L1 failed. 1 of 2 leaders are up." in console.said())


async def test_p_again_lets_the_failed_primary_recover() -> None:
    async with open_console() as console:
        (first,) = console.app.view.primaries
        await console.press("p")
        await console.until(lambda: console.app.view.primaries not in ([], [first]))
        await console.press("p")
        await console.until(lambda: console.app.view.nodes[first].status == "up")
        assert not any(console.cluster.is_failed(node) for node in console.cluster.nodes)


async def test_one_toast_stands_at_a_time() -> None:
    async with open_console() as console:
        console.app.say("first")
        console.app.say("second")
        await console.until(lambda: console.said() == "second")
        console.app.say("refused", wrong=True)
        console.app.say("meanwhile", news=True)
        await console.until(lambda: console.said() == "refused")
        console.app.say("done")
        await console.until(lambda: console.said() == "done")


async def test_a_refusal_does_not_hide_what_the_next_key_does() -> None:
    async with open_console() as console:
        await console.press("u", "4")
        await console.until(lambda: "A4 failed." in console.said())


async def test_u_ends_a_burst_too() -> None:
    async with open_console() as console:
        await console.press("b")
        await console.type(" 1000000 ")
        await console.until(lambda: "to go" in console.status())
        await console.press("u")
        await console.until(lambda: "to go" not in console.status())
        await console.until(lambda: not console.cluster.unanswered)


@pytest.mark.parametrize("key", ["4", "5", "6", "7", "8"])
async def test_further_numbers_fail_further_acceptors(key: str) -> None:
    config = ClusterConfig(acceptors=9, election_timeout=0.5, heartbeat_every=0.05)
    async with open_console(config=config) as console:
        await console.press(key)
        await console.until(lambda: console.app.view.nodes[f"A{key}"].status == "failed")
        await console.press(key)
        await console.until(lambda: console.app.view.nodes[f"A{key}"].status == "up")


async def test_keys_move_in_a_table() -> None:
    async with open_console() as console:
        await console.press("b")
        await console.type("60")
        await console.until(lambda: console.app.view.answered == 60)
        await console.until(lambda: console.pane("matrix").row_count() == 61)
        matrix = console.pane("matrix")
        for keys, row in (
            (["j", "down"], 2),
            (["k"], 1),
            (["up"], 0),
            (["pagedown", "pageup"], 0),
            (["G"], 60),
            (["home"], 0),
            (["end"], 60),
        ):
            await console.press(*keys)
            assert matrix.cursor == row, keys


async def test_even_numbers_of_acceptors_are_explained_at_the_beginning() -> None:
    app = PaxosApp(Cluster(ClusterConfig(acceptors=4)), notice="4 acceptors: 3 make a quorum")
    async with app.run_test():
        assert [n.message for n in app._notifications] == ["4 acceptors: 3 make a quorum"]


async def test_the_footer_shows_what_makes_sense_now() -> None:
    async with open_console() as console:
        assert console.footer()[0] == "help"
        assert not {"heal", "fill gaps", "recover all"} & set(console.footer())
        await console.press("x", "5")
        await console.until(lambda: {"heal", "recover all"} <= set(console.footer()))
        await console.press("h", "r")
        await console.until(lambda: not {"heal", "recover all"} & set(console.footer()))


async def test_the_screen_says_how_far_it_is_behind() -> None:
    async with open_console() as console:
        console.app.feed.behind = 2.34  # type: ignore[misc]
        assert "screen 2.3 s behind" in console.app._notes()
