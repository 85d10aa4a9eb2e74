"""What saves datagrams, under every mixture of faults: as safe, and as sure to answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import play


@pytest.mark.parametrize("seed", range(40))
def test_asking_a_quorum_first_costs_no_run_its_safety_or_its_end(seed: int) -> None:
    plan = draw(seed)
    assert play(replace(plan, shape=replace(plan.shape, thrifty=True))).good


@pytest.mark.parametrize("seed", range(40))
def test_telling_votes_to_one_leader_costs_no_run_its_safety_or_its_end(seed: int) -> None:
    plan = draw(seed)
    shape = replace(plan.shape, distinguished=True, thrifty=seed % 2 == 1)
    assert play(replace(plan, shape=shape)).good
