"""What a client asks of a leader that does not lead is answered as soon as that one does."""

from __future__ import annotations

import pytest

from paxos_engine.roles.doorstep import ROOM, Doorstep
from paxos_engine.roles.messages import Redirect, Reply, Request
from paxos_engine.roles.values import Command
from tests.roles.stage import SESSION, Stage


@pytest.fixture
def led_by_l2() -> Stage:
    """Return a cluster whose primary L2 is heard by L1."""
    stage = Stage(acceptors=3, leaders=2)
    stage.lead("L2")
    stage.run(0.5)
    return stage


def ask(stage: Stage, leader: str, sequence: int = 1) -> None:
    """Ask a leader for a command of C1."""
    command = Command("C1", sequence, f"v{sequence}", oldest=1, session=SESSION)
    stage.inject("C1", leader, Request(command))


def answers(stage: Stage) -> list[int]:
    """Return the sequences of the replies in flight."""
    return [e.message.sequence for e in stage.waiting("reply") if isinstance(e.message, Reply)]


def take_over(stage: Stage, leader: str) -> None:
    """Let a leader claim the primacy, and deliver everything but what is for the client."""
    stage.lead(leader)
    for _ in range(10):
        for kind in ("prepare", "promise", "accept", "accepted", "heartbeat", "heartbeat-reply"):
            stage.deliver(kind)


def test_it_names_the_primary_at_once_and_answers_itself_if_it_comes_to_lead(
    led_by_l2: Stage,
) -> None:
    stage = led_by_l2
    stage.fail("L2")
    ask(stage, "L1")
    (redirect,) = stage.waiting("redirect", to="C1")
    assert redirect.message == Redirect("C1", 1, "L2")
    take_over(stage, "L1")
    assert answers(stage) == [1]


def test_what_was_asked_twice_is_chosen_once(led_by_l2: Stage) -> None:
    stage = led_by_l2
    stage.fail("L2")
    for sequence in (1, 2, 1, 2):
        ask(stage, "L1", sequence)
    take_over(stage, "L1")
    assert answers(stage) == [1, 2]
    assert len(stage.chosen) == 2


def test_what_the_old_primary_had_proposed_takes_no_second_instance(led_by_l2: Stage) -> None:
    stage = led_by_l2
    ask(stage, "L2")
    stage.deliver("accept", to="A1")
    stage.deliver("accept", to="A2")
    stage.drop()
    stage.fail("L2")
    ask(stage, "L1")
    take_over(stage, "L1")
    assert answers(stage) == [1]
    assert len(stage.chosen) == 1


def test_it_keeps_nothing_once_the_primary_is_heard_again(led_by_l2: Stage) -> None:
    stage = led_by_l2
    ask(stage, "L1")
    stage.drop("redirect")
    stage.run(0.5)
    take_over(stage, "L1")
    assert stage.chosen == {}


def test_who_asked_is_told_of_the_leader_that_takes_over_instead() -> None:
    stage = Stage(acceptors=3, leaders=3)
    stage.lead("L3")
    stage.run(0.5)
    stage.fail("L3")
    ask(stage, "L1")
    stage.drop("redirect")
    take_over(stage, "L2")
    (redirect,) = stage.waiting("redirect", to="C1")
    assert redirect.message == Redirect("C1", 1, "L2")


def test_who_was_down_meanwhile_keeps_nothing(led_by_l2: Stage) -> None:
    stage = led_by_l2
    ask(stage, "L1")
    stage.fail("L1")
    stage.recover("L1")
    take_over(stage, "L1")
    assert stage.chosen == {}


def test_it_has_room_for_so_many_commands_and_no_more() -> None:
    doorstep = Doorstep()
    for sequence in range(1, ROOM + 10):
        doorstep.keep("C1", Command("C1", sequence, "x"))
    assert len(list(doorstep.take())) == ROOM
    assert list(doorstep.take()) == []
