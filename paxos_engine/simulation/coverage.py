"""What a campaign has seen: event kinds, patterns of the field, and faults by what they met."""

from __future__ import annotations

from collections import Counter
from typing import Final

from paxos_engine.roles import events as ev

FAULTS: Final = (ev.Failed, ev.Paused, ev.Crashed, ev.FaultsChanged)
"""The events that say that something goes wrong."""


class Coverage:
    """Counts over one run, or over many by `add`."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.patterns: Counter[str] = Counter()
        self.pairs: Counter[str] = Counter()  # "fault while phase"
        self._primaries: dict[str, str] = {}  # leader -> preparing or primary
        self._open = 0

    def observe(self, entry: ev.Entry) -> None:
        """Take one entry."""
        event = entry.event
        self.events[event.name] += 1
        pattern = self._pattern(entry, event)
        if pattern:
            self.patterns[pattern] += 1
        if isinstance(event, FAULTS):
            self.pairs[f"{_fault(event)} while {self._phase()}"] += 1

    def add(self, other: Coverage) -> None:
        """Take what another run has seen."""
        self.events += other.events
        self.patterns += other.patterns
        self.pairs += other.pairs

    def _phase(self) -> str:
        standing = list(self._primaries.values())
        if standing.count("primary") > 1:
            return "two lead"
        if "preparing" in standing:
            return "phase 1 runs"
        if "primary" not in standing:
            return "nobody leads"
        return "commands are under way" if self._open > 0 else "all is quiet"

    def _pattern(self, entry: ev.Entry, event: ev.Event) -> str:
        match event:
            case ev.Prepared(to_instance=None):
                self._primaries[entry.node] = "preparing"
            case ev.BecamePrimary():
                self._primaries[entry.node] = "primary"
                return "two leaders at once" if self._phase() == "two lead" else "a takeover"
            case ev.Yielded() | ev.Crashed() | ev.Failed() | ev.Paused():
                self._primaries.pop(entry.node, None)
            case ev.Submitted():
                self._open += 1
            case ev.Answered():
                self._open -= 1
        return _word(event)


def _word(event: ev.Event) -> str:
    """Return the pattern that an event is by itself; empty if it is none."""
    match event:
        case ev.GapFilled(outcome=outcome):
            return f"a gap ends: {outcome}"
        case ev.Learned(source="catch-up"):
            return "a leader catches up"
        case ev.SnapshotMade(kind="installed"):
            return "a snapshot is installed"
        case ev.Applied(duplicate_of=int()):
            return "a duplicate is suppressed"
        case ev.Retried(reason=reason):
            return "a client is redirected" if "redirect" in reason else "a client retries"
        case _:
            return _WORDS.get(type(event), "")


_WORDS: Final[dict[type[ev.Event], str]] = {
    ev.Rejected: "an acceptor refuses an old number",
    ev.Yielded: "a leader yields",
    ev.Dropped: "a node compacts",
    ev.Restarted: "a node restarts",
}


def _fault(event: ev.Event) -> str:
    match event:
        case ev.Crashed(kind=kind):
            return kind.split(":")[0]
        case ev.FaultsChanged(reason=reason):
            return reason.split(" ")[0]
        case _:
            return event.name
