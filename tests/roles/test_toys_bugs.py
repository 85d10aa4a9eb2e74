"""Each bug of the toy of 2009: the right rule holds, and the wrong one breaks agreement.

Every scenario is played twice, with the right rule and with a subclass that overrides one method
by the toy's. The stage counts votes itself and raises `Disagreement` when two values are chosen.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from paxos_engine.roles.events import Proposed
from paxos_engine.roles.messages import Accept, Accepted, Prepare, Promise
from paxos_engine.roles.values import Command, ProposalNumber
from paxos_engine.scenarios.wrong_rules import (
    AcceptKeepsThePromise,
    AcceptsBelowPromise,
    ComparesPortWithCount,
    CountsMessages,
    LastReplyOnly,
    MostCommonReport,
    OnlyMajorityReports,
    ReportsPromised,
)
from tests.roles.stage import Disagreement, Stage

X, Y = Command("c", 1, "X"), Command("c", 2, "Y")
N1, N2, N3 = ProposalNumber(1, 1), ProposalNumber(2, 2), ProposalNumber(3, 1)


def with_rule(role: str, wrong: type, acceptors: int) -> Stage:
    """Return a stage on which one role, `leader` or `acceptor`, follows a wrong rule."""
    if role == "leader":
        return Stage(acceptors=acceptors, leader_protocol=wrong)
    return Stage(acceptors=acceptors, acceptor_protocol=wrong)


def vote(stage: Stage, number: ProposalNumber, value: Command, *acceptors: str) -> None:
    """Let `acceptors` accept `value` in instance 1, as if its leader had asked them."""
    for acceptor in acceptors:
        stage.inject(number.leader, acceptor, Accept(number, 1, value, 0))


def take_over(stage: Stage, leader: str, *acceptors: str) -> None:
    """Let `leader` run both phases in instance 1 with these acceptors, in this order."""
    stage.in_flight.clear()
    stage.leader(leader).election.rounds.highest = 5
    stage.lead(leader)
    for acceptor in acceptors:
        stage.deliver("prepare", leader, acceptor)
        stage.deliver("promise", acceptor, leader)
    if not stage.waiting("accept", leader):
        # Nothing was reported: it proposes its client's command instead.
        stage.submit("Y")
        stage.drop("redirect")
        for envelope in stage.waiting("request"):
            stage.in_flight.remove(envelope)
            stage.hand_over(envelope._replace(to=leader))
    for acceptor in acceptors:
        stage.deliver("accept", leader, acceptor)


def adopt_what_one_acceptor_reports(stage: Stage) -> None:
    """S04: X is chosen by A1 and A3; L2 hears A1 and A2, of whom only A1 knows."""
    vote(stage, N1, X, "A1", "A3")
    take_over(stage, "L2", "A1", "A2")


def hear_the_voter_first(stage: Stage) -> None:
    """S20: X is chosen by A1 and A2; L2 hears A2 (X), then A3 (nothing)."""
    vote(stage, N1, X, "A1", "A2")
    take_over(stage, "L2", "A2", "A3")


def hear_an_acceptor_that_promised_since(stage: Stage) -> None:
    """X is chosen by A1 and A2; another leader's promise comes in between; L2 asks again."""
    vote(stage, N1, X, "A1", "A2")
    stage.inject("L1", "A2", Prepare(N3, 1, None, 1))
    take_over(stage, "L2", "A2", "A3")


def let_a_stale_accept_arrive(stage: Stage) -> None:
    """S21: Y is chosen under 2.L2 everywhere; L1's accept under 1.L1 arrives late."""
    for acceptor in stage.acceptors:
        stage.inject("L2", acceptor, Prepare(N2, 1, None, 1))
    vote(stage, N2, Y, "A1", "A2", "A3")
    vote(stage, N1, X, "A1", "A2", "A3")


def forget_what_an_accept_promised(stage: Stage) -> None:
    """S13: A3 saw no prepare, accepts Y under 2.L2, then X under 1.L1; 3.L1 asks A1 and A3."""
    for acceptor in ("A1", "A2"):
        stage.inject("L1", acceptor, Prepare(N1, 1, None, 1))
        stage.inject("L2", acceptor, Prepare(N2, 1, None, 1))
    vote(stage, N2, Y, "A2", "A3")
    vote(stage, N1, X, "A3")
    take_over(stage, "L1", "A1", "A3")


def compare_a_port_with_a_count(stage: Stage) -> None:
    """Y is chosen under 2.L1; an accept under 1.L2, lower but of a higher port, comes late."""
    vote(stage, ProposalNumber(2, 1), Y, "A1", "A2", "A3")
    vote(stage, ProposalNumber(1, 2), X, "A1", "A2", "A3")


RULES = [
    pytest.param(
        adopt_what_one_acceptor_reports, X, "leader", OnlyMajorityReports, id="S04 one report"
    ),
    pytest.param(hear_the_voter_first, X, "leader", LastReplyOnly, id="S20 last reply"),
    pytest.param(
        hear_an_acceptor_that_promised_since, X, "acceptor", ReportsPromised, id="promised reported"
    ),
    pytest.param(
        let_a_stale_accept_arrive, Y, "acceptor", AcceptsBelowPromise, id="S21 stale accept"
    ),
    pytest.param(
        forget_what_an_accept_promised, Y, "acceptor", AcceptKeepsThePromise, id="S13 promise kept"
    ),
    pytest.param(
        compare_a_port_with_a_count, Y, "acceptor", ComparesPortWithCount, id="port and count"
    ),
]


@pytest.mark.parametrize(("play", "chosen", "role", "wrong"), RULES)
def test_the_right_rule_keeps_what_is_chosen_and_the_wrong_one_breaks_it(
    play: Callable[[Stage], None], chosen: Command, role: str, wrong: type
) -> None:
    right = Stage(acceptors=3)
    play(right)
    assert right.chosen[1] == chosen

    broken = with_rule(role, wrong, acceptors=3)
    with pytest.raises(Disagreement):
        play(broken)


def test_the_highest_number_wins_over_the_most_common_value() -> None:
    """S05: X at A1 and A3 under 1 was never chosen; Y at A2, A4, A5 under 2 was."""

    def play(stage: Stage) -> None:
        vote(stage, N1, X, "A1", "A3")
        vote(stage, N2, Y, "A2", "A4", "A5")
        assert stage.chosen == {1: Y}
        take_over(stage, "L1", "A1", "A2", "A3")

    right = Stage(acceptors=5)
    play(right)
    (proposed,) = right.happened("proposed", "L1")
    assert isinstance(proposed, Proposed)
    assert proposed.value == Y

    with pytest.raises(Disagreement):
        play(with_rule("leader", MostCommonReport, acceptors=5))


@pytest.mark.parametrize("rule", [None, CountsMessages])
def test_a_duplicated_datagram_is_no_second_vote(rule: type[CountsMessages] | None) -> None:
    """S18: only A1 accepts X, its answer comes twice; L2 then has Y chosen by A2 and A3."""

    def only_a1(stage: Stage) -> None:
        stage.lead("L1")
        stage.deliver("prepare")
        stage.deliver("promise")
        stage.submit("Y")
        for envelope in stage.waiting("request"):
            stage.in_flight.remove(envelope)
            stage.hand_over(envelope._replace(to="L1"))
        stage.deliver("accept", "L1", "A1")
        stage.duplicate("accepted", "A1", "L1")
        stage.deliver("accepted", "A1", "L1")
        stage.in_flight.clear()
        vote(stage, ProposalNumber(9, 2), X, "A2", "A3")

    if rule is None:
        stage = Stage(acceptors=3)
        only_a1(stage)
        assert stage.history("L1") == []
        assert stage.chosen == {1: X}
    else:
        with pytest.raises(Disagreement):
            only_a1(Stage(acceptors=3, leader_protocol=rule))


@pytest.mark.parametrize("forget", [False, True])
def test_a_promise_survives_a_crash(forget: bool) -> None:
    """S10b: A2 promised 2.L2, crashes, and L1's late accept under 1.L1 reaches it."""
    stage = Stage(acceptors=3)
    for acceptor in ("A1", "A2"):
        stage.inject("L1", acceptor, Prepare(N1, 1, None, 1))
    for acceptor in ("A2", "A3"):
        stage.inject("L2", acceptor, Prepare(N2, 1, None, 1))
    stage.restart("A2", forget=forget)

    def late_accepts() -> None:
        vote(stage, N1, X, "A1", "A2")
        vote(stage, N2, Y, "A2", "A3")

    if forget:
        with pytest.raises(Disagreement):
            late_accepts()
    else:
        late_accepts()
        assert stage.chosen == {1: Y}


@pytest.mark.parametrize("forget", [False, True])
def test_a_proposal_number_is_never_used_again_after_a_restart(forget: bool) -> None:
    """S12: X is chosen under 1.L1; L1 restarts, and what was said to it before arrives again.

    The round is on disk before a prepare leaves. Where it is forgotten, the old promises and the
    old votes count for a second value under the same number.
    """
    stage = Stage(acceptors=3)
    stage.lead("L1")
    assert stage.leader("L1").number == N1
    stage.deliver("prepare")
    vote(stage, N1, X, "A1", "A3")
    stage.restart("L1", forget=forget)
    stage.in_flight.clear()
    stage.lead("L1")

    def replay_what_was_said() -> None:
        for acceptor in ("A2", "A3"):
            stage.inject(acceptor, "L1", Promise(N1, 1, None, 1, None, True, 0, ()))
        stage.submit("Y")
        for envelope in stage.waiting("request"):
            stage.in_flight.remove(envelope)
            stage.hand_over(envelope._replace(to="L1"))
        for acceptor in ("A1", "A3"):
            stage.inject(acceptor, "L1", Accepted(N1, ((1, 1),)))

    if forget:
        assert stage.leader("L1").number == N1
        with pytest.raises(Disagreement):
            replay_what_was_said()
    else:
        replay_what_was_said()
        assert stage.leader("L1").number > N1
        assert stage.chosen == {1: X}
        assert stage.history("L1") == []


def test_a_duplicated_accept_is_answered_again_and_kills_nobody() -> None:
    """S19: the toy's acceptor ran into an assertion."""
    stage = Stage(acceptors=3)
    vote(stage, N1, X, "A1")
    records = len(stage.records["A1"])
    first = [(e.to, e.message) for e in stage.waiting("accepted")]
    stage.in_flight.clear()
    vote(stage, N1, X, "A1")
    assert [(e.to, e.message) for e in stage.waiting("accepted")] == first
    assert len(stage.records["A1"]) == records


def test_numbers_are_ordered_by_round_then_rank() -> None:
    """The toy compared a port with a count; here (round, leader) is ordered as a pair."""
    assert ProposalNumber(1, 2) < ProposalNumber(2, 1) < ProposalNumber(2, 2)
    assert ProposalNumber(3, 9) < ProposalNumber(3, 10)


def test_a_refused_proposal_is_told_the_promised_number_and_retried_higher_in_its_instance() -> (
    None
):
    stage = Stage(acceptors=3, leaders=1)
    stage.run(0.5)
    for acceptor in stage.acceptors:
        stage.inject("L9", acceptor, Prepare(ProposalNumber(7, 9), 1, None, 1))
    stage.in_flight.clear()
    stage.submit("x")
    stage.deliver("request")
    stage.deliver("accept")
    assert "nack 1.L1 1: promised 7.L9" in [e.message.describe() for e in stage.waiting("nack")]
    stage.run(6.0)
    assert stage.history("L1") == ["C1#1 'x'"]
    assert stage.leader("L1").log.rows[0].number.round > 7


def test_a_lost_accept_is_sent_again_without_waiting_for_gap_filling() -> None:
    stage = Stage(acceptors=3)
    stage.run(0.5)
    stage.submit("x")
    stage.deliver("request")
    stage.drop("accept")
    stage.run(0.5)
    assert stage.history("L2") == ["C1#1 'x'"]
    assert not stage.happened("gap_found")


def test_the_client_finds_the_primary_and_hears_once() -> None:
    stage = Stage(acceptors=3)
    stage.run(1.0)
    stage.submit("x")
    for envelope in stage.waiting("request"):
        stage.in_flight.remove(envelope)
        stage.hand_over(envelope._replace(to="L1"))  # the wrong leader
    assert [e.message.describe() for e in stage.waiting("redirect")] == ["redirect C1#1 to L2"]
    stage.run(2.0)
    assert len(stage.answers()) == 1


def test_a_leader_that_wakes_up_catches_up_from_its_peer() -> None:
    stage = Stage(acceptors=3)
    stage.run(1.0)
    stage.fail("L1")
    for number in range(50):
        stage.submit(f"v{number}")
    stage.run(1.0)
    assert stage.history("L1") == []
    stage.recover("L1")
    stage.run(2.0)
    assert stage.history("L1") == stage.history("L2")
    assert {e.source for e in stage.happened("learned", "L1")} == {"catch-up"}  # type: ignore[attr-defined]
