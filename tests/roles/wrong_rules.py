"""The toy's rules: each overrides exactly one method of a right one. Never used by the program."""

from __future__ import annotations

from collections.abc import Collection

from paxos_engine.roles.acceptor_protocol import PaxosAcceptorProtocol
from paxos_engine.roles.leader_protocol import PaxosLeaderProtocol
from paxos_engine.roles.messages import Accept, AcceptedReport, Prepare
from paxos_engine.roles.values import ProposalNumber, Value


class LastReplyOnly(PaxosLeaderProtocol):
    """The value is taken from the promise that completes the quorum."""

    def value_to_propose(self, own: Value) -> Value:
        """Look at the last promise alone."""
        last = list(self.promises.values())[-1].report
        return own if last is None else last.value


class MostCommonReport(PaxosLeaderProtocol):
    """The value that most acceptors report, not that of the highest number."""

    def value_to_propose(self, own: Value) -> Value:
        """Count the reports."""
        values = [p.report.value for p in self.promises.values() if p.report is not None]
        return max(values, key=values.count) if values else own


class CountsMessages(PaxosLeaderProtocol):
    """Votes are counted per message, not per acceptor."""

    def is_quorum(self, voters: Collection[str], size: int) -> bool:
        """Count duplicates too."""
        return len(voters) >= size


class OnlyMajorityReports(PaxosLeaderProtocol):
    """A value that only one acceptor reports is taken for free."""

    def value_to_propose(self, own: Value) -> Value:
        """Adopt only what a quorum reports."""
        values = [p.report.value for p in self.promises.values() if p.report is not None]
        many = [v for v in values if values.count(v) >= self.quorums.phase1]
        return many[0] if many else own


class ReportsPromised(PaxosAcceptorProtocol):
    """The report names the highest number promised, not the highest accepted, with no value."""

    def report(self) -> AcceptedReport | None:
        """Forget what was accepted as soon as something higher is promised."""
        if self.accepted_number is not None and self.promised > self.accepted_number:
            return None
        return super().report()


class AcceptsBelowPromise(PaxosAcceptorProtocol):
    """A proposal once promised is accepted, whatever was promised since."""

    def may_accept(self, number: ProposalNumber) -> bool:
        """Accept everything."""
        return True


class AcceptKeepsThePromise(PaxosAcceptorProtocol):
    """Accepting under a number is not taken as a promise of it (S13)."""

    def transition(self, message: Prepare | Accept) -> bool:
        """Put the old promise back after an accept."""
        before = self.promised
        took = super().transition(message)
        if isinstance(message, Accept):
            self.promised = before
        return took


class ComparesPortWithCount(PaxosAcceptorProtocol):
    """A proposal's leader (the toy: its port) is compared with the round (the toy: its count)."""

    def may_accept(self, number: ProposalNumber) -> bool:
        """Compare what cannot be compared."""
        return number.rank >= self.promised.round
