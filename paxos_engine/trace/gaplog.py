"""The gaps as a fold: which instance was open, who found it, why, and what came out."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from typing import Final

from paxos_engine.roles.events import GapFilled, GapFound
from paxos_engine.roles.values import ProposalNumber, Value

PASSED_KEPT: Final = 256
"""Gaps that ended in passing, for which a leader may still say what came out."""


@dataclass(slots=True)
class GapLine:
    """One gap: which instance, who found it, why, and what came out."""

    t: float
    node: str
    instance: int
    reason: str
    outcome: str = "open"
    value: Value | None = None
    found_number: ProposalNumber | None = None


class GapLog:
    """The last gaps.

    A gap is closed by what its leader says of it, or in passing: its leader learned the instance
    from votes, crashed, yielded or got a snapshot.

    Args:
        most: how many gaps are kept.
    """

    def __init__(self, most: int = 1_000) -> None:
        self.lines: deque[GapLine] = deque(maxlen=most)
        self.open: dict[tuple[str, int], GapLine] = {}
        self._passed: OrderedDict[tuple[str, int], GapLine] = OrderedDict()

    def copy(self) -> GapLog:
        """Return the same gaps, which go their own way from here on."""
        twin = GapLog()
        tables = (self.lines, self.open.values(), self._passed.values())
        # A line is in up to two of the tables: both must have the same copy of it.
        copies = {id(line): replace(line) for table in tables for line in table}
        twin.lines = deque((copies[id(line)] for line in self.lines), self.lines.maxlen)
        twin.open = {key: copies[id(line)] for key, line in self.open.items()}
        twin._passed = OrderedDict((key, copies[id(line)]) for key, line in self._passed.items())
        return twin

    def found(self, t: float, node: str, event: GapFound) -> None:
        """Take a gap that a leader found, once."""
        key = (node, event.instance)
        if key not in self.open:
            line = GapLine(t, node, event.instance, event.reason)
            self.open[key] = line
            self.lines.append(line)

    def filled(self, t: float, node: str, event: GapFilled) -> None:
        """Take what came out of a gap, also of one that had ended in passing."""
        key = (node, event.instance)
        line = self.open.pop(key, None) or self._passed.pop(key, None)
        if line is None:
            line = GapLine(t, node, event.instance, event.reason)
            self.lines.append(line)
        line.outcome = event.outcome
        line.value, line.found_number = event.value, event.found_number

    def passed(self, node: str, instance: int, outcome: str, value: Value | None = None) -> None:
        """Close a gap in passing, if there is one."""
        key = (node, instance)
        line = self.open.pop(key, None)
        if line is not None:
            line.outcome, line.value = outcome, value
            self._passed[key] = line
            if len(self._passed) > PASSED_KEPT:
                self._passed.popitem(last=False)

    def all_passed(self, node: str, outcome: str, up_to: int | None = None) -> None:
        """Close all gaps of `node` in passing, or those up to an instance."""
        for owner, instance in list(self.open):
            if owner == node and (up_to is None or instance <= up_to):
                self.passed(node, instance, outcome)
