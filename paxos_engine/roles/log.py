"""The ordered history of one leader: what is chosen, applied once and in order.

Chosen values may be learned in any order; they are applied strictly by instance, without holes.
A command that was chosen twice, since its client had to retry, has its effect once. What a
snapshot covers may be dropped, and a snapshot of a peer may take the place of what was missed.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Final, NamedTuple

from paxos_engine.roles.events import Applied
from paxos_engine.roles.machine import KeyValueStore, StateMachine
from paxos_engine.roles.sessions import EXPIRED, Session, Sessions
from paxos_engine.roles.values import Command, ProposalNumber, Value, commands_of

RESULT_BYTES: Final = 60_000
"""The most that a result may have, or its reply would fit no datagram and never arrive."""

LONG: Final = 512
"""Characters, or bytes, from which on the digest of a text stands for it in the hash."""


_new_hash: Final = blake2b(digest_size=8).copy


class Chosen(NamedTuple):
    """One row of the history."""

    number: ProposalNumber
    value: Value


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state after `applied` instances, whole: machine and sessions, with the history's hash.

    `digest` is the hash of the body, made once: every piece that a peer is sent carries it.
    """

    applied: int
    state: str
    body: bytes
    digest: bytes = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Hash the body."""
        object.__setattr__(self, "digest", blake2b(self.body, digest_size=16).digest())

    @property
    def machine(self) -> bytes:
        """The state of the machine, as its `snapshot` returned it."""
        return base64.b64decode(json.loads(self.body)["machine"])

    @property
    def sessions(self) -> Sessions:
        """The sessions, as new objects."""
        return Sessions.from_plain(json.loads(self.body)["sessions"])


class Tail(NamedTuple):
    """The rows from `base` + 1 on, and which of their commands had no effect of their own.

    A command is (instance, place), the first of an instance at place 0. Both only grow, so that
    any thread may read them.
    """

    base: int
    rows: list[Chosen]
    silent: set[tuple[int, int]]


class ReplicatedLog:
    """The history as one leader knows it.

    `tail` is replaced as a whole where rows are dropped, and its list only grows: another thread
    takes it once and may then read any row up to `applied_up_to` without a lock.

    Args:
        machine: makes the state machine that the history is applied to.
    """

    def __init__(self, machine: Callable[[], StateMachine] = KeyValueStore) -> None:
        self.tail = Tail(0, [], set())
        self.machine = machine()
        self._new_machine = machine
        self.chosen_up_to = 0  # the last instance of the prefix without holes
        self.applied_up_to = 0
        self.snapshot: Snapshot | None = None
        self._beyond: dict[int, Chosen] = {}
        self._highest = 0
        self._sessions = Sessions()
        self._digest = bytes(8)

    @property
    def compacted(self) -> int:
        """Up to which instance the rows are dropped."""
        return self.tail.base

    @property
    def rows(self) -> list[Chosen]:
        """The rows behind `compacted`."""
        return self.tail.rows

    @property
    def kept(self) -> int:
        """How many instances of the prefix without holes are not dropped."""
        return len(self.tail.rows)

    @property
    def highest_chosen(self) -> int:
        """The highest instance known as chosen, beyond holes included."""
        return max(self._highest, self.chosen_up_to)

    @property
    def state(self) -> str:
        """The hash of everything applied so far: equal histories have equal hashes."""
        return self._digest.hex()

    def knows(self, instance: int) -> bool:
        """Say whether `instance` is known as chosen, its value perhaps dropped."""
        return instance <= self.chosen_up_to or instance in self._beyond

    def chosen(self, instance: int) -> Chosen | None:
        """Return what is known as chosen for `instance`; None too for what is dropped."""
        base, rows, _ = self.tail
        if base < instance <= base + len(rows):
            return rows[instance - base - 1]
        return self._beyond.get(instance)

    @property
    def has_holes(self) -> bool:
        """Whether any instance is open below one that is chosen."""
        return self.highest_chosen > self.chosen_up_to

    def holes(self) -> Iterator[int]:
        """Yield the instances not chosen below the highest that is."""
        for instance in range(self.chosen_up_to + 1, self.highest_chosen):
            if instance not in self._beyond:
                yield instance

    def all_chosen(self) -> Iterator[tuple[int, Chosen]]:
        """Yield every row that is kept, those beyond holes included."""
        yield from enumerate(self.tail.rows, self.tail.base + 1)
        yield from sorted(self._beyond.items())

    def learn(self, instance: int, number: ProposalNumber, value: Value) -> bool:
        """Take a chosen value; return False if it was known already."""
        if self.knows(instance):
            return False
        self._beyond[instance] = Chosen(number, value)
        if instance > self._highest:
            self._highest = instance
        self._join()
        return True

    def reply(self, command: Command) -> tuple[int, str] | None:
        """Return (instance, result) of a command that is applied, if it is still remembered."""
        session = self._sessions.find(command)
        return session.replies.get(command.sequence) if session else None

    def apply_ready(self) -> Iterator[Applied]:
        """Apply, in order, what has become contiguous; yield what each command or no-op did."""
        base, rows, _ = self.tail
        while self.applied_up_to < self.chosen_up_to:
            instance = self.applied_up_to + 1
            applied = self._apply(instance, rows[instance - base - 1].value)
            self.applied_up_to = instance
            yield from applied

    # --- snapshots -----------------------------------------------------------------------

    def take_snapshot(self) -> Snapshot:
        """Return, and remember, the state as it is after the last applied instance."""
        body = {
            "machine": base64.b64encode(self.machine.snapshot()).decode(),
            "sessions": self._sessions.to_plain(),
        }
        self.snapshot = Snapshot(self.applied_up_to, self.state, json.dumps(body).encode())
        return self.snapshot

    def install(self, snapshot: Snapshot) -> bool:
        """Take a snapshot's state in place of ours; return False if ours is as far.

        Rows that it covers are dropped: nobody has seen here which of them had an effect. One that
        cannot be read, for it came from outside, changes nothing and returns False too.
        """
        if snapshot.applied <= self.applied_up_to:
            return False
        machine = self._new_machine()
        try:
            machine.restore(snapshot.machine)
            sessions = snapshot.sessions
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return False
        self.machine, self._sessions = machine, sessions
        self._digest = bytes.fromhex(snapshot.state)
        self.snapshot = snapshot
        base, rows, _ = self.tail
        kept = rows[max(0, snapshot.applied - base) :]
        self._beyond = {i: c for i, c in self._beyond.items() if i > snapshot.applied}
        # In this order: who reads on another thread finds each row that `applied_up_to` promises.
        self.tail = Tail(snapshot.applied, kept, set())
        self._join()
        self.applied_up_to = snapshot.applied
        return True

    def compact(self, up_to: int) -> int:
        """Drop the rows up to `up_to`, as far as our own snapshot covers them; return how far."""
        covered = self.snapshot.applied if self.snapshot else 0
        base, rows, silent = self.tail
        last = min(up_to, covered, self.chosen_up_to)
        if last > base:
            self.tail = Tail(last, rows[last - base :], {at for at in silent if at[0] > last})
        return self.tail.base

    # --- inside --------------------------------------------------------------------------

    def _join(self) -> None:
        base, rows, _ = self.tail
        while (row := self._beyond.pop(base + len(rows) + 1, None)) is not None:
            rows.append(row)
        self.chosen_up_to = base + len(rows)

    def _apply(self, instance: int, value: Value) -> list[Applied]:
        self._sessions.expire(instance)
        commands = commands_of(value)
        if not commands:
            state = self._chain("no-op")
            return [Applied(instance, None, None, state, None)]
        last = len(commands) - 1
        return [
            self._apply_command((instance, place), command, place < last)
            for place, command in enumerate(commands)
        ]

    def _apply_command(self, at: tuple[int, int], command: Command, more: bool) -> Applied:
        instance, _ = at
        if command.opens_session:
            self._sessions.open(command.client, instance)
            return self._without_effect(at, command, f"session {instance}", None, more)
        session = self._sessions.use(command, instance)
        if session is None:
            # It may have been applied before its session expired: to apply it now could do so a
            # second time.
            return self._without_effect(at, command, EXPIRED, None, more, expired=True)
        session.forget_before(command.oldest)
        if self.is_done(command, session):
            # Chosen a second time, after a retry: applying it again would run it twice.
            first, result = session.replies.get(command.sequence, (0, ""))
            return self._without_effect(at, command, result, first, more)
        result, changed = self.machine.apply(command.value)
        result = clipped(result)
        session.replies[command.sequence] = (instance, result)
        state = self._chain(
            f"({command.client!r}, {command.session}, {command.sequence},"
            f" {_hashed(command.value)!r}, {_hashed(result)!r})"
        )
        return Applied(instance, command, result, state, None, changed, False, more)

    def is_done(self, command: Command, session: Session) -> bool:
        """Say whether a command had its effect already, and must not have it again."""
        return command.sequence in session.replies or command.sequence < session.oldest

    def _without_effect(
        self,
        at: tuple[int, int],
        command: Command,
        result: str,
        duplicate_of: int | None,
        more: bool,
        expired: bool = False,
    ) -> Applied:
        self.tail.silent.add(at)
        state = self._chain(repr((command.client, _hashed(result), duplicate_of)))
        return Applied(at[0], command, result, state, duplicate_of, (), expired, more)

    def _chain(self, did: str) -> str:
        """Take what was done into the hash of the history, and return it."""
        hashed = _new_hash()
        hashed.update(self._digest + did.encode("utf-8", "surrogatepass"))
        self._digest = hashed.digest()
        return self._digest.hex()


def clipped(result: str) -> str:
    """Return `result`, or as much of it as a reply can carry: the same on every leader."""
    if len(result) * 4 <= RESULT_BYTES:
        return result
    data = _bytes(result)
    if len(data) <= RESULT_BYTES:
        return result
    return data[: RESULT_BYTES - 16].decode("utf-8", "ignore") + "... (clipped)"


def _hashed(text: str | bytes) -> str | bytes | tuple[str, bytes]:
    """Return what stands for a text in the hash: to write out and hash a long one costs more."""
    if len(text) < LONG:
        return text
    digest = sha256(_bytes(text) if isinstance(text, str) else text).digest()
    return (type(text).__name__, digest)  # written as no text and no bytes are


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
