"""Every key of the console does what its action says, on a real cluster."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static
from textual.widgets._footer import FooterKey

from paxos_engine import Cluster, ClusterConfig, SafetyChecker, Violation
from paxos_tui.actions import ACTIONS
from paxos_tui.app import PaxosApp
from paxos_tui.screens.help import HelpScreen, HelpText, ViolationScreen
from paxos_tui.screens.prompt import PromptScreen
from paxos_tui.widgets.line_table import LineTable
from paxos_tui.widgets.message_log import MessageLog
from paxos_tui.widgets.node_card import NodeCard

PATIENCE = 60.0


class Console:
    """A running console and what a person at its keyboard can do and see."""

    def __init__(self, app: PaxosApp, pilot: Pilot[None], cluster: Cluster) -> None:
        self.app = app
        self.pilot = pilot
        self.cluster = cluster

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Answer the prompt with `text`."""
        await self.until(lambda: isinstance(self.app.screen, PromptScreen))
        self.app.screen.query_one(Input).value = text
        await self.press("enter")

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds; fail, saying what is on screen, if it never does."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, self.status()
            await self.pilot.pause(0.02)

    def status(self) -> str:
        """Return the status line."""
        return "".join(text for text, _ in self.app.main.query_one("StatusLine")._parts)  # type: ignore[attr-defined]

    async def submit(self, value: str) -> None:
        """Submit a value through the prompt."""
        await self.press("s")
        await self.type(value)


@asynccontextmanager
async def open_console(
    size: tuple[int, int] = (120, 36), config: ClusterConfig | None = None
) -> AsyncIterator[Console]:
    cluster = Cluster(config or ClusterConfig(election_timeout=0.5, heartbeat_every=0.05))
    app = PaxosApp(cluster, fps=20)
    async with app.run_test(size=size) as pilot:
        console = Console(app, pilot, cluster)
        await console.until(lambda: app.view.primaries)
        yield console


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


async def test_a_value_too_large_is_refused_in_one_line_and_the_console_goes_on() -> None:
    async with open_console() as console:
        console.app._submit("x" * 70_000)
        await console.submit("next")
        await console.until(lambda: console.app.view.answered == 1)


async def test_up_recalls_what_was_submitted_before() -> None:
    async with open_console() as console:
        await console.submit("first")
        await console.submit("second")
        await console.press("s", "up", "up")
        assert console.app.screen.query_one(Input).value == "first"
        await console.press("down")
        assert console.app.screen.query_one(Input).value == "second"
        await console.press("escape")


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
        await console.press("w")
        assert console.app._working_since is not None


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
        await console.until(lambda: isinstance(console.app.screen, PromptScreen))
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
        (first,) = console.app.view.primaries
        await console.press("p")
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


async def test_capital_x_takes_groups_and_refuses_nonsense_in_one_line() -> None:
    async with open_console() as console:
        await console.press("X")
        await console.type("L1,A1 | L2,Z9")
        assert not console.cluster.faults.is_partitioned
        await console.press("X")
        await console.type("L1,A1|L2,A2,A3,A4,A5")
        await console.until(lambda: console.cluster.faults.is_partitioned)


async def test_g_fills_gaps_and_says_when_there_are_none() -> None:
    async with open_console() as console:
        await console.press("g")
        await console.until(lambda: console.app._notifications)
        assert [n.message for n in console.app._notifications] == ["No gap is open."]


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


async def test_c_clears_the_log() -> None:
    async with open_console() as console:
        await console.until(lambda: console.app.view.log)
        await console.press("c")
        assert console.app.main.query_one(MessageLog).row_count() == 0


async def test_z_zooms_the_pane_in_use_and_back() -> None:
    async with open_console() as console:
        await console.press("z")
        assert console.app.main.maximized is not None
        await console.press("z")
        assert console.app.main.maximized is None


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


async def test_question_mark_explains_every_key_and_glyph() -> None:
    async with open_console(size=(80, 24)) as console:
        await console.press("question_mark")
        await console.until(lambda: console.app.screen.query(HelpText))
        assert isinstance(console.app.screen, HelpScreen)
        await console.press("j", "k", "escape")
        assert not isinstance(console.app.screen, HelpScreen)


async def test_every_action_is_in_the_command_palette() -> None:
    async with open_console() as console:
        offered = {c.title for c in console.app.get_system_commands(console.app.screen)}
        wanted = {action.title for action in ACTIONS if action.name not in ("palette", "quit")}
        assert wanted <= offered


async def test_colon_opens_the_command_palette() -> None:
    async with open_console() as console:
        await console.press("colon")
        await console.until(lambda: "CommandPalette" in type(console.app.screen).__name__)
        await console.press("escape")


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_q_leaves_and_stops_the_cluster(key: str) -> None:
    async with open_console() as console:
        await console.press(key)
        await console.until(lambda: not console.app.is_running)
    assert console.cluster._stopped


async def test_a_click_on_a_card_makes_its_node_the_one_in_focus() -> None:
    async with open_console() as console:
        await console.until(lambda: console.app.main.query("#card-A3"))
        card = console.app.main.query_one("#card-A3", NodeCard)
        await console.until(lambda: card.region.width > 0)
        while not await console.pilot.click("#card-A3"):
            await console.pilot.pause(0.05)
        await console.until(lambda: console.app.main.node_in_focus == "A3")


async def test_a_click_on_a_row_moves_the_cursor_and_a_click_on_a_tab_changes_the_pane() -> None:
    async with open_console(size=(80, 24)) as console:
        for number in range(5):
            console.app._submit(f"v{number}")
        await console.until(lambda: console.app.view.chosen_count == 6)
        matrix = console.app.main.query_one("#matrix", LineTable)
        await console.until(lambda: matrix.row_count() == 6)
        await console.pilot.pause(0.2)
        await console.pilot.click("#matrix", offset=(5, 4))
        await console.until(lambda: matrix.cursor == 2)
        await console.pilot.click("PaneTabs", offset=(15, 0))
        await console.until(lambda: console.app.main.pane().id == "node")


async def test_the_wheel_scrolls_a_table_and_ends_following() -> None:
    async with open_console() as console:
        await console.press("b")
        await console.type("200")
        await console.until(lambda: console.app.view.answered == 200)
        log = console.app.main.query_one(MessageLog)
        log.scroll_relative(y=10, animate=False)
        await console.until(lambda: not log.follow)
        assert log.scroll_offset.y > 0


async def test_a_click_in_the_footer_does_what_its_key_does() -> None:
    async with open_console() as console:
        for _ in range(100):  # the footer is made anew when the keys of the moment change
            keys = console.app.main.query("FooterKey").results(FooterKey)
            submit = next((key for key in keys if key.description == "submit"), None)
            if submit is not None and submit.region.width:
                await console.pilot.click(submit)
            if isinstance(console.app.screen, PromptScreen):
                return
            await console.pilot.pause(0.05)
        pytest.fail("a click on submit opened no prompt")


async def test_a_violation_stops_the_screen_with_the_evidence() -> None:
    async with open_console() as console:
        found = Violation("at most one value is chosen", (3, 9), "instance 1: two values")
        console.cluster.trace.publish("checker", found)
        await console.until(lambda: isinstance(console.app.screen, ViolationScreen))
        assert console.app._frozen
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


async def test_resizing_changes_the_layout_live() -> None:
    async with open_console(size=(160, 48)) as console:
        assert not console.app.main.has_class("-small")
        await console.pilot.resize_terminal(80, 24)
        await console.until(lambda: console.app.main.has_class("-small"))
        await console.pilot.resize_terminal(40, 10)
        await console.until(lambda: console.app.main.has_class("-too-small"))


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_each_action_has_a_method(action: object) -> None:
    name = action.name.split("(")[0]  # type: ignore[attr-defined]
    assert hasattr(PaxosApp, f"action_{name}")
