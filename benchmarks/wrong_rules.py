"""Says of every wrong rule how many blind runs it takes to show itself, and how small it gets.

python -m benchmarks.wrong_rules [NAME ...]
"""

from __future__ import annotations

import argparse
import itertools
import time

from paxos_engine.scenarios.wrong_rules import WRONG_RULES, WrongRule
from paxos_engine.simulation.plan import Plan
from paxos_engine.simulation.shrink import shrink
from paxos_engine.simulation.stuck import shrink_stuck
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import Outcome, play

HEAD = "| wrong rule | runs | the rule that it breaks | deliveries | cluster | seconds |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a wrong rule (default: all)")
    names = parser.parse_args().names
    unknown = [name for name in names if name not in WRONG_RULES]
    if unknown:
        parser.error(f"no wrong rule {unknown[0]!r}: choose among {', '.join(WRONG_RULES)}")
    print(HEAD)
    print("|---|---|---|---|---|---|")
    for rule in [WRONG_RULES[name] for name in names or WRONG_RULES]:
        print(line(rule), flush=True)


def line(rule: WrongRule) -> str:
    """Return the row of one rule."""
    start = time.process_time()
    plan, outcome = first_failure(rule)
    runs = outcome.seed + 1
    if outcome.violation is None:
        stuck = shrink_stuck(plan)
        assert stuck is not None, "the same plan has the same end"
        small, broken = stuck.plan, "everything is answered once calm returns"
        size = f"none: {len(small.asks)} commands, {len(small.acts)} acts"
    else:
        shrunk = shrink(plan, outcome.steps)
        assert shrunk is not None, "the same steps break the same rule"
        small, broken, size = shrunk.plan, shrunk.violation.rule, f"{shrunk.deliveries}"
    shape = small.shape
    cluster = f"{shape.leaders} leaders, {shape.acceptors} acceptors"
    seconds = time.process_time() - start
    return f"| `{rule.name}` | {runs:,} | {broken} | {size} | {cluster} | {seconds:.1f} |"


def first_failure(rule: WrongRule) -> tuple[Plan, Outcome]:
    """Search seed after seed, without knowing what for."""
    for seed in itertools.count():
        plan = draw(seed, rule.rules)
        outcome = play(plan)
        if outcome.violation is not None if rule.breaks == "safety" else outcome.stuck:
            return plan, outcome
    raise AssertionError("seeds do not end")


if __name__ == "__main__":
    main()
