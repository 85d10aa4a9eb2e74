"""Large and absurd cases: ten thousand undecided instances, numbers from nowhere, huge ranges."""

from __future__ import annotations

import json
from hashlib import blake2b

import pytest

from paxos_engine.roles.belief import ROUND_JUMP, WINDOW
from paxos_engine.roles.effects import CompactedRecord
from paxos_engine.roles.gaps import GapWatch
from paxos_engine.roles.leader import Standing
from paxos_engine.roles.messages import (
    Accept,
    Accepted,
    CatchUpRequest,
    Heartbeat,
    HeartbeatReply,
    Message,
    Nack,
    Prepare,
    Promise,
    SnapshotChunk,
)
from paxos_engine.roles.messages import AcceptedReport as Report
from paxos_engine.roles.values import MAX_INSTANCE, MAX_ROUND, NOOP, Command, ProposalNumber
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
    assert stage.acceptor("A1").votes == 0


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


# --- authentic, well-formed, and absurd ---------------------------------------------------------


def led_cluster(**shape: int) -> Stage:
    """Return a cluster that L2 leads and that has one value chosen."""
    stage = Stage(acceptors=3, **shape)
    stage.run(1.0)
    stage.submit("before")
    stage.run(0.5)
    assert len(stage.history("L2")) == 1
    return stage


def goes_on(stage: Stage) -> bool:
    """Say whether a command still gets chosen and answered."""
    before = len(stage.answers())
    stage.submit("after")
    stage.run(5.0, step=0.05)
    return len(stage.answers()) == before + 1


def refusals(stage: Stage, node: str) -> list[str]:
    """Return why `node` refused messages."""
    return [event.reason for event in stage.happened("refused", node)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "beat",
    [
        Heartbeat(ProposalNumber(1, 2), 10**12, 10**12),
        Heartbeat(ProposalNumber(1, 2), MAX_INSTANCE - 1, WINDOW + 2),
        Heartbeat(ProposalNumber(1, 2), 5, 10**12),
        Heartbeat(ProposalNumber(1, 2), 0, 1),
    ],
)
def test_an_acceptor_drops_nothing_on_a_claim_that_cannot_be(beat: Heartbeat) -> None:
    stage = led_cluster()
    for acceptor in stage.acceptors:
        stage.inject("L2", acceptor, beat)
        assert len(refusals(stage, acceptor)) == 1
        assert stage.acceptor(acceptor).votes == 1
        assert not any(isinstance(r, CompactedRecord) for r in stage.records[acceptor])
    assert goes_on(stage)


def test_an_acceptor_that_missed_more_than_a_window_comes_to_believe_it_and_drops_too() -> None:
    stage = Stage(acceptors=3)
    far = 3 * WINDOW
    for _ in range(2):
        stage.inject("L1", "A1", Heartbeat(N, far, far - 10))
    assert stage.acceptor("A1").compacted == 0
    stage.inject("L1", "A1", Heartbeat(N, far, far - 10))
    assert stage.acceptor("A1").compacted == far - 10
    stage.inject("L1", "A1", Accept(N, far + 1, NOOP, far))
    assert stage.acceptor("A1").votes == 1


def test_an_acceptor_believes_after_a_restart_what_it_holds_itself() -> None:
    stage = Stage(acceptors=3)
    for claim in range(1, 4):
        stage.inject("L1", "A1", Accept(N, claim * WINDOW, NOOP, claim * WINDOW - 1))
    stage.restart("A1")
    stage.inject("L1", "A1", Accept(N, 4 * WINDOW, NOOP, 4 * WINDOW - 1))
    assert stage.acceptor("A1").votes == 4


@pytest.mark.parametrize(
    "message", [Prepare(N, 10**12, None, 10**12), Prepare(N, 10**12, 10**12, 10**12)]
)
def test_a_prepare_for_an_instance_that_nobody_can_have_reached_holds_nothing(
    message: Prepare,
) -> None:
    stage = Stage()
    stage.inject("L1", "A1", message)
    assert len(refusals(stage, "A1")) == 1
    assert stage.records["A1"] == []


def test_a_promise_that_claims_a_trillion_compacted_instances_does_not_count() -> None:
    stage = Stage(acceptors=3)
    stage.lead("L2")
    number = stage.leader("L2").number
    stage.inject("A1", "L2", Promise(number, 1, None, 1, None, True, 10**12, ()))
    assert len(refusals(stage, "L2")) == 1
    stage.drop("prepare", to="A1")
    stage.settle()
    assert stage.leader("L2").standing is Standing.PRIMARY
    assert goes_on(stage)


ABSURD = ProposalNumber(MAX_ROUND - 1, 1)


@pytest.mark.parametrize(
    ("sender", "to", "message"),
    [
        ("A1", "L2", Nack(ProposalNumber(1, 2), 2, ABSURD)),
        ("A1", "L2", HeartbeatReply(ProposalNumber(1, 2), ABSURD)),
        ("L1", "L2", Heartbeat(ABSURD, 1)),
        ("L1", "L2", Accept(ABSURD, 2, NOOP, 1)),
        ("L1", "A1", Prepare(ABSURD, 2, None, 2)),
        ("L1", "A1", Accept(ABSURD, 2, NOOP, 1)),
    ],
)
def test_a_round_that_nobody_can_have_reached_is_refused(
    sender: str, to: str, message: Message
) -> None:
    stage = led_cluster()
    stage.inject(sender, to, message)
    assert refusals(stage, to) == [
        f"round {MAX_ROUND - 1} is more than {ROUND_JUMP} above any heard of"
    ]
    stage.fail("L2")
    assert goes_on(stage)
    assert stage.leader("L1").number.round <= 2 * ROUND_JUMP


def test_a_leader_reaches_acceptors_that_were_led_on_step_by_step() -> None:
    stage = led_cluster()
    for step in range(1, 5):
        for acceptor in stage.acceptors:
            stage.inject("L9", acceptor, Prepare(ProposalNumber(step * ROUND_JUMP, 9), 1, None, 1))
    stage.in_flight.clear()
    stage.run(10.0)
    assert goes_on(stage)


def test_an_accept_from_a_leader_that_knows_the_instance_as_chosen_is_refused() -> None:
    stage = Stage()
    stage.inject("L1", "A1", Accept(N, 5, NOOP, 10**12))
    assert stage.acceptor("A1").votes == 0


# --- snapshots that are none --------------------------------------------------------------------


def piece(body: bytes, applied: int = 3) -> SnapshotChunk:
    """Return a whole snapshot in one piece, its digest right."""
    digest = blake2b(body, digest_size=16).digest()
    return SnapshotChunk(applied, "0" * 16, len(body), digest, 0, body)


BODIES = [
    b"",
    b"no JSON",
    b"[" * 30_000,
    b"[]",
    b"{}",
    b'{"machine": 1, "sessions": []}',
    b'{"machine": "e30=", "sessions": [[1]]}',
    b'{"machine": "e30=", "sessions": [["1", "c", 1, 1, []]]}',
    b'{"machine": "e30=", "sessions": [[1, "c", 1, 1, [[1, 2, 3]]]]}',
    b'{"machine": "W10=", "sessions": []}',
    b'{"machine": "eyJhIjogMX0=", "sessions": []}',
    b'{"machine": "!", "sessions": []}',
    b'{"machine": "/w==", "sessions": []}',
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:40].decode())
def test_a_snapshot_that_cannot_be_read_is_refused_and_changes_nothing(body: bytes) -> None:
    stage = led_cluster()
    state = stage.leader("L2").log.state
    stage.inject("L1", "L2", piece(body))
    assert refusals(stage, "L2") == ["the snapshot of 3 cannot be read"]
    assert stage.leader("L2").log.state == state
    assert goes_on(stage)


def test_a_snapshot_of_a_trillion_instances_is_refused() -> None:
    stage = led_cluster()
    body = json.dumps({"machine": "e30=", "sessions": []}).encode()
    stage.inject("L1", "L2", piece(body, applied=10**12))
    assert len(refusals(stage, "L2")) == 1
    assert goes_on(stage)


@pytest.mark.parametrize(("size", "offset"), [(2, 0), (2**40, 0), (3, 1)])
def test_a_piece_that_does_not_fit_its_snapshot_is_refused(size: int, offset: int) -> None:
    stage = led_cluster()
    stage.inject("L1", "L2", SnapshotChunk(3, "0" * 16, size, b"", offset, b"abc"))
    assert len(refusals(stage, "L2")) == 1


def test_pieces_of_two_snapshots_and_duplicates_do_not_multiply_questions() -> None:
    stage = led_cluster()
    first = SnapshotChunk(9, "1" * 16, 900, b"other", 0, b"x" * 300)
    stage.inject("L1", "L2", first)
    assert len(stage.waiting("snapshot-request")) == 1
    for applied, offset in ((5, 300), (5, 0), (20, 0)):
        stage.inject("L1", "L2", SnapshotChunk(applied, "0" * 16, 900, b"this", offset, b"x" * 300))
    stage.inject("L1", "L2", first)
    (request,) = stage.waiting("snapshot-request")
    assert request.message.describe() == "snapshot-request of 9 from byte 300"
    assert goes_on(stage)


def test_a_question_for_all_of_the_history_costs_no_more_than_a_page() -> None:
    stage = led_cluster()
    stage.inject("L1", "L2", CatchUpRequest(1, MAX_INSTANCE - 1))
    (reply,) = stage.waiting("catch-up-reply")
    assert reply.message.describe() == "catch-up-reply 1 of 1"


# --- who may say what ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "message"),
    [
        ("L1", Nack(ProposalNumber(1, 2), 2, ProposalNumber(5, 1))),
        ("C1", HeartbeatReply(ProposalNumber(1, 2), ProposalNumber(5, 1))),
        ("C1", Promise(ProposalNumber(1, 2), 1, None, 1, None, True, 0, ())),
        ("A1", Heartbeat(ProposalNumber(5, 1), 1)),
        ("L9", Heartbeat(ProposalNumber(5, 1), 1)),
        ("A1", Accept(ProposalNumber(5, 1), 2, NOOP, 1)),
        ("A2", CatchUpRequest(1, 1)),
        ("L1", Prepare(ProposalNumber(5, 1), 1, None, 1)),
    ],
)
def test_a_leader_takes_each_kind_only_from_those_who_may_say_it(
    sender: str, message: Message
) -> None:
    stage = led_cluster()
    stage.inject(sender, "L2", message)
    assert len(refusals(stage, "L2")) == 1
    assert stage.leader("L2").standing is Standing.PRIMARY
