"""What a pattern names of a message that stands for several."""

from __future__ import annotations

import pytest

from paxos_engine.roles.messages import Accepts, Decision, Envelope
from paxos_engine.roles.values import Command, ProposalNumber
from paxos_engine.scenarios.patterns import message_pattern

VALUES = tuple(Command("C1", n, f"v{n}") for n in range(1, 4))
SEVERAL = Envelope("L1.1", "L1", "A1", Accepts(ProposalNumber(1, 1), 4, VALUES, 3))


@pytest.mark.parametrize(
    ("text", "is_meant"),
    [
        ("accepts L1->A1", True),
        ("accepts L1->A1 instance 4", True),
        ("* L1->A1 instance 6", True),
        ("accepts L1->A1 instance 7", False),
        ("accepts L1->A1 instance 3", False),
        ("accepts L1->A1 number 1.L1", True),
        ("accepts L1->A1 values v2", True),
        ("accept L1->A1", False),
    ],
)
def test_accepts_are_named_by_an_instance_among_theirs(text: str, is_meant: bool) -> None:
    assert message_pattern(text).matches(SEVERAL) is is_meant


@pytest.mark.parametrize(
    ("text", "is_meant"),
    [
        ("decision L2->L1", True),
        ("decision L2->L1 instance 4", True),
        ("decision L2->L1 instance 6", False),
        ("decision L2->L1 instance 8", False),
        ("* L2->* instance 7", True),
    ],
)
def test_a_decision_is_named_by_an_instance_that_it_tells_of(text: str, is_meant: bool) -> None:
    word = Decision(ProposalNumber(1, 2), ((3, 5), (7, 7)))
    assert message_pattern(text).matches(Envelope("L2.1", "L2", "L1", word)) is is_meant
