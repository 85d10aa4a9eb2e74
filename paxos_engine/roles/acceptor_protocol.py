"""What one acceptor holds for one instance, and the two rules by which it changes.

        prepare n, n >= promised            accept n, n >= promised
    FREE ----------------------> PROMISED ------------------------> ACCEPTED
      '---------------- accept n, n >= promised -----------------------^

Two rules bind this file ("Paxos Made Simple", 2.2): P1a, an acceptor accepts a proposal numbered
n if and only if it has promised nothing higher than n; and a promise reports the highest-numbered
proposal *accepted*, never the highest promised. A refused message changes nothing.
"""

from __future__ import annotations

from enum import Enum

from paxos_engine.roles.messages import Accept, AcceptedReport, Prepare
from paxos_engine.roles.values import ZERO, ProposalNumber, Value


class AcceptorState(Enum):
    """Where an instance stands on one acceptor."""

    FREE = "free"
    PROMISED = "promised"
    ACCEPTED = "accepted"


class PaxosAcceptorProtocol:
    """The state machine of one instance on one acceptor.

    Args:
        instance: the slot of the history that it is about.
        promised: the highest number promised so far for this instance, by whatever range.
        accepted: the highest-numbered proposal accepted so far, if any.
    """

    __slots__ = ("accepted_number", "accepted_value", "instance", "promised")

    def __init__(
        self,
        instance: int,
        promised: ProposalNumber = ZERO,
        accepted: tuple[ProposalNumber, Value] | None = None,
    ) -> None:
        self.instance = instance
        self.promised = promised
        self.accepted_number: ProposalNumber | None = None
        self.accepted_value: Value | None = None
        if accepted is not None:
            self.accepted_number, self.accepted_value = accepted

    @property
    def state(self) -> AcceptorState:
        """Where this instance stands."""
        if self.accepted_number is not None:
            return AcceptorState.ACCEPTED
        return AcceptorState.FREE if self.promised == ZERO else AcceptorState.PROMISED

    def may_promise(self, number: ProposalNumber) -> bool:
        """Say whether `number` may be promised: it is as high as any promise before (2.2).

        An equal number is promised again in the same way, since the first answer may be lost.
        """
        return number >= self.promised

    def may_accept(self, number: ProposalNumber) -> bool:
        """Say whether a proposal may be accepted: nothing higher has been promised (P1a, 2.2)."""
        return number >= self.promised

    def report(self) -> AcceptedReport | None:
        """Return what a promise must say: the highest-numbered proposal accepted here (2.2, P2c).

        Reporting the highest *promised* number instead would hide a chosen value from the leader.
        """
        if self.accepted_number is None or self.accepted_value is None:
            return None
        return AcceptedReport(self.instance, self.accepted_number, self.accepted_value)

    def transition(self, message: Prepare | Accept) -> bool:
        """Take one message; return False, having changed nothing, where it must be refused."""
        match message:
            case Prepare(number=number):
                if not self.may_promise(number):
                    return False
                self.promised = number
            case Accept(number=number, value=value):
                if not self.may_accept(number):
                    return False
                # An accept is also a promise: without this a late accept below `number`, from a
                # leader whose prepare never reached us, could overwrite a chosen value (S13).
                self.promised = number
                self.accepted_number, self.accepted_value = number, value
        return True
