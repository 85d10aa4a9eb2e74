"""What a scenario expects of its end, held against what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from paxos_engine.checks.agreement import AgreementChecker
from paxos_engine.roles.events import (
    Answered,
    Applied,
    Crashed,
    Entry,
    Failed,
    Header,
    Recovered,
    Restarted,
    SnapshotMade,
    Submitted,
    Violation,
)
from paxos_engine.roles.messages import Message
from paxos_engine.roles.values import NOOP, Value, commands_of
from paxos_engine.scenarios.form import Expected


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was expected.

    Args:
        text: what.
        met: whether it came so.
        found: what came instead; empty if it is met.
    """

    text: str
    met: bool
    found: str = ""

    def __str__(self) -> str:
        return self.text if self.met else f"{self.text}; but {self.found}"


def check(
    expected: Expected,
    entries: Sequence[Entry],
    played: Sequence[Entry],
    messages: Mapping[str, Message],
    agreement: AgreementChecker,
    violations: Sequence[Violation],
) -> Iterator[Check]:
    """Yield everything that was expected, with what came of it.

    Args:
        expected: of these rules.
        entries: the whole trace.
        played: the entries behind the start.
        messages: every message, by id.
        agreement: that has seen the whole trace.
        violations: every breach of a rule in it.
    """
    yield _safety(expected, violations)
    if expected.history is not None:
        yield _history(expected.history, entries)
    for instance, value in expected.chosen.items():
        found = agreement.chosen(instance)
        text = "nothing" if found is None else value_text(found)
        what = f"{value} is chosen in instance {instance}"
        yield _equal(what, value, text, f"it is {text}")
    answered = _answered(entries)
    for value in expected.answered:
        yield _true(f"{value} is answered", value in answered, "it is not")
    for value in expected.unanswered:
        yield _true(f"{value} is not answered", value not in answered, "it is")
    for pattern in expected.see:
        seen = any(pattern.matches(entry, messages) for entry in played)
        yield _true(f"seen: {pattern.text}", seen, "it never happened")
    for pattern in expected.never:
        when = next((entry.t for entry in played if pattern.matches(entry, messages)), None)
        happened = "" if when is None else f"it happened at {when:.3f} s"
        yield _true(f"never seen: {pattern.text}", when is None, happened)


def value_text(value: Value | None) -> str:
    """Return a value as scenarios write it."""
    values = [str(command.value) for command in commands_of(value or NOOP)]
    return " + ".join(values) or "no-op"


def _true(text: str, met: bool, otherwise: str) -> Check:
    return Check(text, met, "" if met else otherwise)


def _equal(text: str, wanted: str, found: str, otherwise: str) -> Check:
    return _true(text, wanted == found, otherwise)


def _safety(expected: Expected, violations: Sequence[Violation]) -> Check:
    broken = [violation.rule for violation in violations]
    if expected.violates:
        found = ", ".join(f'"{rule}"' for rule in dict.fromkeys(broken))
        others = f"only {found}" if broken else "every rule held"
        text = f'the rule "{expected.violates}" is broken'
        return _true(text, expected.violates in broken, others)
    first = next(iter(violations), None)
    text = "safe: no rule is broken"
    return _true(text, first is None, f"{first.rule}: {first.text}" if first else "")


def _answered(entries: Sequence[Entry]) -> set[str]:
    """Return the values whose clients were told that they are chosen."""
    values: dict[tuple[str, int], str] = {}
    answered = set()
    for entry in entries:
        match entry.event:
            case Submitted(client=client, sequence=sequence, command=command):
                values[client, sequence] = str(command.value)
            case Answered(outcome="chosen", client=client, sequence=sequence):
                answered.add(values[client, sequence])
    return answered


def _history(wanted: tuple[str, ...], entries: Sequence[Entry]) -> Check:
    """Compare what each leader that is up has applied; behind a snapshot, as far as it shows."""
    text = f"history: {', '.join(wanted) or 'nothing'}"
    for leader, rows, is_whole in _histories(entries):
        ours = wanted if is_whole else wanted[max(0, len(wanted) - len(rows)) :]
        if rows != ours:
            return Check(text, False, f"{leader} has applied {', '.join(rows) or 'nothing'}")
    return Check(text, True)


def _histories(entries: Sequence[Entry]) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Yield each leader that is up, what it has applied, and whether that is all."""
    header = entries[0].event
    assert isinstance(header, Header), "a trace begins with its header"
    rows: dict[str, dict[int, list[str]]] = {name: {} for name in header.leaders}
    begun: dict[str, list[str]] = {name: [] for name in header.leaders}
    jumped, down = set(), set()
    for entry in entries:
        match entry.event:
            case Applied(instance=instance) as applied:
                if applied.command is None or not applied.command.opens_session:
                    begun[entry.node].append(_row(applied))
                if not applied.more:
                    rows[entry.node][instance], begun[entry.node] = begun[entry.node], []
            case SnapshotMade(kind="installed"):
                jumped.add(entry.node)
            case Failed() | Crashed():
                down.add(entry.node)
            case Recovered() | Restarted():
                down.discard(entry.node)
    for name, applied_rows in rows.items():
        if name not in down:
            ordered = (row for instance in sorted(applied_rows) for row in applied_rows[instance])
            yield name, tuple(ordered), name not in jumped


def _row(applied: Applied) -> str:
    text = value_text(applied.command)
    if applied.duplicate_of is not None:
        return f"{text} again"
    return f"{text} expired" if applied.expired else text
