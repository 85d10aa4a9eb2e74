"""Only what the snapshots of a majority of leaders cover is dropped."""

from __future__ import annotations

from paxos_engine.checks.compaction import COVERED, DroppedIsCovered
from paxos_engine.checks.history import SAME_PREFIX, AppliedInOrder
from paxos_engine.roles.events import Dropped, Header, SnapshotMade, WrittenOff
from tests.checks.histories import History, cmd, rules, verdicts

LEADERS = ("L1", "L2", "L3")


def begin() -> History:
    header = Header(("A1", "A2", "A3"), LEADERS, (2, 2), "multi", 0, {})
    return History().say("cluster", header)


def taken(applied: int, state: str = "s") -> SnapshotMade:
    return SnapshotMade("taken", applied, state, 10)


def broken(history: History) -> set[str]:
    return rules([DroppedIsCovered()], history)


def test_what_two_of_three_leaders_have_snapshots_of_may_be_dropped() -> None:
    history = begin().say("L1", taken(10)).say("L2", taken(15))
    assert not broken(history.say("A1", Dropped(10)).say("L1", Dropped(10)))


def test_dropping_more_than_a_majority_of_snapshots_covers_is_caught() -> None:
    history = begin().say("L1", taken(10)).say("L2", taken(15)).say("A1", Dropped(11))
    [violation] = verdicts([DroppedIsCovered()], history)
    assert (violation.rule, violation.evidence) == (COVERED, (2, 3, 4))
    assert violation.text == (
        "A1 drops everything up to 11, and the snapshots of a majority of leaders cover 10"
    )


def test_one_snapshot_is_no_majority() -> None:
    history = begin().say("L1", taken(10)).say("A1", Dropped(10))
    assert broken(history) == {COVERED}


def test_a_snapshot_that_was_installed_covers_as_well() -> None:
    history = begin().say("L1", taken(10)).say("L2", SnapshotMade("installed", 10, "s", 10))
    assert not broken(history.say("A1", Dropped(10)))


def test_what_leaders_had_before_the_trace_began_may_have_been_in_snapshots() -> None:
    history = begin().restart("L1", None, applied=20).restart("L2", None, applied=30)
    assert not broken(history.say("A1", Dropped(20)))
    assert broken(history.say("A1", Dropped(21))) == {COVERED}


def test_a_snapshot_of_another_state_than_the_history_led_to_is_caught() -> None:
    history = History().apply("L1", 1, cmd("x"), state="right")
    assert not rules([AppliedInOrder()], history.say("L1", taken(1, "right")))
    assert rules([AppliedInOrder()], history.say("L2", taken(1, "wrong"))) == {SAME_PREFIX}


def test_who_is_written_off_is_no_part_of_the_majority_from_then_on() -> None:
    history = begin().say("L1", taken(10)).say("L2", taken(15)).say("L3", taken(20))
    assert broken(history.say("A1", Dropped(18))) == {COVERED}
    history = begin().say("L1", taken(10)).say("L2", taken(15)).say("L3", taken(20))
    history.say("cluster", WrittenOff(("L1", "L2"), "gone"))
    assert not broken(history.say("A1", Dropped(20)))
    assert broken(history.say("A2", Dropped(21))) == {COVERED}


def test_what_was_covered_without_a_leader_may_be_dropped_after_it_is_back() -> None:
    """A heartbeat that says so may still be on its way."""
    history = begin().say("L2", taken(15)).say("L3", taken(20))
    history.say("cluster", WrittenOff(("L1", "L2"), "gone"))
    history.say("cluster", WrittenOff(("L1",), "back"))
    assert not broken(history.say("A1", Dropped(20)))
    history.say("L3", taken(30))
    assert broken(history.say("A1", Dropped(30))) == {COVERED}
