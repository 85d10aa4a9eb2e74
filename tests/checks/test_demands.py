"""What is proposed is what a quorum's promises demand; half a promise, or none, is no ground."""

from __future__ import annotations

import pytest

from paxos_engine.checks import demands
from paxos_engine.checks.demands import DEMANDED, QUORUM_PROMISED, ProposedIsDemanded
from paxos_engine.roles.values import NOOP, Value
from tests.checks.histories import QUORUMS, History, cmd, n, report, rules, verdicts

X, Y, Z = cmd("x", 1), cmd("y", 2), cmd("z", 3)


def broken(history: History) -> set[str]:
    return rules([ProposedIsDemanded(QUORUMS)], history)


@pytest.mark.parametrize("value", [X, NOOP])
def test_a_leader_is_free_where_nothing_is_reported(value: Value) -> None:
    assert not broken(History().lead(n(1)).propose("L1", n(1), 1, value))


def test_the_highest_numbered_report_binds_the_leader() -> None:
    history = History().page("A1", n(3, 2), report(1, n(1), X))
    history.page("A2", n(3, 2), report(1, n(2), Y))
    assert not broken(history.propose("L2", n(3, 2), 1, Y))


@pytest.mark.parametrize("value", [X, Z, NOOP])
def test_another_value_than_that_of_the_highest_report_is_caught(value: Value) -> None:
    history = History().page("A1", n(3, 2), report(1, n(1), X))
    history.page("A2", n(3, 2), report(1, n(2), Y))
    [violation] = verdicts([ProposedIsDemanded(QUORUMS)], history.propose("L2", n(3, 2), 1, value))
    assert violation.rule == DEMANDED
    assert violation.evidence == (1, 3, 5)
    assert "although its promises report 2.L1 C1#2 'y' there" in violation.text


def test_a_report_binds_its_own_instance_only() -> None:
    history = History().page("A1", n(2), report(1, n(1), X)).page("A2", n(2))
    assert not broken(history.propose("L1", n(2), 2, Y))


def test_a_report_of_an_acceptor_outside_the_named_quorum_binds_nobody() -> None:
    history = History().page("A1", n(2)).page("A2", n(2)).page("A3", n(2), report(1, n(1), X))
    assert not broken(history.propose("L1", n(2), 1, Y, ["A1.1", "A2.1"]))
    assert broken(history.propose("L1", n(2), 1, Y, ["A1.1", "A3.1"])) == {DEMANDED}


def test_one_promise_of_three_acceptors_is_no_quorum() -> None:
    history = History().page("A1", n(1)).propose("L1", n(1), 1, X)
    assert broken(history) == {QUORUM_PROMISED}


def test_two_promises_of_one_acceptor_are_no_quorum() -> None:
    history = History().page("A1", n(1)).page("A1", n(1)).propose("L1", n(1), 1, X)
    assert broken(history) == {QUORUM_PROMISED}


def test_the_promise_of_a_node_that_is_no_acceptor_does_not_count() -> None:
    history = History().page("A1", n(1)).page("L2", n(1)).propose("L1", n(1), 1, X)
    assert broken(history) == {QUORUM_PROMISED}


def test_promises_for_another_number_do_not_count() -> None:
    history = History().lead(n(1)).propose("L1", n(2), 1, X, ["A1.1", "A2.1"])
    assert broken(history) == {QUORUM_PROMISED}


def test_a_promise_that_has_not_arrived_does_not_count() -> None:
    history = History().page("A1", n(1)).page("A2", n(1), arrives=False)
    assert broken(history.propose("L1", n(1), 1, X)) == {QUORUM_PROMISED}
    assert not broken(History().page("A1", n(1)).page("A2", n(1)).propose("L1", n(1), 1, X))


def test_a_promise_counts_only_for_the_instances_that_it_covers() -> None:
    history = History().page("A1", n(1), first=5).page("A2", n(1), first=5)
    assert not broken(history.propose("L1", n(1), 5, X))
    assert broken(history.propose("L1", n(1), 4, X)) == {QUORUM_PROMISED}


def test_a_promise_for_one_instance_counts_for_that_one() -> None:
    history = History().page("A1", n(1), first=5, last=5).page("A2", n(1), first=5, last=5)
    assert broken(History().page("A1", n(1), first=5, last=5).propose("L1", n(1), 5, X))
    assert not broken(history.propose("L1", n(1), 5, X))
    assert broken(history.propose("L1", n(1), 6, X)) == {QUORUM_PROMISED}


def pages(*, last_comes: bool) -> History:
    """A1 promises in two pages, A2 in one; the second page of A1 reports a value."""
    history = History().page("A2", n(2)).page("A1", n(2), covers_to=4, final=False)
    if last_comes:
        history.page("A1", n(2), report(5, n(1), X), cursor=5)
    return history


def test_a_promise_in_pages_counts_when_its_last_page_is_there() -> None:
    assert not broken(pages(last_comes=True).propose("L1", n(2), 5, X))
    assert broken(pages(last_comes=False).propose("L1", n(2), 5, X)) == {QUORUM_PROMISED}


def test_what_the_second_page_reports_binds_like_what_the_first_does() -> None:
    assert broken(pages(last_comes=True).propose("L1", n(2), 5, Y)) == {DEMANDED}


def test_of_a_promise_in_pages_the_one_about_the_instance_has_to_be_named_and_the_last() -> None:
    def told() -> History:
        history = History().page("A2", n(2)).page("A1", n(2), covers_to=4, final=False)
        history.page("A1", n(2), report(6, n(1), X), cursor=5, covers_to=8, final=False)
        return history.page("A1", n(2), cursor=9)

    named = ["A2.1", "A1.2", "A1.3"]
    assert not broken(told().propose("L1", n(2), 6, X, named))
    assert broken(told().propose("L1", n(2), 6, Y, named)) == {DEMANDED}
    assert broken(told().propose("L1", n(2), 4, X, named)) == {QUORUM_PROMISED}
    assert broken(told().propose("L1", n(2), 6, X, ["A2.1", "A1.2"])) == {QUORUM_PROMISED}
    assert broken(told().propose("L1", n(2), 6, X, ["A2.1", "A1.3"])) == {QUORUM_PROMISED}


def test_a_page_that_begins_below_the_range_of_its_promise_counts_for_that_range_only() -> None:
    history = History()
    for acceptor in ("A1", "A2"):
        history.page(acceptor, n(2), first=5, cursor=1)
    assert broken(history.propose("L1", n(2), 4, X)) == {QUORUM_PROMISED}


def test_a_promise_that_has_arrived_counts_though_its_sending_is_told_again() -> None:
    history = History().page("A1", n(1)).page("A2", n(1))
    history.entries.append(history.entries[0])
    assert not broken(history.propose("L1", n(1), 1, X))


def test_pages_of_two_different_promises_make_no_whole_one() -> None:
    history = History().page("A2", n(2)).page("A1", n(2), covers_to=4, final=False)
    history.page("A1", n(2), first=9)
    assert broken(history.propose("L1", n(2), 9, X)) == {QUORUM_PROMISED}


def test_a_promise_says_nothing_of_what_its_acceptor_has_compacted() -> None:
    history = History().page("A1", n(2), compacted=7).page("A2", n(2))
    assert broken(history.propose("L1", n(2), 7, X)) == {QUORUM_PROMISED}
    assert not broken(
        History().page("A1", n(2), compacted=7).page("A2", n(2)).propose("L1", n(2), 8, X)
    )


def test_promises_for_single_instances_are_dropped_once_they_have_served() -> None:
    check = ProposedIsDemanded(QUORUMS)
    history = History()
    for instance in range(1, 101):
        for acceptor in ("A1", "A2"):
            history.page(acceptor, n(1), first=instance, last=instance)
        last = [f"A1.{instance}", f"A2.{instance}"]
        history.propose("L1", n(1), instance, X, last)
        history.page("A3", n(1), first=instance, last=instance)  # too late to matter
    assert not verdicts([check], history)
    kept = check._numbers[n(1)]
    assert (len(kept.pages), len(kept.singles), kept.proposed.runs) == (0, 0, 1)


def test_the_promises_of_a_number_are_dropped_after_two_higher_ones_of_its_leader() -> None:
    check = ProposedIsDemanded(QUORUMS)
    history = History()
    for round_ in range(1, 50):
        history.lead(n(round_)).propose("L1", n(round_), 1, X)
    assert not verdicts([check], history)
    assert sorted(check._numbers) == [n(48), n(49)]
    late = History().propose("L1", n(3), 2, X)
    assert not verdicts([check], late), "what cannot be known any more is no violation"


def test_a_flood_of_promises_is_forgotten_rather_than_held_against_the_leader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demands, "MESSAGES_KEPT", 3)
    check = ProposedIsDemanded(QUORUMS)
    history = History()
    for _ in range(4):
        history.page("A1", n(1)).page("A2", n(1))
    assert not verdicts([check], history.propose("L1", n(1), 1, X, ["A1.1", "A2.1"]))
    assert len(check._numbers[n(1)].pages) == 3
