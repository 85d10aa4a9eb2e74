"""One plan, one history: the simulated world is deterministic, safe and live."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from paxos_engine.faults.plan import FaultPlan
from paxos_engine.faults.profiles import LinkFaults
from paxos_engine.roles.assembly import Shape
from paxos_engine.roles.events import Entry
from paxos_engine.simulation.cast import Clock
from paxos_engine.simulation.plan import Act, Ask, Plan
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import play
from paxos_engine.simulation.world import World
from paxos_engine.trace.jsonform import to_json


def acts_of(seed: int, kind: str) -> list[Act]:
    """Return what of a kind befalls the run of a seed."""
    return [act for act in draw(seed).acts if act.kind == kind]


def trace_of(seed: int) -> str:
    """Return a digest of every line that a run's trace would have in a file."""
    digest = hashlib.sha256()

    def take(entry: Entry) -> None:
        digest.update(json.dumps(to_json(entry)).encode())

    play(draw(seed), (take,))
    return digest.hexdigest()


@pytest.mark.parametrize("part", range(4))
def test_whatever_befalls_a_cluster_it_stays_safe_and_answers_once_calm_returns(part: int) -> None:
    for seed in range(part * 60, part * 60 + 60):
        outcome = play(draw(seed))
        assert outcome.good, f"seed {seed}: {outcome.verdict}"


def test_a_clock_that_jumps_shows_more_or_less_from_then_on_and_keeps_its_rate() -> None:
    clock = Clock()
    clock.turn(2.0, 10.0)
    clock.jump(-3.0)
    assert (clock.local(10.0), clock.local(11.0)) == (7.0, 9.0)
    assert clock.true(9.0) == 11.0


def test_clocks_that_jump_in_either_direction_cost_neither_safety_nor_answers() -> None:
    jumpy = [seed for seed in range(120) if acts_of(seed, "clock jump")]
    assert {act.amount > 0 for seed in jumpy for act in acts_of(seed, "clock jump")} == {
        True,
        False,
    }
    for seed in jumpy:
        assert play(draw(seed)).good, f"seed {seed}"


def test_a_leader_that_stays_deaf_keeps_nobody_from_being_answered() -> None:
    deaf = [seed for seed in range(250) if acts_of(seed, "deafen")]
    assert len(deaf) > 5
    for seed in deaf:
        assert play(draw(seed)).good, f"seed {seed}"


def test_a_deaf_leader_hears_nothing_though_everything_is_healed_and_others_are_left_to_lead() -> (
    None
):
    shape = Shape(leaders=2, acceptors=3, clients=1)
    acts = (Act(1.0, "deafen", ("L2",)), Act(2.0, "heal"), Act(3.0, "deafen", ("L1",)))
    heard: Counter[tuple[str, bool]] = Counter()

    def listen(entry: Entry) -> None:
        if entry.event.name == "delivered":
            heard[entry.node, entry.t > 1.1] += 1

    outcome = play(Plan(0, shape, acts=acts, asks=(Ask(2.5, "C1", "x"),)), (listen,))
    assert outcome.good
    assert heard["L2", False]
    assert not heard["L2", True]
    assert heard["L1", True]
    assert outcome.coverage.events["answered"] == 1


def test_a_seed_gives_the_same_trace_to_the_byte_in_another_process_under_another_hash_seed() -> (
    None
):
    program = (
        "from tests.simulation.test_world import trace_of\nfor s in range(30): print(trace_of(s))"
    )
    path = os.pathsep.join(sys.path)
    expected = [trace_of(seed) for seed in range(30)]
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.split() == expected


def test_a_leader_whose_clock_is_set_back_twice_may_wait_so_much_longer_to_suspect() -> None:
    """L2 is deaf for good, and L1, a minute behind, is the only one that can take over."""
    assert play(draw(7102)).good


def test_what_undoes_a_fault_after_everything_is_healed_brings_no_other_fault_back() -> None:
    acts = (Act(1.0, "slow link", ("A1",), 0.1), Act(3.0, "links as before"))
    world = World(Plan(1, Shape(), LinkFaults(loss=0.25), acts), ())
    world.run(2.0)
    world.heal()
    world.run(4.0)
    assert world.faults.to_dict() == FaultPlan(1).to_dict()
