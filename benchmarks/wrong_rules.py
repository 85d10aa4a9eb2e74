"""Says of every wrong rule how many blind runs it takes to show itself, and how small it gets.

python -m benchmarks.wrong_rules [NAME ...]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

from paxos_engine.scenarios.wrong_rules import WRONG_RULES, WrongRule
from paxos_engine.simulation.campaign import Tally
from paxos_engine.simulation.failing import shrunken_plan, smallest_of
from paxos_engine.simulation.plan import so_many
from paxos_engine.simulation.shrink import Shrunk
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import Outcome, play

BLIND = 2_000
"""Runs within which a wrong rule has to show itself in one that can be made small."""

PORTION = 500
"""Runs after which the shortest failing ones so far are tried."""

DELIVERIES = 15
"""Messages that a run which breaks a rule delivers at the most, once it is made small."""

THREE_CLAIMS = 16
"""What it takes where a rule errs only if two values are reported: no run is smaller."""

AT_MOST = {"first-reply": THREE_CLAIMS, "most-common": THREE_CLAIMS}
"""The rules with a bound of their own."""

SMALL_RUN = "the rule that it breaks | deliveries | between servers | cluster"
HEADS = {
    "safety": f"| wrong rule | runs | {SMALL_RUN} |",
    "liveness": "| wrong rule | runs | what is left of the plan |",
}


def main() -> None:
    """Print a table for what breaks safety, and one for what costs progress."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a wrong rule (default: all)")
    names = parser.parse_args().names
    unknown = [name for name in names if name not in WRONG_RULES]
    if unknown:
        parser.error(f"no wrong rule {unknown[0]!r}: choose among {', '.join(WRONG_RULES)}")
    asked = [WRONG_RULES[name] for name in names or WRONG_RULES]
    for breaks, head in HEADS.items():
        rules = [rule for rule in asked if rule.breaks == breaks]
        if rules:
            print(f"\n{head} seconds |\n{'|---' * (head.count('|') - 1)}|---|")
        for rule in rules:
            start = time.process_time()
            row = line(rule)
            print(f"{row} {time.process_time() - start:.1f} |", flush=True)


def line(rule: WrongRule) -> str:
    """Return the row of one rule, as far as it is the same on each machine."""
    outcome = next(failures(rule))
    row = f"| `{rule.name}` | {outcome.seed + 1:,} |"
    if outcome.violation is None:
        stuck = shrunken_plan(outcome.seed, rule.rules)
        assert stuck is not None, "the same plan has the same end"
        return f"{row} {stuck.size} |"
    found = small_run(rule)
    assert found is not None, "the same steps break the same rule"
    _, small = found
    shape = small.plan.shape
    cluster = f"{so_many(shape.leaders, 'leader')}, {so_many(shape.acceptors, 'acceptor')}"
    row += f" {small.violation.rule} | {small.deliveries} | {small.between_servers} |"
    return f"{row} {cluster} |"


def failures(rule: WrongRule) -> Iterator[Outcome]:
    """Search seed after seed, without knowing what for, and yield what fails."""
    for seed in range(BLIND):
        outcome = play(draw(seed, rule.rules))
        if outcome.violation is not None if rule.breaks == "safety" else outcome.stuck:
            yield outcome


def small_run(rule: WrongRule) -> tuple[int, Shrunk] | None:
    """Return the seed of a run that is small once it is made so, and what is left of it."""
    return smallest_of(_short_ones(rule), rule.rules, AT_MOST.get(rule.name, DELIVERIES))


def _short_ones(rule: WrongRule) -> Iterator[int]:
    """Yield the first failing seed, then the shortest runs of ever more that break its rule."""
    first = next(failures(rule))
    assert first.violation is not None
    yield first.seed
    tally, tried, portions = Tally(), {first.seed}, first.seed // PORTION
    for outcome in failures(rule):
        if outcome.seed // PORTION > portions:
            portions = outcome.seed // PORTION
            shortest = {seed for _, seed in tally.failures[first.violation.rule].shortest}
            yield from sorted(shortest - tried)
            tried |= shortest
        tally.take(outcome)


if __name__ == "__main__":
    main()
