"""What a link does to datagrams, and four named mixtures of it."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

DISTRIBUTIONS: Final = ("fixed", "uniform", "exponential", "pareto")

LONGEST_DELAY: Final = 60.0
"""Seconds; what takes longer might as well be lost."""


@dataclass(frozen=True, slots=True)
class LinkFaults:
    """The faults of a link.

    Args:
        delay: the distribution's scale in seconds: the delay itself (fixed), the longest
            (uniform), the mean (exponential), the least (pareto, a heavy tail).
        distribution: fixed, uniform, exponential or pareto.
        longest: `delay` draws are cut off here, in seconds; a reordered copy waits `gap` more.
        loss: probability that a datagram is lost.
        duplicate: probability that it is sent twice.
        reorder: probability that it is held back for `gap` seconds, so that later ones pass.
        gap: seconds.

    Raises:
        ValueError: a value is out of range, in one line.
    """

    delay: float = 0.0
    distribution: str = "fixed"
    longest: float = LONGEST_DELAY
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    gap: float = 0.05

    def __post_init__(self) -> None:
        if self.distribution not in DISTRIBUTIONS:
            choices = ", ".join(DISTRIBUTIONS)
            raise ValueError(f"distribution is {self.distribution!r}: choose one of {choices}")
        for name in ("loss", "duplicate", "reorder"):
            if not _within(getattr(self, name), 1):
                raise ValueError(f"{name} is {getattr(self, name)!r}: give a probability, 0 to 1")
        for name in ("delay", "longest", "gap"):
            if not _within(getattr(self, name), LONGEST_DELAY):
                raise ValueError(
                    f"{name} is {getattr(self, name)!r}: give seconds, 0 to {LONGEST_DELAY:g}"
                )

    def draw_delay(self, rng: random.Random) -> float:
        """Return a delay in seconds."""
        if self.delay == 0:
            return 0.0
        match self.distribution:
            case "uniform":
                drawn = rng.uniform(0.0, self.delay)
            case "exponential":
                drawn = rng.expovariate(1.0 / self.delay)
            case "pareto":
                drawn = self.delay * rng.paretovariate(1.5)
            case _:
                drawn = self.delay
        return min(drawn, self.longest)

    def describe(self) -> str:
        """Return the faults as one line; "perfect" if there are none."""
        parts = []
        if self.delay:
            parts.append(f"{self.distribution} delay {self.delay * 1000:g} ms")
        for name in ("loss", "duplicate", "reorder"):
            if getattr(self, name):
                parts.append(f"{name} {getattr(self, name) * 100:g} %")
        return ", ".join(parts) or "perfect"

    def to_dict(self) -> dict[str, Any]:
        """Return what differs from a perfect link."""
        perfect = asdict(LinkFaults())
        return {name: v for name, v in asdict(self).items() if v != perfect[name]}

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> LinkFaults:
        """Return the faults that `to_dict` wrote; ValueError for what it could not have."""
        if not isinstance(raw, dict):
            raise ValueError("the faults of a link are no table of names and values")
        unknown = set(raw) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown fault {sorted(map(str, unknown))[0]!r}")
        return replace(cls(), **raw)


def _within(value: object, most: float) -> bool:
    return type(value) in (int, float) and 0 <= value <= most  # type: ignore[operator]


PERFECT: Final = LinkFaults()

PROFILES: Final[dict[str, LinkFaults]] = {
    "calm": PERFECT,
    "jittery": LinkFaults(delay=0.03, distribution="uniform", reorder=0.1, gap=0.04),
    "lossy": LinkFaults(delay=0.01, distribution="uniform", loss=0.15, duplicate=0.05),
    "hostile": LinkFaults(
        delay=0.01,
        distribution="pareto",
        longest=0.3,
        loss=0.18,
        duplicate=0.1,
        reorder=0.15,
        gap=0.08,
    ),
}
"""From a perfect network to one that does everything UDP may do, more often than it would."""
