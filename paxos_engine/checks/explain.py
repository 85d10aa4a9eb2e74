"""A violation in plain words: the rule, what happened here, and the events that show it.

For a person who knows Paxos and has never seen this program.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from paxos_engine.checks.invariants import INVARIANTS
from paxos_engine.checks.linear import LINEARIZABLE
from paxos_engine.checks.tell import tell
from paxos_engine.roles.events import Entry, Violation

MOST_LINES: Final = 12
"""An explanation fits a screen, and one look."""

_RULES: Final = {rule.name: rule for rule in (*INVARIANTS, LINEARIZABLE)}


def explain(violation: Violation, entries: Iterable[Entry], hole: str = "") -> list[str]:
    """Return at most `MOST_LINES` lines that say what was broken and what shows it.

    Args:
        violation: what a check found.
        entries: a trace, or what is left of it; those that are evidence are told.
        hole: what is missing in the trace before that; empty if nothing is.
    """
    wanted = set(violation.evidence)
    told = {entry.seq: entry for entry in entries if entry.seq in wanted}
    found = [told[seq] for seq in sorted(told)]
    lines = [*_rule(violation), f"Here, {violation.text}."]
    if hole:
        lines.append(warn_of(hole))
    missing = sorted(wanted - told.keys())
    if missing:
        numbers = ", ".join(f"#{seq}" for seq in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        lines.append(f"({numbers}{more} of the evidence happened too long ago to be shown here.)")
    about = _about(found)
    told_lines = [_line(entry, about) for entry in found]
    return [*lines, *_clipped(told_lines, MOST_LINES - len(lines))]


def warn_of(hole: str) -> str:
    """Return what has to be said beside a violation that is found behind a hole in the trace."""
    return f"The trace has a hole before that: {hole}. What is missing there may refute this."


def _rule(violation: Violation) -> list[str]:
    rule = _RULES.get(violation.rule)
    if rule is None:
        return [f"Broken: {violation.rule}."]
    return [f"Broken: {rule.name} ({rule.source}).", rule.sentence]


def _about(found: list[Entry]) -> int | None:
    """Return the instance that the last piece of evidence is about."""
    instance = getattr(found[-1].event, "instance", None) if found else None
    return instance if isinstance(instance, int) else None


def _line(entry: Entry, about: int | None) -> str:
    return f"#{entry.seq}, {entry.t:.3f} s, {entry.node} {tell(entry.event, about)}"


def _clipped(lines: list[str], most: int) -> list[str]:
    """Leave out the middle of what does not fit."""
    if len(lines) <= most:
        return lines
    head = (most - 1) // 2
    tail = most - 1 - head
    left_out = f"... and {len(lines) - head - tail} more in between"
    return [*lines[:head], left_out, *lines[-tail:]]
