"""The history: what leaders learn is what was chosen, they apply the same, clients hear it once.

The first check asks the agreement checker what the votes have chosen; a sending precedes its
delivery in a trace, so whatever a leader may know is there already when it says so.
"""

from __future__ import annotations

from array import array
from typing import ClassVar, Final

from paxos_engine.checks.agreement import AgreementChecker
from paxos_engine.checks.applying import Row, WholeInstances
from paxos_engine.checks.base import Check, IntSet, Invariant, Watched, digest, short
from paxos_engine.checks.holdings import Holdings
from paxos_engine.roles.events import (
    Answered,
    Applied,
    Entry,
    Learned,
    Restarted,
    SnapshotMade,
    Submitted,
    Violation,
)
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import Command, commands_of, value_of

LEARNED_IS_CHOSEN: Final = "what is learned was chosen"
VOTERS_ARE_QUORUM: Final = "learned from a quorum of distinct acceptors"
IN_ORDER: Final = "applied in order, without holes"
SAME_PREFIX: Final = "leaders apply the same history"
APPLIED_ONCE: Final = "a command is applied once"
STATES_KEPT: Final = 100_000
"""Instances for which the state is remembered at least, to compare later leaders with."""

ONE_ANSWER: Final = "a command is answered once"
ANSWER_IS_TRUE: Final = "what is answered was asked and chosen"


class LearnedIsChosen(Check):
    """Watches that a leader learns nothing but what the votes have chosen.

    Args:
        quorums: the acceptors, and how many make a quorum of phase 2.
        agreement: what the votes say; it must have observed each entry before this check does.
        holdings: what acceptors hold; likewise.
    """

    watches: ClassVar[Watched] = (Learned, Restarted)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            LEARNED_IS_CHOSEN,
            '"Paxos Made Simple", 2.1',
            "A leader never learns that a value has been chosen unless it has been: the votes"
            " say so, whoever it heard it from.",
        ),
        Invariant(
            VOTERS_ARE_QUORUM,
            '"Paxos Made Simple", 2.3',
            "A leader that learns from votes has those of a quorum of distinct acceptors: a"
            " message that comes twice is no second vote.",
        ),
    )

    def __init__(
        self, quorums: Quorums, agreement: AgreementChecker, holdings: Holdings | None = None
    ) -> None:
        self._quorums = quorums
        self._agreement = agreement
        self._holdings = holdings or Holdings()
        self._before = 0  # what was applied when this trace began was chosen in an earlier one

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        event = entry.event
        if not isinstance(event, Learned):
            if isinstance(event, Restarted):
                self._before = max(self._before, event.applied)
            return None
        if event.source == "votes":
            distinct = self._quorums.distinct(event.voters)
            if len(distinct) < self._quorums.phase2:
                text = (
                    f"{entry.node} learned instance {event.instance} from {len(distinct)} distinct"
                    f" acceptors, {self._quorums.phase2} needed"
                )
                return Violation(VOTERS_ARE_QUORUM, (entry.seq,), text)
        holds = self._agreement.holds(event.instance, event.value)
        before = max(self._before, self._holdings.inherited_up_to)
        if holds or (holds is None and 0 < event.instance <= before):
            return None
        truth = "nothing is chosen there" if holds is None else "another value is chosen there"
        text = f"{entry.node} learned {short(event.value)} for {event.instance}, but {truth}"
        evidence = (*self._agreement.evidence(event.instance), entry.seq)
        return Violation(LEARNED_IS_CHOSEN, evidence, text)


class AppliedInOrder(Check):
    """Watches that every leader applies 1, 2, 3, ..., and that all come to the same states.

    Bound: a hash of the state, and one of the command, for each of the last `STATES_KEPT` to
    2 * `STATES_KEPT` instances, in columns; for each session the sequences applied, in runs.
    """

    watches: ClassVar[Watched] = (Applied, Restarted, SnapshotMade)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            IN_ORDER,
            '"Paxos Made Simple", 3',
            "A leader applies instance 1, then 2, then 3, without holes; after a restart or a"
            " snapshot it goes on from there.",
        ),
        Invariant(
            SAME_PREFIX,
            '"Paxos Made Simple", 3',
            "Leaders that have applied the same instances applied the same commands and are in the"
            " same state, snapshots included.",
        ),
        Invariant(
            APPLIED_ONCE,
            'Ongaro, "Consensus: Bridging Theory and Practice", 6.3',
            "A command has its effect once for each client, session and sequence, however often"
            " it is chosen.",
        ),
    )

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._base = 0  # the instance before the first of `_states`
        self._states = array("q")
        self._applied = array("q")  # what: digests, beside the states
        self._whole = WholeInstances()
        self._commands: dict[tuple[str, int], IntSet] = {}

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        match entry.event:
            case Applied() as event:
                return self._order(entry, event) or self._state(entry, event)
            case Restarted(applied=applied):
                self._whole.forget(entry.node)
                self._last[entry.node] = applied
            case SnapshotMade(kind, applied, state):
                if kind == "installed":
                    self._last[entry.node] = applied
                return self._snapshot(entry, applied, state)
        return None

    def _order(self, entry: Entry, event: Applied) -> Violation | None:
        before = self._last.get(entry.node, 0)
        if not event.more:
            self._last[entry.node] = event.instance
        if event.instance == before + 1:
            return None
        text = f"{entry.node} applied {event.instance} after {before or 'nothing'}"
        return Violation(IN_ORDER, (entry.seq,), text)

    def _state(self, entry: Entry, event: Applied) -> Violation | None:
        rows = self._whole.take(entry, event)
        if not rows:
            return None
        value = value_of([row.command for _, row in rows if row.command is not None])
        code, what = hash(event.state), digest(value)
        if not self._states:
            self._base = event.instance - 1
        elif len(self._states) > 2 * STATES_KEPT:
            del self._states[:STATES_KEPT], self._applied[:STATES_KEPT]
            self._base += STATES_KEPT
        at = event.instance - 1 - self._base
        if at < 0:
            return None  # long ago: what it was is not kept
        if at > len(self._states):
            # Somebody goes on from a snapshot of what nobody has applied in this trace.
            self._base, at = event.instance - 1, 0
            del self._states[:], self._applied[:]
        if at == len(self._states):
            self._states.append(code)
            self._applied.append(what)
            return next(filter(None, (self._once(entry.node, row) for row in rows)), None)
        if self._applied[at] != what:
            text = (
                f"{entry.node} applied {short(value)} in {event.instance}, and the"
                " first leader something else"
            )
            return Violation(SAME_PREFIX, (entry.seq,), text)
        if self._states[at] == code:
            return None
        text = (
            f"{entry.node} has another state than the first leader after applying {event.instance}"
        )
        return Violation(SAME_PREFIX, (entry.seq,), text)

    def _snapshot(self, entry: Entry, applied: int, state: str) -> Violation | None:
        at = applied - 1 - self._base
        if not 0 <= at < len(self._states) or self._states[at] == hash(state):
            return None
        text = (
            f"the snapshot of {entry.node} has another state than the first leader after"
            f" applying {applied}"
        )
        return Violation(SAME_PREFIX, (entry.seq,), text)

    def _once(self, node: str, row: Row) -> Violation | None:
        seq, event = row
        command = event.command
        if command is None or event.duplicate_of is not None or event.expired:
            return None
        if command.opens_session:
            return None  # asked again it opens a second session, which stays unused
        known = self._commands.setdefault((command.client, command.session), IntSet())
        if known.add(command.sequence):
            return None
        text = f"{node} applied {short(command)} again, in {event.instance}"
        return Violation(APPLIED_ONCE, (seq,), text)


class AnsweredOnce(Check):
    """Watches that a command gets one answer, and that the answer names where it was chosen.

    Args:
        agreement: what the votes say; it must have observed each entry before this check does.

    Bound: the commands without an answer; for each client the answered sequences, in runs.
    """

    watches: ClassVar[Watched] = (Submitted, Answered)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            ONE_ANSWER,
            'Ongaro, "Consensus: Bridging Theory and Practice", 6.3',
            "A client gets one answer to a command, however often it asked.",
        ),
        Invariant(
            ANSWER_IS_TRUE,
            '"Paxos Made Simple", 3',
            "An answer is to a command that was submitted, and names the instance for which that"
            " command was chosen.",
        ),
    )

    def __init__(self, agreement: AgreementChecker) -> None:
        self._agreement = agreement
        self._answered: dict[str, IntSet] = {}
        self._waiting: dict[tuple[str, int], tuple[Command, ...]] = {}

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        match entry.event:
            case Submitted(client=client, sequence=sequence, command=command):
                asked = self._waiting.get((client, sequence), ())  # of a client that began anew
                self._waiting[client, sequence] = (*asked, command)
            case Answered() as event:
                return self._answer(entry, event)
        return None

    def _answer(self, entry: Entry, event: Answered) -> Violation | None:
        who = f"{event.client}#{event.sequence}"
        if not self._answered.setdefault(event.client, IntSet()).add(event.sequence):
            return Violation(ONE_ANSWER, (entry.seq,), f"{who} was answered a second time")
        asked = self._waiting.pop((event.client, event.sequence), ())
        if not asked:
            return Violation(ANSWER_IS_TRUE, (entry.seq,), f"{who} was answered, but not asked")
        if event.outcome != "chosen" or any(self._is_chosen(event.instance, c) for c in asked):
            return None
        text = f"{who} was answered with instance {event.instance}, which does not hold it"
        return Violation(ANSWER_IS_TRUE, (entry.seq,), text)

    def _is_chosen(self, instance: int, command: Command) -> bool:
        found = self._agreement.chosen(instance)
        if found is None:
            return self._agreement.holds(instance, command) is not None
        # Its session may have been opened only after it was submitted.
        asked = (command.client, command.sequence, command.value)
        return asked in ((c.client, c.sequence, c.value) for c in commands_of(found))
