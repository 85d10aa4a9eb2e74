"""The ordered history of one leader: what is chosen, applied once and in order.

Chosen values may be learned in any order; they are applied strictly by instance, without holes.
A command that was chosen twice, since its client had to retry, has its effect once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from paxos_engine.roles.values import Command, NoOp, ProposalNumber, Value


class Chosen(NamedTuple):
    """One row of the history."""

    number: ProposalNumber
    value: Value


class AppliedRow(NamedTuple):
    """What applying one instance did; `duplicate_of` names the instance that did it before."""

    instance: int
    command: Command | None
    result: str | None
    state: str
    duplicate_of: int | None


@dataclass(slots=True)
class Session:
    """What the history remembers of one client: the replies that it may still ask for."""

    oldest: int = 0
    replies: dict[int, tuple[int, str]] = field(default_factory=dict)

    def forget_before(self, oldest: int) -> None:
        """Drop the replies below `oldest`: the client has got them."""
        if oldest > self.oldest:
            self.oldest = oldest
            for sequence in [s for s in self.replies if s < oldest]:
                del self.replies[sequence]


class ReplicatedLog:
    """The history as one leader knows it.

    The rows of the prefix are in a list that only grows: another thread may read it from any
    index on without a lock.
    """

    def __init__(self) -> None:
        self.rows: list[Chosen] = []
        self.applied_up_to = 0
        self.duplicates: set[int] = set()  # instances whose command had been applied before
        self._beyond: dict[int, Chosen] = {}
        self._sessions: dict[str, Session] = {}
        self._digest = bytes(8)

    @property
    def chosen_up_to(self) -> int:
        """The last instance of the prefix without holes."""
        return len(self.rows)

    @property
    def highest_chosen(self) -> int:
        """The highest instance known as chosen, beyond holes included."""
        return max(self._beyond, default=self.chosen_up_to)

    @property
    def state(self) -> str:
        """The hash of everything applied so far: equal histories have equal hashes."""
        return self._digest.hex()

    def chosen(self, instance: int) -> Chosen | None:
        """Return what is known as chosen for `instance`."""
        if instance <= len(self.rows):
            return self.rows[instance - 1]
        return self._beyond.get(instance)

    def holes(self) -> list[int]:
        """Return the instances not chosen below the highest that is."""
        if not self._beyond:
            return []
        top = max(self._beyond)
        return [i for i in range(self.chosen_up_to + 1, top) if i not in self._beyond]

    def learn(self, instance: int, number: ProposalNumber, value: Value) -> bool:
        """Take a chosen value; return False if it was known already."""
        if self.chosen(instance) is not None:
            return False
        self._beyond[instance] = Chosen(number, value)
        while (row := self._beyond.pop(len(self.rows) + 1, None)) is not None:
            self.rows.append(row)
        return True

    def reply(self, client: str, sequence: int) -> tuple[int, str] | None:
        """Return (instance, result) of a command that is applied, if it is still remembered."""
        session = self._sessions.get(client)
        return session.replies.get(sequence) if session else None

    def apply_ready(self) -> Iterator[AppliedRow]:
        """Apply, in order, what has become contiguous."""
        while self.applied_up_to < len(self.rows):
            instance = self.applied_up_to + 1
            row = self._apply(instance, self.rows[instance - 1].value)
            self.applied_up_to = instance
            yield row

    def _apply(self, instance: int, value: Value) -> AppliedRow:
        if isinstance(value, NoOp):
            self._chain(b"no-op")
            return AppliedRow(instance, None, None, self.state, None)
        session = self._sessions.setdefault(value.client, Session())
        session.forget_before(value.oldest)
        before = session.replies.get(value.sequence)
        if before is not None or value.sequence < session.oldest:
            # Chosen a second time, after a retry: applying it again would run it twice.
            at, result = before or (0, "")
            self.duplicates.add(instance)
            self._chain(b"duplicate")
            return AppliedRow(instance, value, result, self.state, at)
        result = "ok"
        session.replies[value.sequence] = (instance, result)
        self._chain(repr((value.client, value.sequence, value.value)).encode())
        return AppliedRow(instance, value, result, self.state, None)

    def _chain(self, what: bytes) -> None:
        self._digest = blake2b(self._digest + what, digest_size=8).digest()
