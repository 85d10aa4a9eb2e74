"""A scenario played to its end: the trace, the narration, and whether it came as expected.

The roles are the real ones, on the simulator's virtual clock: one scenario gives one trace, byte
for byte.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from paxos_engine.checks.explain import explain
from paxos_engine.checks.linear import NotDecided, check_linearizable
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.roles.assembly import RIGHT
from paxos_engine.roles.events import Entry, Header, Sent, Violation
from paxos_engine.roles.messages import Message
from paxos_engine.scenarios.expectations import Check, check
from paxos_engine.scenarios.form import Aside, Expected, Passed, Quiet, Scenario, Step
from paxos_engine.scenarios.patterns import EventPattern
from paxos_engine.scenarios.stage import Stage
from paxos_engine.scenarios.wrong_rules import WRONG_RULES
from paxos_engine.simulation.trial import defect
from paxos_engine.simulation.world import Sink

SETTLING: Final = 10.0
"""Seconds of virtual time that the last messages have to arrive."""

MOST_ENTRIES: Final = 100_000
"""Entries of a trace after which a play is ended: nobody could follow it any more."""


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the narration, and the entry that it belongs to.

    Args:
        seq: of the entry after which it is told.
        text: the line.
        step: the number of the step that it is of, from 1; 0 for an aside.
        done: the `seq` of the last entry of what the step itself does; `seq` if it does nothing.
    """

    seq: int
    text: str
    step: int
    done: int


@dataclass(frozen=True, slots=True)
class Performance:
    """What came of playing a scenario.

    Args:
        scenario: what was played.
        wrong: whether it was played under its wrong rule.
        entries: the whole trace, its header first.
        begins: the `seq` of the last entry of the start: what comes behind is the play.
        narration: in the order in which it is told.
        violations: every breach of a safety rule, in order.
        explanation: of the breach that matters, line by line; empty if there was none.
        stopped: why the steps could not be played to the end; empty if they were.
        checks: what was expected, and whether it came so.
    """

    scenario: Scenario
    wrong: bool
    entries: tuple[Entry, ...]
    begins: int
    narration: tuple[Told, ...]
    violations: tuple[Violation, ...]
    explanation: tuple[str, ...]
    stopped: str
    checks: tuple[Check, ...]

    @property
    def good(self) -> bool:
        """Whether everything came as expected."""
        return not self.stopped and all(check.met for check in self.checks)

    @property
    def violation(self) -> Violation | None:
        """The breach that was expected, or else the first one."""
        return _that_matters(self.violations, _expected(self.scenario, self.wrong))

    @property
    def verdict(self) -> str:
        """What it came to, in one line."""
        if self.stopped:
            return self.stopped
        unmet = [check for check in self.checks if not check.met]
        if unmet:
            return f"not as expected: {unmet[0]}"
        found = self.violation
        if found is None:
            rules = len(SafetyChecker.INVARIANTS)
            safe = f"safe: {rules} invariants and linearizability over {len(self.entries):,} events"
            waiting = ", ".join(_expected(self.scenario, self.wrong).unanswered)
            stuck = f"stuck ({waiting} is not answered), but " if self.wrong else ""
            return f"as expected, {stuck}{safe}"
        return f'as expected, broken: "{found.rule}": {found.text}'


def perform(scenario: Scenario, wrong: bool = False, sinks: Iterable[Sink] = ()) -> Performance:
    """Play a scenario.

    Args:
        scenario: what is played.
        wrong: under its wrong rule.
        sinks: told every entry of the trace as it happens, the header first.

    Raises:
        ValueError: it has no wrong rule.
    """
    if wrong and not scenario.wrong_rule:
        raise ValueError(f"{scenario.id} has no wrong rule to be played under")
    return _Play(scenario, wrong, tuple(sinks)).play()


def _expected(scenario: Scenario, wrong: bool) -> Expected:
    return scenario.wrong if wrong and scenario.wrong is not None else scenario.right


def _that_matters(violations: Iterable[Violation], expected: Expected) -> Violation | None:
    """Return the breach that was expected, or else the first one."""
    found = list(violations)
    named = [violation for violation in found if violation.rule == expected.violates]
    return next(iter([*named, *found]), None)


class _Play:
    def __init__(self, scenario: Scenario, wrong: bool, sinks: tuple[Sink, ...]) -> None:
        self._scenario = scenario
        self._wrong = wrong
        self._under = "wrong" if wrong else "right"
        self._expected = _expected(scenario, wrong)
        self._checker: SafetyChecker | None = None
        self._entries: list[Entry] = []
        self._messages: dict[str, Message] = {}
        self._told: list[Told] = []
        self._asides: list[Aside] = []
        self._explanation: tuple[str, ...] = ()
        self._cursor = 0  # the entries before it are behind the step that comes
        rules = WRONG_RULES[scenario.wrong_rule].rules if wrong else RIGHT
        name = shlex.quote(scenario.file)
        command = f"paxos-tui play {name} --headless{' --wrong' * wrong}"
        self._stage = Stage(scenario.start, rules, (self._observe, *sinks), command)

    def play(self) -> Performance:
        """Play the start and all steps, and judge the end."""
        stopped = self._stage.begin(self._scenario.start)
        begins = self._entries[-1].seq
        self._cursor = len(self._entries)
        self._asides = [a for a in self._scenario.asides if a.under in ("both", self._under)]
        stopped = stopped or self._play_steps()
        if self._is_too_long:
            stopped = f"ended after {MOST_ENTRIES:,} events, which is more than anybody can follow"
        if not self._wrong:
            stopped = defect(self._stage) or stopped
        assert self._checker is not None, "a trace begins with its header"
        violations, undecided = self._violations(self._checker)
        stopped = stopped or undecided
        entries = tuple(self._entries)
        played = [entry for entry in entries if entry.seq > begins]
        agreement = self._checker.agreement
        found = check(self._expected, entries, played, self._messages, agreement, violations)
        self._told.sort(key=lambda told: told.seq)
        return Performance(
            self._scenario,
            self._wrong,
            entries,
            begins,
            tuple(self._told),
            violations,
            self._explanation or self._afterwards(violations),
            stopped,
            () if stopped else tuple(found),
        )

    def _play_steps(self) -> str:
        """Play all steps, and let the last messages arrive; return what stopped it."""
        steps = enumerate(self._scenario.steps, 1)
        ours = [(n, step) for n, step in steps if step.under in ("both", self._under)]
        for number, step in ours:
            if self._is_over:
                return ""
            stopped = self._play_step(number, step)
            if stopped:
                return stopped
        is_settled = bool(ours) and isinstance(ours[-1][1].when, Passed) and not ours[-1][1].do
        if not is_settled and not self._is_over:
            self._run(SETTLING, Quiet())
        return ""

    @property
    def _is_over(self) -> bool:
        """Whether what was expected to break is broken, or anything where nothing was."""
        assert self._checker is not None, "a trace begins with its header"
        broken = [violation.rule for violation in self._checker.violations]
        expected = self._expected.violates
        return (expected in broken if expected else bool(broken)) or self._is_too_long

    @property
    def _is_too_long(self) -> bool:
        return len(self._entries) > MOST_ENTRIES

    def _play_step(self, number: int, step: Step) -> str:
        """Wait for the trigger, tell, and do; return why that did not come about."""
        seq = self._await(step)
        if seq is None:
            if self._is_over:
                return ""
            return f"step {number} (line {step.line}) never happened: {_missed(step)}"
        if step.do and step.when is None:
            self._cursor = len(self._entries)
        refusal = next(filter(None, map(self._stage.do, step.do)), "")
        if step.say:
            done = self._entries[-1].seq if step.do else seq
            self._told.append(Told(seq, step.say, number, done))
        return f"step {number} (line {step.line}) cannot be played: {refusal}" if refusal else ""

    def _await(self, step: Step) -> int | None:
        """Let time pass until the trigger; return the `seq` of its entry, None if it never came."""
        match step.when:
            case None:
                pass
            case EventPattern() as pattern:
                found = self._find(pattern)
                if found is None:
                    self._run(step.within, pattern)
                    found = self._find(pattern)
                if found is None:
                    return None
                self._cursor = found + 1
                return self._entries[found].seq
            case Quiet() | Passed() as trigger:
                if not self._run(step.within, trigger):
                    return None
                self._cursor = len(self._entries)
        return self._entries[-1].seq

    def _run(self, within: float, trigger: EventPattern | Quiet | Passed) -> bool:
        """Let time pass until the trigger, or the end of the play; return whether it came."""
        stage = self._stage
        match trigger:
            case Passed(seconds=seconds):
                stage.run(stage.now + seconds, lambda: self._is_over)
                return not self._is_over
            case Quiet():
                if not stage.is_quiet:
                    stage.run(stage.now + within, lambda: stage.is_quiet or self._is_over)
                return stage.is_quiet
            case EventPattern() as pattern:
                seen = len(self._entries)

                def came() -> bool:
                    nonlocal seen
                    new, seen = self._entries[seen:], len(self._entries)
                    return self._is_over or any(pattern.matches(e, self._messages) for e in new)

                return stage.run(stage.now + within, came)

    def _find(self, pattern: EventPattern) -> int | None:
        for position in range(self._cursor, len(self._entries)):
            if pattern.matches(self._entries[position], self._messages):
                return position
        return None

    def _observe(self, entry: Entry) -> None:
        self._entries.append(entry)
        if isinstance(entry.event, Header):
            self._checker = SafetyChecker.of(entry.event)
        if isinstance(entry.event, Sent):
            self._messages[entry.event.message] = entry.event.body
        assert self._checker is not None, "a trace begins with its header"
        if self._checker.observe(entry) is not None and not self._explanation:
            self._explain(self._checker, entry)
        for aside in self._asides:
            if aside.when.matches(entry, self._messages):
                self._told.append(Told(entry.seq, aside.say, 0, entry.seq))
                self._asides = [other for other in self._asides if other is not aside]

    def _violations(self, checker: SafetyChecker) -> tuple[tuple[Violation, ...], str]:
        """Return what was found on the way, and what clients saw, which is judged as a whole.

        That can take too long where many commands have no answer: the text then says so.
        """
        found = tuple(checker.violations)
        try:
            seen = check_linearizable(self._entries)
        except NotDecided as error:
            return found, f"whether what clients saw is linearizable is {error}"
        return (found if seen is None else (*found, seen)), ""

    def _afterwards(self, violations: tuple[Violation, ...]) -> tuple[str, ...]:
        """Tell a breach that only the whole trace shows, or one that was not expected."""
        found = _that_matters(violations, self._expected)
        if found is None:
            return ()
        return tuple(explain(found, [e for e in self._entries if e.seq in found.evidence]))

    def _explain(self, checker: SafetyChecker, entry: Entry) -> None:
        """Tell how the breach that matters came about, as soon as it is found."""
        wanted = self._expected.violates
        found = next((v for v in checker.violations if not wanted or v.rule == wanted), None)
        if found is not None:
            whole = checker.recent.with_companions(found, entry)
            shown = checker.recent.find(whole.evidence)
            self._explanation = tuple(explain(whole, [*shown, entry]))


def _missed(step: Step) -> str:
    match step.when:
        case EventPattern(text=text):
            what = f'no "{text}"'
        case Quiet():
            what = "messages are still on their way"
        case _:
            what = "its time did not come"
    return f"{what} within {step.within:g} s of virtual time"
