"""The quorum arithmetic against a second, slow and obvious version."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos_engine.roles.leader_protocol import PaxosLeaderProtocol, PromiseHeard
from paxos_engine.roles.messages import AcceptedReport
from paxos_engine.roles.quorum import Quorums, majority
from paxos_engine.roles.values import NOOP, Command, ProposalNumber

NAMES = [f"A{n}" for n in range(1, 8)]
numbers = st.builds(ProposalNumber, st.integers(1, 5), st.integers(1, 3))
values = st.builds(Command, st.just("c"), st.integers(1, 3), st.just("v"))


def meets_every_other(size: int, count: int) -> bool:
    """Try every pair of sets of `size` out of `count`."""
    sets = [set(c) for c in combinations(range(count), size)]
    return all(a & b for a in sets for b in sets)


@pytest.mark.parametrize("count", range(1, 8))
def test_a_majority_is_the_smallest_size_of_which_any_two_sets_meet(count: int) -> None:
    assert meets_every_other(majority(count), count)
    assert not meets_every_other(majority(count) - 1, count) or majority(count) == 1


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6))
def test_quorums_are_refused_exactly_when_some_pair_is_disjoint(
    count: int, phase1: int, phase2: int
) -> None:
    if max(phase1, phase2) > count:
        return
    ones = [set(c) for c in combinations(range(count), phase1)]
    twos = [set(c) for c in combinations(range(count), phase2)]
    safe = all(a & b for a in ones for b in twos)
    if safe:
        Quorums(tuple(NAMES[:count]), phase1, phase2)
    else:
        with pytest.raises(ValueError, match="disjoint"):
            Quorums(tuple(NAMES[:count]), phase1, phase2)


@given(st.integers(1, 7), st.lists(st.sampled_from([*NAMES, "L1", "C1"])))
def test_a_quorum_is_counted_by_distinct_acceptors(count: int, voters: list[str]) -> None:
    quorums = Quorums.majorities(NAMES[:count])
    seen: list[str] = []
    for voter in voters:
        if voter in NAMES[:count] and voter not in seen:
            seen.append(voter)
    protocol = PaxosLeaderProtocol(1, ProposalNumber(1, 1), quorums)
    assert protocol.is_quorum(voters, quorums.phase2) == (len(seen) > count / 2)


@given(st.lists(st.one_of(st.none(), st.tuples(numbers, values)), min_size=1, max_size=7))
def test_the_value_proposed_is_that_of_the_highest_report(
    reports: list[tuple[ProposalNumber, Command] | None],
) -> None:
    protocol = PaxosLeaderProtocol(1, ProposalNumber(9, 1), Quorums.majorities(NAMES))
    best: tuple[ProposalNumber, Command] | None = None
    for name, report in zip(NAMES, reports, strict=False):
        line = AcceptedReport(1, *report) if report else None
        protocol.promises[name] = PromiseHeard(name, line)
        if report is not None and (best is None or report[0] > best[0]):
            best = report
    assert protocol.value_to_propose(NOOP) == (best[1] if best else NOOP)
