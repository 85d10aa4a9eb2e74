"""Whose snapshots let the logs be dropped: a majority of the leaders that are not written off."""

from __future__ import annotations

import pytest

from paxos_engine.roles.copies import Copies


def copies(**reached: int) -> Copies:
    """Return what L1 knows of leaders that have snapshots up to there."""
    found = Copies("L1", reached)
    for leader, snapshot in reached.items():
        found.know(leader, snapshot)
    return found


@pytest.mark.parametrize(
    ("gone", "covered"),
    [
        ((), 30),
        (("L5",), 20),  # three of four, as three of five
        (("L4", "L5"), 20),
        (("L2", "L3", "L4", "L5"), 10),
    ],
)
def test_a_majority_of_those_that_are_not_written_off_covers_what_is_dropped(
    gone: tuple[str, ...], covered: int
) -> None:
    known = copies(L1=10, L2=20, L3=30, L4=40, L5=50)
    known.write_off(gone)
    assert known.covered == covered


def test_of_two_leaders_one_alone_is_enough_only_once_the_other_is_written_off() -> None:
    known = copies(L1=50, L2=0)
    assert known.covered == 0
    known.write_off(("L2",))
    assert known.covered == 50


def test_who_is_back_counts_again_and_begins_with_no_snapshot() -> None:
    """What a leader had on a disk that is gone it no longer has."""
    known = copies(L1=50, L2=40)
    known.write_off(("L2",))
    known.write_off(())
    assert known.covered == 0
    known.know("L2", 50)
    assert known.covered == 50


def test_what_was_still_on_its_way_from_a_leader_that_is_gone_does_not_count_once_it_is_back() -> (
    None
):
    known = copies(L1=50, L2=0)
    known.write_off(("L2",))
    known.know("L2", 40)
    known.write_off(())
    assert known.covered == 0


def test_no_leader_writes_itself_off_and_no_stranger_counts() -> None:
    known = copies(L1=50, L2=40)
    known.write_off(("L1", "L2"))
    known.know("A1", 1000)
    assert known.covered == 50
