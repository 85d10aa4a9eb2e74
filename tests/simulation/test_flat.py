"""What nodes hold is bounded by the interval of snapshots, not by how much was ever chosen."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Final, TypeAlias

import pytest

from paxos_engine.checks import agreement, deliveries, history, recent
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.roles.assembly import Rules, Shape
from paxos_engine.roles.events import Entry
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.log import ReplicatedLog
from paxos_engine.simulation.plan import Ask, Plan
from paxos_engine.simulation.world import World
from paxos_engine.trace import matrix
from paxos_engine.trace.view import ClusterView

Reader: TypeAlias = Callable[[Entry], object]
"""Is told every entry of the trace; what it is bound to is measured."""

NO_DATA: Final = (type, ModuleType, FunctionType, BuiltinFunctionType)
"""What a node refers to and does not own."""

EVERY: Final = 50
"""Instances between two snapshots."""


def held(root: object) -> int:
    """Count every object that can be reached from `root`, code left out."""
    seen, waiting = {id(root)}, deque([root])
    while waiting:
        for found in gc.get_referents(waiting.pop()):
            if id(found) not in seen and not isinstance(found, NO_DATA):
                seen.add(id(found))
                waiting.append(found)
    return len(seen)


def grown(
    some: int, many: int, shape: Shape, readers: Mapping[str, Reader] | None = None
) -> dict[str, float]:
    """Return, by node and reader, how much more it held after `some` commands than before.

    Of a node that is its role or its disk, whichever grew more.

    Args:
        some: commands after which nothing may grow any more.
        many: how many are asked, on a hundred keys.
        shape: the cluster.
        readers: what follows the trace.
    """
    readers = readers or {}
    asks = (Ask(0.003 * n, f"C{n % 2 + 1}", f"set k{n % 100} {n}") for n in range(many))
    running = World(Plan(seed=1, shape=shape, asks=tuple(asks)), readers.values())
    objects: dict[str, list[int]] = {name: [] for name in (*running.cast.nodes, *readers)}
    records: dict[str, list[int]] = {name: [0] for name in (*running.cast.nodes, *readers)}
    leader = running.node("L2").role
    assert isinstance(leader, PaxosLeader)
    for count in range(some // 5, many + 1, some // 5):
        assert running.run(60.0, lambda count=count: leader.log.applied_up_to >= count)
        for name, node in running.cast.nodes.items():
            objects[name].append(held(node.role))
            records[name].append(running.cast.disks[name].held)
        for name, reader in readers.items():
            objects[name].append(held(reader))
            records[name].append(0)
    return {
        name: max(max(row[5:]) / max(1, *row[:5]) for row in (objects[name], records[name]))
        for name in objects
    }


def test_it_counts_what_grows() -> None:
    rows: dict[str, Any] = {"rows": []}
    before = held(rows)
    rows["rows"] += [object() for _ in range(10)]
    assert held(rows) == before + 10


@pytest.mark.parametrize(
    ("mode", "some", "many"),
    [
        ("multi", 500, 2_000),
        pytest.param("multi", 3_000, 12_000, marks=pytest.mark.soak),
        pytest.param("classic", 3_000, 12_000, marks=pytest.mark.soak),
    ],
)
def test_what_nodes_and_disks_hold_after_many_commands_is_what_they_held_after_some(
    mode: str, some: int, many: int
) -> None:
    shape = Shape(leaders=2, acceptors=3, clients=2, mode=mode, snapshot_every=EVERY)
    found = grown(some, many, shape)
    assert {name for name, factor in found.items() if factor > 1.2} == set(), found


def test_what_view_and_checks_remember_has_a_bound_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their bounds are wider than what a test can fill; here they are narrow."""
    for module, bound in (
        (agreement, "REMEMBERED"),
        (deliveries, "RECENT"),
        (history, "STATES_KEPT"),
        (recent, "KEPT"),
        (matrix, "KEPT"),
    ):
        monkeypatch.setattr(module, bound, 50)
    shape = Shape(leaders=2, acceptors=3, clients=2, snapshot_every=EVERY)
    view, checker = ClusterView(), SafetyChecker(shape.quorums)
    readers = {"view": view.apply, "checks": checker.observe}
    found = grown(600, 1_500, shape, readers)
    assert checker.violation is None
    assert {name for name in readers if found[name] > 1.2} == set(), found


def test_a_log_that_drops_nothing_is_found_by_that() -> None:
    class Hoards(ReplicatedLog):
        def compact(self, up_to: int) -> int:
            return up_to

    shape = Shape(acceptors=3, clients=2, snapshot_every=EVERY, rules=Rules(log=Hoards))
    assert {name for name, factor in grown(300, 900, shape).items() if factor > 1.5} == {"L1", "L2"}
