"""A run as data: the cluster, what clients ask, and what goes wrong when.

A plan and nothing else decides a simulated run, to the byte: it can be written down, run again in
another process, and made smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from paxos_engine.faults.profiles import PERFECT, LinkFaults
from paxos_engine.roles.assembly import Shape

LATENCY: Final = (0.0002, 0.001)
"""Seconds that a datagram takes in a room: drawn between the two, so that they overtake."""


class Act(NamedTuple):
    """Something that happens to the cluster.

    Args:
        t: when, in seconds of true time.
        kind: what: fail, crash, partition, slow disks, clock and others, as `Cast.befall` and
            `World` carry them out.
        nodes: to whom: one node, the two ends of a link, or one side of a partition.
        amount: how much: seconds of a delay or of a clock's jump, the part of a disk, the rate of
            a clock.
        after: the name of an event of the first node: it happens right after the first one
            behind `t`, in place of at `t`.
    """

    t: float
    kind: str
    nodes: tuple[str, ...] = ()
    amount: float = 0.0
    after: str = ""


class Ask(NamedTuple):
    """A client is given a value at `t`."""

    t: float
    client: str
    value: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One run.

    Args:
        seed: of the network's own chance; each concern has a generator of its own.
        shape: the cluster.
        faults: what every link does to datagrams while the storm lasts.
        acts: what goes wrong, in order of time.
        asks: what clients want, in order of time.
        storm: seconds after which everything that can heal is healed.
        calm: seconds after that within which everything has to be answered.
        latency: seconds that a datagram takes, between the least and the most; no fault, so that
            it stays when everything is healed.
    """

    seed: int
    shape: Shape
    faults: LinkFaults = PERFECT
    acts: tuple[Act, ...] = ()
    asks: tuple[Ask, ...] = ()
    storm: float = 4.0
    calm: float = 60.0
    latency: tuple[float, float] = LATENCY

    @property
    def size(self) -> str:
        """How large it is, in words."""
        shape = self.shape
        parts = [so_many(shape.leaders, "leader"), so_many(shape.acceptors, "acceptor")]
        parts += [so_many(len(self.asks), "command"), so_many(len(self.acts), "act")]
        network = "a perfect network" if self.faults == PERFECT else "a network with faults"
        return ", ".join([*parts, network])


def so_many(count: int, one: str, several: str = "") -> str:
    """Return a number of things in words: "1 act", "2 acts"."""
    return f"{count} {one if count == 1 else several or f'{one}s'}"
