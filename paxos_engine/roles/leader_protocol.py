"""One proposal for one instance, as a leader sees it: who promised, who accepted, what follows.

    PREPARING --quorum of promises--> PREPARED --propose--> ACCEPTING --quorum of votes--> CHOSEN

Two rules bind this file ("Paxos Made Simple", 2.2 and 2.3): the value proposed is that of the
highest-numbered proposal reported by the quorum of promises, and the leader's own only where none
was reported (P2c); and a quorum is a set of distinct acceptors. A leader that does not lead runs
the same protocol from ACCEPTING on: that is how it learns. Where votes go to the leader alone that
proposed, its word stands for a quorum of them.

A nack has no place in this table. It ends a number with all its proposals, so it is the leader
that yields (`leader.py`); and it undoes no vote of other acceptors, so a proposal whose leader has
yielded can still turn out chosen.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import NamedTuple, TypeAlias

from paxos_engine.roles.frozen import frozen
from paxos_engine.roles.messages import AcceptedReport
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import ProposalNumber, Value


class ProposalState(Enum):
    """Where a proposal stands."""

    PREPARING = "preparing"
    PREPARED = "prepared"
    ACCEPTING = "accepting"
    CHOSEN = "chosen"


@frozen
class PromiseHeard:
    """An acceptor's complete promise, as far as this instance goes; `messages` carried it."""

    acceptor: str
    report: AcceptedReport | None
    messages: tuple[str, ...] = ()


@frozen
class AcceptSeen:
    """The accept itself, ours or a peer's: it tells the value that the votes are for."""

    value: Value


@frozen
class AcceptedHeard:
    """An acceptor's vote."""

    acceptor: str


class DecisionHeard(NamedTuple):
    """The word of the leader that proposed, in `message`: a quorum has accepted this."""

    leader: str
    message: str


Input: TypeAlias = PromiseHeard | AcceptSeen | AcceptedHeard | DecisionHeard


class PaxosLeaderProtocol:
    """The state machine of one proposal: one number, one instance.

    Args:
        instance: the slot of the history.
        number: the proposal number; (number, instance) has at most one value, ever.
        quorums: the acceptors whose answers count, and how many are enough.
    """

    __slots__ = (
        "decision",
        "instance",
        "number",
        "promises",
        "quorums",
        "state",
        "value",
        "voters",
    )

    def __init__(self, instance: int, number: ProposalNumber, quorums: Quorums) -> None:
        self.instance = instance
        self.number = number
        self.quorums = quorums
        self.state = ProposalState.PREPARING
        self.promises: dict[str, PromiseHeard] = {}
        self.voters: list[str] = []
        self.decision: DecisionHeard | None = None
        self.value: Value | None = None

    def is_quorum(self, voters: Collection[str], size: int) -> bool:
        """Say whether `voters` are enough: `size` distinct acceptors, not messages (2.2)."""
        return len(voters) >= size and len(self.quorums.distinct(voters)) >= size

    def value_to_propose(self, own: Value) -> Value:
        """Return the value of the highest-numbered report, or `own` if there is none (P2c, 2.2).

        Not the most common one, not the last one: a value reported under a higher number may
        be chosen already, and everything proposed above it must then be equal to it.
        """
        reports = [p.report for p in self.promises.values() if p.report is not None]
        if not reports:
            return own
        return max(reports, key=lambda report: report.number).value

    @property
    def found(self) -> AcceptedReport | None:
        """The highest-numbered proposal that the promises reported for this instance."""
        reports = [p.report for p in self.promises.values() if p.report is not None]
        return max(reports, key=lambda report: report.number, default=None)

    @property
    def promise_messages(self) -> tuple[str, ...]:
        """The ids of the messages that made the quorum of promises."""
        return tuple(m for promise in self.promises.values() for m in promise.messages)

    def propose(self, own: Value) -> Value:
        """Fix the value of this proposal, once: what the promises demand, or else `own`."""
        assert self.state is ProposalState.PREPARED, f"propose in state {self.state}"
        assert self.value is None, "a second value under the same number"
        self.value = self.value_to_propose(own)
        self.state = ProposalState.ACCEPTING
        return self.value

    def transition(self, heard: Input) -> ProposalState:
        """Take one input and return the state after it; what does not apply changes nothing."""
        match heard:
            case AcceptedHeard(acceptor=acceptor):
                self.voters.append(acceptor)
                self._count()
            case DecisionHeard() as decision:
                self.decision = decision
                self._count()
            case AcceptSeen(value=value) if self.value is None:
                self.value = value
                self.state = ProposalState.ACCEPTING
                self._count()
            case PromiseHeard() if self.state is ProposalState.PREPARING:
                self.promises.setdefault(heard.acceptor, heard)
                if self.is_quorum(self.promises, self.quorums.phase1):
                    self.state = ProposalState.PREPARED
            case _:
                pass
        return self.state

    def _count(self) -> None:
        # Votes may overtake the accept that tells their value; without it nothing is known yet.
        if self.value is not None and (
            self.decision is not None or self.is_quorum(self.voters, self.quorums.phase2)
        ):
            self.state = ProposalState.CHOSEN
