"""The steps of single roles, each taken once and remembered.

A role is pure and deterministic: the same state and the same input give the same state and the
same messages, every time. So a search over a whole cluster needs each step of a role only once,
and can go on over small integers: the number of a state, and a set of messages as bits.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable
from enum import Enum
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

from paxos_engine.roles.assembly import Shape
from paxos_engine.roles.effects import Effects, Record, Role
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.messages import (
    Accept,
    Accepted,
    Envelope,
    Heartbeat,
    Message,
    Nack,
    Prepare,
    Promise,
    Request,
)
from paxos_engine.roles.values import Command
from paxos_engine.simulation.rolestate import frozen, renamed, tidy, without_empty_promises

NOW: Final = 0.0
"""The time of every step: only order matters, and timers run out when the search says so."""

ACCEPTORS: Final = "acceptors"
LEADERS: Final = "leaders"


T = TypeVar("T")


class Letter(NamedTuple):
    """A message as it lies in the network: to all acceptors, to all leaders, or to one of them."""

    to: str
    message: Message


class Deliver(NamedTuple):
    """A message arrives."""

    sender: str
    message: Message


class Act(Enum):
    """What may happen to a node besides a message."""

    SUSPECT = "a leader hears nothing for too long, and claims the primacy"
    CRASH = "a node crashes, and comes back with what its disk holds"


Input: TypeAlias = Deliver | Act


def command_of(leader: str) -> Command:
    """Return what the client of a leader asks for first: a session, with a command of its own."""
    return Command(f"C{leader[1:]}", 0, "open session")


def instance_about(message: Message) -> int | None:
    """Return the instance that a message of the search is about, None for any other message."""
    match message:
        case Prepare(first=first) | Promise(first=first):
            return first
        case Accept(instance=instance) | Nack(instance=instance):
            return instance
        case Accepted(intervals=((first, _), *_)):
            return first
        case _:
            return None


class Numbers(Generic[T]):
    """Small integers in place of things: equal things have the same one."""

    def __init__(self) -> None:
        self._all: list[T] = []
        self._number: dict[Hashable, int] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, number: int) -> T:
        return self._all[number]

    def of(self, thing: T, key: Hashable = None) -> int:
        """Return the number of a thing; `key` is what has to be equal, the thing itself if None."""
        number = self._number.setdefault(thing if key is None else key, len(self._all))
        if number == len(self._all):
            self._all.append(thing)
        return number


class Letters:
    """Every message that was ever sent, numbered: a set of them is an integer with bits."""

    def __init__(self) -> None:
        self._numbers = Numbers[Letter]()
        self._sets: dict[int, tuple[Letter, ...]] = {}

    def bit(self, letter: Letter) -> int:
        """Return the set that holds just this message."""
        return 1 << self._numbers.of(letter)

    def of(self, bits: int) -> tuple[Letter, ...]:
        """Return the messages of a set."""
        known = self._sets.get(bits)
        if known is None:
            which = [number for number in range(bits.bit_length()) if bits >> number & 1]
            known = self._sets[bits] = tuple(self._numbers[number] for number in which)
        return known


class _State(NamedTuple):
    """A role in one of its states, and what it has written on its disk."""

    role: Role
    disk: tuple[Record, ...]


class RoleSteps:
    """All states of one role that were met, and the steps between them.

    Args:
        shape: the cluster.
        name: the node that the role is of; any acceptor stands for all of them.
        letters: numbers the messages.
        crashes: whether the node may crash, so that what is on its disk is part of its state.
        counts_votes: whether leaders are told of votes, so that nothing of them can be put away.
    """

    def __init__(
        self, shape: Shape, name: str, letters: Letters, *, crashes: bool, counts_votes: bool
    ) -> None:
        self.name = name
        self.crashes = crashes
        self._shape = shape
        self._letters = letters
        self._tidy = not counts_votes
        self._states = Numbers[_State]()
        self._nameless: dict[int, bool] = {}
        self._steps: dict[tuple[int, Input], tuple[int, int]] = {}
        role = shape.make(name, 1)
        effects = role.start(NOW)
        self.start = self._intern(role, tuple(effects.records))

    def __len__(self) -> int:
        return len(self._states)

    @property
    def taken(self) -> int:
        """How many different steps were taken."""
        return len(self._steps)

    def role(self, state: int) -> Role:
        """Return the role in a state; it must not be changed."""
        return self._states[state].role

    def step(self, state: int, what: Input) -> tuple[int, int]:
        """Return the state after an input, and the messages that were sent."""
        known = self._steps.get((state, what))
        if known is None:
            known = self._steps[state, what] = self._take(state, what)
        return known

    def nameless(self, state: int) -> bool:
        """Say whether no acceptor is told from another in a state."""
        known = self._nameless.get(state)
        if known is None:
            known = self._nameless[state] = self._names_nobody(state)
        return known

    def _names_nobody(self, state: int) -> bool:
        names = self._shape.acceptor_names
        form = without_empty_promises(self.role(state))
        turned = (*names[1:], names[0])
        swapped = (*names[1::-1], *names[2:])
        return all(
            renamed(form, dict(zip(names, others, strict=True))) == form
            for others in (turned, swapped)
        )

    def _take(self, state: int, what: Input) -> tuple[int, int]:
        before = self._states[state]
        if what is Act.CRASH:
            return self._intern(self._restored(before.disk), before.disk), 0
        role = _copied(before.role)
        effects = self._give(role, what)
        sent = 0
        for outgoing in effects.messages:
            letter = self._letter(outgoing.to, outgoing.message)
            if letter is not None:
                sent |= self._letters.bit(letter)
        return self._intern(role, (*before.disk, *effects.records)), sent

    def _give(self, role: Role, what: Input) -> Effects:
        match what:
            case Deliver(sender=sender, message=message):
                return role.receive(Envelope("", sender, role.name, message), NOW)
            case _:
                assert isinstance(role, PaxosLeader), "only leaders have timers"
                role.election.suspect_at = NOW
                return role.tick(NOW)

    def _letter(self, to: str, message: Message) -> Letter | None:
        """Return what a message is in the network; None where it is outside the bounds."""
        to_acceptor = to in self._shape.acceptor_names
        match message:
            case Heartbeat():
                return None if to_acceptor else Letter(to, message)
            case Accepted() if instance_about(message) == 1:
                return Letter(LEADERS, message)
            case _ if instance_about(message) == 1:
                return Letter(ACCEPTORS if to_acceptor else to, message)
            case _:
                return None

    def _restored(self, disk: tuple[Record, ...]) -> Role:
        role = self._shape.make(self.name, 2)
        role.restore(disk, len(disk))
        role.start(NOW)
        return role

    def _intern(self, role: Role, disk: tuple[Record, ...]) -> int:
        form = self._form(role)
        if self.crashes:
            form = (form, self._form(self._restored(disk)))
        return self._states.of(_State(role, disk if self.crashes else ()), form)

    def _form(self, role: Role) -> Hashable:
        if self._tidy:
            tidy(role)
        return frozen(role)


def _copied(role: Role) -> Role:
    """Return a copy that shares what is constant, and the jitter, which decides nothing here."""
    constant = [
        getattr(role, name) for name in ("_rng", "quorums", "timing") if hasattr(role, name)
    ]
    return copy.deepcopy(role, {id(thing): thing for thing in constant})


def request_of(leader: str) -> Deliver:
    """Return the arrival of what a leader's client asks for."""
    command = command_of(leader)
    return Deliver(command.client, Request(command))
