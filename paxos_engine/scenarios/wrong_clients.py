"""Wrong rules about clients: what they are answered, and what is done for them how often.

Each is a tiny subclass that replaces one rule; the table is in `wrong_rules.py`.
"""

from __future__ import annotations

from paxos_engine.roles.effects import Effects
from paxos_engine.roles.election import Standing
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.log import ReplicatedLog
from paxos_engine.roles.messages import Reply
from paxos_engine.roles.sessions import Session
from paxos_engine.roles.values import Command


class ReadsLocally(PaxosLeader):
    """Whoever takes himself for the primary answers a read from what he has applied (S26, S28)."""

    def _request(self, node: str, command: Command, effects: Effects) -> None:
        text = command.value
        if isinstance(text, str) and text.startswith("get ") and self.standing is Standing.PRIMARY:
            result, _ = self.log.machine.apply(text)
            key = (command.client, command.sequence)
            effects.send(node, Reply(*key, self.log.applied_up_to, result))
        else:
            super()._request(node, command, effects)


class KeepsTheHighestSequence(ReplicatedLog):
    """A session remembers its highest sequence alone: what comes behind it counts as done (S29)."""

    def is_done(self, command: Command, session: Session) -> bool:
        """Compare with the highest."""
        return command.sequence <= max(session.replies, default=0)
