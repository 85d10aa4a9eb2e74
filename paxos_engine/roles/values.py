"""What the cluster agrees on, and the numbers it agrees under.

Three words of the field, kept apart everywhere in this program: an *instance* is a slot of the
history (1, 2, 3, ...), a *proposal number* orders the attempts to fill one slot, and a *value* is
what fills it: a client's command, several of them, or the no-op.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from paxos_engine.roles.frozen import frozen

MAX_ROUND: Final = 2**40
"""Rounds stay below this bound, so that one forged datagram cannot use up the number space."""

MAX_INSTANCE: Final = 2**48
"""Instances stay below this bound."""

MAX_COMMAND_BYTES: Final = 60_000
"""The largest message one value may need, in bytes: a UDP datagram ends at 65,507."""

MAX_BATCH: Final = 1_024
"""The most commands that one instance may decide."""


class ProposalNumber(NamedTuple):
    """A ballot: (round, rank of its leader), ordered as a pair ("Paxos Made Simple", 2.2).

    The rank is the leader's position in the configuration, 1 for `L1`. Comparing it as a number
    keeps `L10` above `L9`, and makes every number the property of exactly one leader.
    """

    round: int
    rank: int

    @property
    def leader(self) -> str:
        """The name of the only leader that may use this number."""
        return f"L{self.rank}"

    def __str__(self) -> str:
        return f"{self.round}.L{self.rank}"


ZERO: Final = ProposalNumber(0, 0)
"""Below every number that a leader can use: what an acceptor has promised at birth."""


@frozen
class NoOp:
    """The value that fills a slot without doing anything; it equals no client's value."""

    def __str__(self) -> str:
        return "no-op"


NOOP: Final = NoOp()


@frozen
class Command:
    """What a client asks for: its value, and the (client, sequence) by which it is applied once.

    `oldest` is the client's oldest sequence still unanswered when it sent this: everything below
    may be forgotten by the session, everything from there on must be remembered. `session` is the
    instance in which the client's session was opened, by a command with sequence 0.
    """

    client: str
    sequence: int
    value: str | bytes
    oldest: int = 0
    session: int = 0

    @property
    def opens_session(self) -> bool:
        """Whether this is no value of a client, but asks for a session."""
        return self.sequence == 0

    def __str__(self) -> str:
        return f"{self.client}#{self.sequence} {self.value!r}"


@frozen
class Batch:
    """Two commands or more that one instance decides; they are applied in this order.

    None of them opens a session, since the id of a session is its instance.
    """

    commands: tuple[Command, ...]

    def __str__(self) -> str:
        return f"{len(self.commands)} commands: {', '.join(map(str, self.commands))}"


Value: TypeAlias = Command | Batch | NoOp
"""What can be chosen for an instance."""


def commands_of(value: Value) -> tuple[Command, ...]:
    """Return the commands that a value asks for, in order: none for the no-op."""
    if isinstance(value, Command):
        return (value,)
    return value.commands if isinstance(value, Batch) else ()


def value_of(commands: Sequence[Command]) -> Value:
    """Return the value that asks for `commands`; the no-op if there are none."""
    if len(commands) > 1:
        return Batch(tuple(commands))
    return commands[0] if commands else NOOP


def command_size(command: Command) -> int:
    """Estimate from above the bytes that `command` takes in a message."""
    return utf8_size(command.client) + utf8_size(command.value) + 64


def utf8_size(text: str | bytes) -> int:
    """Return how many bytes a text, or bytes, take in a message."""
    if text.isascii() or isinstance(text, bytes):
        return len(text)  # most are, and each is weighed more than once
    return len(text.encode("utf-8", "surrogatepass"))


def value_size(value: Value) -> int:
    """Estimate from above the bytes that `value` takes in a message."""
    return sum(map(command_size, commands_of(value))) + 8
