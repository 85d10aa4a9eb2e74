"""What came of a command, as one line for a person."""

from __future__ import annotations

from paxos_tui.text import visible

VALUE_SHOWN = 30
"""Cells of the command that are shown before its result."""


def answer_text(value: str | bytes, outcome: str, result: str) -> str:
    """Return "get a -> 3", or that nobody knows whether the command is chosen."""
    asked = visible(value, VALUE_SHOWN)
    if outcome != "chosen":
        return f"{asked}: outcome unknown ({visible(result, 60)})"
    return f"{asked} -> {visible(result, 60)}"
