"""Linearizability of what clients saw of the key-value machine.

A history is linearizable if each command seems to take effect at one moment between its submission
and its answer (Herlihy, Wing, 1990). Keys are independent, so each is searched on its own: Wing and
Gong's search, with Lowe's memory of the configurations that led nowhere ("Testing for
linearizability", 2017). The instances in which commands were chosen say what to try first, so that
a right history is found right at once; they prove nothing, and a wrong one is searched to the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

from paxos_engine.checks.base import Invariant
from paxos_engine.roles.events import (
    Answered,
    Applied,
    Entry,
    Restarted,
    Skipped,
    Submitted,
    Violation,
)
from paxos_engine.roles.machine import ABSENT, KeyValueStore
from paxos_engine.roles.values import Command

LINEARIZABLE: Final = Invariant(
    "what clients see is linearizable",
    'Herlihy, Wing, "Linearizability", 2',
    "Each command on a key takes effect at one moment between its submission and its answer, and"
    " every answer is what one single copy of the key would have given.",
)

MOST_STEPS: Final = 1_000_000
"""Commands that a search may try on all keys together: some seconds."""

FIRST_TRY: Final = 1_000
"""Steps after which another start is tried, where what a key held at first is not known."""

NEVER: Final = 1 << 62
"""The `seq` of an answer that never came."""

Content: TypeAlias = str | None
"""What a key holds; None while it is absent."""


class NotDecided(Exception):
    """The search was given up, or the history is not whole; the text says which, in one line."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One command on one key, as its client saw it.

    Args:
        who: client and sequence, for a person.
        command: the value submitted.
        called: `seq` of its submission.
        answered: `seq` of its answer; `NEVER` if the outcome is unknown: then it may take effect
            at any later time, or never.
        result: what the client was told; None if nothing.
        hint: where to try it first: the instance in which it was applied.
    """

    who: str
    command: str
    called: int
    answered: int = NEVER
    result: str | None = None
    hint: int = NEVER

    @property
    def is_passive(self) -> bool:
        """Whether it has changed nothing, by what its client was told."""
        verb = self.command.split(None, 1)[0]
        told = self.result or ""
        return verb == "get" or (verb == "del" and told == ABSENT) or told.startswith("error")


def check_linearizable(entries: Iterable[Entry], steps: int = MOST_STEPS) -> Violation | None:
    """Say whether what clients saw in a trace is linearizable, key by key.

    Args:
        entries: the trace, from its beginning.
        steps: how many commands the search may try.

    Returns:
        What cannot be explained, with the submissions and answers that show it; None if all can.

    Raises:
        NotDecided: entries are missing, or the search takes more than `steps`.
    """
    history = ClientHistory()
    for entry in entries:
        history.observe(entry)
    return history.judge(steps)


class ClientHistory:
    """What clients asked and were answered, gathered entry by entry, to be judged at the end."""

    def __init__(self) -> None:
        self.inherited = False  # whether there was a state before this trace began
        self._before = 0  # how far some leader had applied the history by then
        self._open: dict[tuple[str, int], Operation] = {}
        self._done: list[Operation] = []
        self._applied: dict[tuple[str, int, str | bytes], int] = {}
        self._seen: set[str] = set()

    def judge(self, steps: int = MOST_STEPS) -> Violation | None:
        """Say whether it is linearizable so far; see `check_linearizable`."""
        budget = _Budget(steps)
        for key, operations in self._by_key().items():
            starts: list[Content] = _starts(key, operations) if self.inherited else [None]
            if not _any_explains(key, operations, starts, budget):
                return _violation(key, operations, starts)
        return None

    def observe(self, entry: Entry) -> None:
        """Take one entry; raises `NotDecided` where entries are missing."""
        event = entry.event
        match event:
            case Submitted(client, sequence, command) if isinstance(command.value, str):
                who = f"{client}#{sequence}"
                before = self._open.pop((client, sequence), None)
                self._done += [before] if before else []
                self._open[client, sequence] = Operation(who, command.value, entry.seq)
            case Answered(client, sequence, _, result, "chosen"):
                called = self._open.pop((client, sequence), None)
                if called is not None:
                    self._done.append(replace(called, answered=entry.seq, result=result))
            case Applied(command=Command() as command) if event.instance > self._before:
                if event.duplicate_of is None and not event.expired:
                    name = (command.client, command.sequence, command.value)
                    self._applied.setdefault(name, event.instance)
            case Restarted(applied=applied, accepted=accepted) if entry.node not in self._seen:
                self.inherited = self.inherited or applied > 0 or accepted > 0
                self._before = max(self._before, applied)
            case Skipped(count):
                raise NotDecided(f"{count} entries of the trace were missed")
        self._seen.add(entry.node)

    def _by_key(self) -> dict[str, list[Operation]]:
        """Return the operations on each key, in the order of their submission."""
        operations = [*self._done, *self._open.values()]
        keyed: dict[str, list[Operation]] = defaultdict(list)
        asked = set()
        for operation in operations:
            key = key_of(operation.command)
            client, _, sequence = operation.who.rpartition("#")
            name = (client, int(sequence), operation.command)
            asked.add(name)
            if key is not None:
                keyed[key].append(replace(operation, hint=self._applied.get(name, NEVER)))
        for (client, number, command), instance in self._applied.items():
            # Submitted before this trace began: nobody waits for it, and it had an effect.
            if (client, number, command) not in asked and isinstance(command, str):
                key = key_of(command)
                if key is not None:
                    stray = Operation(f"{client}#{number}", command, -1, hint=instance)
                    keyed[key].append(stray)
        return {key: sorted(found, key=lambda o: o.called) for key, found in keyed.items()}


def key_of(command: str) -> str | None:
    """Return the key that a command is about; None for what touches no key."""
    match command.split():
        case ["set", key, _, *_] | ["get" | "del" | "incr", key] | ["cas", key, _, _]:
            return key
    return None


# --- the search ----------------------------------------------------------------------------------


class _Budget:
    """The steps that are left for a search, which is part of a larger one.

    Args:
        steps: how many.
        whole: what the larger one has left.
    """

    def __init__(self, steps: int, whole: _Budget | None = None) -> None:
        self._all = self._left = steps
        self._whole = whole

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self._left <= 0

    def spend(self) -> None:
        """Take one step.

        Raises:
            NotDecided: there is none left.
        """
        if self._whole is not None:
            self._whole.spend()
        if self.is_spent:
            raise NotDecided(f"not decided within {self._all:,} steps")
        self._left -= 1


class _Configuration(NamedTuple):
    """What has taken effect so far, and what the key holds after it.

    Of the answered commands, in the order of their submission, all before `low` have, and those
    whose bit in `some` is set (bit 0: the one at `low`). Of the others those in `extra`.
    """

    low: int
    some: int
    extra: int
    content: Content


def _any_explains(
    key: str, operations: list[Operation], starts: list[Content], budget: _Budget
) -> bool:
    """Say whether the history is explained by any of `starts`, each being tried for a while.

    The right one is found right soon; to find a wrong one wrong may take for ever.
    """
    left, limit = starts, FIRST_TRY
    while left:
        undecided = []
        for start in left:
            try:
                if _explains(key, operations, start, _Budget(limit, budget)):
                    return True
            except NotDecided:
                if budget.is_spent:
                    raise
                undecided.append(start)
        left, limit = undecided, limit * 10
    return False


def _explains(key: str, operations: list[Operation], start: Content, budget: _Budget) -> bool:
    """Say whether some order of the operations on a key explains every answer."""
    search = _Search(key, operations, budget)
    first = _Configuration(0, 0, 0, start)
    seen = {first}
    stack = [search.after(first)]
    while stack:
        following = next(stack[-1], None)
        if following is None:
            stack.pop()
        elif search.is_end(following):
            return True
        elif following not in seen:
            seen.add(following)
            stack.append(search.after(following))
    return search.is_end(first)


class _Search:
    """The moves from one configuration to the next, for one key.

    Args:
        key: the key.
        operations: in the order of their submission.
        budget: the steps that are left.
    """

    def __init__(self, key: str, operations: list[Operation], budget: _Budget) -> None:
        self._key = key
        self._budget = budget
        self._machine = KeyValueStore()
        self._known = [o for o in operations if o.answered != NEVER]
        # Without an answer a look at the key explains nothing.
        self._unknown = [o for o in operations if o.answered == NEVER and not o.is_passive]

    def is_end(self, at: _Configuration) -> bool:
        """Say whether every answered command has taken effect."""
        return at.low == len(self._known)

    def after(self, at: _Configuration) -> Iterator[_Configuration]:
        """Yield the configurations that one more command leads to, the likeliest first.

        A command that changed nothing, and whose answer fits now, may as well come next as later:
        nothing else has to be tried.
        """
        moves, end = self._answered(at)
        for _, _, position, operation in moves:
            if operation.is_passive:
                result, _ = self._step(at.content, operation.command)
                if operation.result == result:
                    yield _taken(at, position, at.content)
                    return
        moves = [move for move in moves if not move[3].is_passive] + self._unanswered(at, end)
        for _, _, position, operation in sorted(moves, key=lambda move: move[:3]):
            result, content = self._step(at.content, operation.command)
            if operation.result is None:
                if content != at.content:
                    yield at._replace(extra=at.extra | 1 << position, content=content)
            elif operation.result == result:
                yield _taken(at, position, content)

    def _answered(self, at: _Configuration) -> tuple[list[_Move], int]:
        """Return the answered commands that may be next, and the first answer among the rest.

        A command may be next unless another one had its answer before this was submitted.
        """
        open_, end = [], NEVER
        for position in range(at.low, len(self._known)):
            operation = self._known[position]
            if operation.called > end:
                break
            if not at.some >> (position - at.low) & 1:
                open_.append((operation.hint, operation.called, position, operation))
                end = min(end, operation.answered)
        return [move for move in open_ if move[1] < end], end

    def _unanswered(self, at: _Configuration, end: int) -> list[_Move]:
        """Return the commands of unknown outcome that may be next; of equal ones the first."""
        moves: dict[str, _Move] = {}
        for position, operation in enumerate(self._unknown):
            if operation.called < end and not at.extra >> position & 1:
                move = (operation.hint, operation.called, position, operation)
                moves.setdefault(operation.command, move)
        return list(moves.values())

    def _step(self, content: Content, command: str) -> tuple[str, Content]:
        self._budget.spend()
        self._machine.items = {} if content is None else {self._key: content}
        result = self._machine.apply(command).result
        return result, self._machine.items.get(self._key)


_Move: TypeAlias = tuple[int, int, int, Operation]
"""Hint and time of submission, by which moves are tried; the position of the operation; itself."""


def _taken(at: _Configuration, position: int, content: Content) -> _Configuration:
    """Return the configuration after the answered command at `position`."""
    low, some = at.low, at.some | 1 << (position - at.low)
    while some & 1:
        low, some = low + 1, some >> 1
    return _Configuration(low, some, at.extra, content)


def _starts(key: str, operations: list[Operation]) -> list[Content]:
    """Return what a key may have held before the trace, as far as any answer depends on it."""
    starts: list[Content] = [None, "(something)"]
    for operation in operations:
        result = operation.result
        match operation.command.split():
            case ["get", _] if result is not None:
                starts.append(result)
            case ["incr", _] if result is not None and not result.startswith("error"):
                starts.append(str(int(result) - 1))
            case ["cas", _, old, _] if result == "ok":
                starts.append(old)
            case ["cas", _, old, _] if result is not None:
                starts.append(result.removeprefix(f"error: {key} is ").removesuffix(f", not {old}"))
    return list(dict.fromkeys(starts))


# --- what to say ---------------------------------------------------------------------------------


def _violation(key: str, operations: list[Operation], starts: list[Content]) -> Violation:
    """Find the first answer that cannot be explained, and what it contradicts."""
    answers = sorted(o.answered for o in operations if o.answered != NEVER)
    good, bad = 0, len(answers)  # how many answers can be explained, and how many cannot
    while bad - good > 1:
        middle = (good + bad) // 2
        part = _until(operations, answers[middle - 1])
        try:
            fine = _any_explains(key, part, starts, _Budget(MOST_STEPS))
        except NotDecided:
            break
        good, bad = (middle, bad) if fine else (good, middle)
    culprit = next(o for o in operations if o.answered == answers[bad - 1])
    text = (
        f"no order of the commands on {key} explains that {culprit.who}, {culprit.command!r:.60},"
        f" was answered {culprit.result!r:.60}"
    )
    shown = {culprit.called, culprit.answered}
    for other in _around(operations, culprit):
        shown |= {other.called, other.answered}
    evidence = tuple(sorted(seq for seq in shown if 0 <= seq <= culprit.answered))
    return Violation(LINEARIZABLE.name, evidence, text)


def _until(operations: list[Operation], seq: int) -> list[Operation]:
    """Return the history as it was right after the answer `seq`."""
    return [
        o if o.answered <= seq else replace(o, answered=NEVER, result=None)
        for o in operations
        if o.called < seq
    ]


def _around(operations: list[Operation], culprit: Operation) -> list[Operation]:
    """Return the commands that could have changed what the culprit saw, the last few."""
    writes = [o for o in operations if not o.is_passive and o.called < culprit.answered]
    return [o for o in writes if o is not culprit][-4:]
