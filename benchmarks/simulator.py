"""Deliveries and timers a second in the simulator, beside a bare loop over the same messages.

The bare loop is what any discrete simulation in Python has to do: a heap of tuples, drawn in order
of time, with the messages of a command in the shape that ours have.
"""

from __future__ import annotations

import heapq
import random
import time
from functools import partial
from typing import Final

from benchmarks.apart import apart
from benchmarks.harness import Table, Tell, Way, rows_of, take_turns
from benchmarks.scale import QUICK, Scale
from paxos_engine import relax_collector
from paxos_engine.roles.assembly import Shape
from paxos_engine.simulation.plan import LATENCY, Ask, Plan
from paxos_engine.simulation.trial import Referee
from paxos_engine.simulation.world import World

COMMANDS: Final = 2_000
ACCEPTORS: Final = 5
LEADERS: Final = 2
GAP: Final = 0.002
"""Seconds between two commands: some are under way at once."""

FIRST: Final = 3.0
"""Seconds within which a leader is elected."""

HEAP: Final = "bare heap loop"


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return the table."""
    commands = COMMANDS // 10 if scale is QUICK else COMMANDS
    ways: dict[str, Way] = {
        HEAP: partial(apart, bare, 10 * commands),
        "checks off": partial(apart, simulated, commands, checks=False),
        "checks on": partial(apart, simulated, commands, checks=True),
    }
    table = Table(f"simulator, {commands:,} commands, one core")
    table.rows = rows_of(take_turns(ways, scale.rounds, tell), [HEAP])
    return [table]


def simulated(commands: int, *, checks: bool) -> dict[str, float]:
    """Run a calm world; count what is delivered and what wakes.

    The process is set as `paxos-tui explore` sets its own.
    """
    relax_collector()
    referee = Referee()
    asks = tuple(Ask(FIRST + n * GAP, "C1", f"set k{n % 9} {n}") for n in range(commands))
    plan = Plan(1, Shape(leaders=LEADERS, acceptors=ACCEPTORS), asks=asks)
    world = World(plan, (referee.observe,) if checks else ())
    world.run(FIRST - GAP)
    first, entries = len(world.steps), world.count
    began = time.process_time()
    world.run(FIRST + commands * GAP + 1)
    seconds = time.process_time() - began
    if referee.violation is not None:
        raise RuntimeError(f"a rule was broken: {referee.violation.text}")
    turns = [step for step in world.steps[first:] if step.kind == "turn"]
    count = sum(max(1, len(step.what)) for step in turns)
    return {
        "deliveries and timers/s": count / seconds,
        "trace entries/s": (world.count - entries) / seconds,
        "us a command": seconds / commands * 1e6,
    }


def bare(commands: int) -> dict[str, float]:
    """Let tuples of the same shape as our messages travel through a heap."""
    rng = random.Random(1)
    heap: list[tuple[float, int, str, str, str, int]] = []
    ticket = 0
    votes: dict[int, int] = {}
    acceptors = [f"A{n}" for n in range(1, ACCEPTORS + 1)]
    leaders = [f"L{n}" for n in range(1, LEADERS + 1)]

    def send(now: float, sender: str, to: str, kind: str, instance: int) -> None:
        nonlocal ticket
        ticket += 1
        at = now + rng.uniform(*LATENCY)
        heapq.heappush(heap, (at, ticket, sender, to, kind, instance))

    began = time.process_time()
    for instance in range(commands):
        send(instance * GAP, "C1", "L2", "request", instance)
    count = 0
    while heap:
        now, _, _, to, kind, instance = heapq.heappop(heap)
        count += 1
        match kind:
            case "request":
                for acceptor in acceptors:
                    send(now, to, acceptor, "accept", instance)
            case "accept":
                for leader in leaders:
                    send(now, to, leader, "accepted", instance)
            case "accepted" if to == "L2":
                votes[instance] = votes.get(instance, 0) + 1
                if votes[instance] == ACCEPTORS // 2 + 1:
                    send(now, to, "C1", "reply", instance)
    seconds = time.process_time() - began
    return {"deliveries and timers/s": count / seconds, "us a command": seconds / commands * 1e6}
