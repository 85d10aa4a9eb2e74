"""A view can be copied: the copy is the same, and what happens to one is not seen in the other."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from paxos_engine.roles.events import GapFilled, GapFound
from paxos_engine.roles.values import NOOP
from paxos_engine.trace.gaplog import GapLog
from paxos_engine.trace.replay import read_trace
from paxos_engine.trace.view import ClusterView

TRACES = Path(__file__).parent.parent / "tui" / "traces"
NAMES = sorted(path.stem for path in TRACES.glob("*.jsonl"))


def contents(thing: Any) -> Any:
    """Return all that an object holds, private or not, as what can be compared."""
    if isinstance(thing, Counter):
        return {key: count for key, count in thing.items() if count}
    if isinstance(thing, Mapping):
        return [(contents(key), contents(value)) for key, value in thing.items()]
    if isinstance(thing, tuple | list | deque):
        return [contents(item) for item in thing]
    if not type(thing).__module__.startswith("paxos_engine.trace"):
        return thing
    names = getattr(type(thing), "__slots__", None) or vars(thing)
    own = [name for name in names if name not in ("_handlers", "_older")]
    return {name: contents(getattr(thing, name)) for name in own}


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_goes_on_as_the_original_would_have_and_leaves_it_alone(name: str) -> None:
    entries = list(read_trace(TRACES / f"{name}.jsonl"))
    for part in (0.3, 0.7):
        cut = int(len(entries) * part)
        whole, early, original = ClusterView(), ClusterView(), ClusterView()
        whole.apply_all(entries)
        early.apply_all(entries[:cut])
        original.apply_all(entries[:cut])
        copy = original.copy()
        assert contents(copy) == contents(original)
        copy.apply_all(entries[cut:])
        assert contents(copy) == contents(whole)
        assert contents(original) == contents(early)


def test_the_recorded_traces_fill_every_table_of_a_view() -> None:
    """Then a table that `copy` forgot would be seen above."""
    filled: set[str] = set()
    for name in NAMES:
        view = ClusterView()
        for number, entry in enumerate(read_trace(TRACES / f"{name}.jsonl")):
            view.apply(entry)
            if number % 20 == 0:
                filled |= {name for name in _tables(view) if len(_tables(view)[name])}
    assert set(_tables(ClusterView())) - filled == {"_gaps._passed"}  # which the next test has


def test_a_gap_that_ended_in_passing_is_the_same_line_in_every_table_of_a_copy() -> None:
    gaps = GapLog()
    gaps.found(1.0, "L1", GapFound(3, "takeover"))
    gaps.passed("L1", 3, "learned")
    copy = gaps.copy()
    copy.filled(2.0, "L1", GapFilled(3, "takeover", "no-op", NOOP))
    assert [line.outcome for line in copy.lines] == ["no-op"]
    assert [line.outcome for line in gaps.lines] == ["learned"]


def _tables(view: ClusterView) -> dict[str, Any]:
    holders = {"": view, "matrix.": view.matrix, "messages.": view.messages, "_gaps.": view._gaps}
    return {
        prefix + name: table
        for prefix, holder in holders.items()
        for name, table in vars(holder).items()
        if isinstance(table, dict | deque | set | list | OrderedDict)
    }
