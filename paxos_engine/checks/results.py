"""An answer is what applying the command came to.

("Paxos Made Simple", 3: servers execute the same commands in the same order, so that the client
gets the output that the state machine generated.)

Bound: the results that clients were not told yet, `UNTOLD` of them at the most.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import ClassVar, Final

from paxos_engine.checks.base import Check, Invariant, Watched
from paxos_engine.roles.events import Answered, Applied, Entry, Restarted, Violation
from paxos_engine.roles.values import Command

RIGHT_RESULT: Final = "an answer is the result of applying the command"

_NOTHING: Final = Command("", -1, "")
"""Stands for the no-op, which nobody is told of."""

UNTOLD: Final = 100_000
"""Results that are kept for answers still to come; clients may have given up on older ones."""


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
        self._results: OrderedDict[int, tuple[str, int, str, int]] = OrderedDict()

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        event = entry.event
        if isinstance(event, Applied):
            if event.instance > self._highest:
                self._highest = event.instance
                self._keep(entry, event)
        elif isinstance(event, Answered):
            return self._judge(entry, event)
        elif isinstance(event, Restarted):
            self._highest = max(self._highest, event.applied)  # perhaps applied before this trace
        return None

    def _keep(self, entry: Entry, event: Applied) -> None:
        command = event.command or _NOTHING
        told = (command.client, command.sequence, event.result or "", entry.seq)
        self._results[event.instance] = told
        if len(self._results) > UNTOLD:
            self._results.popitem(last=False)

    def _judge(self, entry: Entry, event: Answered) -> Violation | None:
        known = self._results.pop(event.instance, None)
        if event.outcome != "chosen":
            return None
        who = f"{event.client}#{event.sequence}"
        if known is None:
            if event.instance <= self._highest:
                return None
            text = f"{who} was answered with instance {event.instance}, which nobody has applied"
            return Violation(RIGHT_RESULT, (entry.seq,), text)
        client, sequence, result, seq = known
        if (client, sequence, result) == (event.client, event.sequence, event.result):
            return None
        text = (
            f"{who} was answered {event.result!r}, and applying {client}#{sequence} in"
            f" {event.instance} came to {result!r}"
        )
        return Violation(RIGHT_RESULT, (seq, entry.seq), text)
