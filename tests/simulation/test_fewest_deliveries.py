"""How small a run can be at all that shows a rule which errs only where two values are reported."""

from __future__ import annotations

import pytest

from benchmarks.wrong_rules import THREE_CLAIMS
from paxos_engine.simulation.moves import Bounds
from tests.simulation.fewest_deliveries import FewestDeliveries


def test_no_leader_hears_of_two_values_before_the_sixteenth_delivery() -> None:
    # Given three leaders that claim once each, each with a client, and three acceptors,
    search = FewestDeliveries(Bounds(acceptors=3, leaders=3, rounds=1))
    # when every state is visited in the order of the deliveries that lead to it,
    # then the first in which a leader proposes on two different reports takes sixteen.
    assert search.until_two_are_reported() == THREE_CLAIMS


def test_with_two_acceptors_no_leader_hears_of_two_values() -> None:
    # A quorum is both of them: whoever claims later hears of what was accepted before.
    search = FewestDeliveries(Bounds(acceptors=2, leaders=2, rounds=2))
    assert search.until_two_are_reported() is None


@pytest.mark.soak
def test_two_leaders_need_one_more_to_hear_that_they_are_outbid() -> None:
    search = FewestDeliveries(Bounds(acceptors=3, leaders=2, rounds=2))
    assert search.until_two_are_reported() == THREE_CLAIMS + 1
