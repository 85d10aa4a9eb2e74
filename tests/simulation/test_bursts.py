"""Many commands at once over a network that loses and doubles: said together, lost together."""

from __future__ import annotations

from collections import Counter

import pytest

from paxos_engine.faults.profiles import LinkFaults
from paxos_engine.roles.assembly import Shape
from paxos_engine.roles.events import Duplicated, Entry, Lost, Sent
from paxos_engine.roles.messages import KINDS, Accepts, Replies, Requests
from paxos_engine.simulation.plan import Ask, Plan
from paxos_engine.simulation.trial import play

HOSTILE = LinkFaults(delay=0.005, distribution="exponential", loss=0.25, duplicate=0.25)
BURSTS = 12


class Fates:
    """What became of the messages that stand for many."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, str]] = Counter()
        self._kinds: dict[str, str] = {}

    def observe(self, entry: Entry) -> None:
        match entry.event:
            case Sent(message=ident, body=Accepts() | Requests() | Replies() as body):
                self._kinds[ident] = KINDS[type(body)]
            case Lost(message=ident) | Duplicated(message=ident) if ident in self._kinds:
                self.seen[entry.event.name, self._kinds[ident]] += 1


def bursts(seed: int, batch: int) -> Plan:
    """Return a plan in which two clients ask for twenty commands at once, again and again."""
    asks = tuple(
        Ask(0.5 + burst * 0.25, client, f"incr {client}.{n % 3}")
        for burst in range(BURSTS)
        for client in ("C1", "C2")
        for n in range(20)
    )
    return Plan(seed, Shape(clients=2, batch=batch), HOSTILE, asks=asks)


@pytest.mark.parametrize("batch", [1, 16])
def test_each_command_of_a_burst_is_answered_once_whatever_is_lost_or_doubled(batch: int) -> None:
    fates = Fates()
    for seed in range(3):
        assert play(bursts(seed, batch), (fates.observe,)).verdict == "good"
    of_many = {"requests", "replies"} if batch > 1 else {"requests", "accepts", "replies"}
    assert {*fates.seen} >= {(fate, kind) for fate in ("lost", "duplicated") for kind in of_many}
