"""What runs have seen: event kinds, patterns, faults by the phase that they met, messages by fate.

Counts of many runs are added up in any order to the same result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from paxos_engine.roles import events as ev
from paxos_engine.roles.messages import KINDS
from paxos_engine.simulation.patterns import PATTERNS, Patterns, kind_of
from paxos_engine.simulation.plan import Act
from paxos_engine.simulation.situation import PHASES, Situation
from paxos_engine.simulation.swarm import KINDS as FAULTS

EVENTS: Final = tuple(
    event.name for event in ev.ALL_EVENTS if event not in (ev.Refused, ev.Skipped, ev.Violation)
)
"""What a good run may see: no simulated network makes nonsense up, and its trace skips nothing."""

FATES: Final = ("lost", "duplicated", "delayed")
"""What a network may do to a message."""

TOGETHER: Final = {"requests": "request", "replies": "reply", "accepts": "accept"}
"""What is said of many at once counts as what each of them is."""

MESSAGES: Final = tuple(kind for kind in KINDS.values() if kind not in TOGETHER)
"""Whom it may do it to."""

_FATED: Final = (ev.Lost, ev.Duplicated, ev.Delayed)


class Coverage:
    """Counts over one run, or over many by `add`."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.patterns: Counter[str] = Counter()
        self.pairs: Counter[tuple[str, str]] = Counter()  # (fault, phase)
        self.messages: Counter[tuple[str, str]] = Counter()  # (fate, kind of message)

    def add(self, other: Coverage) -> None:
        """Take what other runs have seen."""
        self.events.update(other.events)
        self.patterns.update(other.patterns)
        self.pairs.update(other.pairs)
        self.messages.update(other.messages)

    def unseen(self) -> dict[str, list[str]]:
        """Return what was never seen, by sort, in the order of the glossary."""
        pairs = [(fault, phase) for fault in FAULTS for phase in PHASES]
        messages = [(fate, kind) for fate in FATES for kind in MESSAGES]
        return {
            "events": [name for name in EVENTS if not self.events[name]],
            "patterns": [name for name in PATTERNS if not self.patterns[name]],
            "pairs": [f"{a} while {b}" for a, b in pairs if not self.pairs[a, b]],
            "messages": [f"{b} {a}" for a, b in messages if not self.messages[a, b]],
        }

    def as_data(self) -> dict[str, Any]:
        """Return every count as what JSON can hold, zeros included, in the glossary's order."""
        return {
            "events": {name: self.events[name] for name in _all(EVENTS, self.events)},
            "patterns": {name: self.patterns[name] for name in PATTERNS},
            "pairs": {a: {b: self.pairs[a, b] for b in PHASES} for a in FAULTS},
            "messages": {a: {b: self.messages[a, b] for b in MESSAGES} for a in FATES},
            "unseen": self.unseen(),
        }


class Lookout:
    """Fills the coverage of one run, entry by entry."""

    def __init__(self) -> None:
        self.coverage = Coverage()
        self._situation = Situation()
        self._patterns = Patterns(self._situation)

    def observe(self, entry: ev.Entry) -> None:
        """Take one entry."""
        event = entry.event
        self.coverage.events[event.name] += 1
        self._situation.observe(entry)
        for pattern in self._patterns.observe(entry):
            self.coverage.patterns[pattern] += 1
        if isinstance(event, _FATED):
            kind = kind_of(self._situation, event.message)
            self.coverage.messages[event.name, TOGETHER.get(kind, kind)] += 1

    def meet(self, act: Act) -> Callable[[], None]:
        """Look at what an act is about to meet; return what counts it once it has happened."""
        return partial(self._count, act, self._situation.phase)

    def _count(self, act: Act, phase: str) -> None:
        if act.kind in FAULTS and not _is_end(act):
            self.coverage.pairs[act.kind, phase] += 1
            self._patterns.befell(act.kind, act.nodes)


def _is_end(act: Act) -> bool:
    """Say whether an act is the end of what it names: a right clock, disks that are fast again."""
    return (act.kind, act.amount) in (("clock", 1.0), ("slow disks", 0.0))


def _all(known: Iterable[str], seen: Iterable[str]) -> list[str]:
    return [*known, *sorted(set(seen) - set(known))]
