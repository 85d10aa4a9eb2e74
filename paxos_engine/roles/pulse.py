"""Whether a primary hears the acceptors, and when it beats next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from paxos_engine.roles.election import Timing
from paxos_engine.roles.messages import Accepted, Envelope, HeartbeatReply, Promise
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import ProposalNumber


class Pulse:
    """The heartbeat of one primacy.

    Args:
        quorums: the acceptors, and how many of them are enough.
        timing: the clockwork, in seconds.
    """

    def __init__(self, quorums: Quorums, timing: Timing) -> None:
        self.beat_at = 0.0
        self._quorums: Final = quorums
        self._timing: Final = timing
        self._heard: dict[str, float] = {}  # acceptor -> when it last answered this primacy

    def restart(self, now: float) -> None:
        """Beat at once, and take what was heard before for stale."""
        self._heard.clear()
        self.beat_at = now

    def stop(self) -> None:
        """Forget who was heard: the primacy has ended."""
        self._heard.clear()

    def begin(self, acceptors: Iterable[str], now: float) -> None:
        """Note that these acceptors made the quorum by which the primacy began."""
        self._heard.update(dict.fromkeys(acceptors, now))

    def hear(self, envelope: Envelope, number: ProposalNumber, now: float) -> None:
        """Note a message that answers us under our `number`."""
        message = envelope.message
        if isinstance(message, Promise | Accepted | HeartbeatReply) and message.number == number:
            self._heard[envelope.sender] = now

    def beaten(self, now: float) -> None:
        """Plan the next beat."""
        self.beat_at = now + self._timing.heartbeat_every

    def hears_quorum(self, now: float) -> bool:
        """Say whether a quorum of phase 2 answered within the time-out (S15)."""
        return len(self.heard_lately(now)) >= self._quorums.phase2

    def heard_lately(self, now: float) -> frozenset[str]:
        """Return the acceptors that answered within the time-out."""
        oldest = now - self._timing.election_timeout
        return self._quorums.distinct(node for node, at in self._heard.items() if at >= oldest)
