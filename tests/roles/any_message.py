"""Any message of the protocol that the wire lets through, for hypothesis to send to any node."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

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
from paxos_engine.roles.values import MAX_INSTANCE, MAX_ROUND, NOOP, Command, ProposalNumber

NEAR, FAR = 12, 10**9
"""Instances up to the first are where things happen in these tests, and those from the second on
are absurd. In between a lie is plausible, and filling what it leaves open would only take time."""

names = st.sampled_from(["L1", "L2", "L9", "A1", "A2", "A3", "A9", "C1", "C9", "x"])
near = st.integers(1, NEAR)
far = st.integers(FAR, MAX_INSTANCE - 1)
instances = near | far
counts = st.just(0) | instances
rounds = st.integers(0, 4) | st.integers(2**20, MAX_ROUND - 1)
numbers = st.builds(ProposalNumber, rounds, st.sampled_from([0, 1, 2, 3, 1000]))
commands = st.builds(
    Command, names, counts, st.sampled_from(["x", "incr k", b"\xff", ""]), counts, counts
)
values = st.just(NOOP) | commands
replies = st.builds(
    Reply, names, counts, instances, st.just("ok"), st.sampled_from(["chosen", "unknown", "x"])
)
BODIES = (
    b"",
    b"no JSON",
    b"[" * 3_000,
    b"{}",
    b'{"machine": "e30=", "sessions": []}',
    b'{"machine": "W10=", "sessions": []}',
    b'{"machine": "e30=", "sessions": [[1, "c", 1, 1, [[1, 2, 3]]]]}',
)


@st.composite
def prepares(draw: st.DrawFn) -> Prepare:
    first, cursor, last = sorted(draw(st.tuples(instances, instances, instances)))
    return Prepare(draw(numbers), first, draw(st.sampled_from([first, last, None])), cursor)


@st.composite
def promises(draw: st.DrawFn) -> Promise:
    first, cursor, covers, last = sorted(draw(st.tuples(instances, instances, instances, counts)))
    slots = sorted(draw(st.sets(instances, max_size=4)))
    reports = tuple(AcceptedReport(slot, draw(numbers), draw(values)) for slot in slots)
    return Promise(
        draw(numbers),
        max(first, 1),
        draw(st.sampled_from([last, None])),
        max(cursor, 1),
        draw(st.sampled_from([covers, None])),
        draw(st.booleans()),
        draw(counts),
        reports,
    )


@st.composite
def intervals(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    ends = sorted(draw(st.sets(instances, max_size=6)))
    return tuple(zip(ends[::2], ends[1::2], strict=False))


@st.composite
def chunks(draw: st.DrawFn) -> SnapshotChunk:
    body = draw(st.sampled_from(BODIES))
    right = blake2b(body, digest_size=16).digest()
    return SnapshotChunk(
        draw(instances),
        draw(st.sampled_from(["0" * 16, "f" * 16])),
        draw(st.sampled_from([len(body), 0, 10**12])),
        draw(st.sampled_from([right, b""])),
        draw(st.sampled_from([0, 1, 10**12])),
        body,
    )


OF_EACH_KIND: dict[type[Message], st.SearchStrategy[Any]] = {
    Prepare: prepares(),
    Promise: promises(),
    Accept: st.builds(Accept, numbers, instances, values, counts),
    Accepted: st.builds(Accepted, numbers, intervals()),
    Decision: st.builds(Decision, numbers, intervals()),
    Nack: st.builds(Nack, numbers, instances, numbers),
    Heartbeat: st.builds(Heartbeat, numbers, counts, counts),
    HeartbeatReply: st.builds(HeartbeatReply, numbers, numbers, counts),
    CatchUpRequest: st.tuples(instances, instances).map(lambda e: CatchUpRequest(*sorted(e))),
    CatchUpReply: st.builds(
        CatchUpReply,
        instances,
        st.lists(st.tuples(numbers, values), max_size=3).map(tuple),
        counts,
        counts,
    ),
    Compacted: st.builds(Compacted, numbers, instances, counts),
    SnapshotRequest: st.builds(SnapshotRequest, counts, counts),
    SnapshotChunk: chunks(),
    Request: st.builds(Request, commands),
    Redirect: st.builds(Redirect, names, counts, names | st.none()),
    Reply: replies,
    Accepts: st.builds(
        Accepts, numbers, instances, st.lists(values, min_size=1, max_size=4).map(tuple), counts
    ),
    Requests: st.builds(Requests, st.lists(commands, min_size=1, max_size=4).map(tuple)),
    Replies: st.builds(Replies, st.lists(replies, min_size=1, max_size=4).map(tuple)),
}
any_message: st.SearchStrategy[Message] = st.one_of(*OF_EACH_KIND.values())


def is_plausible_lie(message: Message) -> bool:
    """Say whether this could be true, and is not: a fault that Paxos does not claim to survive.

    A node that says "chosen", "compacted" or "voted" of what is not is Byzantine; here only
    progress is in question, which ends when acceptors drop, or leaders adopt, what nobody chose.
    """
    match message:
        case Heartbeat(chosen_up_to=chosen, compacted=compacted):
            return 0 < compacted <= min(chosen, NEAR)
        case Promise(compacted=compacted) | Compacted(up_to=compacted):
            return 0 < compacted <= NEAR
        case SnapshotChunk(applied=applied):
            return applied <= NEAR
        case _:
            return False
