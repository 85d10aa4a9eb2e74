"""`ClusterView`: what a trace comes to on the screen."""

from __future__ import annotations

import pytest

from paxos_engine.roles import events as ev
from paxos_engine.roles.messages import Accept, Heartbeat, Reply, Request, SnapshotChunk
from paxos_engine.roles.values import NOOP, Command, ProposalNumber
from paxos_engine.trace.reasons import why_kept, why_pending
from paxos_engine.trace.view import CellState, ClusterView

N1, N2 = ProposalNumber(1, 2), ProposalNumber(2, 1)
X = Command("C1", 1, "x")


class Story:
    """Tells a view what happened, entry by entry."""

    def __init__(self) -> None:
        self.view = ClusterView()
        self.seq = 0
        ports = {"A1": 1, "A2": 2, "A3": 3, "L1": 4, "L2": 5, "C1": 6}
        self.tell(
            "cluster",
            ev.Header(("A1", "A2", "A3"), ("L1", "L2"), (2, 2), "multi", 0, {}, ports=ports),
        )

    def tell(self, node: str, event: ev.Event, t: float | None = None) -> None:
        """Add an entry."""
        self.view.apply(ev.Entry(self.seq, self.seq / 10 if t is None else t, node, event))
        self.seq += 1

    def vote(self, node: str, instance: int, number: ProposalNumber, value: Command) -> None:
        """Let `node` accept, and sync."""
        self.tell(node, ev.AcceptedValue(instance, number, value, self.seq))
        self.tell(node, ev.Synced(self.seq, 1, 0))


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_message_that_a_script_holds_is_said_to_be_held(story: Story) -> None:
    story.tell("L2", ev.Sent("L2.1", "A1", Accept(N1, 1, X, 0), 0))
    story.tell("A1", ev.Delayed("L2.1", "L2", "hold", 0.0))
    (line,) = story.view.log
    assert line.fate == "held"


def test_nodes_come_from_the_header_leaders_first(story: Story) -> None:
    assert list(story.view.nodes) == ["L1", "L2", "A1", "A2", "A3", "C1"]
    assert story.view.nodes["A2"].port == 2


def test_what_became_of_a_reply_to_a_client_is_told(story: Story) -> None:
    story.tell("L2", ev.Sent("L2.1", "C1", Reply("C1", 1, 2, "ok"), 0))
    story.tell("C1", ev.Delivered("L2.1", "L2"))
    assert story.view.log[-1].fate == "delivered"


def test_who_is_written_off_is_known_and_who_is_back_is_not(story: Story) -> None:
    story.tell("cluster", ev.WrittenOff(("L2",), "L2 is gone for good"))
    assert story.view.written_off == ("L2",)
    story.tell("cluster", ev.WrittenOff((), "L2 comes back"))
    assert story.view.written_off == ()


def test_a_slot_is_chosen_at_the_second_vote_though_no_leader_knows(story: Story) -> None:
    story.vote("A1", 1, N1, X)
    assert story.view.chosen_value(1) is None
    assert story.view.cell("A1", 1).state is CellState.ACCEPTED
    story.vote("A2", 1, N1, X)
    assert story.view.chosen_value(1) == X
    assert story.view.chosen_number(1) == N1
    assert story.view.known_by(1) == 0
    assert story.view.cell("A1", 1).state is CellState.CHOSEN


def test_a_vote_counts_only_from_its_sync_on(story: Story) -> None:
    story.vote("A1", 1, N1, X)
    story.tell("A2", ev.AcceptedValue(1, N1, X, 99))
    assert story.view.chosen_value(1) is None
    story.tell("A2", ev.Synced(99, 1, 0))
    assert story.view.chosen_value(1) == X


def test_votes_under_two_numbers_do_not_add_up(story: Story) -> None:
    story.vote("A1", 1, N1, X)
    story.vote("A2", 1, N2, X)
    assert story.view.chosen_value(1) is None


def test_a_leader_that_learns_is_counted_once(story: Story) -> None:
    for _ in range(2):
        story.tell("L1", ev.Learned(1, N1, X, "votes", ("A1", "A2")))
    assert story.view.known_by(1) == 1
    story.tell("L2", ev.Learned(2, N1, NOOP, "votes", ("A1", "A2")))
    assert story.view.cell("L2", 2).state is CellState.NOOP


def test_a_leader_that_took_another_value_for_chosen_does_not_know_the_chosen_one(
    story: Story,
) -> None:
    story.vote("A1", 1, N1, X)
    story.vote("A2", 1, N1, X)
    story.tell("L1", ev.Learned(1, N1, X, "votes", ("A1", "A2")))
    story.tell("L2", ev.Learned(1, N2, NOOP, "votes", ()))
    assert story.view.known_by(1) == 1


def test_a_promise_without_end_shows_in_every_open_slot(story: Story) -> None:
    story.tell("A1", ev.Promised(N2, 3, None, (), 0, 1))
    assert story.view.cell("A1", 2).state is CellState.EMPTY
    assert story.view.cell("A1", 1000).number == N2


def test_a_message_is_in_flight_until_its_fate_is_known(story: Story) -> None:
    story.tell("L2", ev.Sent("L2.1", "A1", Accept(N1, 1, X, 0), 0))
    (line,) = story.view.log
    assert line.fate == "in flight"
    assert story.view.nodes["A1"].backlog == 1
    story.tell("A1", ev.Duplicated("L2.1", "L2", "duplicate"))
    story.tell("A1", ev.Delayed("L2.1", "L2", "delay", 0.04))
    story.tell("A1", ev.Delivered("L2.1", "L2"))
    assert line.fate == "delivered, duplicated, delayed 40 ms"
    story.tell("A1", ev.Lost("L2.1", "L2", "loss"))
    assert line.fate.startswith("lost: loss")
    assert story.view.nodes["A1"].backlog == 0


def test_the_log_and_its_index_stay_bounded(story: Story) -> None:
    for number in range(6_000):
        story.tell("C1", ev.Sent(f"C1.{number}", "L1", Request(X), 0))
    assert len(story.view.log) == len(story.view.messages._by_id) == 5_000


def test_heartbeats_have_a_pane_of_their_own(story: Story) -> None:
    story.tell("L2", ev.Sent("L2.1", "A1", Heartbeat(N1, 0), 0), t=3.0)
    story.tell("A1", ev.HeartbeatHeard(N1, "L2"), t=3.1)
    assert not story.view.log
    assert story.view.nodes["L2"].heartbeat_at == 3.0
    assert story.view.nodes["A1"].heartbeat_from == "L2"


def test_a_gap_is_open_until_it_says_what_came_out(story: Story) -> None:
    story.tell("L1", ev.GapFound(3, "takeover"))
    assert [gap.instance for gap in story.view.open_gaps] == [3]
    assert story.view.cell("L1", 3).state is CellState.GAP
    story.tell("L1", ev.GapFilled(3, "takeover", "found", X, N1))
    assert story.view.open_gaps == []
    assert story.view.gaps[0].found_number == N1


def test_two_primaries_are_seen_as_two(story: Story) -> None:
    story.tell("L2", ev.BecamePrimary(N1, "takeover"))
    story.tell("L1", ev.BecamePrimary(N2, "takeover"))
    assert story.view.primaries == ["L1", "L2"]
    story.tell("L2", ev.Yielded(N2, "a heartbeat"))
    assert story.view.primaries == ["L1"]


class TestWhyACommandWaits:
    """`why_pending` names the one thing that is missing."""

    def test_nothing_waits(self, story: Story) -> None:
        assert why_pending(story.view) == ""

    def test_too_few_acceptors(self, story: Story) -> None:
        story.tell("C1", ev.Submitted("C1", 1, X))
        story.tell("A1", ev.Failed())
        story.tell("A2", ev.Failed())
        assert why_pending(story.view) == "1 of 3 acceptors up, 2 needed"

    def test_no_leader(self, story: Story) -> None:
        story.tell("C1", ev.Submitted("C1", 1, X))
        story.tell("L1", ev.Failed())
        story.tell("L2", ev.Failed())
        assert why_pending(story.view) == "no leader is up"

    def test_no_primary_yet(self, story: Story) -> None:
        story.tell("C1", ev.Submitted("C1", 1, X))
        story.tell("L2", ev.Prepared(N1, 1, None, "takeover"))
        assert "L2 asks for promises under 1.L2" in why_pending(story.view)

    def test_a_partition(self, story: Story) -> None:
        story.tell("C1", ev.Submitted("C1", 1, X))
        story.tell("L2", ev.BecamePrimary(N1, "takeover"))
        groups = [["L2", "A1"], ["L1", "A2", "A3"]]
        story.tell("network", ev.FaultsChanged({"groups": groups, "cuts": []}, "partition"))
        assert why_pending(story.view) == "partition: the primary reaches 1 of 3, 2 needed"

    def test_a_partition_that_names_one_side_only(self, story: Story) -> None:
        story.tell("C1", ev.Submitted("C1", 1, X))
        story.tell("L2", ev.BecamePrimary(N1, "takeover"))
        story.tell("network", ev.FaultsChanged({"groups": [["L2"]], "cuts": []}, "partition"))
        assert why_pending(story.view) == "partition: the primary reaches 0 of 3, 2 needed"

    def test_an_open_instance_for_which_the_later_ones_wait(self, story: Story) -> None:
        story.tell("C1", ev.Submitted("C1", 1, X), t=1.0)
        story.tell("L2", ev.BecamePrimary(N1, "takeover"))
        for acceptor in ("A1", "A2"):
            story.vote(acceptor, 1, N1, X)
        assert why_pending(story.view) == "under way", "nothing waits for it yet"
        story.tell("L2", ev.Applied(1, X, "ok", "hash"))
        for acceptor in ("A1", "A2"):
            story.vote(acceptor, 3, N1, X)
        assert why_pending(story.view) == "under way", "that is nothing unusual for a moment"
        story.view.advance(3.0)
        assert why_pending(story.view) == "instance 2 is open, and later ones wait for it"
        for acceptor in ("A1", "A2"):
            story.vote(acceptor, 2, N1, X)
        unknown = "instance 2 is not known to L2, and later ones wait for it"
        assert why_pending(story.view) == unknown
        story.tell("L2", ev.Learned(2, N1, X, "votes", ("A1", "A2")))
        assert why_pending(story.view) == "under way"

    def test_it_is_answered(self, story: Story) -> None:
        story.tell("C1", ev.Submitted("C1", 1, X))
        story.tell("C1", ev.Answered("C1", 1, 1, "ok", "chosen", 0.01))
        assert why_pending(story.view) == ""
        assert story.view.answered == 1


def test_skipped_entries_are_counted(story: Story) -> None:
    story.tell("trace", ev.Skipped(12))
    assert story.view.skipped == 12


def test_after_a_skip_nothing_is_called_pending_that_may_be_answered(story: Story) -> None:
    story.tell("C1", ev.Submitted("C1", 1, X))
    story.tell("C1", ev.Submitted("C1", 2, X))
    story.tell("L2", ev.Sent("L2.1", "A1", Accept(N1, 1, X, 0), 0))
    story.tell("trace", ev.Skipped(12))
    assert story.view.pending == {}
    assert story.view.nodes["A1"].backlog == 0
    story.tell("C1", ev.Retried("C1", 2, "L1", "no answer"))
    assert list(story.view.pending) == [("C1", 2)]


def test_every_event_can_be_folded() -> None:
    assert set(ev.ALL_EVENTS) == set(ClusterView()._handlers)


def applied(instance: int) -> ev.Applied:
    return ev.Applied(instance, X, "ok", "0" * 16)


def test_a_leader_that_is_far_behind_is_seen_to_catch_up(story: Story) -> None:
    story.tell("L2", applied(5_000))
    story.tell("L1", applied(100))
    leader = story.view.nodes["L1"]
    assert story.view.behind(leader) == 5_000
    assert story.view.behind(story.view.nodes["L2"]) == 0
    chunk = SnapshotChunk(4_000, "0" * 16, 100, b"", 0, b"x" * 25)
    story.tell("L2", ev.Sent("L2.9", "L1", chunk, 0))
    assert leader.fetched == 0.25
    story.tell("L1", ev.SnapshotMade("installed", 4_000, "0" * 16, 100))
    assert leader.fetched is None
    story.tell("L1", applied(5_000))
    assert story.view.behind(leader) == 0


def test_a_missing_snapshot_is_named_while_nothing_can_be_dropped(story: Story) -> None:
    for leader in ("L1", "L2"):
        story.tell(leader, applied(100))
        story.tell(leader, ev.SnapshotMade("taken", 100, "0" * 16, 1))
        story.tell(leader, ev.Dropped(100))
    story.tell("L1", ev.Failed())
    story.tell("L2", applied(250))
    assert why_kept(story.view) == ""  # no newer snapshot waits yet
    story.tell("L2", ev.SnapshotMade("taken", 200, "0" * 16, 1))
    assert why_kept(story.view) == "logs wait for a snapshot of L1: 150 of 1,000,000 kept"
    story.tell("L1", ev.Recovered())
    story.tell("L1", applied(250))
    assert why_kept(story.view) == ""


class TestWhatAPowerCutTakesBack:
    """What is not synced looks different, and goes."""

    def test_a_vote_gives_way_to_the_durable_one_before_it(self, story: Story) -> None:
        story.vote("A1", 1, N1, X)
        story.tell("A1", ev.AcceptedValue(1, N2, X, 99))
        assert story.view.is_unsynced("A1", 1)
        assert story.view.nodes["A1"].counters["accepted"] == 2
        story.tell("A1", ev.Crashed("power cut", "its memory"))
        assert story.view.cell("A1", 1).number == N1
        assert not story.view.is_unsynced("A1", 1)
        assert story.view.nodes["A1"].counters["accepted"] == 1
        assert story.view.nodes["A1"].unsynced == 0

    def test_a_promise_without_end_is_open_until_its_sync(self, story: Story) -> None:
        story.tell("A1", ev.Promised(N1, 1, None, (), 0, 1))
        story.tell("A1", ev.Synced(1, 1, 0))
        story.tell("A1", ev.Promised(N2, 3, None, (), 0, 2))
        assert not story.view.is_unsynced("A1", 2)
        assert story.view.is_unsynced("A1", 3)
        assert story.view.cell("A1", 3).number == N2
        story.tell("A1", ev.Crashed("power cut", "its memory"))
        assert story.view.cell("A1", 3).number == N1

    def test_a_promise_for_one_instance_goes_too(self, story: Story) -> None:
        story.tell("A1", ev.Promised(N1, 3, 3, (), 0, 1))
        assert story.view.is_unsynced("A1", 3)
        story.tell("A1", ev.Crashed("power cut", "its memory"))
        assert story.view.cell("A1", 3).state is CellState.EMPTY

    def test_what_a_leader_learned_goes_too_and_is_no_fault_until_then(self, story: Story) -> None:
        story.tell("L1", ev.Learned(1, N1, X, "votes", ("A1", "A2"), mark=1))
        story.tell("L1", ev.Synced(1, 1, 0))
        story.tell("L1", ev.Learned(2, N1, X, "votes", ("A1", "A2"), mark=2))
        assert story.view.known_by(2) == 1
        assert not story.view.is_unsynced("L1", 2)
        story.tell("L1", ev.Crashed("power cut", "its memory"))
        assert story.view.known_by(2) == 0
        assert story.view.cell("L1", 1).state is CellState.CHOSEN

    def test_a_wipe_takes_everything(self, story: Story) -> None:
        story.vote("A1", 1, N1, X)
        story.tell("A1", ev.Crashed("wipe", "its memory and its disk"))
        node = story.view.nodes["A1"]
        assert (node.written, node.synced, node.counters["accepted"]) == (0, 0, 0)
        assert node.standing == "wiped"
        assert story.view.cell("A1", 1).state is CellState.EMPTY


def test_what_is_written_and_not_synced_is_pending_on_a_leaders_disk_too(story: Story) -> None:
    story.tell("L2", ev.Prepared(N1, 1, None, "takeover", 1))
    assert story.view.nodes["L2"].unsynced == 1
    story.tell("L2", ev.Learned(1, N1, X, "votes", mark=2))
    story.tell("L2", ev.SnapshotMade("taken", 1, "abc", 1, 3))
    assert story.view.nodes["L2"].unsynced == 3
    story.tell("L2", ev.Synced(3, 3, 0))
    assert story.view.nodes["L2"].unsynced == 0


def test_the_highest_vote_is_the_candidate_while_nothing_is_chosen(story: Story) -> None:
    y = Command("C1", 2, "y")
    story.vote("A1", 1, N1, X)
    story.vote("A2", 1, N2, y)
    assert story.view.candidate(1) == y
    story.vote("A3", 1, N2, y)
    assert story.view.candidate(1) is None


def test_a_leader_has_a_gap_wherever_it_knows_nothing_below_what_is_chosen(story: Story) -> None:
    for node in ("A1", "A2"):
        story.vote(node, 2, N1, X)
    assert story.view.cell("L1", 1).state is CellState.GAP
    assert story.view.cell("L1", 2).state is CellState.EMPTY
    story.tell("L1", ev.SnapshotMade("installed", 2, "abc", 1))
    assert story.view.cell("L1", 2).state is CellState.CHOSEN
    assert story.view.nodes["L1"].state_hash == "abc"


def test_a_leader_that_has_an_instance_by_a_snapshot_knows_it(story: Story) -> None:
    for node in ("A1", "A2"):
        story.vote(node, 1, N1, X)
    story.tell("L1", ev.SnapshotMade("installed", 1, "abc", 1))
    assert story.view.known_by(1) == 1


def test_what_was_applied_before_the_trace_is_not_seen_rather_than_empty(story: Story) -> None:
    story.tell("L1", ev.Restarted(None, 0, 9, 40, "", "cafe"))
    assert story.view.highest_instance == 9
    assert story.view.cell("L1", 9).state is CellState.UNSEEN
    assert story.view.cell("A1", 9).state is CellState.UNSEEN
    assert story.view.cell("L1", 10).state is CellState.EMPTY
    assert story.view.nodes["L1"].state_hash == "cafe"
    assert story.view.nodes["L1"].applied_up_to == 9


class TestAGapThatEndsInPassing:
    """A gap does not stay open when its leader has ceased to look for it."""

    def test_a_leader_that_is_not_primary_learns_the_instance(self, story: Story) -> None:
        story.tell("L1", ev.GapFound(3, "missed"))
        story.tell("L1", ev.Learned(3, N1, X, "votes", ("A1", "A2")))
        assert story.view.open_gaps == []
        assert story.view.gaps[0].outcome == "learned"
        story.tell("L1", ev.GapFilled(3, "missed", "catch-up", X))
        assert [gap.outcome for gap in story.view.gaps] == ["catch-up"]

    def test_its_leader_crashes(self, story: Story) -> None:
        story.tell("L1", ev.GapFound(3, "takeover"))
        story.tell("L1", ev.Crashed("crash", "its memory"))
        assert story.view.open_gaps == []
        assert story.view.gaps[0].outcome == "forgotten in a crash"

    def test_a_snapshot_covers_it(self, story: Story) -> None:
        story.tell("L1", ev.GapFound(3, "missed"))
        story.tell("L1", ev.SnapshotMade("installed", 5, "abc", 1))
        assert story.view.open_gaps == []


def test_an_unknown_outcome_is_no_answer(story: Story) -> None:
    story.tell("C1", ev.Submitted("C1", 1, X))
    story.tell("C1", ev.Answered("C1", 1, 0, "given up", "unknown", 1.0))
    assert (story.view.answered, story.view.unknown, story.view.pending) == (0, 1, {})
    assert not story.view.latencies
    assert story.view.answers[-1].value == "x"


def test_opening_a_session_is_no_command_of_the_person(story: Story) -> None:
    opening = Command("C1", 0, "open session")
    story.tell("C1", ev.Submitted("C1", 1, X))
    story.tell("C1", ev.Submitted("C1", 0, opening))
    story.tell("C1", ev.Retried("C1", 0, "L1", "no answer"))
    assert list(story.view.pending) == [("C1", 1)]


def test_what_broke_is_no_crash_that_somebody_made(story: Story) -> None:
    story.tell("A1", ev.Crashed("disk: write failed", "everything in memory"))
    node = story.view.nodes["A1"]
    assert (node.status, node.standing) == ("broken", "broken")
    assert node.status_reason == "disk: write failed"
    story.tell("A2", ev.Crashed("power cut", "its memory"))
    assert story.view.nodes["A2"].standing == "power cut"


def test_what_is_told_of_a_node_that_the_header_does_not_name_changes_nothing(story: Story) -> None:
    story.vote("A9", 1, N1, X)
    story.tell("L9", ev.Learned(1, N1, X, "votes"))
    story.tell("C1", ev.Promised(N1, 1, None, (), 0, 1))
    assert "A9" not in story.view.nodes
    assert story.view.highest_instance == 0


def test_where_no_message_is_told_a_primary_beats_as_often_as_an_acceptor_hears_it() -> None:
    story, ports = Story(), {"A1": 1, "A2": 2, "A3": 3, "L1": 4, "L2": 5}
    shape = (("A1", "A2", "A3"), ("L1", "L2"), (2, 2), "multi", 0, {})
    story.tell("cluster", ev.Header(*shape, ports=ports, level="protocol"))
    assert not story.view.tells_messages
    for t in (1.0, 1.1):
        for node in ("A1", "A2", "A3", "L1"):
            story.tell(node, ev.HeartbeatHeard(N1, "L2"), t)
    assert list(story.view.nodes["L2"].heartbeats) == [1.0, 1.1]
    assert story.view.nodes["L2"].heartbeat_from == "L2"
