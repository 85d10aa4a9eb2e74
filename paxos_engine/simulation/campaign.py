"""A campaign: many seeds, played by whatever runs functions, and what they came to altogether.

What plays them is an `Executor` of `concurrent.futures`: a pool of processes, or machines behind
the same interface. Results are added up in a way that does not depend on the order in which they
come, so the same seeds give the same tally whoever plays them, and in whatever portions.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from dataclasses import dataclass, field
from typing import Any, Final

from paxos_engine.roles.assembly import RIGHT, Rules
from paxos_engine.simulation.coverage import Coverage
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import Outcome, play

PORTION: Final = 8
"""Seeds that are played at one call: a fraction of a second, so that an end is never far."""

SEEDS_KEPT: Final = 10
"""Seeds that are remembered of each failure: the smallest."""

SHORTEST_KEPT: Final = 4
"""Failing runs of each kind that are remembered as the shortest."""

LOOK_AFTER: Final = 0.1
"""Seconds after which `stop` is asked, whether or not anything has been played."""

LIVENESS: Final = "every command ends chosen, applied and answered"
"""What calm demands; the name of the failure where it does not come."""

BREAKS_OFF: Final = "no run breaks off"
"""The name of the failure where the program itself has a defect: in a role, or around them."""

stopping = threading.Event()
"""Set in a process that plays: it begins no further run."""


@dataclass(slots=True)
class Failures:
    """All runs that failed in one way.

    Args:
        count: how many.
        seeds: the smallest of them, ascending.
        text: what happened with the first of these, in one line.
        shortest: those that took the fewest steps, as (steps, seed): what is short already is made
            small best.
    """

    count: int = 0
    seeds: list[int] = field(default_factory=list)
    text: str = ""
    shortest: list[tuple[int, int]] = field(default_factory=list)

    def add(self, other: Failures) -> None:
        """Take those of other runs."""
        if other.seeds and (not self.seeds or other.seeds[0] < self.seeds[0]):
            self.text = other.text
        self.count += other.count
        self.seeds = sorted({*self.seeds, *other.seeds})[:SEEDS_KEPT]
        self.shortest = sorted({*self.shortest, *other.shortest})[:SHORTEST_KEPT]


@dataclass(slots=True)
class Tally:
    """What runs came to.

    Args:
        runs: how many have been played.
        events: how many they consist of.
        milliseconds: of virtual time that they took; whole ones, since sums of fractions depend
            on their order.
        coverage: what they have seen.
        failures: those that were not good, by what they broke.
    """

    runs: int = 0
    events: int = 0
    milliseconds: int = 0
    coverage: Coverage = field(default_factory=Coverage)
    failures: dict[str, Failures] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """How many runs were not good."""
        return sum(failures.count for failures in self.failures.values())

    def take(self, outcome: Outcome) -> None:
        """Take one run."""
        self.runs += 1
        self.events += outcome.entries
        self.milliseconds += round(outcome.seconds * 1000)
        self.coverage.add(outcome.coverage)
        steps = len(outcome.steps)
        if outcome.violation is not None:
            self._fail(outcome.violation.rule, outcome.seed, outcome.violation.text, steps)
        elif outcome.stuck:
            broken = BREAKS_OFF if outcome.broke else LIVENESS
            self._fail(broken, outcome.seed, outcome.stuck, steps)

    def broke(self, seed: int, error: Exception) -> None:
        """Take a run that the program could not play to its end."""
        self.runs += 1
        self._fail(BREAKS_OFF, seed, told(error), 0)

    def add(self, other: Tally) -> None:
        """Take what other runs came to."""
        self.runs += other.runs
        self.events += other.events
        self.milliseconds += other.milliseconds
        self.coverage.add(other.coverage)
        for broken, failures in other.failures.items():
            self.failures.setdefault(broken, Failures()).add(failures)

    def sorted_failures(self) -> list[tuple[str, Failures]]:
        """Return the failures, the most frequent first."""
        return sorted(self.failures.items(), key=lambda item: (-item[1].count, item[0]))

    def as_data(self) -> dict[str, Any]:
        """Return everything as what JSON can hold."""
        return {
            "runs": self.runs,
            "events": self.events,
            "virtual_seconds": self.milliseconds / 1000,
            "failed": self.failed,
            "failures": [
                {"broken": broken, "runs": f.count, "seeds": f.seeds, "text": f.text}
                for broken, f in self.sorted_failures()
            ],
            "coverage": self.coverage.as_data(),
        }

    def _fail(self, broken: str, seed: int, text: str, steps: int) -> None:
        one = Failures(1, [seed], " ".join(text.split()), [(steps, seed)])
        self.failures.setdefault(broken, Failures()).add(one)


class CampaignBroken(Exception):
    """What plays the runs cannot go on; `tally` is what there is until then."""

    def __init__(self, text: str, tally: Tally) -> None:
        super().__init__(text)
        self.tally = tally


def told(error: BaseException) -> str:
    """Return an exception as one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split()) or 'without a word'}"


def play_seeds(seeds: range, rules: Rules = RIGHT) -> Tally:
    """Play seeds one after the other; this is what executors are given.

    Args:
        seeds: whose plans are drawn.
        rules: which classes play the roles.
    """
    tally = Tally()
    for seed in seeds:
        if stopping.is_set():
            break
        try:
            outcome = play(draw(seed, rules))
        except Exception as error:  # a defect of ours is a finding too, and has a seed
            tally.broke(seed, error)
        else:
            tally.take(outcome)
    return tally


def play_campaign(
    seeds: range,
    executor: Executor,
    workers: int,
    rules: Rules = RIGHT,
    watch: Callable[[Tally], None] = lambda tally: None,
    stop: Callable[[], bool] = lambda: False,
) -> Tally:
    """Play seeds on an executor; return what they came to.

    Args:
        seeds: in steps of one.
        executor: plays them.
        workers: how many portions it plays at once; twice as many are given to it at a time.
        rules: which classes play the roles.
        watch: told what there is so far, after each portion, and now and then without one.
        stop: asked now and then; once it is true nothing more is begun, and the tally returned is
            that of the runs which were played.

    Raises:
        CampaignBroken: the executor cannot go on.
    """
    tally = Tally()
    waiting = portions(seeds)
    under_way: set[Future[Tally]] = set()
    try:
        while not stop():
            room = 2 * workers - len(under_way)
            for portion in itertools.islice(waiting, room):
                under_way.add(executor.submit(play_seeds, portion, rules))
            if not under_way:
                break
            done, under_way = wait(under_way, timeout=LOOK_AFTER, return_when=FIRST_COMPLETED)
            # What was played counts, also where another portion tells that it cannot be.
            for future in sorted(done, key=_went_wrong):
                tally.add(future.result())
            watch(tally)
    except (BrokenExecutor, CancelledError) as error:
        raise CampaignBroken("what plays the runs is gone", tally) from error
    except Exception as error:  # a run that fails is in its tally: this is another matter
        raise CampaignBroken(told(error), tally) from error
    for future in under_way:
        future.cancel()
    return tally


def _went_wrong(future: Future[Tally]) -> bool:
    return future.cancelled() or future.exception() is not None


def portions(seeds: range) -> Iterator[range]:
    """Yield a range in pieces; the last ones are short, so that nobody waits for one alone."""
    while seeds:
        size = max(1, min(PORTION, len(seeds) // PORTION))
        yield seeds[:size]
        seeds = seeds[size:]
