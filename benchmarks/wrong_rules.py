"""Says of every wrong rule how many blind runs it takes to show itself, and how small it gets.

python -m benchmarks.wrong_rules [NAME ...]
"""

from __future__ import annotations

import argparse
import itertools
import time

from paxos_engine.scenarios.wrong_rules import WRONG_RULES, WrongRule
from paxos_engine.simulation.failing import shrunken, shrunken_plan
from paxos_engine.simulation.plan import so_many
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import Outcome, play

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
    outcome = first_failure(rule)
    row = f"| `{rule.name}` | {outcome.seed + 1:,} |"
    if outcome.violation is None:
        stuck = shrunken_plan(outcome.seed, rule.rules)
        assert stuck is not None, "the same plan has the same end"
        return f"{row} {stuck.size} |"
    small = shrunken(outcome.seed, rule.rules)
    assert small is not None, "the same steps break the same rule"
    shape = small.plan.shape
    cluster = f"{so_many(shape.leaders, 'leader')}, {so_many(shape.acceptors, 'acceptor')}"
    row += f" {small.violation.rule} | {small.deliveries} | {small.between_servers} |"
    return f"{row} {cluster} |"


def first_failure(rule: WrongRule) -> Outcome:
    """Search seed after seed, without knowing what for."""
    for seed in itertools.count():
        outcome = play(draw(seed, rule.rules))
        if outcome.violation is not None if rule.breaks == "safety" else outcome.stuck:
            return outcome
    raise AssertionError("seeds do not end")


if __name__ == "__main__":
    main()
