"""The quorums of a cluster meet; where they do not, that is the first thing to say."""

from __future__ import annotations

import pytest

from paxos_engine.checks.quorums import QUORUMS_MEET, QuorumsMeet
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.roles.events import Header
from tests.checks.histories import History, cmd, n, rules

FOUR = ("A1", "A2", "A3", "A4")


def begin(quorum: tuple[int, int], acceptors: tuple[str, ...] = FOUR) -> History:
    return History().say("cluster", Header(acceptors, ("L1",), quorum, "multi", 0, {}))


@pytest.mark.parametrize("quorum", [(3, 3), (3, 2), (2, 3), (4, 1)])
def test_quorums_that_meet_are_right(quorum: tuple[int, int]) -> None:
    assert not rules([QuorumsMeet()], begin(quorum))


@pytest.mark.parametrize("quorum", [(2, 2), (3, 1), (1, 3), (0, 4), (5, 5)])
def test_quorums_that_can_be_disjoint_or_are_none_are_caught(quorum: tuple[int, int]) -> None:
    assert rules([QuorumsMeet()], begin(quorum)) == {QUORUMS_MEET}


def test_an_acceptor_that_is_named_twice_is_one() -> None:
    assert rules([QuorumsMeet()], begin((2, 2), ("A1", "A1"))) == {QUORUMS_MEET}


@pytest.mark.parametrize("quorum", [(2, 2), (0, 0), (9, 9)])
def test_a_checker_bears_a_header_with_wrong_quorums_and_says_so_first(
    quorum: tuple[int, int],
) -> None:
    history = begin(quorum).submit(cmd("x")).lead(n(1)).propose("L1", n(1), 1, cmd("x"))
    history.choose(1, cmd("x"))
    header = history.entries[0].event
    assert isinstance(header, Header)
    checker = SafetyChecker.of(header)
    for entry in history.entries:
        checker.observe(entry)
    assert checker.violation is not None
    assert checker.violation.rule == QUORUMS_MEET


def test_a_header_without_acceptors_is_borne_too() -> None:
    assert rules([QuorumsMeet()], begin((1, 1), ())) == {QUORUMS_MEET}
