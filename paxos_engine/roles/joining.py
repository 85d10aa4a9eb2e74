"""Few messages where few will do: what a node says to one peer in one turn, said together.

Votes for neighbouring instances are one acknowledgement; and where a client asks for many commands
at once, or gets many answers, or a primary proposes for many instances, they share a message: what
is spent on each message on its way would be most of what a command costs. Each is still asked for,
voted on and answered as one of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, starmap
from typing import Any, Final, TypeAlias

from paxos_engine.roles.effects import Outgoing
from paxos_engine.roles.messages import (
    MAX_INTERVALS,
    Accept,
    Accepted,
    Accepts,
    Decision,
    Message,
    Replies,
    Reply,
    Request,
    Requests,
)
from paxos_engine.roles.values import (
    MAX_BATCH,
    ZERO,
    ProposalNumber,
    command_size,
    utf8_size,
    value_size,
)

Vote: TypeAlias = tuple[ProposalNumber, int, int]
"""A number, and the first and the last of the instances in which it was voted for."""

MANY: Final = 8
"""Accepts, requests or replies from which on they share a message: fewer are easier to follow."""

TOGETHER_BYTES: Final = 32_000
"""About how many bytes such a message may have: it shares the fate of its datagram."""


def all_together(outbox: Mapping[str, Sequence[Outgoing]]) -> dict[str, list[Outgoing]]:
    """Return what is said to each peer, joined; what several hear alike is joined once for all.

    They then share the very messages, so that these are packed and read once, too.
    """
    joined: dict[tuple[tuple[int, int], ...], list[Outgoing]] = {}
    said: dict[str, list[Outgoing]] = {}
    for to, batch in outbox.items():
        if len(batch) == 1 or len(outbox) == 1:
            said[to] = together(batch)
            continue
        which = tuple([(id(outgoing.message), outgoing.after) for outgoing in batch])
        found = joined.get(which)
        if found is None:
            said[to] = joined[which] = together(batch)
        else:
            said[to] = [Outgoing(to, message, after) for _, message, after in found]
    return said


def together(batch: Sequence[Outgoing]) -> list[Outgoing]:
    """Return the messages for one peer, those of a kind that follow each other as few.

    A message depends on every record that those depend on which it stands for.
    """
    if len(batch) == 1:
        return [*batch]
    messages: list[Outgoing] = []
    for kind, run in groupby(batch, key=lambda outgoing: type(outgoing.message)):
        said = [*run]
        if len(said) == 1 or kind not in _JOIN:
            messages += said
        else:
            messages += _JOIN[kind](said)
    return messages


def _votes(said: Sequence[Outgoing]) -> Iterator[Outgoing]:
    to, _, after = said[-1]
    votes = [o.message for o in said if isinstance(o.message, Accepted)]
    for accepted in acknowledgements((v.number, *ends) for v in votes for ends in v.intervals):
        yield Outgoing(to, accepted, after)


def acknowledgements(votes: Iterable[Vote]) -> Iterator[Accepted]:
    """Return as few acknowledgements as say these votes, in their order."""
    return starmap(Accepted, _in_intervals(votes))


def decisions(number: ProposalNumber, instances: Iterable[int]) -> Iterator[Decision]:
    """Return as few messages as say that `number` is chosen in these instances, in ascending order.

    As with votes, what lies between two intervals is not among them.
    """
    return starmap(Decision, _in_intervals((number, i, i) for i in instances))


def _in_intervals(
    votes: Iterable[Vote],
) -> Iterator[tuple[ProposalNumber, tuple[tuple[int, int], ...]]]:
    """Yield number and intervals: only neighbours become one, or what lies between would count."""
    number, intervals, end = ZERO, list[tuple[int, int]](), 0
    for voted, low, high in votes:
        if low == end + 1 and voted == number and intervals:
            intervals[-1] = (intervals[-1][0], high)
        elif low > end and voted == number and len(intervals) < MAX_INTERVALS:
            intervals.append((low, high))
        else:
            if intervals:
                yield number, tuple(intervals)
            number, intervals = voted, [(low, high)]
        end = high
    if intervals:
        yield number, tuple(intervals)


def _accepts(said: Sequence[Outgoing]) -> Iterator[Outgoing]:
    for part in _parts(said, lambda accept: value_size(accept.value)):
        for run in _consecutive(part):
            yield from _if_many(run, _as_accepts)


def _as_accepts(accepts: Sequence[Accept]) -> Accepts:
    first = accepts[0]
    values = tuple([accept.value for accept in accepts])
    return Accepts(first.number, first.instance, values, first.chosen_up_to)


def _consecutive(said: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    """Cut what is said where one accept is not for the next instance, or not alike otherwise."""
    run: list[Outgoing] = []
    expected: tuple[Any, ...] = ()
    for outgoing in said:
        accept: Any = outgoing.message
        if run and expected != (accept.instance, accept.number, accept.chosen_up_to):
            yield run
            run = []
        run.append(outgoing)
        expected = (accept.instance + 1, accept.number, accept.chosen_up_to)
    yield run


def _requests(said: Sequence[Outgoing]) -> Iterator[Outgoing]:
    for part in _parts(said, lambda request: command_size(request.command)):
        yield from _if_many(part, lambda requests: Requests(tuple([r.command for r in requests])))


def _replies(said: Sequence[Outgoing]) -> Iterator[Outgoing]:
    # Bytes, not letters: a message that fits no datagram would never arrive, however often it is
    # asked for again.
    for part in _parts(said, lambda reply: utf8_size(reply.result) + utf8_size(reply.client) + 64):
        yield from _if_many(part, lambda replies: Replies(tuple(replies)))


def _if_many(part: list[Outgoing], join: Callable[[Sequence[Any]], Message]) -> list[Outgoing]:
    if len(part) < MANY:
        return part
    to, _, after = part[-1]
    return [Outgoing(to, join([outgoing.message for outgoing in part]), after)]


def _parts(said: Sequence[Outgoing], size_of: Callable[[Any], int]) -> Iterator[list[Outgoing]]:
    """Cut what follows each other so that each part fits a message."""
    sizes = [size_of(outgoing.message) for outgoing in said]
    if sum(sizes) <= TOGETHER_BYTES and len(said) <= MAX_BATCH:
        yield [*said]
        return
    part: list[Outgoing] = []
    size = 0
    for outgoing, cost in zip(said, sizes, strict=True):
        if part and (size + cost > TOGETHER_BYTES or len(part) >= MAX_BATCH):
            yield part
            part, size = [], 0
        part.append(outgoing)
        size += cost
    yield part


_JOIN: Final[dict[type[Message], Callable[[Sequence[Outgoing]], Iterator[Outgoing]]]] = {
    Accept: _accepts,
    Accepted: _votes,
    Request: _requests,
    Reply: _replies,
}
