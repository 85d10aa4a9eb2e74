"""All rules at once, over hand-written traces and over what real roles did."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from paxos_engine.checks.agreement import ONE_VALUE
from paxos_engine.checks.base import IntSet
from paxos_engine.checks.explain import MOST_LINES
from paxos_engine.checks.promises import NOT_BELOW
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.roles.events import ALL_EVENTS, Entry, Header, Skipped
from tests.checks.histories import QUORUMS, History, cmd, n
from tests.trace.entries import entries_of

X, Y = cmd("x", 1), cmd("y", 2)


def judge(history: History) -> SafetyChecker:
    checker = SafetyChecker(QUORUMS)
    for entry in history.entries:
        checker.observe(entry)
    return checker


def whole_story() -> History:
    history = History().submit(X).lead(n(1))
    history.propose("L1", n(1), 1, X).choose(1, X)
    history.learn("L1", 1, X, "A1", "A2").apply("L1", 1, X)
    return history.answer(X, 1).learn("L2", 1, X, source="catch-up").apply("L2", 1, X)


def test_a_command_that_goes_the_right_way_breaks_no_rule() -> None:
    checker = judge(whole_story())
    assert (checker.violations, checker.agreed, checker.checked) == ([], 1, True)


def test_an_acceptor_that_breaks_its_promise_is_named_before_agreement_is_lost() -> None:
    history = History().submit(X).submit(Y).lead(n(1)).propose("L1", n(1), 1, X)
    history.lead(n(2, 2), "A2", "A3").propose("L2", n(2, 2), 1, Y)
    history.vote("A2", n(2, 2), 1, Y).vote("A3", n(2, 2), 1, Y)
    history.vote("A1", n(1), 1, X).vote("A2", n(1), 1, X)  # A2 has promised 2.L2
    checker = judge(history)
    assert [violation.rule for violation in checker.violations] == [NOT_BELOW, ONE_VALUE]
    assert checker.violation == checker.violations[0]


def test_after_a_hole_only_agreement_is_watched_and_nothing_is_called_safe() -> None:
    history = History().say("trace", Skipped(100)).apply("L1", 7, X).answer(X, 7)
    history.choose(1, X)
    checker = judge(history)
    assert (checker.violations, checker.checked, checker.agreed) == ([], False, 1)
    judged = judge(history.vote("A2", n(2), 1, Y).vote("A3", n(2), 1, Y))
    assert [violation.rule for violation in judged.violations] == [ONE_VALUE]


def test_a_checker_takes_the_quorum_from_the_header() -> None:
    header = Header(("A1", "A2", "A3", "A4"), ("L1",), (3, 2), "multi", 0, {})
    checker = SafetyChecker.of(header)
    for entry in History().propose("L1", n(1), 1, X).choose(1, X).entries:
        checker.observe(entry)
    assert checker.agreed == 1


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(ALL_EVENTS).flatmap(entries_of), max_size=30))
def test_a_trace_that_makes_no_sense_is_borne_and_never_raises(nonsense: list[Entry]) -> None:
    checker = SafetyChecker(QUORUMS)
    for seq, entry in enumerate(nonsense, 1):
        checker.observe(entry._replace(seq=seq, node=("A1", "L1", "C1")[seq % 3]))
    assert len(checker.explanation) <= MOST_LINES


@given(st.lists(st.integers(0, 30)))
def test_a_compact_set_of_numbers_answers_like_a_plain_set(numbers: list[int]) -> None:
    plain: set[int] = set()
    compact = IntSet()
    for number in numbers:
        assert compact.add(number) == (number not in plain)
        plain.add(number)
    assert [i for i in range(32) if i in compact] == sorted(plain)
    assert len(compact) == len(plain)
    assert all(compact.reaches(i) == any(m >= i for m in plain) for i in range(32))
    assert compact.runs == sum(m - 1 not in plain for m in plain)
