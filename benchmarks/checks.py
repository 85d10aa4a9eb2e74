"""What the safety checks cost: microseconds an event, over a trace of a real cluster.

    make bench

A cluster under full load is recorded; then a bare loop over its entries, each check alone and all
of them together take turns within one run, and the table shows medians. A check that asks others
(for what was chosen, for what acceptors hold) is timed together with those, and what they cost
alone is taken off again.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from paxos_engine import Cluster, ClusterConfig, Entry, Header, SafetyChecker, read_trace
from paxos_engine.checks.agreement import AgreementChecker
from paxos_engine.checks.base import Check
from paxos_engine.checks.holdings import Holdings
from paxos_engine.checks.invariants import all_checks
from paxos_engine.roles.events import ALL_EVENTS, Sent
from paxos_engine.roles.messages import KINDS
from paxos_engine.roles.quorum import Quorums

ROUNDS = 5
COMMANDS = 5_000

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


def record(folder: Path) -> list[Entry]:
    """Run a cluster at full speed and return its trace."""
    path = folder / "trace.jsonl"
    with Cluster(ClusterConfig(record=path)) as cluster:
        for future in [cluster.submit(f"set k{n % 9} {n}") for n in range(COMMANDS)]:
            future.result(300)
    return list(read_trace(path))


def loop(entries: Sequence[Entry], observe: Observe) -> float:
    """Return microseconds an entry."""
    gc.collect()
    began = time.process_time()
    for entry in entries:
        observe(entry)
    return (time.process_time() - began) / len(entries) * 1e6


def dispatch(checks: Sequence[Check]) -> Observe:
    """Return what hands an entry to those checks that watch its kind, as `SafetyChecker` does."""
    table: dict[type[Any], list[Observe]] = {kind: [] for kind in (*ALL_EVENTS, *KINDS)}
    for check in checks:
        for kind in check.watches:
            for each in KINDS if kind is Sent else (kind,):
                table[each].append(check.observe)

    def observe(entry: Entry) -> None:
        event = entry.event
        kind = type(event.body) if isinstance(event, Sent) else type(event)
        for each in table[kind]:
            each(entry)

    return observe


def chosen_few(quorums: Quorums, wanted: Sequence[str]) -> list[Check]:
    """Return new checks of these names, in the order in which they must observe."""
    every = all_checks(quorums, AgreementChecker(quorums))
    return [check for check in every if type(check).__name__ in wanted]


def ways(header: Header) -> dict[str, Callable[[], Observe]]:
    """Return what is timed: name -> a maker of something that observes."""
    quorums = Quorums(header.acceptors, *header.quorum)
    timed: dict[str, Callable[[], Observe]] = {
        "bare loop": lambda: lambda entry: None,
        "nobody asked": lambda: dispatch(()),
        "all together": lambda: SafetyChecker(quorums).observe,
    }
    for asked in {tuple(kind.__name__ for kind in asked) for asked in ASKS.values()}:
        timed[" ".join(asked)] = lambda asked=asked: dispatch(chosen_few(quorums, asked))  # type: ignore[misc]
    for name in names_of(header):
        some = [*(kind.__name__ for kind in ASKS.get(name, ())), name]
        timed[name] = lambda some=some: dispatch(chosen_few(quorums, some))  # type: ignore[misc]
    return timed


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        entries = record(Path(folder))
    gc.freeze()  # the entries are here to stay, and not what is measured
    header = entries[0].event
    assert isinstance(header, Header)
    took: dict[str, list[float]] = {name: [] for name in ways(header)}
    for _ in range(ROUNDS):
        for name, make in ways(header).items():
            took[name].append(loop(entries, make()))
    middle = {name: statistics.median(times) for name, times in took.items()}
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{len(entries):,} events, median of {ROUNDS} runs that take turns")
    print(f"{'':22}{'us an event':>12}{'events/s':>12}")
    for name in ("bare loop", "nobody asked"):
        print(f"{name:22}{middle[name]:>12.2f}{1e6 / middle[name]:>12,.0f}")
    for name in (n for n in middle if n in names_of(header)):
        asked = " ".join(kind.__name__ for kind in ASKS.get(name, ()))
        own = max(0.0, middle[name] - middle[asked or "nobody asked"])
        alone = own + middle["nobody asked"]
        print(f"{name:22}{own:>12.2f}{1e6 / alone:>12,.0f}")
    whole = middle["all together"]
    print(f"{'all together':22}{whole:>12.2f}{1e6 / whole:>12,.0f}")


def names_of(header: Header) -> list[str]:
    """Return the names of all checks."""
    quorums = Quorums(header.acceptors, *header.quorum)
    return [type(check).__name__ for check in all_checks(quorums, AgreementChecker(quorums))]


if __name__ == "__main__":
    main()
