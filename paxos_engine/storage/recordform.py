"""Records as bytes and back: the bodies of a log file.

This form is apart from that of the wire on purpose: a log file is read by later versions of the
program, a datagram only by its peers of the same run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgpack

from paxos_engine.roles.effects import (
    AcceptRecord,
    ChosenRecord,
    CompactedRecord,
    PromiseRecord,
    Record,
    RoundRecord,
    SnapshotRecord,
)
from paxos_engine.roles.log import Snapshot
from paxos_engine.roles.values import NOOP, Batch, Command, NoOp, ProposalNumber, Value


def pack(record: Record) -> bytes:
    """Return a record as bytes."""
    match record:
        case PromiseRecord(number, first, last):
            plain: list[Any] = [1, *number, first, last]
        case AcceptRecord(number, instance, value):
            plain = [2, *number, instance, _plain(value)]
        case RoundRecord(round_):
            plain = [3, round_]
        case ChosenRecord(instance, number, value):
            plain = [4, instance, *number, _plain(value)]
        case CompactedRecord(up_to):
            plain = [5, up_to]
        case SnapshotRecord(Snapshot(applied, state, body)):
            plain = [6, applied, state, body]
    packed: bytes = msgpack.packb(plain, unicode_errors="surrogatepass")
    return packed


def unpack(body: bytes) -> Record:
    """Return the record that bytes stand for.

    Raises:
        ValueError: they stand for none, though their checksum was right: another program, or a
            later version of this one, wrote them.
    """
    try:
        kind, *fields = msgpack.unpackb(body, unicode_errors="surrogatepass")
        return _READERS[kind](*fields)
    except (KeyError, TypeError, ValueError, msgpack.UnpackException) as error:
        raise ValueError(f"no record of this version: {error}") from error


def _plain(value: Value) -> list[Any] | None:
    match value:
        case Command(client, sequence, content, oldest, session):
            return [client, sequence, oldest, session, content]
        case Batch(commands):
            return [_plain(command) for command in commands]
        case NoOp():
            return None


def _value(plain: Any) -> Value:
    if plain is None:
        return NOOP
    if type(plain[0]) is list:
        return Batch(tuple(_command(*fields) for fields in plain))
    return _command(*plain)


def _command(
    client: str, sequence: int, oldest: int, session: int, content: str | bytes
) -> Command:
    return Command(client, sequence, content, oldest, session)


def _promise(round_: int, rank: int, first: int, last: int | None) -> Record:
    return PromiseRecord(ProposalNumber(round_, rank), first, last)


def _accept(round_: int, rank: int, instance: int, value: Any) -> Record:
    return AcceptRecord(ProposalNumber(round_, rank), instance, _value(value))


def _chosen(instance: int, round_: int, rank: int, value: Any) -> Record:
    return ChosenRecord(instance, ProposalNumber(round_, rank), _value(value))


def _snapshot(applied: int, state: str, body: bytes) -> Record:
    return SnapshotRecord(Snapshot(applied, state, body))


_READERS: Final[dict[int, Callable[..., Record]]] = {
    1: _promise,
    2: _accept,
    3: RoundRecord,
    4: _chosen,
    5: CompactedRecord,
    6: _snapshot,
}
