"""Every message there can be, and datagrams around whatever one likes."""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import Any

import msgpack
from hypothesis import strategies as st

from paxos_engine.roles.messages import (
    Accept,
    Accepted,
    AcceptedReport,
    Accepts,
    CatchUpReply,
    CatchUpRequest,
    Compacted,
    Decision,
    Heartbeat,
    HeartbeatReply,
    Message,
    Nack,
    Prepare,
    Promise,
    Redirect,
    Replies,
    Reply,
    Request,
    Requests,
    SnapshotChunk,
    SnapshotRequest,
)
from paxos_engine.roles.values import (
    MAX_INSTANCE,
    MAX_ROUND,
    NOOP,
    Batch,
    Command,
    ProposalNumber,
)
from paxos_engine.wire.codec import (
    MAC_BYTES,
    MOST_RECEIVERS,
    VERSION,
    Codec,
)

KEY = b"a key of this run"
CODEC = Codec("here", KEY)
HEAD = ("here", "L1", 1, ["A1"])
MOST = [f"A{n}" for n in range(99 - MOST_RECEIVERS, 99)]
NUMBER = ProposalNumber(3, 1)

names = st.from_regex(r"[LAC][1-9][0-9]?", fullmatch=True)
instances = st.integers(1, MAX_INSTANCE - 1)
counts = st.integers(0, MAX_INSTANCE - 1)
numbers = st.builds(ProposalNumber, st.integers(0, MAX_ROUND - 1), st.integers(0, 1000))
texts = st.text(st.characters(exclude_categories=()))  # lone surrogates too
sessions = st.sampled_from([0, 1, MAX_INSTANCE - 1])
commands = st.builds(Command, names, counts, texts | st.binary(), counts, sessions)
batches = st.lists(
    commands.filter(lambda command: not command.opens_session), min_size=2, max_size=6
).map(lambda several: Batch(tuple(several)))
replies = st.builds(Reply, names, counts, instances, texts)
values = st.just(NOOP) | commands | batches


@st.composite
def ranges(draw: st.DrawFn, ends: int) -> list[int]:
    """Return `ends` instances in ascending order."""
    return sorted(draw(st.lists(instances, min_size=ends, max_size=ends)))


@st.composite
def prepares(draw: st.DrawFn) -> Prepare:
    first, cursor, last = draw(ranges(3))
    return Prepare(draw(numbers), first, draw(st.sampled_from([last, None])), cursor)


@st.composite
def promises(draw: st.DrawFn) -> Promise:
    first, cursor, covers_to, last = draw(ranges(4))
    slots = sorted(draw(st.sets(instances, max_size=5)))
    reports = tuple(AcceptedReport(slot, draw(numbers), draw(values)) for slot in slots)
    open_end = draw(st.booleans())
    return Promise(
        draw(numbers),
        first,
        None if open_end else last,
        cursor,
        None if open_end else covers_to,
        draw(st.booleans()),
        draw(counts),
        reports,
    )


@st.composite
def intervals(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    ends = sorted(draw(st.sets(instances, max_size=10)))
    return tuple(zip(ends[::2], ends[1::2], strict=False))


OF_EACH_KIND: dict[type[Message], st.SearchStrategy[Any]] = {
    Prepare: prepares(),
    Promise: promises(),
    Accept: st.builds(Accept, numbers, instances, values, counts),
    Accepted: st.builds(Accepted, numbers, intervals()),
    Decision: st.builds(Decision, numbers, intervals()),
    Nack: st.builds(Nack, numbers, instances, numbers),
    Heartbeat: st.builds(Heartbeat, numbers, counts, counts),
    HeartbeatReply: st.builds(HeartbeatReply, numbers, numbers, counts),
    CatchUpRequest: ranges(2).map(lambda ends: CatchUpRequest(*ends)),
    Compacted: st.builds(Compacted, numbers, instances, counts),
    SnapshotRequest: st.builds(SnapshotRequest, counts, counts),
    SnapshotChunk: st.builds(
        SnapshotChunk,
        instances,
        st.text("0123456789abcdef", min_size=16, max_size=16),
        counts,
        st.binary(),
        counts,
        st.binary(),
    ),
    CatchUpReply: st.builds(
        CatchUpReply, instances, st.lists(st.tuples(numbers, values)).map(tuple), counts, counts
    ),
    Request: st.builds(Request, commands),
    Redirect: st.builds(Redirect, names, counts, names | st.none()),
    Reply: replies,
    Requests: st.builds(Requests, st.lists(commands, min_size=1, max_size=6).map(tuple)),
    Accepts: st.builds(
        Accepts,
        numbers,
        instances,
        st.lists(commands, min_size=1, max_size=6).map(tuple)
        | st.lists(values, min_size=1, max_size=4).map(tuple),
        counts,
    ),
    Replies: st.builds(Replies, st.lists(replies, min_size=1, max_size=4).map(tuple)),
}
messages = st.one_of(*OF_EACH_KIND.values())


def forge(head: Any = HEAD, content: Any = (), version: int = VERSION, key: bytes = KEY) -> bytes:
    """Return a datagram with a right MAC around whatever stands in it (bytes go in as they are)."""
    said, told = (x if isinstance(x, bytes) else msgpack.packb(x) for x in (head, content))
    said = len(said).to_bytes(2, "big") + said
    mac = blake2b(bytes([version]), digest_size=MAC_BYTES, key=key, person=_person(told))
    mac.update(said + (told if len(told) < 512 else sha256(told).digest()))
    return bytes([version]) + mac.digest() + said + told


def _person(content: bytes) -> bytes:
    return b"whole" if len(content) < 512 else b"digest"


def carrying(*items: Any) -> bytes:
    """Return a datagram from L1 with these messages in it."""
    return forge(content=items)


def batch(sequences: list[Any], values: list[Any] | None = None) -> bytes:
    """Return a datagram with an accept for a batch of C1's commands in it."""
    values = ["x"] * len(sequences) if values is None else values
    run = ["C1", 1, sequences, sequences, values]
    return carrying([2, [3, 1], 1, [run], 0])


def heartbeat() -> bytes:
    """Return a valid datagram."""
    return CODEC.encode("L1", 1, ["A1"], [Heartbeat(NUMBER, 7)])[0][0]
