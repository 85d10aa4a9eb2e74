"""What the safety checks cost: microseconds an event, over a trace of a real cluster.

A cluster under load is recorded; then a bare loop over its entries, each check alone and all of
them together take turns. A check that asks others (for what was chosen, for what acceptors hold)
is timed together with those, and what they cost alone is taken off again.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.apart import apart
from benchmarks.harness import Sample, Table, Tell, Way, rows_of, take_turns
from benchmarks.scale import Scale
from benchmarks.trace import record
from paxos_engine import Entry, Header, SafetyChecker, read_trace
from paxos_engine.checks.agreement import AgreementChecker
from paxos_engine.checks.base import Check
from paxos_engine.checks.holdings import Holdings
from paxos_engine.checks.invariants import all_checks
from paxos_engine.roles.events import ALL_EVENTS, Sent
from paxos_engine.roles.messages import KINDS
from paxos_engine.roles.quorum import Quorums

BARE: Final = "bare loop"
NOBODY: Final = "nobody asked"
ALL: Final = "all together"

ASKS: dict[str, tuple[type[Check], ...]] = {
    "ReportsTrue": (Holdings,),
    "DurableBeforeSent": (Holdings,),
    "DurableSurvives": (Holdings,),
    "LearnedIsChosen": (Holdings, AgreementChecker),
    "ChosenWasSubmitted": (Holdings, AgreementChecker),
    "AnsweredOnce": (AgreementChecker,),
}
"""Which checks have to observe an entry before another one does."""

Observe = Callable[[Entry], object]


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return the table."""
    tell(f"all checks over {scale.events:,} events, {scale.rounds} rounds")
    return [apart(table, scale.events, scale.rounds)]


def table(events: int, rounds: int) -> Table:
    """Record a trace and time every check over it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        record(path, events)
        entries = list(read_trace(path))
    gc.freeze()  # the entries are here to stay, and not what is measured
    header = entries[0].event
    assert isinstance(header, Header)
    taken = take_turns(ways(header, entries), rounds)
    each = {name: taken[name] for name in (BARE, NOBODY)}
    each |= {name: alone(taken, name) for name in names_of(header)}
    each[ALL] = taken[ALL]
    notes = [f"a check: its own part, without what {NOBODY!r} and the checks that it asks take"]
    return Table(f"each check over {len(entries):,} events", rows_of(each, [BARE]), notes)


def loop(entries: Sequence[Entry], make: Callable[[], Observe]) -> Sample:
    """Return what one pass takes."""
    observe = make()
    gc.collect()
    began = time.process_time()
    for entry in entries:
        observe(entry)
    return {"us an event": (time.process_time() - began) / len(entries) * 1e6}


def dispatch(checks: Sequence[Check]) -> Observe:
    """Return what hands an entry to those checks that watch its kind, as `SafetyChecker` does."""
    watching: dict[type[Any], list[Observe]] = {kind: [] for kind in (*ALL_EVENTS, *KINDS)}
    for check in checks:
        for kind in check.watches:
            for each in KINDS if kind is Sent else (kind,):
                watching[each].append(check.observe)

    def observe(entry: Entry) -> None:
        event = entry.event
        kind = type(event.body) if isinstance(event, Sent) else type(event)
        for each in watching[kind]:
            each(entry)

    return observe


def chosen_few(quorums: Quorums, wanted: Sequence[str]) -> list[Check]:
    """Return new checks of these names, in the order in which they must observe."""
    every = all_checks(quorums, AgreementChecker(quorums))
    return [check for check in every if type(check).__name__ in wanted]


def ways(header: Header, entries: Sequence[Entry]) -> dict[str, Way]:
    """Return what is timed."""
    quorums = Quorums(header.acceptors, *header.quorum)
    makers: dict[str, Callable[[], Observe]] = {
        BARE: lambda: lambda entry: None,
        NOBODY: lambda: dispatch(()),
        ALL: lambda: SafetyChecker(quorums).observe,
    }
    groups = [asked_by(name) for name in ASKS]
    groups += [(*asked_by(name), name) for name in names_of(header)]
    for some in groups:
        makers[" ".join(some)] = lambda some=some: dispatch(chosen_few(quorums, some))  # type: ignore[misc]
    return {name: partial(loop, entries, make) for name, make in makers.items()}


def asked_by(name: str) -> tuple[str, ...]:
    """Return the names of the checks that one asks."""
    return tuple(kind.__name__ for kind in ASKS.get(name, ()))


def alone(taken: dict[str, list[Sample]], name: str) -> list[Sample]:
    """Take off, in each round, what is not a check's own."""
    asked = " ".join(asked_by(name))
    together = taken[f"{asked} {name}".strip()]
    return [
        {unit: max(0.0, whole[unit] - without[unit]) for unit in whole}
        for whole, without in zip(together, taken[asked or NOBODY], strict=True)
    ]


def names_of(header: Header) -> list[str]:
    """Return the names of all checks."""
    quorums = Quorums(header.acceptors, *header.quorum)
    return [type(check).__name__ for check in all_checks(quorums, AgreementChecker(quorums))]
