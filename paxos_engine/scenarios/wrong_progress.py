"""Wrong rules that cost progress: nothing false is ever chosen, but commands wait for ever.

Each is a tiny subclass that replaces one rule; the table is in `wrong_rules.py`.
"""

from __future__ import annotations

from paxos_engine.roles.acceptor_protocol import PaxosAcceptorProtocol
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.messages import Accept, HeartbeatReply, Nack
from paxos_engine.roles.values import ProposalNumber


class BeatsWithoutAQuorum(PaxosLeader):
    """A primary says that it leads whether or not anybody answers it (S15)."""

    def may_say_that_it_leads(self, now: float) -> bool:
        """Look at phase 1 alone."""
        return self._phase_one is None


class NeverSendsAgain(PaxosLeader):
    """A lost datagram is lost: no accept is sent a second time (S23, and the toy)."""

    def tick(self, now: float) -> Effects:
        """Do what is due, but send no accept: the first sending is never a timer's."""
        effects = super().tick(now)
        effects.messages = [o for o in effects.messages if not isinstance(o.message, Accept)]
        return effects


class WaitsForAQuorumOfNacks(PaxosLeader):
    """One nack is not enough: a leader goes on until a majority has refused it (S22)."""

    _refused: frozenset[tuple[str, ProposalNumber]] = frozenset()

    def _outbid(
        self, acceptor: str, answer: Nack | HeartbeatReply, now: float, effects: Effects
    ) -> None:
        if answer.promised > answer.number == self.number:
            self._refused |= {(acceptor, answer.number)}
        if sum(refused == self.number for _, refused in self._refused) >= self.quorums.phase2:
            super()._outbid(acceptor, answer, now, effects)


class DiesOfADuplicate(PaxosAcceptorProtocol):
    """An accept that comes twice is taken for impossible, and ends the node (S19)."""

    def may_accept(self, number: ProposalNumber) -> bool:
        """Insist that every accept is news."""
        assert number != self.accepted_number, f"{number} was accepted in {self.instance} already"
        return super().may_accept(number)
