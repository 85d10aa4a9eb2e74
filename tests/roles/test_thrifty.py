"""Thrifty accepts: a quorum is asked first, and everybody else only if that does not answer."""

from __future__ import annotations

from collections import Counter

from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import Command
from tests.roles.stage import Stage

FIVE = Quorums.majorities(["A1", "A2", "A3", "A4", "A5"])


def led(**shape: bool) -> Stage:
    """Return a stage of five acceptors on which L2 leads, with a session open."""
    stage = Stage(5, 2, thrifty=True, **shape)
    stage.lead("L2")
    stage.settle()
    return stage


def asked(stage: Stage) -> set[str]:
    """Return to whom an accept is on its way."""
    return {envelope.to for envelope in stage.waiting("accept")}


def test_an_accept_goes_to_a_quorum_and_to_the_other_leader_which_has_to_learn_its_value() -> None:
    stage = led()
    stage.submit("x")
    stage.deliver("request")
    assert len(asked(stage) - {"L1"}) == 3
    assert "L1" in asked(stage)
    stage.settle()
    assert [c.value for c in stage.chosen.values() if isinstance(c, Command)] == ["x"]
    assert stage.history("L1") == stage.history("L2")


def test_whoever_has_not_answered_is_asked_the_second_time_quorum_or_not() -> None:
    stage = led()
    stage.submit("x")
    stage.deliver("request")
    first = sorted(asked(stage) - {"L1"})
    stage.drop("accept", to=first[0])
    stage.deliver("accept")
    stage.deliver("accepted")
    assert not stage.chosen
    stage.wait(0.3)
    everyone = {"A1", "A2", "A3", "A4", "A5"}
    assert asked(stage) - {"L1"} == everyone - set(first[1:])
    stage.settle()
    assert stage.history("L1") == stage.history("L2") != []


def test_a_prepare_still_goes_to_all() -> None:
    stage = led(classic=True)
    stage.submit("x")
    stage.deliver("request")
    assert {e.to for e in stage.waiting("prepare")} == {"A1", "A2", "A3", "A4", "A5"}
    stage.deliver("prepare")
    stage.deliver("promise")
    assert len(asked(stage) - {"L1"}) == 3


def test_the_instances_take_turns_so_that_all_acceptors_share_the_work() -> None:
    everyone = FIVE.acceptors
    work = Counter(a for instance in range(1, 11) for a in FIVE.one_of_phase2(instance, everyone))
    assert work == dict.fromkeys(everyone, 6)


def test_who_was_not_heard_lately_is_asked_only_where_the_others_are_too_few() -> None:
    for instance in range(1, 11):
        assert set(FIVE.one_of_phase2(instance, {"A1", "A3", "A4"})) == {"A1", "A3", "A4"}
        assert {"A2", "A5"} < set(FIVE.one_of_phase2(instance, {"A2", "A5"}))


def test_an_acceptor_that_fell_silent_is_not_asked_any_more() -> None:
    stage = led()
    stage.fail("A2")
    stage.run(2.0)
    stage.submit("x")
    stage.deliver("request")
    assert "A2" not in asked(stage)


def test_a_quorum_of_phase_2_may_be_small_and_then_a_few_are_asked() -> None:
    flexible = Quorums(FIVE.acceptors, phase1=4, phase2=2)
    assert len(flexible.one_of_phase2(7, FIVE.acceptors)) == 2
