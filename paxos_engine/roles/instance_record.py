"""All proposals that a leader knows of for one instance, its own and its peers'."""

from __future__ import annotations

from paxos_engine.roles.leader_protocol import PaxosLeaderProtocol
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import ProposalNumber


class InstanceRecord:
    """The table of proposals for one instance; it lives while the instance is undecided.

    Args:
        instance: the slot of the history.
        quorums: whose votes count.
        protocol: the state machine of one proposal; a wrong rule is a subclass of it.
    """

    __slots__ = ("_protocol", "_quorums", "instance", "proposals")

    def __init__(
        self, instance: int, quorums: Quorums, protocol: type[PaxosLeaderProtocol]
    ) -> None:
        self.instance = instance
        self.proposals: dict[ProposalNumber, PaxosLeaderProtocol] = {}
        self._quorums = quorums
        self._protocol = protocol

    def proposal(self, number: ProposalNumber) -> PaxosLeaderProtocol:
        """Return the proposal under `number`, begun now if it is the first heard of it."""
        known = self.proposals.get(number)
        if known is None:
            known = self._protocol(self.instance, number, self._quorums)
            self.proposals[number] = known
        return known
