"""A snapshot on its way between leaders: lost, doubled, overtaken, from a peer that dies."""

from __future__ import annotations

import pytest

from paxos_engine.roles import transfer
from paxos_engine.roles.log import ReplicatedLog
from paxos_engine.roles.messages import Request, SnapshotRequest
from paxos_engine.roles.transfer import chunk
from paxos_engine.roles.values import ProposalNumber
from tests.roles.stage import SESSION, Stage


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Return three leaders of which L1 missed everything, and the others have snapshots."""
    monkeypatch.setattr(transfer, "CHUNK_BYTES", 40)
    stage = Stage(acceptors=3, leaders=3, snapshot_every=5)
    stage.run(1.0)
    stage.fail("L1")
    for number in range(12):
        stage.submit(f"set key-{number} {number}")
        stage.run(0.1)
    stage.run(0.5)
    assert stage.leader("L3").log.compacted >= 10
    stage.in_flight.clear()
    stage.recover("L1")
    return stage


def ask_for_the_snapshot(stage: Stage) -> None:
    """Let L1 wait until it has asked a peer, and has got the first piece."""
    for _ in range(400):
        stage.wait(0.01)
        if stage.waiting("snapshot-chunk", to="L1"):
            return
        stage.deliver("heartbeat")
        stage.deliver("heartbeat-reply")
        stage.deliver("catch-up-request")
        stage.deliver("catch-up-reply")
        stage.deliver("snapshot-request")
    raise AssertionError("L1 never asked for a snapshot")


def test_a_piece_that_comes_twice_is_asked_on_once(stage: Stage) -> None:
    ask_for_the_snapshot(stage)
    stage.duplicate("snapshot-chunk", to="L1")
    stage.deliver("snapshot-chunk", to="L1")
    assert len(stage.waiting("snapshot-request", "L1")) == 1


def test_a_lost_piece_is_asked_for_again_from_where_the_transfer_stands(stage: Stage) -> None:
    ask_for_the_snapshot(stage)
    stage.deliver("snapshot-chunk", to="L1")
    stage.deliver("snapshot-request", "L1")
    assert stage.drop("snapshot-chunk", to="L1")
    stage.wait(0.3)
    asked = [envelope.message for envelope in stage.waiting("snapshot-request", "L1")]
    assert asked
    assert {message.offset for message in asked} == {40}  # type: ignore[union-attr]


def test_a_newer_snapshot_of_the_sender_does_not_begin_the_transfer_anew(stage: Stage) -> None:
    ask_for_the_snapshot(stage)
    sender = stage.waiting("snapshot-chunk", to="L1")[0].sender
    stage.deliver("snapshot-chunk", to="L1")
    request = stage.waiting("snapshot-request", "L1")[0].message
    assert isinstance(request, SnapshotRequest)
    log = stage.leader(sender).log
    before = log.snapshot
    assert before is not None
    log.snapshot = type(before)(before.applied + 5, before.state, before.body + b" ")
    stage.deliver("snapshot-request", "L1")
    piece = stage.waiting("snapshot-chunk", to="L1")[0].message
    assert (piece.applied, piece.offset) == (request.applied, 40)  # type: ignore[union-attr]


def test_a_sender_that_dies_is_left_for_a_peer_with_another_snapshot(stage: Stage) -> None:
    ask_for_the_snapshot(stage)
    sender = stage.waiting("snapshot-chunk", to="L1")[0].sender
    stage.deliver("snapshot-chunk", to="L1")
    other = "L2" if sender == "L3" else "L3"
    stage.leader(other).log.take_snapshot()  # not the one that L1 has begun with
    stage.fail(sender)
    stage.in_flight.clear()
    stage.run(30.0, step=0.05)
    assert stage.history("L1") == stage.history(other)
    assert stage.leader("L1").log.state == stage.leader(other).log.state


def test_a_leader_installs_it_and_goes_on_with_the_rows_behind_it(stage: Stage) -> None:
    stage.run(5.0)
    logs = [stage.leader(name).log for name in stage.leaders]
    assert len({(log.applied_up_to, log.state) for log in logs}) == 1
    assert logs[0].compacted >= 10


def test_who_waits_for_what_a_snapshot_covers_is_asked_to_ask_again() -> None:
    stage = Stage(leaders=2)
    stage.lead("L2")
    stage.settle()
    stage.submit("a")
    (request,) = [e.message for e in stage.waiting("request")]
    assert isinstance(request, Request)
    stage.deliver("request")
    assert stage.drop("accept")
    elsewhere = ReplicatedLog()  # L1 has led meanwhile, had it chosen, and dropped the instance
    elsewhere._sessions.open("C1", SESSION)
    elsewhere.learn(1, ProposalNumber(2, 1), request.command)
    assert len([*elsewhere.apply_ready()]) == 1
    stage.inject("L1", "L2", chunk(elsewhere.take_snapshot(), SnapshotRequest(0, 0)))
    assert [e.to for e in stage.waiting("redirect")] == ["C1"]
    stage.run(1.0)
    (answered,) = stage.answers()
    assert "sequence=1 instance=1 result=ok outcome=chosen" in answered
