"""A leader that is lost for good stops nobody; one that was away for long comes back in steps."""

from __future__ import annotations

import pytest

from paxos_engine.checks.compaction import COVERED
from paxos_engine.roles.assembly import RIGHT, Rules, Shape
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.events import Crashed, Dropped, Entry, WrittenOff
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.simulation.plan import Act, Ask, Plan
from paxos_engine.simulation.trial import play

RETAIN = 40


def plan(*acts: Act, asks: int = 400, rules: Rules = RIGHT) -> Plan:
    """Return a plan in which logs of 40 instances are full soon, and more is asked than that."""
    return Plan(
        seed=1,
        shape=Shape(leaders=2, acceptors=3, snapshot_every=10, retain=RETAIN, rules=rules),
        acts=acts,
        asks=tuple(Ask(0.01 * n, "C1", f"set k{n % 7} {n}") for n in range(asks)),
        storm=30.0,
    )


@pytest.mark.parametrize("leader", ["L1", "L2"])
def test_a_leader_that_is_wiped_for_good_leaves_the_logs_short_and_no_command_waiting(
    leader: str,
) -> None:
    entries: list[Entry] = []
    outcome = play(plan(Act(0.5, "wipe", (leader,))), (entries.append,))
    assert outcome.good, outcome.verdict
    said = [e.event for e in entries if isinstance(e.event, WrittenOff)]
    assert said == [WrittenOff((leader,), f"{leader} was wiped")]
    dropped = max(e.event.up_to for e in entries if isinstance(e.event, Dropped))
    assert dropped > 400 - RETAIN


@pytest.mark.parametrize("leader", ["L1", "L2"])
def test_a_leader_that_is_down_is_waited_for_and_nothing_it_may_need_is_dropped(
    leader: str,
) -> None:
    entries: list[Entry] = []
    acts = (Act(0.8, "crash", (leader,)), Act(20.0, "recover", (leader,)))
    outcome = play(plan(*acts), (entries.append,))
    assert outcome.good, outcome.verdict
    dropped = [e for e in entries if isinstance(e.event, Dropped)]
    meanwhile = [e.event for e in dropped if e.t < 20.0 and isinstance(e.event, Dropped)]
    assert max(event.up_to for event in meanwhile) < 100
    assert max(e.event.up_to for e in dropped if isinstance(e.event, Dropped)) > 400 - RETAIN


def test_no_run_loses_all_leaders_that_hold_what_the_others_never_had() -> None:
    entries: list[Entry] = []
    shape = Shape(leaders=3, acceptors=3, snapshot_every=1)
    acts = (
        Act(0.0, "partition", ("L3",)),
        Act(6.0, "bit flip", ("L1",), 0.5),
        Act(6.1, "bit flip", ("L2",), 0.5),
        Act(6.2, "heal"),
        *(Act(7.0, "recover", (leader,)) for leader in ("L1", "L2")),
    )
    asks = tuple(Ask(float(n), "C1", f"set k {n}") for n in range(1, 12))
    outcome = play(Plan(seed=1, shape=shape, acts=acts, asks=asks, storm=12.0), (entries.append,))
    before = [e for e in entries if e.t < 6.0 and isinstance(e.event, Dropped)]
    assert {e.node for e in before} >= {"A1", "A2", "A3"}, "there is something to lose"
    assert [e.node for e in entries if isinstance(e.event, Crashed)].count("L1") >= 1
    assert not [e for e in entries if e.node == "L2" and isinstance(e.event, Crashed)]
    assert outcome.good, outcome.verdict


class TakesSilenceForLoss(PaxosLeader):
    """A leader that writes off by itself whoever does not speak: the wrong way out."""

    def _beat(self, now: float, effects: Effects) -> None:
        self.copies.write_off(self.peers)
        super()._beat(now, effects)


def test_a_leader_that_writes_others_off_by_itself_is_caught() -> None:
    rules = Rules(leader=TakesSilenceForLoss)
    outcome = play(plan(Act(0.5, "fail", ("L1",)), rules=rules))
    assert outcome.violation is not None
    assert outcome.violation.rule == COVERED
