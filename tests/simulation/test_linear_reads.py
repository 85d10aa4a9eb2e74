"""What clients read is linearizable, across takeovers and through a leader that was late."""

from __future__ import annotations

import random

import pytest

from paxos_engine.checks.linear import check_linearizable
from paxos_engine.faults.profiles import LinkFaults
from paxos_engine.roles.assembly import RIGHT, Rules, Shape
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.events import BecamePrimary, Entry, SnapshotMade
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.messages import Reply
from paxos_engine.roles.values import Command
from paxos_engine.simulation.plan import Act, Ask, Plan
from paxos_engine.simulation.trial import play
from paxos_engine.simulation.world import World

KINDS = ("get {k}", "get {k}", "set {k} {n}", "incr {k}.n", "get {k}.n", "cas {k} {m} {n}")


class AnswersFromItsOwnState(PaxosLeader):
    """A leader that answers reads at once, from what it has applied: fast, and wrong (S26)."""

    def _request(self, node: str, command: Command, effects: Effects) -> None:
        if isinstance(command.value, str) and command.value.startswith("get "):
            found = self.log.machine.apply(command.value).result
            at = max(1, self.log.applied_up_to)
            effects.send(node, Reply(command.client, command.sequence, at, found))
        else:
            super()._request(node, command, effects)


def plan(seed: int, rules: Rules = RIGHT) -> Plan:
    """Return a plan in which primaries change, and a leader returns that has missed much.

    L3 is paused as primary and goes on with old ideas; L1 is away while the logs are dropped, and
    then is the only one left to lead.
    """
    rng = random.Random(seed)
    shape = Shape(leaders=3, acceptors=3, clients=4, seed=seed, snapshot_every=8, rules=rules)
    asks = []
    for number in range(240):
        value = rng.choice(KINDS).format(k=rng.choice("ab"), n=number, m=rng.randrange(240))
        asks.append(Ask(rng.uniform(0.0, 12.0), rng.choice(shape.client_names), value))
    acts = (
        Act(2.0, "pause", ("L3",)),
        Act(3.0, "fail", ("L1",)),
        Act(5.0, "recover", ("L3",)),
        Act(8.0, "recover", ("L1",)),
        Act(8.2, "crash", ("L3",)),
        Act(8.3, "crash", ("L2",)),
        Act(11.0, "recover", ("L2",)),
        Act(11.0, "recover", ("L3",)),
    )
    faults = LinkFaults(delay=0.02, longest=0.5, loss=0.05, duplicate=0.1, reorder=0.1, gap=0.1)
    return Plan(seed, shape, faults, acts, tuple(sorted(asks)), storm=13.0)


@pytest.mark.parametrize("seed", range(4))
def test_reads_are_linearizable_across_takeovers_and_a_late_leader(seed: int) -> None:
    entries: list[Entry] = []
    outcome = play(plan(seed), (entries.append,))
    assert outcome.good, outcome.verdict
    assert check_linearizable(entries) is None
    primaries = [e.node for e in entries if isinstance(e.event, BecamePrimary)]
    assert len(set(primaries)) == 3
    caught_up = [e for e in entries if isinstance(e.event, SnapshotMade) and e.node == "L1"]
    assert "installed" in {e.event.kind for e in caught_up if isinstance(e.event, SnapshotMade)}


def test_reads_that_bypass_the_log_are_caught() -> None:
    rules, found = Rules(leader=AnswersFromItsOwnState), 0
    for seed in range(4):
        entries: list[Entry] = []
        World(plan(seed, rules), (entries.append,)).run(13.0)  # nobody stops it
        found += check_linearizable(entries) is not None
    assert found
