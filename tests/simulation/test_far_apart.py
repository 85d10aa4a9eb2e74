"""A cluster whose nodes are far from each other: slow, and told nothing twice."""

from __future__ import annotations

from collections import Counter

import pytest

from paxos_engine.roles.assembly import Shape
from paxos_engine.roles.events import Answered, Entry, Sent
from paxos_engine.roles.messages import Accept
from paxos_engine.simulation.plan import Ask, Plan
from paxos_engine.simulation.world import World

COMMANDS = 100
FIRST = 6.0
"""Seconds after which one leads, even if each answer takes half a second."""

LEARNED = 30
"""Commands after which a primary knows how long the others take."""

TO_EACH = 6
"""Five acceptors, and the other leader."""


@pytest.mark.parametrize("way", [0.1, 0.25, 0.4], ids="{:.1f} s".format)
def test_where_every_message_takes_long_each_accept_is_sent_once(way: float) -> None:
    accepts: Counter[int] = Counter()
    answered: list[str] = []

    def see(entry: Entry) -> None:
        match entry.event:
            case Sent(body=Accept(instance=instance)):
                accepts[instance] += 1
            case Answered(outcome=outcome):
                answered.append(outcome)

    asks = tuple(Ask(FIRST + n / 10, "C1", f"v{n}") for n in range(COMMANDS))
    world = World(Plan(1, Shape(), asks=asks, latency=(way, way + 0.01)), (see,))
    world.run(FIRST + COMMANDS / 10 + 10)
    assert answered == ["chosen"] * COMMANDS
    later = {count for instance, count in accepts.items() if instance > LEARNED}
    assert later == {TO_EACH}
