"""Failing runs as traces: whole or made small, and what they break is the last entry.

A trace depends on nothing but its seed, the rules and the command line in its header: written
again, in another process, it is the same to the byte.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from paxos_engine.roles.assembly import RIGHT, Rules
from paxos_engine.roles.events import Answered, Applied, Entry, Submitted, Violation
from paxos_engine.simulation.campaign import BREAKS_OFF, LIVENESS, Tally, told
from paxos_engine.simulation.shrink import Shrunk, rehearse, shrink
from paxos_engine.simulation.stuck import Stuck, shrink_stuck
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import Outcome, play
from paxos_engine.trace.recorder import CHUNK, TraceWriter

JUDGE: Final = "checker"
"""The node that a violation is of."""

SMALL: Final = 15
"""Deliveries of a run that is small enough for a person to follow."""


def record_run(seed: int, path: Path, rules: Rules = RIGHT, command: str = "") -> Tally:
    """Play the run of a seed and write its trace; return what it came to.

    Args:
        seed: of the run.
        path: the file; it is replaced. A name that ends in `.gz` or `.zst` compresses it.
        rules: which classes play the roles.
        command: the command line that plays it again, for the header.

    Raises:
        OSError: the file cannot be written.
    """
    tally = Tally()
    with RunWriter(path) as writer:
        try:
            outcome = play(draw(seed, rules), (writer.take,), command)
        except OSError:
            raise
        except Exception as error:
            tally.broke(seed, error)
            writer.end(Violation(BREAKS_OFF, writer.last, told(error)))
        else:
            tally.take(outcome)
            writer.fail(outcome)
    return tally


def record_small(run: Shrunk, path: Path, command: str = "") -> Shrunk:
    """Take the steps of a run that `shrunken` returned and write their trace; return the run.

    Args:
        run: what is left of a failing run, and whose cluster it is.
        path: as `record_run` has it.
        command: the command line that does it again, for the header.

    Raises:
        OSError: the file cannot be written.
    """
    with RunWriter(path) as writer:
        small = rehearse(run.plan, run.steps, (writer.take,), command)
        assert small is not None, "what was made small breaks its rule again"
        writer.end(small.violation)
    return small


def shrunken(seed: int, rules: Rules = RIGHT) -> Shrunk | None:
    """Play the run of a seed and make it small.

    Returns:
        What is left of it; None if it breaks no rule that can be watched step by step.
    """
    plan = draw(seed, rules)
    outcome = play(plan)
    if outcome.violation is None:
        return None
    return shrink(plan, outcome.steps, outcome.violation.rule)


def smallest_of(
    seeds: Iterable[int], rules: Rules = RIGHT, enough: int = SMALL
) -> tuple[int, Shrunk] | None:
    """Make the runs of these seeds small, one after the other, and keep the smallest.

    One that is small enough ends the search: most are at once, and a few get stuck where no single
    part can go.

    Args:
        seeds: of runs that fail in the same way.
        rules: which classes play the roles.
        enough: deliveries of one that is small enough.

    Returns:
        Which seed it is, and what is left of its run; None if no run breaks a rule.
    """
    best: tuple[int, Shrunk] | None = None
    for seed in seeds:
        small = shrunken(seed, rules)
        if small is not None and (best is None or small.deliveries < best[1].deliveries):
            best = (seed, small)
        if best is not None and best[1].deliveries <= enough:
            break
    return best


def record_stuck(run: Stuck, path: Path, command: str = "") -> Stuck:
    """Play a plan that `shrunken_plan` returned and write its trace; return the plan.

    Args:
        run: what is left of a plan whose run does not end.
        path: as `record_run` has it.
        command: the command line that does it again, for the header.

    Raises:
        OSError: the file cannot be written.
    """
    with RunWriter(path) as writer:
        outcome = play(run.plan, (writer.take,), command)
        assert outcome.stuck == run.stuck, "the same plan has the same end"
        writer.fail(outcome)
    return run


def shrunken_plan(seed: int, rules: Rules = RIGHT) -> Stuck | None:
    """Make the plan of a seed small.

    Returns:
        What is left of it; None if its run is unsafe or ends as it should, or if the program cannot
        play one of the plans to its end.
    """
    try:
        return shrink_stuck(draw(seed, rules))
    except Exception:  # the defect is told already, of the run that met it
        return None


class RunWriter:
    """Writes the trace of one run, in blocks that depend on nothing but the run.

    Args:
        path: the file; it is replaced.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._writer = TraceWriter(path)
        self._block: list[Entry] = []
        self._seq, self._t = 0, 0.0
        self._open: dict[tuple[str, int], int] = {}  # a command without an answer -> its entry
        self._applied: dict[str, int] = {}  # leader -> the entry of what it applied last

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._writer.close()

    @property
    def last(self) -> tuple[int, ...]:
        """The entry that was written last, as evidence."""
        return (self._seq,)

    @property
    def unfinished(self) -> tuple[int, ...]:
        """The commands that have no answer, as evidence; or else how far each leader got."""
        return tuple(sorted((self._open or self._applied).values()))

    def take(self, entry: Entry) -> None:
        """Write an entry."""
        self._seq, self._t = entry.seq, entry.t
        match entry.event:
            case Submitted(client=client, sequence=sequence):
                self._open[client, sequence] = entry.seq
            case Answered(client=client, sequence=sequence):
                self._open.pop((client, sequence), None)
            case Applied():
                self._applied[entry.node] = entry.seq
        self._block.append(entry)
        if len(self._block) >= CHUNK:
            self._flush()

    def end(self, violation: Violation) -> None:
        """Write what the run breaks, as its last entry."""
        self.take(Entry(self._seq + 1, self._t, JUDGE, violation))

    def fail(self, outcome: Outcome) -> None:
        """Write what was wrong with a run, as its last entry, if anything was."""
        if outcome.violation is not None:
            self.end(outcome.violation)
        elif outcome.broke:
            self.end(Violation(BREAKS_OFF, self.last, outcome.stuck))
        elif outcome.stuck:
            self.end(Violation(LIVENESS, self.unfinished, outcome.stuck))

    def _flush(self) -> None:
        self._writer.write(self._block)
        self._block = []
