"""At most one value is ever chosen for an instance, by the votes and by nothing else."""

from __future__ import annotations

import pytest

from paxos_engine.checks import agreement
from paxos_engine.checks.agreement import ONE_PER_NUMBER, ONE_VALUE, AgreementChecker
from paxos_engine.roles.events import Crashed, Dropped, Failed, Skipped
from paxos_engine.roles.values import NOOP, Command
from tests.checks.histories import QUORUMS, History, cmd, n, verdicts

X, Y = cmd("x"), cmd("y", 2)


def judge(history: History) -> AgreementChecker:
    checker = AgreementChecker(QUORUMS)
    verdicts([checker], history)
    return checker


def test_two_votes_of_three_acceptors_choose_a_value() -> None:
    checker = judge(History().choose(1, X))
    assert (checker.agreed, checker.holds(1, X), checker.holds(1, Y)) == (1, True, False)
    assert checker.chosen_number(1) == n(1)


def test_one_vote_chooses_nothing() -> None:
    checker = judge(History().vote("A1", n(1), 1, X))
    assert (checker.agreed, checker.holds(1, X)) == (0, None)


def test_a_vote_that_is_told_twice_is_one_vote() -> None:
    assert judge(History().vote("A1", n(1), 1, X).vote("A1", n(1), 1, X)).agreed == 0


def test_votes_under_different_numbers_do_not_add_up() -> None:
    assert judge(History().vote("A1", n(1), 1, X).vote("A2", n(2), 1, X)).agreed == 0


def test_a_vote_of_somebody_who_is_no_acceptor_counts_for_nothing() -> None:
    assert judge(History().vote("A1", n(1), 1, X).vote("L1", n(1), 1, X)).agreed == 0


def test_a_second_quorum_for_another_value_is_a_violation_with_its_evidence() -> None:
    history = History().choose(1, X).vote("A2", n(2, 2), 1, Y).vote("A3", n(2, 2), 1, Y)
    checker = judge(history)
    assert checker.violation is not None
    assert checker.violation.rule == ONE_VALUE
    assert checker.violation.evidence == (1, 3, 5, 7)
    assert checker.violation.text == (
        "instance 1: C1#1 'x' was chosen under 1.L1, and C1#2 'y' under 2.L2"
    )
    assert checker.agreed == 0


def test_a_second_quorum_for_the_same_value_is_how_paxos_works() -> None:
    history = History().choose(1, X).vote("A2", n(2, 2), 1, X).vote("A3", n(2, 2), 1, X)
    checker = judge(history)
    assert (checker.violation, checker.agreed) == (None, 1)


def test_one_late_vote_for_another_value_is_no_second_quorum() -> None:
    assert judge(History().choose(1, X).vote("A3", n(2, 2), 1, Y)).violation is None


def test_the_no_op_is_a_value_like_any_other() -> None:
    history = History().choose(1, X).vote("A2", n(2), 1, NOOP).vote("A3", n(2), 1, NOOP)
    assert judge(history).violation is not None


def test_a_text_and_the_bytes_of_that_text_are_two_values() -> None:
    text, raw = cmd("x"), cmd(b"x")
    history = History().choose(1, text).vote("A2", n(2), 1, raw).vote("A3", n(2), 1, raw)
    assert judge(history).violation is not None


@pytest.mark.parametrize("decided", [False, True])
def test_two_values_under_one_number_are_a_violation(decided: bool) -> None:
    history = History().choose(1, X) if decided else History().vote("A1", n(1), 1, X)
    violation = judge(history.vote("A3", n(1), 1, Y)).violation
    assert violation is not None
    assert violation.rule == ONE_PER_NUMBER
    assert "two values under 1.L1: C1#1 'x' and C1#2 'y'" in violation.text


def test_a_vote_counts_only_once_it_is_on_disk() -> None:
    history = History().vote("A1", n(1), 1, X).vote("A2", n(1), 1, X, sync=False)
    assert judge(history).agreed == 0
    assert judge(history.sync("A2")).agreed == 1


@pytest.mark.parametrize("end", [Crashed("power cut", "unsynced"), Failed("power cut")])
def test_a_power_cut_takes_back_the_votes_that_were_not_synced(end: Crashed | Failed) -> None:
    history = History().vote("A1", n(1), 1, X).vote("A2", n(1), 1, X, sync=False)
    assert judge(history.say("A2", end).sync("A2")).agreed == 0


def test_a_failure_that_keeps_the_memory_takes_nothing_back() -> None:
    history = History().vote("A1", n(1), 1, X).vote("A2", n(1), 1, X, sync=False)
    assert judge(history.say("A2", Failed()).sync("A2")).agreed == 1


def test_a_trace_with_a_hole_is_not_checked_rather_than_safe() -> None:
    checker = judge(History().choose(1, X).say("trace", Skipped(7)))
    assert not checker.checked
    assert checker.unchecked == "7 entries of the trace were missed"


def test_an_old_instance_keeps_a_digest_and_still_catches_a_second_choice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agreement, "REMEMBERED", 2)
    history = History()
    for instance in range(1, 6):
        history.choose(instance, cmd(f"v{instance}", instance))
    checker = judge(history)
    assert checker.chosen(1) is None
    assert checker.holds(1, cmd("v1", 1))
    assert checker.undecided == 0
    late = History().vote("A2", n(9), 1, Y).vote("A3", n(9), 1, Y)
    [violation] = verdicts([checker], late)
    assert violation.rule == ONE_VALUE
    assert "another value was chosen under 1.L1" in violation.text


def test_an_acceptor_that_lost_its_disk_votes_anew_and_its_vote_counts() -> None:
    history = History().choose(1, X).say("A1", Dropped(1)).say("A1", Crashed("wipe", ""))
    checker = judge(history.vote("A1", n(2, 2), 1, Y).vote("A3", n(2, 2), 1, Y))
    assert checker.violation is not None
    assert checker.violation.rule == ONE_VALUE


@pytest.mark.parametrize(("value", "agreed"), [(X, 1), (Y, 0)])
def test_a_majority_that_lost_its_disks_cannot_choose_anew_what_all_have_dropped(
    value: Command, agreed: int
) -> None:
    history = History().choose(1, X)
    for acceptor in QUORUMS.acceptors:
        history.say(acceptor, Dropped(1))
    for acceptor in ("A1", "A2"):
        history.say(acceptor, Crashed("wipe", "")).vote(acceptor, n(2, 2), 1, value)
    checker = judge(history)
    assert (checker.violation is None, checker.agreed) == (value == X, agreed)
    assert checker.undecided == 0
    assert checker.chosen(1) == X
