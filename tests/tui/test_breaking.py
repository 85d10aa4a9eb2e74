"""Breaking nodes at the keyboard: nothing is lost, and who is gone for good is written off."""

from __future__ import annotations

from pathlib import Path

import pytest

from paxos_engine import Cluster, ClusterConfig
from paxos_tui.screens.prompt import ConfirmScreen
from tests.tui.driving import PATIENCE, open_console


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(("C", "enter"), id="crash"),
        pytest.param(("K", "enter"), id="power cut", marks=pytest.mark.soak),
        pytest.param(("f",), id="fail"),
    ],
)
async def test_breaking_every_node_of_a_durable_cluster_under_load_loses_nothing(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    config = ClusterConfig(data_dir=tmp_path / "data", election_timeout=0.5, heartbeat_every=0.05)
    async with open_console(config=config) as console:
        await console.press("W")
        await console.type("60")
        await console.until(lambda: console.app.view.answered >= 10)
        for node in console.cluster.nodes:
            console.app.main.look_at(node)
            await console.press(*keys)
            await console.until(lambda node=node: console.app.view.nodes[node].status != "up")
            await console.press("f")
            await console.until(lambda node=node: console.app.view.nodes[node].status == "up")
        await console.press("w")
        submitted = console.app._worked
        await console.until(lambda: console.app.view.answered == submitted)
        await console.until(lambda: len({console.cluster.applied(n) for n in ("L1", "L2")}) == 1)
        history = [value for _, value in console.cluster.history("L1") if value is not None]
        assert sorted(set(history)) == sorted(f"work-{n}" for n in range(1, submitted + 1))
        assert console.cluster.violation is None
        assert console.app.view.unknown == 0
    with Cluster(config) as again:  # and what the console has left on disk is all of it
        assert again.applied("L1")[0] >= submitted
        assert again.submit("after").result(PATIENCE).instance > submitted


async def test_capital_f_writes_off_a_leader_for_which_the_logs_wait_and_f_brings_it_back() -> None:
    config = ClusterConfig(
        election_timeout=0.5, heartbeat_every=0.05, snapshot_every=20, retain=100
    )
    async with open_console(config=config) as console:
        view = console.app.view
        console.app.main.look_at("L1")
        await console.press("F")
        await console.until(lambda: "L1 is up" in console.said())
        await console.press("f", "b")
        await console.type("300")
        wanted = "pending: the logs are full, and wait for L1: bring it back, or write it off"
        await console.until(lambda: wanted in console.status())
        await console.press("F")
        await console.until(lambda: isinstance(console.app.screen, ConfirmScreen))
        await console.press("enter")
        await console.until(lambda: view.answered == 300)
        assert view.written_off == ("L1",)
        await console.until(lambda: "L1 is written off" in console.said())
        await console.until(lambda: "written off: L1" in console.status())
        await console.press("F")
        await console.until(lambda: "L1 is written off already" in console.said())
        assert "logs" not in console.status()
        await console.press("f")
        await console.until(lambda: view.nodes["L1"].applied_up_to >= 300)
        assert view.written_off == ()


async def test_capital_d_answers_a_no_and_a_yes_however_soon_one_follows_the_other() -> None:
    async with open_console() as console:
        console.app.main.look_at("A3")
        await console.press("D")
        await console.type("no")
        await console.until(lambda: "A3 is not wiped" in console.said())
        await console.press("D")
        await console.type("yes")
        await console.until(lambda: "A3 is wiped and stays down" in console.said())
        await console.press("D")
        await console.until(lambda: "A3 is down already" in console.said())


async def test_a_confirmation_tells_what_would_happen_by_then() -> None:
    async with open_console() as console:
        loses = ["1 accepted value not yet on disk"]
        console.app.confirm(lambda: f"It loses {loses[-1]}.", lambda: None)
        await console.until(lambda: console.asked() == "It loses 1 accepted value not yet on disk.")
        loses.append("nothing else")
        await console.until(lambda: console.asked() == "It loses nothing else.")


async def test_an_answer_is_not_laid_over_a_question() -> None:
    async with open_console() as console:
        await console.press("C")
        console.app.say("x -> ok, in instance 2", news=True)
        await console.pilot.pause()
        assert not console.said()
        await console.press("escape")
