"""`FaultPlan`: the one place that decides what the network does to whom.

Faults compose in one order: cut (partition or one-way cut), loss, duplicate, delay, reorder; the
copies of a duplicated datagram are delayed and reordered each for itself. Each directed link draws
from a generator of its own, so that what happens on one link never shifts what happens on another;
one seed gives one sequence of fates per link. What is on its way already is not called back.
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, TypeAlias

from paxos_engine.faults.profiles import PERFECT, PROFILES, LinkFaults

Link: TypeAlias = tuple[str, str]
Observer: TypeAlias = Callable[[dict[str, Any], str], None]

CLIENT_NAME: Final = re.compile(r"C\d+")
"""Clients stand outside a partition unless it names them."""


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
    disk_delay: float = 0.0  # seconds that every sync takes

    @property
    def profile(self) -> str:
        """The name of the profile that these rules are, or "custom"."""
        named = [name for name, faults in PROFILES.items() if faults == self.everywhere]
        return named[0] if named and not self.links else "custom"

    def blocked(self, sender: str, to: str) -> str:
        """Return why nothing gets from `sender` to `to`; empty if it does."""
        if (sender, to) in self.cuts:
            return "cut"
        if self.groups:
            sides = (self._side(sender), self._side(to))
            if None not in sides and sides[0] != sides[1]:
                return "partition"
        return ""

    def _side(self, node: str) -> int | None:
        """Return the group of `node`; -1 is the rest, None (a client by default) every side."""
        for position, group in enumerate(self.groups):
            if node in group:
                return position
        return None if CLIENT_NAME.fullmatch(node) else -1


class FaultPlan:
    """The faults of a network; it may be changed at any time, from any thread.

    Args:
        seed: where all chance comes from.
        on_change: told the whole plan and one line about the change, after each change and in
            the order of the changes.
    """

    def __init__(self, seed: int = 0, on_change: Observer | None = None) -> None:
        self.seed = seed
        self.on_change = on_change
        self._rules = Rules()
        # One change at a time; fates are read without it. An observer may change the plan again.
        self._change = threading.RLock()
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
        return self._rules.profile

    @property
    def is_partitioned(self) -> bool:
        """Whether any group or link is cut off."""
        return bool(self._rules.groups or self._rules.cuts)

    def set_profile(self, name: str) -> None:
        """Make every link as the profile says; ValueError if there is none of that name."""
        if name not in PROFILES:
            raise ValueError(f"no fault profile {name!r}: choose one of {', '.join(PROFILES)}")
        self._replace(f"profile {name}", everywhere=PROFILES[name], links={})

    @property
    def disk_delay(self) -> float:
        """Seconds for which every disk keeps records waiting before they are durable."""
        return self._rules.disk_delay

    def set_disk_delay(self, seconds: float) -> None:
        """Make every disk slow; ValueError unless `seconds` lies between 0 and 60."""
        if not 0 <= seconds <= 60:
            raise ValueError(f"a disk delay of {seconds} s: give seconds between 0 and 60")
        self._replace(f"every sync takes {seconds:g} s", disk_delay=float(seconds))

    def set_everywhere(self, faults: LinkFaults) -> None:
        """Make every link without faults of its own like this."""
        self._replace(f"every link: {faults.describe()}", everywhere=_shared(faults))

    def set_link(self, sender: str, to: str, faults: LinkFaults) -> None:
        """Give one direction faults of its own; ValueError if it joins no two nodes."""
        link = _checked_link(sender, to)
        with self._change:
            links = {**self._rules.links, link: faults}
            self._replace(f"link {sender} -> {to}: {faults.describe()}", links=links)

    def clear_links(self) -> None:
        """Make every link like the others again."""
        self._replace("no link has faults of its own", links={})

    def partition(self, groups: Iterable[Iterable[str]]) -> None:
        """Cut the nodes of each group off from all others.

        Nodes that are not named make one more group, the rest; clients (`C1`) that are not named
        reach every node.

        Raises:
            ValueError: there is no group, one is empty, or a node is in two of them.
        """
        sides = _checked_groups(groups)
        text = " | ".join(",".join(sorted(side)) for side in sides)
        self._replace(f"partition {text}", groups=sides)

    def cut(self, sender: str, to: str) -> None:
        """Cut one direction; ValueError if it joins no two nodes."""
        link = _checked_link(sender, to)
        with self._change:
            self._replace(f"cut {sender} -> {to}", cuts=self._rules.cuts | {link})

    def heal(self) -> None:
        """End every partition and cut; delays and losses stay."""
        self._replace("healed", groups=(), cuts=frozenset())

    def clear(self) -> None:
        """Make the network perfect."""
        self._replace(
            "all faults ended",
            everywhere=PERFECT,
            links={},
            groups=(),
            cuts=frozenset(),
            disk_delay=0.0,
        )

    # --- as data -------------------------------------------------------------------------

    def describe(self) -> str:
        """Return the plan as one line."""
        rules = self._rules
        parts = [rules.profile]
        if rules.profile == "custom":
            parts = [f"custom: {rules.everywhere.describe()}"]
            parts += [f"{a}->{b}: {faults.describe()}" for (a, b), faults in _sorted(rules.links)]
        if rules.groups:
            parts.append(" | ".join(",".join(sorted(group)) for group in rules.groups))
        parts += [f"cut {sender}->{to}" for sender, to in sorted(rules.cuts)]
        if rules.disk_delay:
            parts.append(f"disks {rules.disk_delay:g} s slow")
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole plan as what JSON can hold."""
        rules = self._rules
        return {
            "seed": self.seed,
            "profile": rules.profile,
            "everywhere": rules.everywhere.to_dict(),
            "links": {f"{a}->{b}": faults.to_dict() for (a, b), faults in _sorted(rules.links)},
            "groups": [sorted(group) for group in rules.groups],
            "cuts": [list(link) for link in sorted(rules.cuts)],
            "disk_delay": rules.disk_delay,
        }

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> FaultPlan:
        """Return the plan that `to_dict` wrote; ValueError for what it could not have."""
        try:
            if type(raw["seed"]) is not int:
                raise ValueError(f"the seed {raw['seed']!r} of a fault plan is no whole number")
            plan = cls(raw["seed"])
            plan._rules = Rules(
                everywhere=_shared(LinkFaults.from_dict(raw["everywhere"])),
                links={
                    _checked_link(*_pair(link.split("->"))): LinkFaults.from_dict(faults)
                    for link, faults in raw["links"].items()
                },
                groups=_checked_groups(raw["groups"]) if raw["groups"] else (),
                cuts=frozenset(_checked_link(*_pair(link)) for link in raw["cuts"]),
                disk_delay=float(raw.get("disk_delay", 0.0)),
            )
        except KeyError as error:
            raise ValueError(f"no fault plan: {error} is missing") from error
        except (TypeError, AttributeError) as error:
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


def _sorted(links: Mapping[Link, LinkFaults]) -> list[tuple[Link, LinkFaults]]:
    return sorted(links.items(), key=lambda item: item[0])


def _pair(ends: Sequence[str]) -> Link:
    if len(ends) != 2:
        raise ValueError(f"{ends!r} is no link: it takes a sender and a receiver")
    return (ends[0], ends[1])


def _checked_link(sender: str, to: str) -> Link:
    for name in (sender, to):
        if not isinstance(name, str) or not name or "->" in name:
            raise ValueError(f"{name!r} is no name of a node")
    if sender == to:
        raise ValueError(f"a link joins two nodes, and {sender} is one")
    return (sender, to)


def _checked_groups(groups: Iterable[Iterable[str]]) -> tuple[frozenset[str], ...]:
    given = list(groups)
    if any(isinstance(group, str) for group in given):
        raise ValueError("a group of a partition is a set of names, not a single name")
    sides = tuple(frozenset(group) for group in given)
    if not sides or not all(sides):
        raise ValueError("a partition needs at least one group of nodes, and none of them empty")
    together = [node for side in sides for node in side]
    nameless = [node for node in together if not isinstance(node, str) or not node]
    if nameless:
        raise ValueError(f"{nameless[0]!r} is no name of a node")
    twice = sorted({node for node in together if together.count(node) > 1})
    if twice:
        raise ValueError(f"{twice[0]} is in two groups of the partition")
    return sides
