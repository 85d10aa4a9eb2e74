"""Commands thrown at a cluster all at once, beside a closed loop: it must not collapse."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks import ours
from benchmarks.apart import apart
from benchmarks.harness import Table, Tell, Way, rows_of, take_turns
from benchmarks.scale import LONG, QUICK, Scale

BURST_AGAINST: Final = 1_024
"""Outstanding commands of the steady rate that a burst is compared with."""


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return the table."""
    commands = scale.commands if scale is QUICK else LONG.commands
    ways: dict[str, Way] = {
        "steady": partial(apart, ours.load, BURST_AGAINST, scale.seconds, scale.warm_up),
        "burst": partial(apart, ours.burst, commands),
    }
    title = f"{commands:,} commands at once, beside {BURST_AGAINST:,} outstanding"
    return [Table(title, rows_of(take_turns(ways, scale.rounds, tell), ["steady"]))]
