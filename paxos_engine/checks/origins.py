"""What is chosen was submitted by a client, or it is the no-op.

("Paxos Made Simple", 2.1: only a value that has been proposed may be chosen; 2.5 of the state
machine in 3: a gap is filled with a no-op that leaves the state unchanged.)

Bound: for each client the sequences that it has used, in runs; the content of `UNANSWERED`
commands at the most, those without an answer first.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import ClassVar, Final

from paxos_engine.checks.agreement import AgreementChecker, Decided
from paxos_engine.checks.base import Check, IntSet, Invariant, Watched, short
from paxos_engine.checks.holdings import Holdings, content
from paxos_engine.roles.events import Answered, Entry, Submitted, Violation
from paxos_engine.roles.values import Command, commands_of

SUBMITTED_FIRST: Final = "what is chosen was submitted"

UNANSWERED: Final = 100_000
"""Commands whose content is kept until they are answered; of older ones only the sequence."""


class ChosenWasSubmitted(Check):
    """Watches that no value comes from nowhere.

    Args:
        agreement: what the votes say; it asks this check about what is chosen, and reports what
            is wrong with it.
        holdings: what acceptors hold; it must have observed each entry before `agreement` does.
            What they held before this trace began may have been submitted then.
    """

    watches: ClassVar[Watched] = (Submitted, Answered)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            SUBMITTED_FIRST,
            '"Paxos Made Simple", 2.1',
            "A value that is chosen was submitted by its client, with that sequence and content,"
            " or is the no-op.",
        ),
    )

    def __init__(self, agreement: AgreementChecker, holdings: Holdings) -> None:
        agreement.when_decided = self.judge
        self._holdings = holdings
        self._used: dict[str, IntSet] = {}
        self._contents: OrderedDict[tuple[str, int], int] = OrderedDict()

    def observe(self, entry: Entry) -> None:
        """Take one entry."""
        event = entry.event
        if isinstance(event, Submitted):
            self._submit(event)
        elif isinstance(event, Answered) and event.outcome == "chosen":
            self._contents.pop((event.client, event.sequence), None)

    def judge(self, decided: Decided) -> Violation | None:
        """Say what is wrong with a value that has just been chosen."""
        for command in commands_of(decided.value):
            if not self._is_known(command):
                text = (
                    f"{short(command)} is chosen for instance {decided.instance}, and no client has"
                    " submitted it"
                )
                return Violation(SUBMITTED_FIRST, decided.evidence, text)
        return None

    def _submit(self, event: Submitted) -> None:
        key = (event.client, event.sequence)
        if not self._used.setdefault(event.client, IntSet()).add(event.sequence):
            self._contents.pop(key, None)  # a client of that name began anew: both may be chosen
            return
        self._contents[key] = content(event.command)
        if len(self._contents) > UNANSWERED:
            self._contents.popitem(last=False)

    def _is_known(self, command: Command) -> bool:
        if command.sequence in self._used.get(command.client, ()):
            known = self._contents.get((command.client, command.sequence))
            if known is None or known == content(command):
                return True
        return self._holdings.is_inherited(command)
