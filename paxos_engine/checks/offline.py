"""All rules over a recorded trace, whoever wrote it, with the lines of the file that prove it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from paxos_engine.checks.base import Invariant
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.checks.tell import tell
from paxos_engine.roles.events import Entry, Header, Violation
from paxos_engine.trace.replay import Damage, Recording, read_trace

EVIDENCE_TOLD: Final = 20
"""Entries that are told as evidence; of more, the first and the last."""

Verdict: TypeAlias = Literal["safe", "violated", "not checked"]


@dataclass(frozen=True, slots=True)
class Proof:
    """One entry that shows a violation: the line of the file (the first is 1), and what it says."""

    line: int
    seq: int
    t: float
    text: str

    def __str__(self) -> str:
        return f"line {self.line:,}, {self.t:.3f} s: {self.text}"


@dataclass(slots=True)
class Judgement:
    """What the rules say of a trace.

    `violations` are in the order in which they were met, and `proof` shows the first; `reported`
    is whether no rule was found broken here and only the trace itself says so. `why_unchecked` is
    why "safe" cannot be said, empty if it can; `left_out` counts events that are unknown here.
    `rules` are those that were watched, which at trace level protocol are not all. `hole` is what
    is missing before the first violation; empty if nothing is.
    """

    header: Header
    rules: tuple[Invariant, ...] = ()
    entries: int = 0
    agreed: int = 0
    left_out: int = 0
    damage: Damage | None = None
    why_unchecked: str = ""
    hole: str = ""
    violations: list[Violation] = field(default_factory=list)
    reported: bool = False
    proof: list[Proof] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """The verdict: a violation stands whatever else is missing."""
        if self.violations:
            return "violated"
        return "not checked" if self.why_unchecked else "safe"


def judge_trace(path: Path, progress: Callable[[int], None] = lambda entries: None) -> Judgement:
    """Hold every rule against a recorded trace.

    Args:
        path: the trace, in the form that `docs/trace-format.md` defines.
        progress: told now and then how many entries have been looked at.

    Raises:
        TraceFormatError: it is no trace, or of a version that we cannot read.
        OSError: the file cannot be read.
    """
    recording = read_trace(path)
    judgement = judge(recording, progress)
    if judgement.violations:
        judgement.proof = find(read_trace(path), judgement.violations[0].evidence)
    return judgement


def judge(
    recording: Recording, progress: Callable[[int], None] = lambda entries: None
) -> Judgement:
    """Hold every rule against a trace that is read; the lines that prove it are not sought."""
    checker = SafetyChecker.of(recording.header)
    judgement = Judgement(recording.header, checker.rules)
    claims: list[Violation] = []
    for entry in recording:
        if recording.hole:
            checker.miss(recording.hole)
        checker.observe(entry)
        judgement.entries += 1
        if isinstance(entry.event, Violation):
            claims.append(entry.event)
        if judgement.entries % 10_000 == 0:
            progress(judgement.entries)
    if recording.hole:
        checker.miss(recording.hole)
    judgement.agreed = checker.agreed
    judgement.left_out, judgement.damage = recording.left_out, recording.damage
    judgement.violations = checker.violations or claims
    judgement.hole = checker.hole
    judgement.reported = bool(claims) and not checker.violations
    judgement.why_unchecked = str(recording.damage) if recording.damage else checker.unchecked
    return judgement


def find(recording: Recording, evidence: Collection[int]) -> list[Proof]:
    """Return the entries of a trace with these `seq`, with their lines."""
    wanted = sorted(evidence)
    if len(wanted) > EVIDENCE_TOLD:
        wanted = [*wanted[: EVIDENCE_TOLD // 2], *wanted[-EVIDENCE_TOLD // 2 :]]
    kept, last, found = set(wanted), max(wanted, default=-1), []
    for entry in recording:
        if entry.seq > last:
            break
        if entry.seq in kept:
            found.append(_proof(recording.line, entry))
    return found


def _proof(line: int, entry: Entry) -> Proof:
    return Proof(line, entry.seq, entry.t, f"{entry.node} {tell(entry.event)}")
