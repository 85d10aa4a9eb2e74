"""How much is measured: enough to see that it runs, enough to compare, or everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of a run.

    Args:
        name: quick, usual or long.
        rounds: how often everything that is compared takes its turn.
        seconds: how long one sample of a rate or a latency takes, without its warm-up.
        warm_up: seconds before that which do not count.
        instances: where time and memory per command are looked at.
        events: entries of the trace that is written, read and checked.
        commands: what is thrown at a cluster at once, or has to be caught up with.
    """

    name: str
    rounds: int
    seconds: float
    warm_up: float
    instances: tuple[int, ...]
    events: int
    commands: int


QUICK: Final = Scale("quick", 1, 0.2, 0.05, (1_000,), 20_000, 1_000)
USUAL: Final = Scale("usual", 3, 1.0, 0.3, (1_000, 10_000, 100_000), 100_000, 10_000)
LONG: Final = Scale("long", 5, 2.0, 0.5, (1_000, 10_000, 100_000, 1_000_000), 1_000_000, 100_000)
