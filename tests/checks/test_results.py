"""A client is told what a leader got when it applied the command."""

from __future__ import annotations

import pytest

from paxos_engine.checks import results
from paxos_engine.checks.results import RIGHT_RESULT, AnsweredRight
from tests.checks.histories import History, cmd, rules, verdicts

X, Y = cmd("incr n", 1), cmd("incr n", 2)


def broken(history: History) -> set[str]:
    return rules([AnsweredRight()], history)


def test_the_result_of_applying_is_the_answer() -> None:
    assert not broken(History().apply("L1", 1, X, result="1").answer(X, 1, "1"))


def test_another_answer_is_caught() -> None:
    history = History().apply("L1", 1, X, result="1").answer(X, 1, "2")
    [violation] = verdicts([AnsweredRight()], history)
    assert (violation.rule, violation.evidence) == (RIGHT_RESULT, (1, 2))
    assert violation.text == "C1#1 was answered '2', and applying it in 1 came to '1'"


def test_each_command_of_an_instance_has_a_result_of_its_own() -> None:
    def both() -> History:
        history = History().apply("L1", 1, X, result="1", more=True)
        return history.apply("L2", 1, X, result="1", more=True).apply("L1", 1, Y, result="2")

    assert not broken(both().answer(Y, 1, "2").answer(X, 1, "1"))
    [violation] = verdicts([AnsweredRight()], both().answer(Y, 1, "1"))
    assert violation.text == "C1#2 was answered '1', and applying it in 1 came to '2'"


def test_a_result_is_none_before_the_instance_is_applied_whole() -> None:
    assert broken(History().apply("L1", 1, X, more=True).answer(X, 1)) == {RIGHT_RESULT}


def test_the_result_of_another_command_is_caught() -> None:
    history = History().apply("L1", 1, X, result="1").answer(Y, 1, "1")
    assert broken(history) == {RIGHT_RESULT}


def test_an_answer_before_anybody_has_applied_the_instance_is_caught() -> None:
    assert broken(History().apply("L1", 1, X).answer(Y, 2)) == {RIGHT_RESULT}


def test_a_duplicate_is_answered_with_the_result_of_the_first() -> None:
    history = History().apply("L1", 1, X, result="1").apply("L1", 2, X, duplicate_of=1)
    assert not broken(history.answer(X, 1, "1"))


def test_an_answer_of_unknown_outcome_says_nothing() -> None:
    history = History().apply("L1", 1, X, result="1")
    assert not broken(history.answer(X, 0, "given up", outcome="unknown"))


def test_a_leader_that_applies_later_changes_nothing() -> None:
    history = History().apply("L1", 1, X, result="1").answer(X, 1, "1").apply("L2", 1, X)
    assert not broken(history.answer(Y, 1, "other")), "told and forgotten"


def test_what_was_applied_before_the_trace_began_is_not_known() -> None:
    history = History().restart("L1", None, applied=5, mark=9)
    assert not broken(history.answer(X, 5))
    assert broken(history.answer(Y, 6)) == {RIGHT_RESULT}


def test_results_that_nobody_asks_for_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "UNTOLD", 10)
    check = AnsweredRight()
    history = History()
    for instance in range(1, 101):
        history.apply("L1", instance, cmd("x", instance))
    assert not verdicts([check], history.answer(cmd("x", 1), 1, "anything"))
    assert len(check._results) == 10


def test_an_answer_that_names_the_instance_of_a_no_op_or_of_a_session_is_caught() -> None:
    assert broken(History().apply("L1", 1, None).answer(X, 1)) == {RIGHT_RESULT}
    opens = cmd("open session", sequence=0)
    assert broken(History().apply("L1", 1, opens).answer(X, 1)) == {RIGHT_RESULT}
