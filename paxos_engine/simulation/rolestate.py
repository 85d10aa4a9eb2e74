"""What of a role matters for what it will do: its state as a value that can be compared and hashed.

Two roles with equal states do the same from then on. Times, jitter, counters of records and the
ids of messages decide only when a leader acts and what the trace calls it, and a search tries every
order of events anyway. Whatever is not named here as one of these counts, so that a role that
learns to remember something new is told apart by it without a word being said.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping
from enum import Enum
from typing import Any, Final

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.effects import Role
from paxos_engine.roles.election import Standing
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.leader_protocol import ProposalState
from paxos_engine.roles.messages import Promise
from paxos_engine.roles.phase_one import PhaseOne
from paxos_engine.roles.values import ZERO

TIMES: Final = {
    "suspect_at",
    "ask_at",
    "_ask_again_at",
    "_pulse",
    "_silence",
    "_heard_piece_at",
    "_gaps",
    "_due",
    "_ticket",
    "pace",
    "attempts",
    "_failed_claims",
    "_turn",
}
"""When something is due: the search lets every timer run out at any time."""

CONSTANT: Final = {"rng", "_rng", "timing", "_timing", "quorums", "_quorums", "peers", "leaders"}
"""The same in every state, or chance that only times come from."""

TOLD: Final = {"_mark", "_bound", "_round_mark", "_round_used", "_filling", "messages", "message"}
"""What only the trace or the disk are told; the search keeps the disk beside."""

BELIEF: Final = {"primary", "primary_number", "_instances", "_rounds", "_target", "_asked_from"}
"""Whom to ask, and what is too absurd to be believed: nothing is absurd within small bounds."""

DERIVED: Final = {"_of_the_rest"}
"""What follows from the rest of a state, and is only kept so that it need not be found again."""

LEFT_OUT: Final = TIMES | CONSTANT | TOLD | BELIEF | DERIVED


def frozen(thing: Any) -> Hashable:
    """Return an object as a value: everything in it, but for what is `LEFT_OUT`."""
    match thing:
        case None | bool() | int() | float() | str() | bytes() | Enum() | type():
            return thing
        case tuple() | list() | deque():
            return tuple(frozen(each) for each in thing)
        case set() | frozenset():
            return frozenset(frozen(each) for each in thing)
        case Mapping():
            return frozenset((frozen(key), frozen(value)) for key, value in thing.items())
        case _ if callable(thing):
            return None  # a rule, the same in every state
    fields = ((n, v) for n, v in _attributes(thing) if n not in LEFT_OUT)
    return (type(thing).__name__, *((name, frozen(value)) for name, value in fields))


def _attributes(thing: object) -> list[tuple[str, Any]]:
    names = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    names += getattr(thing, "__dict__", ())
    return [(name, getattr(thing, name)) for name in names]


def renamed(state: Hashable, names: Mapping[str, str]) -> Hashable:
    """Return a frozen state in which other names stand for the nodes."""
    match state:
        case str():
            return names.get(state, state)
        case tuple():
            return tuple(renamed(each, names) for each in state)
        case frozenset():
            return frozenset(renamed(each, names) for each in state)
        case _:
            return state


def tidy(role: Role) -> None:
    """Put away what a leader still holds and will never look at again.

    That holds as long as there is one instance, and no leader is told of votes. What an acceptor
    has promised for that instance is written down, by whatever range, so that it has one form.
    """
    match role:
        case PaxosAcceptor():
            role._keep(role._at(1))
        case PaxosLeader():
            _tidy_leader(role)


def _tidy_leader(leader: PaxosLeader) -> None:
    nothing = PhaseOne(ZERO, 1, leader.quorums, "")
    proposals = leader._proposals
    if leader.standing is Standing.FOLLOWING:
        leader.number = ZERO
        leader._next_instance = 1
    if leader.standing is not Standing.PRIMARY or leader._next_instance > 1:
        leader._promises = nothing  # instance 1 is proposed already, or will need others
    elif leader._phase_one is None and not leader._promises.highest_reported:
        leader._promises = _as_if_first(leader._promises)
    leader._recover_next, leader._recover_last = 1, 0
    for proposal in proposals.under_way.values():
        if proposal.state is not ProposalState.PREPARING:
            proposal.promises.clear()
    for record in leader.learner.records.values():
        own = [p for p in record.proposals.values() if p in proposals.under_way.values()]
        record.proposals = {proposal.number: proposal for proposal in own}
    records = leader.learner.records
    for instance in [i for i, record in records.items() if not record.proposals]:
        del records[instance]


def _as_if_first(phase: PhaseOne) -> PhaseOne:
    """Return promises as empty as these, but of the first acceptors: who they were is no matter."""
    same = PhaseOne(phase.number, phase.first, phase._quorums, "")
    for acceptor in phase._quorums.acceptors[: len(phase.promised_by)]:
        empty = Promise(phase.number, phase.first, None, phase.first, None, True, 0, ())
        same.hear(acceptor, empty, "")
    return same


def without_empty_promises(role: Role) -> Hashable:
    """Return the state of a tidy role without the acceptors that `_as_if_first` put in."""
    form = frozen(role)
    if isinstance(role, PaxosLeader) and not role._promises.highest_reported:
        assert isinstance(form, tuple)
        return tuple(field for field in form if field[0] != "_promises")
    return form


def hears_promises(leader: PaxosLeader) -> bool:
    """Say whether promises for a range of instances can still change anything for a leader."""
    return leader._phase_one is not None


def has_proposed(leader: PaxosLeader) -> bool:
    """Say whether a leader has proposed for instance 1 under its present number."""
    proposal = leader._proposals.under_way.get(1)
    return proposal is not None and proposal.state is not ProposalState.PREPARING


def needs_command(leader: PaxosLeader) -> bool:
    """Say whether a leader would take a client's command into instance 1."""
    return leader.standing is Standing.PRIMARY and leader._next_instance == 1
