"""`FaultPlan`: the one place that decides what the network does to whom.

Faults compose in one order: cut (partition or one-way cut), loss, duplicate, delay, reorder. Each
directed link draws from a generator of its own, so that what happens on one link never shifts
what happens on another; one seed gives one sequence of fates per link.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeAlias

from paxos_engine.faults.profiles import PERFECT, PROFILES, LinkFaults

Link: TypeAlias = tuple[str, str]
Observer: TypeAlias = Callable[[dict[str, Any], str], None]


class Copy(NamedTuple):
    """One copy of a datagram: how many seconds it is kept back, and why."""

    delay: float
    why: str = ""


class Fate(NamedTuple):
    """What becomes of a datagram: `lost` says why it is, else its copies."""

    lost: str
    copies: tuple[Copy, ...]


UNTOUCHED = Fate("", (Copy(0.0),))


@dataclass(frozen=True, slots=True)
class Rules:
    """One state of the plan; never changed, only replaced."""

    everywhere: LinkFaults = PERFECT
    links: Mapping[Link, LinkFaults] = field(default_factory=dict)
    groups: tuple[frozenset[str], ...] = ()
    cuts: frozenset[Link] = frozenset()

    def blocked(self, sender: str, to: str) -> str:
        """Return why nothing gets from `sender` to `to`; empty if it does.

        A node in no group is on every side: a client reaches all nodes unless it is named.
        """
        if (sender, to) in self.cuts:
            return "cut"
        for group in self.groups:
            if sender in group and to not in group and any(to in other for other in self.groups):
                return "partition"
        return ""


class FaultPlan:
    """The faults of a network; it may be changed at any time, from any thread.

    Args:
        seed: where all chance comes from.
        on_change: told the whole plan and one line about the change, after each change.
    """

    def __init__(self, seed: int = 0, on_change: Observer | None = None) -> None:
        self.seed = seed
        self.on_change = on_change
        self._rules = Rules()
        self._change = threading.Lock()  # one change at a time; fates are read without it
        self._generators: dict[Link, random.Random] = {}

    # --- what the pumps ask --------------------------------------------------------------

    def fate(self, sender: str, to: str) -> Fate:
        """Decide what becomes of one datagram."""
        rules = self._rules
        reason = rules.blocked(sender, to)
        if reason:
            return Fate(reason, ())
        faults = rules.links.get((sender, to), rules.everywhere)
        if faults is PERFECT:
            return UNTOUCHED
        rng = self._generator(sender, to)
        if rng.random() < faults.loss:
            return Fate("loss", ())
        count = 2 if rng.random() < faults.duplicate else 1
        return Fate("", tuple(_copy(faults, rng) for _ in range(count)))

    # --- what a person changes -----------------------------------------------------------

    @property
    def profile(self) -> str:
        """The name of the present profile, or "custom"."""
        rules = self._rules
        named = [name for name, faults in PROFILES.items() if faults == rules.everywhere]
        return named[0] if named and not rules.links else "custom"

    @property
    def is_partitioned(self) -> bool:
        """Whether any group or link is cut off."""
        return bool(self._rules.groups or self._rules.cuts)

    def set_profile(self, name: str) -> None:
        """Make every link as the profile says; ValueError if there is none of that name."""
        if name not in PROFILES:
            raise ValueError(f"no fault profile {name!r}: choose one of {', '.join(PROFILES)}")
        self._replace(f"profile {name}", everywhere=PROFILES[name], links={})

    def set_everywhere(self, faults: LinkFaults) -> None:
        """Make every link without faults of its own like this."""
        self._replace("every link changed", everywhere=faults)

    def set_link(self, sender: str, to: str, faults: LinkFaults) -> None:
        """Give the link from `sender` to `to` faults of its own."""
        links = {**self._rules.links, (sender, to): faults}
        self._replace(f"link {sender} -> {to} changed", links=links)

    def partition(self, groups: Iterable[Iterable[str]]) -> None:
        """Cut the nodes of each group off from those of the others.

        Raises:
            ValueError: a node is in two groups, or fewer than two groups are given.
        """
        sides = tuple(frozenset(group) for group in groups)
        if len(sides) < 2 or not all(sides):
            raise ValueError("a partition needs two groups of nodes or more, none of them empty")
        together = [node for side in sides for node in side]
        twice = sorted({node for node in together if together.count(node) > 1})
        if twice:
            raise ValueError(f"{twice[0]} is in two groups of the partition")
        text = " | ".join(",".join(sorted(side)) for side in sides)
        self._replace(f"partition {text}", groups=sides)

    def cut(self, sender: str, to: str) -> None:
        """Cut one direction: nothing gets from `sender` to `to` any more."""
        self._replace(f"cut {sender} -> {to}", cuts=self._rules.cuts | {(sender, to)})

    def heal(self) -> None:
        """End every partition and cut; delays and losses stay."""
        self._replace("healed", groups=(), cuts=frozenset())

    def clear(self) -> None:
        """Make the network perfect."""
        self._replace("all faults ended", **_fields(Rules()))

    # --- as data -------------------------------------------------------------------------

    def describe(self) -> str:
        """Return the plan as one line."""
        rules = self._rules
        parts = [self.profile]
        if rules.groups:
            parts.append(" | ".join(",".join(sorted(group)) for group in rules.groups))
        parts += [f"cut {sender}->{to}" for sender, to in sorted(rules.cuts)]
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole plan as what JSON can hold."""
        rules = self._rules
        return {
            "seed": self.seed,
            "profile": self.profile,
            "everywhere": rules.everywhere.to_dict(),
            "links": {f"{a}->{b}": faults.to_dict() for (a, b), faults in rules.links.items()},
            "groups": [sorted(group) for group in rules.groups],
            "cuts": [list(link) for link in sorted(rules.cuts)],
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> FaultPlan:
        """Return the plan that `to_dict` wrote; ValueError for what it could not have."""
        try:
            plan = cls(raw["seed"])
            plan._rules = Rules(
                everywhere=_shared(LinkFaults.from_dict(raw["everywhere"])),
                links={
                    (link.split("->")[0], link.split("->")[1]): LinkFaults.from_dict(faults)
                    for link, faults in raw["links"].items()
                },
                groups=tuple(frozenset(group) for group in raw["groups"]),
                cuts=frozenset((sender, to) for sender, to in raw["cuts"]),
            )
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise ValueError(f"no fault plan: {error}") from error
        return plan

    def _replace(self, reason: str, **changes: Any) -> None:
        with self._change:
            self._rules = replace(self._rules, **changes)
        if self.on_change is not None:
            self.on_change(self.to_dict(), reason)

    def _generator(self, sender: str, to: str) -> random.Random:
        link = (sender, to)
        known = self._generators.get(link)
        if known is None:
            known = self._generators.setdefault(link, random.Random(f"{self.seed}/{sender}>{to}"))
        return known


def _copy(faults: LinkFaults, rng: random.Random) -> Copy:
    delay = faults.draw_delay(rng)
    if rng.random() < faults.reorder:
        return Copy(delay + faults.gap, "reorder")
    return Copy(delay, "delay" if delay else "")


def _shared(faults: LinkFaults) -> LinkFaults:
    return PERFECT if faults == PERFECT else faults


def _fields(rules: Rules) -> dict[str, Any]:
    return {
        "everywhere": rules.everywhere,
        "links": rules.links,
        "groups": rules.groups,
        "cuts": rules.cuts,
    }
