"""What is chosen was submitted by its client, or is the no-op."""

from __future__ import annotations

import pytest

from paxos_engine.checks import origins
from paxos_engine.checks.agreement import AgreementChecker
from paxos_engine.checks.holdings import Holdings
from paxos_engine.checks.origins import SUBMITTED_FIRST, ChosenWasSubmitted
from paxos_engine.roles.values import NOOP, Command
from tests.checks.histories import QUORUMS, History, cmd, n, report, verdicts

X = cmd("x", 1)


def judge(history: History) -> set[str]:
    holdings, agreement = Holdings(), AgreementChecker(QUORUMS)
    checks = [holdings, agreement, ChosenWasSubmitted(agreement, holdings)]
    return {violation.rule for violation in verdicts(checks, history)}


def test_a_command_that_was_submitted_and_the_no_op_may_be_chosen() -> None:
    assert not judge(History().submit(X).choose(1, X).choose(2, NOOP))


def test_a_command_that_nobody_submitted_is_caught() -> None:
    assert judge(History().choose(1, X)) == {SUBMITTED_FIRST}
    assert judge(History().submit(X).choose(1, cmd("x", 2))) == {SUBMITTED_FIRST}
    assert judge(History().submit(X).choose(1, cmd("x", 1, "C2"))) == {SUBMITTED_FIRST}


def test_another_value_than_the_submitted_one_is_caught() -> None:
    assert judge(History().submit(X).choose(1, cmd("y", 1))) == {SUBMITTED_FIRST}
    assert judge(History().submit(X).choose(1, cmd(b"x", 1))) == {SUBMITTED_FIRST}


def test_session_and_oldest_are_added_after_the_submission() -> None:
    sent = Command("C1", 1, "x", oldest=1, session=3)
    assert not judge(History().submit(X).choose(4, sent))


def test_a_command_may_be_chosen_again_after_its_answer() -> None:
    history = History().submit(X).choose(1, X).answer(X, 1)
    assert not judge(history.choose(2, X))


def test_a_command_that_was_accepted_only_is_no_matter_yet() -> None:
    assert not judge(History().vote("A1", n(1), 1, X))


def test_what_an_acceptor_held_before_the_trace_began_may_be_chosen() -> None:
    def begin(reported: Command) -> History:
        history = History().restart("A1", n(1), accepted=1, mark=2)
        return history.promise("A1", n(2), reported=(report(1, n(1), reported),))

    assert not judge(begin(X).choose(1, X))
    assert judge(begin(cmd("y", 2)).choose(1, X)) == {SUBMITTED_FIRST}


def test_of_many_commands_without_an_answer_the_sequence_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(origins, "UNANSWERED", 10)
    holdings, agreement = Holdings(), AgreementChecker(QUORUMS)
    check = ChosenWasSubmitted(agreement, holdings)
    history = History()
    for sequence in range(1, 101):
        history.submit(cmd("x", sequence))
    history.choose(1, cmd("x", 1)).choose(2, cmd("x", 101))
    [violation] = verdicts([holdings, agreement, check], history)
    assert "C1#101" in violation.text
    assert (len(check._contents), check._used["C1"].runs) == (10, 1)
