"""Large and absurd cases: ten thousand undecided instances, numbers from nowhere, huge ranges."""

from __future__ import annotations

from paxos_engine.roles.gaps import GapWatch
from paxos_engine.roles.messages import Accept, Accepted, Heartbeat, Prepare, Promise
from paxos_engine.roles.messages import AcceptedReport as Report
from paxos_engine.roles.values import MAX_INSTANCE, NOOP, Command, ProposalNumber
from tests.roles.stage import Stage

N = ProposalNumber(1, 1)


def test_a_takeover_with_ten_thousand_undecided_instances_decides_them_all() -> None:
    stage = Stage(acceptors=3, leaders=2, pipeline=1000)
    for instance in range(1, 10_001):
        for acceptor in ("A1", "A2"):
            accept = Accept(N, instance, Command("c", instance, f"v{instance}", instance), 0)
            stage.inject("L1", acceptor, accept)
    stage.in_flight.clear()
    stage.told.clear()
    stage.fail("L1")
    stage.lead("L2")
    stage.settle(rounds=2000)
    history = stage.history("L2")
    assert len(history) == 10_000
    assert history[9_999] == "c#10000 'v10000'"
    pages = [line for line in stage.told if line.startswith("A1 -> L2 promise")]
    assert len(pages) > 10, "a promise of 10,000 reports comes in pages"


def test_an_accept_far_beyond_the_window_is_refused_and_holds_nothing() -> None:
    stage = Stage()
    stage.inject("L1", "A1", Accept(N, 10**12, Command("c", 1, "x"), 0))
    assert [e.name for _, e in stage.events] == ["refused"]
    assert not stage.acceptor("A1")._accepted_instances


def test_votes_for_an_endless_interval_cost_no_more_than_the_window() -> None:
    stage = Stage()
    stage.inject("A1", "L1", Accepted(N, ((1, MAX_INSTANCE - 1),)))
    assert len(stage.leader("L1").learner.records) <= 65_536


def test_a_report_beyond_any_possible_window_does_not_make_a_leader_fill_a_trillion_gaps() -> None:
    stage = Stage(acceptors=1, leaders=1)
    stage.lead("L1")
    number = stage.leader("L1").number
    far = (Report(10**12, N, Command("c", 1, "x")),)
    stage.inject("A1", "L1", Promise(number, 1, None, 1, None, True, 0, far))
    stage.submit("mine")
    stage.drop("prepare")
    stage.run(2.0)
    assert stage.history("L1") == ["C1#1 'mine'"]


def test_a_heartbeat_that_claims_a_trillion_chosen_instances_wedges_nobody() -> None:
    stage = Stage(acceptors=3, leaders=2)
    stage.run(0.5)
    stage.inject("L2", "L1", Heartbeat(stage.leader("L2").number, 10**12))
    stage.fail("L2")
    stage.run(4.0)
    stage.submit("x")
    stage.run(3.0)
    assert stage.history("L1") == ["C1#1 'x'"]


def test_a_prepare_for_a_bounded_range_of_many_instances_is_refused() -> None:
    stage = Stage()
    stage.inject("L1", "A1", Prepare(N, 1, 10**12, 1))
    assert [e.name for _, e in stage.events] == ["refused"]


def test_an_accept_under_an_own_number_that_comes_from_elsewhere_is_refused() -> None:
    stage = Stage(acceptors=3, leaders=2)
    stage.run(2.0)
    leader = stage.leader("L2")
    stage.inject("L1", "L2", Accept(leader.number, leader._next_instance, NOOP, 0))
    assert [e.name for _, e in stage.events][-1] == "refused"
    stage.submit("x")
    stage.run(3.0)
    assert stage.history("L2") == ["C1#1 'x'"]


def test_a_promise_for_one_instance_counts_only_when_it_is_whole() -> None:
    stage = Stage(acceptors=3, leaders=1, classic=True)
    stage.run(2.0)
    stage.submit("x")
    stage.deliver("request")
    leader = stage.leader("L1")
    instance = leader._next_instance - 1
    half = Promise(leader.number, instance, instance, instance + 5, None, False, 0, ())
    for acceptor in ("A1", "A2"):
        stage.inject(acceptor, "L1", half)
    assert not any(e.instance == instance for e in stage.happened("proposed"))


def test_a_gap_is_due_at_the_very_deadline_that_is_told() -> None:
    # Rounding made `now - since` smaller than the wait at the deadline itself: in virtual time
    # the leader then ticked at the same moment for ever.
    for step in range(2_000):
        watch = GapWatch(2.0)
        watch.due(1, 2, False, step * 0.00137)
        assert watch.deadline is not None
        assert watch.due(1, 2, False, watch.deadline)
