"""How a scenario is played: what steps wait for, and what they can do to nodes and messages."""

from __future__ import annotations

from functools import partial

import pytest

from paxos_engine.checks.linear import check_linearizable
from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.assembly import Rules
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.events import (
    Answered,
    Crashed,
    Delivered,
    Entry,
    Lost,
    Restarted,
    Sent,
    Synced,
)
from paxos_engine.roles.messages import KINDS, Envelope
from paxos_engine.scenarios import performance
from paxos_engine.scenarios.performance import Performance, perform
from paxos_engine.scenarios.reading import parse_scenario

HEAD = """
id = "X1"
title = "t"
question = "q"
answer = "a"
"""


def play(steps: str, start: str = 'primary = "L1"', expect: str = "", top: str = "") -> Performance:
    """Play a scenario made of these tables."""
    text = f"{HEAD}{top}\n[start]\n{start}\n{steps}\n[expect.right]\n{expect}\n"
    return perform(parse_scenario(text, "x.toml"))


def step(do: str = "", when: str = "", say: str = "") -> str:
    """Return a step as it is written."""
    keys = {"when": when, "say": say, "do": do}
    lines = [f'{key} = "{text}"' for key, text in keys.items() if text]
    return "\n".join(["[[step]]", *lines, ""])


def fates(performance: Performance, kind: str, to: str) -> list[str]:
    """Return what became of the messages of a kind to a node, behind the start."""
    bodies = {e.event.message: e.event.body for e in performance.entries if type(e.event) is Sent}
    return [
        entry.event.name
        for entry in performance.entries
        if entry.seq > performance.begins
        and entry.node == to
        and isinstance(entry.event, Delivered | Lost)
        and KINDS[type(bodies[entry.event.message])] == kind
    ]


def test_with_a_primary_every_session_is_open_and_nothing_is_on_its_way_at_the_first_step() -> None:
    done = play(step("submit X at L1 by C2"), 'primary = "L1"\nclients = 2', 'chosen = {3 = "X"}')
    assert done.good, done.verdict


def test_without_one_nothing_happens_before_a_step_makes_it_happen() -> None:
    done = play(step(when="5 s pass"), start="leaders = 2")
    assert done.good
    assert len(done.entries) == 1


def test_with_timers_a_leader_comes_up_by_itself_and_clients_find_it() -> None:
    done = play(
        step("submit X at L1") + step(when="C1 answered"),
        start="timers = true",
        expect='history = ["X"]\nsee = ["L2 primary"]',
    )
    assert done.good, done.verdict


def test_a_step_whose_event_never_comes_ends_the_play_with_its_line() -> None:
    done = play(step("submit X at L1") + step(when="A1 accepted instance 3", say="never"))
    assert not done.good
    assert done.verdict == (
        'step 2 (line 11) never happened: no "A1 accepted instance 3" within 30 s of virtual time'
    )
    assert done.narration == ()


def test_two_events_of_one_moment_can_be_waited_for_one_after_the_other() -> None:
    done = play(
        step("submit X at L1")
        + step(when="A1 accepted value X", say="one")
        + step(when="A1 synced", say="two")
    )
    one, two = (line.seq for line in done.narration)
    assert done.good
    assert two == one + 1


def test_an_event_before_the_step_that_waits_for_it_does_not_count() -> None:
    done = play(step("submit X at L1") + step(when="quiet") + step(when="A1 accepted value X"))
    assert "step 3 (line 13) never happened" in done.verdict


def test_an_action_that_cannot_be_ends_the_play_with_its_line() -> None:
    assert play(step("recover A1")).verdict == "step 1 (line 9) cannot be played: A1 is up"
    assert "L1 leads already" in play(step("claim L1")).verdict
    assert "A1 is no leader" in play(step("claim A1")).verdict
    assert "no such message is held" in play(step("deliver accept L1->A1")).verdict
    assert "A1 is failed" in play(step("fail A1") + step("pause A1")).verdict
    assert "L1 is failed" in play(step("fail L1") + step("fill-gaps L1")).verdict
    assert "C1 is failed" in play(step("fail C1") + step("submit X at L1")).verdict
    assert "no quorum" in play(step("wipe A1") + step("wipe A2")).verdict


def test_a_held_message_waits_until_it_is_released_and_later_ones_pass() -> None:
    steps = step("hold accept L1->A2") + step("submit X at L1") + step(when="quiet")
    held = play(steps)
    assert fates(held, "accept", "A2") == []
    assert fates(held, "accept", "A1") == ["delivered"]
    freed = play(steps + step("release accept L1->A2") + step("submit Y at L1"))
    assert fates(freed, "accept", "A2") == ["delivered", "delivered"]


def test_deliver_lets_those_held_through_and_holds_the_next() -> None:
    steps = step("hold accept L1->A2") + step("submit X at L1") + step(when="quiet")
    done = play(steps + step("deliver accept L1->A2 instance 2") + step("submit Y at L1"))
    assert fates(done, "accept", "A2") == ["delivered"]


def test_drop_takes_those_held_as_well_and_what_was_said_last_decides() -> None:
    steps = step("hold accept L1->*") + step("submit X at L1") + step(when="quiet")
    done = play(steps + step("drop accept L1->A2") + step("submit Y at L1"))
    assert fates(done, "accept", "A2") == ["lost", "lost"]
    assert fates(done, "accept", "A1") == []


def test_a_message_can_arrive_twice_and_once_more() -> None:
    twice = play(step("duplicate accept L1->A2") + step("submit X at L1"), expect='history = ["X"]')
    assert fates(twice, "accept", "A2") == ["delivered", "delivered"]
    assert twice.good, twice.verdict
    again = step("submit X at L1") + step(when="quiet") + step("redeliver accept L1->A2 value X")
    assert fates(play(again), "accept", "A2") == ["delivered", "delivered"]


def test_messages_of_a_link_arrive_in_the_order_in_which_they_were_sent() -> None:
    values = "".join(step(f"submit v{n} at L1") for n in range(9))
    expect = f"history = {[f'v{n}' for n in range(9)]}"
    assert play(values, expect=expect).good


def test_a_slow_disk_keeps_a_vote_waiting_and_a_power_cut_takes_it_back() -> None:
    done = play(
        step("slow-disks 0.5 A2")
        + step("submit X at L1")
        + step("power-cut A2", when="A2 accepted value X")
        + step("restart A2"),
        expect='chosen = {2 = "X"}\nsee = ["A2 restarted accepted 1", "L1 learned voters A1,A3"]',
    )
    assert done.good, done.verdict
    late = play(step("slow-disks 0.5 A2") + step("submit X at L1"))
    (synced,) = _at(late, "A2", Synced)
    (soon,) = _at(late, "A1", Synced)
    assert synced.t == pytest.approx(soon.t + 0.5)


def test_leaders_forget_in_a_power_cut_what_they_only_noted_and_the_votes_tell_it_again() -> None:
    done = play(
        step("submit 'set x 1' at L1")
        + step("power-cut L1,L2", when="C1 answered")
        + step("restart L1,L2")
        + step("submit 'get x' at L2", when="L2 primary")
        + step(when="C1 answered"),
        start='timers = true\nprimary = "L1"',
    )
    assert done.good, done.verdict
    back = [e.event for e in done.entries if isinstance(e.event, Restarted)]
    assert [restarted.applied for restarted in back] == [0, 0]  # x was answered: votes vouch for it
    answers = [e.event for e in done.entries if isinstance(e.event, Answered)]
    assert [answered.result for answered in answers] == ["ok", "1"]


def _at(performance: Performance, node: str, kind: type) -> list[Entry]:
    return [
        e
        for e in performance.entries
        if e.seq > performance.begins and e.node == node and isinstance(e.event, kind)
    ]


def test_a_torn_write_is_found_out_and_dropped() -> None:
    done = play(
        step("slow-disks 0.5 A2")
        + step("submit X at L1")
        + step("tear A2 0.5", when="A2 accepted value X")
        + step("restart A2"),
        expect='see = ["A2 restarted accepted 1"]',
    )
    assert done.good, done.verdict


def test_flexible_quorums_are_those_of_the_start() -> None:
    done = play(
        step("fail A3,A4") + step("submit X at L1"),
        start='primary = "L1"\nacceptors = 4\nphase1 = 3\nphase2 = 2',
        expect='history = ["X"]',
    )
    assert done.good, done.verdict
    assert done.entries[0].event.quorum == (3, 2)  # type: ignore[union-attr]


def test_a_partition_a_cut_and_healing() -> None:
    done = play(
        step("partition L1,A1 | L2,A2,A3")
        + step("submit X at L1")
        + step("heal", when="quiet")
        + step("cut L1->A3")
        + step("submit Y at L1"),
        expect='unanswered = ["X"]\nsee = ["A2 lost accept reason partition", '
        '"A3 lost accept reason cut"]',
    )
    assert done.good, done.verdict


def test_a_client_that_gives_up_has_an_unknown_outcome() -> None:
    done = play(
        step("hold accepted *->*") + step("submit X at L1") + step("give-up C1", when="quiet"),
        expect='see = ["C1 answered outcome unknown"]\nunanswered = ["X"]\nchosen = {2 = "X"}',
    )
    assert done.good, done.verdict


def test_what_is_not_met_is_named_with_what_came_instead() -> None:
    done = play(
        step("submit X at L1"),
        expect='history = ["Y"]\nchosen = {2 = "Y", 3 = "Z"}\nunanswered = ["X"]\n'
        'see = ["A1 rejected"]\nnever = ["A1 accepted"]',
    )
    assert [str(check) for check in done.checks if not check.met] == [
        "history: Y; but L1 has applied X",
        "Y is chosen in instance 2; but it is X",
        "Z is chosen in instance 3; but it is nothing",
        "X is not answered; but it is",
        "seen: A1 rejected; but it never happened",
        "never seen: A1 accepted; but it happened at 0.010 s",
    ]
    assert not done.good


def test_a_play_without_an_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos_engine.scenarios.performance.MOST_ENTRIES", 500)
    done = play(step(when="3600 s pass"), start="timers = true")
    assert done.verdict == "ended after 500 events, which is more than anybody can follow"
    assert len(done.entries) < 600


def test_an_aside_is_told_once_at_its_event() -> None:
    aside = '[[aside]]\nwhen = "* accepted"\nsay = "accepted"\n'
    done = play(step("submit X at L1") + step("submit Y at L1") + aside)
    assert [(line.text, line.step) for line in done.narration] == [("accepted", 0)]


class Brittle(PaxosAcceptor):
    """An acceptor with a defect: a second accept is too much for it."""

    def receive(self, envelope: Envelope, now: float) -> Effects:
        if self.votes == 2:
            raise RuntimeError("a vote too many")
        return super().receive(envelope, now)


def test_a_node_whose_own_code_fails_stops_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos_engine.scenarios.performance.RIGHT", Rules(acceptor=Brittle))
    done = play(step("submit X at L1") + step("submit Y at L1"))
    assert done.verdict.startswith("A1 broke: RuntimeError: a vote too many; A2 broke")
    assert [e.event.kind for e in _at(done, "A1", Crashed)] == ["RuntimeError: a vote too many"]


def test_only_a_scenario_with_a_wrong_rule_can_be_played_wrong() -> None:
    scenario = parse_scenario(f"{HEAD}{step('heal')}\n[expect.right]\n", "x.toml")
    with pytest.raises(ValueError, match="X1 has no wrong rule"):
        perform(scenario, wrong=True)


def test_what_clients_saw_and_nobody_can_judge_in_time_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(performance, "check_linearizable", partial(check_linearizable, steps=1))
    done = play(step("submit 'set k 1' at L1") + step("submit 'get k' at L1", when="C1 answered"))
    assert not done.good
    assert done.verdict == "whether what clients saw is linearizable is not decided within 1 steps"
