"""Of a trace in which one event is removed, doubled or altered both checkers say the same.

What is broken, and at which line, or that nothing is: not every event carries a rule.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from tests.trace.mutilate import mutilated
from tests.trace.staged import TracedStage, play
from tests.trace.test_stranger import agreed, simulated

RECORDED = Path(__file__).parents[1] / "tui" / "traces"
EACH = 70
"""Mutilations of each trace; and in the long run."""

MANY = 500

SOURCES = {
    "runtime": ("fresh", "gap", "two_primaries", "adversarial"),
    "simulator": (2, 3, 7, 9),
    "stage": (1, 2),
}


def trace(source: str, which: str | int) -> list[bytes]:
    """Return the lines of a trace: a recorded, a simulated or a staged one."""
    match source, which:
        case "runtime", str():
            return (RECORDED / f"{which}.jsonl").read_bytes().splitlines(keepends=True)
        case "simulator", int():
            return simulated(which)[:1000]
    assert isinstance(which, int)
    return play(TracedStage(), which, 300)


def judged(source: str, which: str | int, count: int) -> Counter[str]:
    """Have both judge `count` mutilations of a trace; return how often they said what."""
    lines = trace(source, which)
    assert agreed(lines)[0] == "safe"
    wounds = islice(mutilated(lines, seed=5), count)
    return Counter(agreed(each.lines, each.what)[0] for each in wounds)


CASES = [(source, which) for source, many in SOURCES.items() for which in many]


@pytest.mark.parametrize(("source", "which"), CASES)
def test_both_say_the_same_of_a_mutilated_trace(source: str, which: str | int) -> None:
    said = judged(source, which, EACH)
    assert set(said) == {"safe", "violated"}
    assert said["violated"] > EACH // 10


@pytest.mark.soak
@pytest.mark.parametrize(("source", "which"), CASES)
def test_both_say_the_same_of_thousands(source: str, which: str | int) -> None:
    assert judged(source, which, MANY)["violated"] > MANY // 10
