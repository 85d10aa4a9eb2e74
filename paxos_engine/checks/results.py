"""An answer is what applying the command came to.

("Paxos Made Simple", 3: servers execute the same commands in the same order, so that the client
gets the output that the state machine generated.)

Bound: the results that clients were not told yet, `UNTOLD` of them at the most.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import ClassVar, Final, NamedTuple

from paxos_engine.checks.applying import Row, WholeInstances
from paxos_engine.checks.base import Check, Invariant, Watched
from paxos_engine.roles.events import Answered, Applied, Entry, Restarted, Violation

RIGHT_RESULT: Final = "an answer is the result of applying the command"

UNTOLD: Final = 100_000
"""Instances whose results are kept for answers to come; clients may have given up on older ones."""


class _Result(NamedTuple):
    """What applying one command came to, and the entry that says so."""

    client: str
    sequence: int
    result: str
    seq: int

    def is_of(self, answer: Answered) -> bool:
        """Say whether `answer` is to this command."""
        return (self.client, self.sequence) == (answer.client, answer.sequence)

    def __str__(self) -> str:
        return f"{self.client}#{self.sequence}, which came to {self.result!r}"


class AnsweredRight(Check):
    """Watches that a client is told what a leader got when it applied the command."""

    watches: ClassVar[Watched] = (Applied, Answered, Restarted)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            RIGHT_RESULT,
            '"Paxos Made Simple", 3',
            "The answer to a command is the result that applying it had, in the instance that"
            " the answer names.",
        ),
    )

    def __init__(self) -> None:
        self._highest = 0  # the highest instance that anybody has applied
        self._whole = WholeInstances()
        self._results: OrderedDict[int, list[_Result]] = OrderedDict()

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        event = entry.event
        if isinstance(event, Applied):
            rows = self._whole.take(entry, event)
            if rows and event.instance > self._highest:
                self._highest = event.instance
                self._keep(event.instance, rows)
        elif isinstance(event, Answered):
            return self._judge(entry, event)
        elif isinstance(event, Restarted):
            self._whole.forget(entry.node)
            self._highest = max(self._highest, event.applied)  # perhaps applied before this trace
        return None

    def _keep(self, instance: int, rows: Iterable[Row]) -> None:
        self._results[instance] = [
            _Result(row.command.client, row.command.sequence, row.result or "", seq)
            for seq, row in rows
            if row.command is not None
        ]
        if len(self._results) > UNTOLD:
            self._results.popitem(last=False)

    def _judge(self, entry: Entry, event: Answered) -> Violation | None:
        if event.outcome != "chosen":
            return None
        who = f"{event.client}#{event.sequence}"
        results = self._results.get(event.instance)
        if results is None:
            if event.instance <= self._highest:
                return None
            text = f"{who} was answered with instance {event.instance}, which nobody has applied"
            return Violation(RIGHT_RESULT, (entry.seq,), text)
        at = next((n for n, result in enumerate(results) if result.is_of(event)), None)
        if at is None:
            held = " and ".join(map(str, results)) or "the no-op"
            text = f"{who} was answered with instance {event.instance}, which holds {held}"
            return Violation(RIGHT_RESULT, (*(r.seq for r in results), entry.seq), text)
        found = results.pop(at)
        if not results:
            del self._results[event.instance]
        if found.result == event.result:
            return None
        text = (
            f"{who} was answered {event.result!r}, and applying it in {event.instance} came to"
            f" {found.result!r}"
        )
        return Violation(RIGHT_RESULT, (found.seq, entry.seq), text)
