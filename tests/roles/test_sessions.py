"""A command is applied once and answered with its first result, whoever is asked, and when."""

from __future__ import annotations

import pytest

from paxos_engine.roles.sessions import Session
from tests.roles.stage import Stage


def counted(stage: Stage, leader: str) -> str:
    """Return what the counter stands at, as a leader has it."""
    return stage.leader(leader).log.machine.items.get("n", "0")  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def unanswered() -> Stage:
    """L2 has counted once for C1, and its answer was lost."""
    stage = Stage(acceptors=3, leaders=2, session=False)
    stage.lead("L2")
    stage.settle()
    stage.submit("incr n")
    while not stage.waiting("reply", to="C1") or counted(stage, "L2") != "1":
        stage.deliver("request")
        stage.deliver("accept")
        stage.deliver("accepted")
        if counted(stage, "L2") != "1":
            stage.deliver("reply")
    assert stage.drop("reply") == 1
    return stage


def test_a_retry_to_the_same_leader_is_answered_with_the_first_result(unanswered: Stage) -> None:
    unanswered.run(3.0, step=0.05)
    assert [e.result for e in unanswered.happened("answered")] == ["1"]  # type: ignore[attr-defined]
    assert counted(unanswered, "L2") == "1"


def test_a_retry_after_a_takeover_is_answered_by_the_new_leader(unanswered: Stage) -> None:
    unanswered.fail("L2")
    unanswered.run(6.0, step=0.05)
    assert [e.result for e in unanswered.happened("answered")] == ["1"]  # type: ignore[attr-defined]
    assert counted(unanswered, "L1") == "1"


@pytest.mark.parametrize("leader", ["L1", "L2"])
def test_sessions_survive_restarts_of_every_node(unanswered: Stage, leader: str) -> None:
    unanswered.settle()
    for node in (*unanswered.acceptors, *unanswered.leaders):
        unanswered.restart(node)
    unanswered.fail("L1" if leader == "L2" else "L2")
    unanswered.run(6.0, step=0.05)
    assert [e.result for e in unanswered.happened("answered")] == ["1"]  # type: ignore[attr-defined]
    assert counted(unanswered, leader) == "1"


def test_a_client_that_skips_sequences_makes_a_session_forget_no_more_than_it_holds() -> None:
    session = Session("C1", 1, replies={1: (1, "a"), 2: (2, "b"), 9: (3, "c")})
    session.forget_before(2)
    assert list(session.replies) == [2, 9]
    session.forget_before(2**47)
    assert (session.replies, session.oldest) == ({}, 2**47)
    session.forget_before(5)
    assert session.oldest == 2**47
