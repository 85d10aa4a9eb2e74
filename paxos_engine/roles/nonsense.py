"""What a leader refuses although it is well-formed and authentic: it cannot be, or not from there.

The codec has checked the form and the acceptors' votes are counted by name; here are the claims
on which a leader would act at once. Rounds and instances far above all that was heard are refused
by `belief.py`.
"""

from __future__ import annotations

from typing import Final

from paxos_engine.roles.belief import ROUND_JUMP, WINDOW
from paxos_engine.roles.election import Election
from paxos_engine.roles.learner import Learner
from paxos_engine.roles.messages import (
    KINDS,
    Accept,
    Accepted,
    Accepts,
    CatchUpReply,
    CatchUpRequest,
    Compacted,
    Decision,
    Envelope,
    Heartbeat,
    HeartbeatReply,
    Message,
    Nack,
    Promise,
    Request,
    Requests,
    SnapshotChunk,
    SnapshotRequest,
)
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import ProposalNumber

OF_CLIENTS: Final = (Request, Requests)
OF_ACCEPTORS: Final = (Promise, Accepted, Nack, Compacted)
OF_LEADERS: Final = (
    Accept,
    Accepts,
    Decision,
    Heartbeat,
    CatchUpRequest,
    CatchUpReply,
    SnapshotRequest,
    SnapshotChunk,
)

MAX_SNAPSHOT_BYTES: Final = 2**30
"""No snapshot is larger; it is collected in memory until it is whole."""


def nonsense(
    envelope: Envelope,
    peers: tuple[str, ...],
    quorums: Quorums,
    election: Election,
    learner: Learner,
) -> str:
    """Return in one line why a leader must not take a message; empty where it may.

    The numbers and instances that the message claims move the beliefs of `election` and `learner`.
    """
    message = envelope.message
    if isinstance(message, OF_CLIENTS):
        return ""  # whoever asks, it claims nothing
    reason = _not_from_there(envelope, peers, quorums)
    if reason or isinstance(message, Accepted):
        return reason  # votes count for what somebody has proposed, and for nothing else
    if isinstance(message, Accept | Accepts | Decision) and message.number.rank == election.rank:
        return f"{message.number} is a number that only {election.name} proposes under"
    if isinstance(message, Decision) and message.number.leader != envelope.sender:
        return f"{message.number} is a number whose votes {envelope.sender} does not hear"
    if isinstance(message, SnapshotChunk) and not _fits(message):
        return f"a piece of {len(message.data)} bytes in a snapshot of {message.size}"
    number = _number_in_use(message)
    if number is not None and not election.saw(number):
        return f"round {number.round} is more than {ROUND_JUMP} above any heard of"
    instance = _instance_dropped(message)
    if not learner.believes(instance):
        return f"instance {instance} is more than {WINDOW} beyond any heard of"
    return ""


def _not_from_there(envelope: Envelope, peers: tuple[str, ...], quorums: Quorums) -> str:
    sender, message = envelope.sender, envelope.message
    kind = KINDS[type(message)]
    if isinstance(message, OF_ACCEPTORS):
        return "" if sender in quorums.acceptors else f"a {kind} comes from acceptors only"
    if isinstance(message, OF_LEADERS):
        return "" if sender in peers else f"a {kind} comes from other leaders only"
    if isinstance(message, HeartbeatReply):
        known = sender in (*quorums.acceptors, *peers)
        return "" if known else f"a {kind} comes from other nodes of the cluster only"
    return f"a leader takes no {kind}"


def _fits(piece: SnapshotChunk) -> bool:
    end = piece.offset + len(piece.data)
    return end <= piece.size <= MAX_SNAPSHOT_BYTES


def _number_in_use(message: Message) -> ProposalNumber | None:
    """Return the number above which this message makes a leader go."""
    match message:
        case Nack(promised=number) | HeartbeatReply(promised=number):
            return number
        case Heartbeat(number=number) | Accept(number=number) | Accepts(number=number):
            return number
        case Decision(number=number):
            return number
        case _:
            return None


def _instance_dropped(message: Message) -> int:
    """Return the instance up to which this message makes a leader wait for others to tell it."""
    match message:
        case Promise(compacted=instance) | SnapshotChunk(applied=instance):
            return instance
        case Compacted(up_to=instance):
            return instance
        case _:
            return 0
