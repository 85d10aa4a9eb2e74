"""Sessions, the state machine, snapshots on the wire, and what is said of dropped instances."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from paxos_engine.roles.acceptor import WINDOW
from paxos_engine.roles.log import ReplicatedLog, Snapshot
from paxos_engine.roles.machine import KeyValueStore
from paxos_engine.roles.messages import (
    Accept,
    AcceptedReport,
    Compacted,
    Heartbeat,
    Prepare,
    Promise,
    SnapshotRequest,
)
from paxos_engine.roles.phase_one import PhaseOne
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.sessions import EXPIRED, LIFE, Sessions
from paxos_engine.roles.transfer import CHUNK_BYTES, SnapshotTransfer, chunk
from paxos_engine.roles.values import NOOP, Command, ProposalNumber
from tests.roles.stage import Stage

N1, N2 = ProposalNumber(1, 1), ProposalNumber(2, 2)


@pytest.mark.parametrize(
    ("commands", "results"),
    [
        (
            ["set k a b", "get k", "del k", "get k", "del k"],
            ["ok", "a b", "ok", "(none)", "(none)"],
        ),
        (["incr n", "incr n", "set n x", "incr n"], ["1", "2", "ok", None]),
        (["set k 1", "cas k 1 2", "cas k 1 3", "get k"], ["ok", "ok", "error: k is 2, not 1", "2"]),
        (["anything", "set k", "get", "incr", b"set k v"], ["ok"] * 5),
        ([f"set n {'9' * 19}", "incr n"], ["ok", None]),
        (
            ["\n set\u2003k\x1c a", "\tget  k ", "getk", "settle k b", "get k"],
            ["ok", "a", "ok", "ok", "a"],
        ),
    ],
)
def test_the_key_value_store_answers_each_command(
    commands: list[str | bytes], results: list[str | None]
) -> None:
    store = KeyValueStore()
    for command, expected in zip(commands, results, strict=True):
        result = store.apply(command).result
        assert result == expected if expected is not None else result.startswith("error")
    copy = KeyValueStore()
    copy.restore(store.snapshot())
    assert copy.items == store.items


def test_a_session_opens_by_a_chosen_command_and_its_id_is_that_instance() -> None:
    log = ReplicatedLog()
    log.learn(1, N1, NOOP)
    log.learn(2, N1, Command("C1", 0, "open session"))
    log.learn(3, N1, Command("C1", 1, "incr n", 1, 2))
    log.learn(4, N1, Command("C2", 1, "incr n", 1, 2))
    results = [row.result for row in log.apply_ready()]
    assert results == [None, "session 2", "1", EXPIRED]


def test_a_session_expires_by_the_log_alone_and_never_comes_back() -> None:
    sessions = Sessions()
    sessions.open("C1", 1)
    sessions.open("C2", 2)
    command = Command("C1", 1, "x", 1, 1)
    sessions.use(command, 10)
    sessions.expire(2 + LIFE)
    assert sessions.find(command) is not None
    assert sessions.find(Command("C2", 1, "x", 1, 2)) is None
    sessions.expire(10 + LIFE)
    assert sessions.find(command) is None


def test_a_snapshot_holds_state_sessions_and_hash_and_goes_on_as_the_history_would() -> None:
    whole, rest = ReplicatedLog(), ReplicatedLog()
    commands = [Command("C1", 0, "open")] + [Command("C1", n, "incr n", 1, 1) for n in (1, 2, 3)]
    for instance, command in enumerate(commands, 1):
        whole.learn(instance, N1, command)
    list(whole.apply_ready())
    assert rest.install(whole.take_snapshot())
    for log in (whole, rest):
        log.learn(5, N1, commands[2])  # a retry that was chosen again
        log.learn(6, N1, Command("C1", 4, "incr n", 1, 1))
        results = [row.result for row in log.apply_ready()]
        assert results == ["2", "4"]
    assert whole.state == rest.state
    assert rest.compacted == 4


def test_a_snapshot_travels_in_pieces_that_may_come_twice_or_not_at_all() -> None:
    snapshot = Snapshot(9, "0" * 16, bytes(range(256)) * 500)
    first = chunk(snapshot, SnapshotRequest(0, 0))
    transfer = SnapshotTransfer(first)
    assert transfer.take(first) is None
    assert transfer.take(first) is None
    pieces = 1
    while True:
        pieces += 1
        found = transfer.take(chunk(snapshot, transfer.request))
        if found is not None:
            break
    assert found == snapshot
    assert pieces == -(-len(snapshot.body) // CHUNK_BYTES)


def test_a_snapshot_that_does_not_match_its_digest_is_not_installed() -> None:
    snapshot = Snapshot(9, "0" * 16, b"right")
    piece = chunk(snapshot, SnapshotRequest(0, 0))
    bad = type(piece)(9, piece.state, piece.size, piece.digest, 0, b"wrong")
    transfer = SnapshotTransfer(bad)
    assert transfer.take(bad) is None
    assert transfer.request == SnapshotRequest(9, 0)
    assert transfer.take(piece) == snapshot


def test_an_acceptor_says_compacted_of_what_it_dropped_never_nothing_accepted() -> None:
    stage = Stage(acceptors=3)
    for instance in (1, 2, 3):
        stage.inject("L1", "A1", Accept(N1, instance, NOOP, 0))
    stage.inject("L1", "A1", Heartbeat(N1, 3, 2))
    stage.in_flight.clear()
    stage.inject("L2", "A1", Prepare(N2, 2, 2, 2))
    stage.inject("L2", "A1", Accept(N2, 1, NOOP, 0))
    said = [envelope.message for envelope in stage.in_flight]
    assert said == [Compacted(N2, 2, 2), Compacted(N2, 1, 2)]
    stage.inject("L2", "A1", Prepare(N2, 1, None, 1))
    promise = stage.waiting("promise")[0].message
    assert (promise.compacted, [r.instance for r in promise.reported]) == (2, [3])  # type: ignore[union-attr]


def test_an_acceptors_checkpoint_restores_its_promises_and_votes() -> None:
    stage = Stage(acceptors=3)
    stage.inject("L1", "A1", Prepare(N1, 1, None, 1))
    for instance in (1, 2, 3, 9):
        stage.inject("L1", "A1", Accept(N1, instance, Command("c", instance, "x"), 0))
    stage.inject("L2", "A1", Prepare(N2, 3, None, 3))
    stage.inject("L2", "A1", Prepare(ProposalNumber(5, 1), 7, 7, 7))
    stage.inject("L1", "A1", Heartbeat(N1, 3, 1))
    before = stage.acceptor("A1")
    stage.records["A1"] = before.checkpoint()
    stage.restart("A1")
    after = stage.acceptor("A1")
    assert after.checkpoint() == before.checkpoint()
    assert (after.compacted, after.votes, after.highest) == (1, 3, ProposalNumber(5, 1))


def test_a_leader_that_lacks_what_an_acceptor_dropped_does_not_propose_before_it_is_told() -> None:
    stage = Stage(acceptors=3, leaders=2, snapshot_every=5)
    stage.lead("L2")
    stage.settle()
    stage.fail("L1")
    for number in range(12):
        stage.submit(f"set k{number} v")
        stage.settle()
    for acceptor in stage.acceptors:  # as a majority of more leaders would let them
        stage.inject("L2", acceptor, Heartbeat(stage.leader("L2").number, 12, 10))
    stage.settle()
    stage.recover("L1")
    stage.lead("L1")
    stage.deliver("prepare")
    stage.deliver("promise", to="L1")
    assert stage.happened("primary", "L1") == []
    assert stage.happened("proposed", "L1") == []
    stage.run(3.0, step=0.05)
    assert stage.leader("L1").log.chosen_up_to >= 12
    assert stage.leader("L1").log.state == stage.leader("L2").log.state


def test_a_result_that_no_reply_could_carry_is_clipped_alike_on_every_leader() -> None:
    store = "x" * 50_000
    logs = [ReplicatedLog(), ReplicatedLog()]
    for log in logs:
        log.learn(1, N1, Command("C1", 0, "open"))
        log.learn(2, N1, Command("C1", 1, f"set k {store}", 1, 1))
        log.learn(3, N1, Command("C1", 2, f"cas k {'y' * 50_000} z", 1, 1))
        result = [row.result for row in log.apply_ready()][-1]
        assert result is not None
        assert len(result.encode()) <= 60_000
        assert result.endswith("(clipped)")
    assert logs[0].state == logs[1].state


def test_a_value_that_reads_like_an_expired_session_is_a_value() -> None:
    stage = Stage(acceptors=3)
    stage.run(1.0)
    stage.submit(f"set k {EXPIRED}")
    stage.submit("get k")
    stage.run(2.0)
    assert [e.outcome for e in stage.happened("answered")] == ["chosen", "chosen"]  # type: ignore[attr-defined]


def test_what_a_snapshot_covers_is_dropped_with_it_since_nobody_saw_its_effects() -> None:
    """Or a subscriber would be told commands a second time that had no effect."""
    log, fresh = ReplicatedLog(), ReplicatedLog()
    for instance, sequence in enumerate((0, 1, 1, 2), 1):  # the second copy does nothing
        for each in (log, fresh):
            each.learn(instance, N1, Command("C1", sequence, "incr n", 1, 1 if sequence else 0))
    list(log.apply_ready())
    assert log.tail.silent == {(1, 0), (3, 0)}
    assert fresh.install(log.take_snapshot())
    assert (fresh.compacted, fresh.rows, fresh.applied_up_to) == (4, [], 4)


def test_a_takeover_looks_beyond_what_is_compacted_for_what_was_reported() -> None:
    """An acceptor that has dropped up to n vouches for everything below: no jump is too wide."""
    phase = PhaseOne(N2, 1, Quorums.majorities(("A1",)), "takeover")
    far = WINDOW + 500
    report = AcceptedReport(far, N1, NOOP)
    promise = Promise(N2, 1, None, 1, None, True, far - 10, (report,))
    assert phase.hear("A1", promise, "A1.1")
    assert phase.highest_reported == far


def test_a_proposal_names_only_the_pages_that_it_rests_on() -> None:
    phase = PhaseOne(N2, 1, Quorums.majorities(("A1",)), "takeover")
    for instance in range(1, 6):
        last = instance == 5
        report = AcceptedReport(instance, N1, NOOP)
        covers = None if last else instance
        page = Promise(N2, 1, None, instance, covers, last, 0, (report,))
        assert phase.hear("A1", page, f"A1.{instance}")
    named = [phase.promises_for(instance)[0].messages for instance in (1, 3, 5, 9)]
    assert named == [("A1.1", "A1.5"), ("A1.3", "A1.5"), ("A1.5",), ("A1.5",)]


def test_the_digest_of_a_snapshot_is_made_once_for_all_its_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[int] = []

    def blake2b(body: bytes, digest_size: int) -> object:
        hashed.append(len(body))
        return hashlib.blake2b(body, digest_size=digest_size)

    monkeypatch.setattr("paxos_engine.roles.log.blake2b", blake2b)
    snapshot = Snapshot(9, "0" * 16, bytes(12 * CHUNK_BYTES))
    for piece in range(12):
        chunk(snapshot, SnapshotRequest(9, piece * CHUNK_BYTES))
    assert hashed == [len(snapshot.body)]


def late_leader(size: int) -> Stage:
    """Return a stage on which L1 is about to fetch a snapshot with `size` bytes of values."""
    stage = Stage(acceptors=3, leaders=2, snapshot_every=5)
    stage.lead("L2")
    stage.settle()
    stage.fail("L1")
    for number in range(20):
        stage.submit(f"set k{number} {'v' * (size // 20)}")
        stage.settle()
    stage.leader("L2").learner.log.compact(20)
    stage.recover("L1")
    return stage


def fetch(stage: Stage, befall: Callable[[int], None]) -> list[int]:
    """Let L1 fetch the snapshot; `befall` is told the number of each piece before it arrives.

    Returns:
        The offsets that were asked for, in order.
    """
    offsets: list[int] = []
    pieces = 0
    for _ in range(4000):
        for envelope in stage.waiting("snapshot-request"):
            assert isinstance(envelope.message, SnapshotRequest)
            offsets.append(envelope.message.offset)
        for _ in stage.waiting("snapshot-chunk"):
            pieces += 1
            befall(pieces)
        stage.deliver()
        stage.wait(0.01)
        if stage.happened("snapshot", "L1"):
            return offsets
    raise AssertionError(f"never installed; asked for {offsets[:40]}")


def test_a_lost_piece_is_asked_for_again_and_nothing_begins_anew() -> None:
    stage = late_leader(400_000)

    def lose_every_third(piece: int) -> None:
        if piece % 3 == 0:
            stage.drop("snapshot-chunk")

    offsets = fetch(stage, lose_every_third)
    assert len(set(offsets)) > 10
    assert offsets == sorted(offsets)
    assert len(offsets) > len(set(offsets))
    assert offsets.count(0) == 1
    stage.run(1.0, step=0.05)
    assert stage.leader("L1").log.state == stage.leader("L2").log.state


def test_a_piece_that_comes_twice_does_not_double_what_is_asked_for() -> None:
    stage = late_leader(400_000)
    offsets = fetch(stage, lambda piece: stage.duplicate("snapshot-chunk") and None)
    assert len(offsets) == len(set(offsets)) > 10


def test_a_piece_of_an_older_snapshot_starts_no_endless_question() -> None:
    stage = late_leader(1_000)
    leader = stage.leader("L1")
    newer, older = Snapshot(20, "0" * 16, bytes(40_000)), Snapshot(15, "0" * 16, bytes(40_000))
    stage.in_flight.clear()
    stage.inject("L2", "L1", chunk(newer, SnapshotRequest(20, 0)))
    assert len(stage.waiting("snapshot-request")) == 1
    stage.inject("L2", "L1", chunk(older, SnapshotRequest(15, 0)))
    assert len(stage.waiting("snapshot-request")) == 1
    assert leader.log.applied_up_to == 0
