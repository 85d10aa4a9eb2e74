"""Walks "Paxos Made Simple" (Lamport, 2001) rule by rule; each test quotes the one it is about."""

from __future__ import annotations

from paxos_engine.roles.acceptor_protocol import AcceptorState, PaxosAcceptorProtocol
from paxos_engine.roles.leader_protocol import (
    AcceptedHeard,
    AcceptSeen,
    PaxosLeaderProtocol,
    PromiseHeard,
    ProposalState,
)
from paxos_engine.roles.messages import Accept, AcceptedReport, Prepare
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import NOOP, Command, ProposalNumber
from tests.roles.stage import Stage

LOW, HIGH = ProposalNumber(1, 1), ProposalNumber(2, 2)
X, Y = Command("c", 1, "X"), Command("c", 2, "Y")
THREE = Quorums.majorities(["A1", "A2", "A3"])


def test_2_1_only_a_value_that_has_been_proposed_may_be_chosen() -> None:
    """2.1: "Only a value that has been proposed may be chosen"."""
    stage = Stage()
    stage.run(1.0)
    stage.submit("x")
    stage.run(1.0)
    proposed = [e.value for e in stage.happened("proposed")]  # type: ignore[attr-defined]
    assert set(map(str, stage.chosen.values())) <= set(map(str, proposed))


def test_2_1_only_a_single_value_is_chosen() -> None:
    """2.1: "Only a single value is chosen", whichever two leaders propose in one instance."""
    stage = Stage()
    stage.inject("L1", "A1", Accept(LOW, 1, X, 0))
    stage.inject("L2", "A2", Accept(HIGH, 1, Y, 0))
    stage.inject("L2", "A3", Accept(HIGH, 1, Y, 0))  # Y is chosen, and nobody knows
    stage.in_flight.clear()
    for leader in ("L1", "L2", "L1"):
        stage.lead(leader)
        stage.settle()
        stage.submit(f"of {leader}")
        stage.settle()
    stage.run(3.0)
    assert stage.chosen[1] == Y
    assert stage.history("L1") == stage.history("L2")
    numbers = {e.number for e in stage.happened("accepted") if e.instance == 1}  # type: ignore[attr-defined]
    assert len(numbers) > 2, "it was voted on again, and stayed what it was"


def test_2_1_a_process_never_learns_a_value_unless_it_has_been_chosen() -> None:
    """2.1: "A process never learns that a value has been chosen unless it actually has been"."""
    protocol = PaxosLeaderProtocol(1, LOW, THREE)
    protocol.transition(AcceptSeen(X))
    assert protocol.transition(AcceptedHeard("A1")) is ProposalState.ACCEPTING
    assert protocol.transition(AcceptedHeard("A2")) is ProposalState.CHOSEN


def test_2_2_p1_an_acceptor_accepts_the_first_proposal_that_it_receives() -> None:
    """P1: "An acceptor must accept the first proposal that it receives"."""
    protocol = PaxosAcceptorProtocol(1)
    assert protocol.transition(Accept(LOW, 1, X, 0))
    assert protocol.state is AcceptorState.ACCEPTED


def test_2_2_p1a_it_accepts_iff_it_has_not_responded_to_a_higher_prepare() -> None:
    """P1a: "... iff it has not responded to a prepare request having a number greater than n"."""
    protocol = PaxosAcceptorProtocol(1)
    protocol.transition(Prepare(HIGH, 1, 1, 1))
    assert not protocol.transition(Accept(LOW, 1, X, 0))
    assert protocol.accepted_number is None
    assert protocol.transition(Accept(HIGH, 1, Y, 0))


def test_2_2_a_refused_message_changes_nothing() -> None:
    """2.2: an acceptor "can ignore any request without compromising safety"."""
    protocol = PaxosAcceptorProtocol(1, HIGH, (HIGH, Y))
    before = (protocol.promised, protocol.accepted_number, protocol.accepted_value)
    assert not protocol.transition(Prepare(LOW, 1, 1, 1))
    assert not protocol.transition(Accept(LOW, 1, X, 0))
    assert (protocol.promised, protocol.accepted_number, protocol.accepted_value) == before


def test_2_2_p2c_the_proposer_takes_the_value_of_the_highest_numbered_report() -> None:
    """P2c: "v is the value of the highest-numbered proposal ... accepted by the acceptors in S"."""
    protocol = PaxosLeaderProtocol(1, ProposalNumber(9, 1), THREE)
    protocol.transition(PromiseHeard("A1", AcceptedReport(1, HIGH, Y)))
    protocol.transition(PromiseHeard("A2", AcceptedReport(1, LOW, X)))
    assert protocol.propose(NOOP) == Y


def test_2_2_with_no_report_the_proposer_is_free() -> None:
    """2.2: "... or is any value if the responses reported no proposals"."""
    protocol = PaxosLeaderProtocol(1, LOW, THREE)
    protocol.transition(PromiseHeard("A1", None))
    protocol.transition(PromiseHeard("A2", None))
    assert protocol.propose(X) == X


def test_2_2_phase_1b_a_promise_reports_the_highest_numbered_proposal_accepted() -> None:
    """Phase 1(b): "... and with the highest-numbered proposal (if any) that it has accepted"."""
    protocol = PaxosAcceptorProtocol(1)
    protocol.transition(Accept(LOW, 1, X, 0))
    protocol.transition(Prepare(HIGH, 1, 1, 1))
    assert protocol.report() == AcceptedReport(1, LOW, X)


def test_2_3_every_learner_hears_from_every_acceptor() -> None:
    """2.3: "have each acceptor, whenever it accepts a proposal, respond to all learners"."""
    stage = Stage()
    stage.inject("L1", "A1", Accept(LOW, 1, X, 0))
    assert sorted(e.to for e in stage.waiting("accepted")) == ["L1", "L2"]


def test_2_4_progress_needs_one_distinguished_proposer_and_safety_does_not() -> None:
    """2.4: safety is ensured "regardless of the success or failure of the election"."""
    stage = Stage()
    stage.lead("L1")
    stage.lead("L2")
    stage.settle()
    for _ in range(5):
        stage.submit("x")
        stage.lead("L1")
        stage.settle()
        stage.lead("L2")
        stage.settle()
    stage.run(5.0)
    assert len(stage.answers()) == 5


def test_2_5_an_acceptor_remembers_across_a_restart() -> None:
    """2.5: it "records its intended response in stable storage before actually sending" it."""
    stage = Stage()
    stage.inject("L1", "A1", Accept(LOW, 1, X, 0))
    stage.restart("A1")
    stage.in_flight.clear()
    stage.inject("L2", "A1", Prepare(HIGH, 1, None, 1))
    (promise,) = stage.waiting("promise")
    assert "accepted 1: 1.L1" in promise.message.describe()


def test_2_5_different_proposers_never_issue_proposals_with_the_same_number() -> None:
    """2.5: "No two proposals are ever issued with the same number"."""
    stage = Stage(leaders=3)
    for leader in ("L1", "L2", "L3", "L1", "L2", "L3"):
        stage.lead(leader)
        stage.leader(leader).standing = type(stage.leader(leader).standing).FOLLOWING
    numbers = [e.number for e in stage.happened("prepared")]  # type: ignore[attr-defined]
    assert len(numbers) == len(set(numbers)) == 6


def test_3_phase_1_is_executed_once_for_infinitely_many_instances() -> None:
    """Section 3: a new leader executes phase 1 "for infinitely many instances"."""
    stage = Stage()
    stage.run(1.0)
    for n in range(20):
        stage.submit(f"v{n}")
    stage.run(1.0)
    assert len(stage.happened("prepared")) == 1
    assert len(stage.history("L2")) == 20


def test_3_a_new_leader_proposes_what_it_finds_and_fills_the_gap_with_no_ops() -> None:
    """Section 3, the example: commands 1-134, 138 and 139 are known as chosen.

    Phase 1 is run for 135-137 and everything above 139. It "determines the value to be proposed in
    instances 135 and 140, but leaves the proposed value unconstrained in all other instances". So
    135 and 140 are proposed again, 136 and 137 get "a special no-op command", and the next client
    command is 141.
    """
    stage = Stage()

    def voted(instance: int, *acceptors: str) -> None:
        command = Command("c", instance, f"v{instance}")
        for acceptor in (*acceptors, "L2") if len(acceptors) > 1 else acceptors:
            stage.inject("L1", acceptor, Accept(LOW, instance, command, 0))

    for instance in (*range(1, 135), 138, 139):
        voted(instance, "A1", "A2")
    stage.deliver("accepted", to="L2")
    for instance in (135, 140):
        voted(instance, "A3")
    stage.in_flight.clear()
    log = stage.leader("L2").log
    assert (log.chosen_up_to, log.highest_chosen) == (134, 139)
    assert list(log.holes()) == [135, 136, 137]

    stage.fail("L1")
    stage.lead("L2")
    stage.drop("prepare", to="A1")
    stage.deliver("prepare")
    stage.deliver("promise")
    stage.submit("next")
    stage.settle()
    proposed = {e.instance: str(e.value) for e in stage.happened("proposed", "L2")}  # type: ignore[attr-defined]
    assert proposed == {
        135: "c#135 'v135'",
        136: "no-op",
        137: "no-op",
        140: "c#140 'v140'",
        141: "C1#1 'next'",
    }
    assert stage.history("L2")[133:] == [
        "c#134 'v134'",
        "c#135 'v135'",
        "no-op",
        "no-op",
        "c#138 'v138'",
        "c#139 'v139'",
        "c#140 'v140'",
        "C1#1 'next'",
    ]


def test_3_commands_need_not_wait_for_the_gap_but_are_not_executed_before_it() -> None:
    """Section 3: a leader may propose 142 before it knows 141 as chosen; execution is in order."""
    stage = Stage()
    stage.run(1.0)
    stage.submit("a")
    stage.submit("b")
    stage.deliver("request")
    stage.drop("accept", instance=1)
    stage.settle()
    assert set(stage.chosen) == {2}
    assert stage.history("L2") == []
    assert stage.answers() == []
