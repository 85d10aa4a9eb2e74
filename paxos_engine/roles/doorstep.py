"""What clients asked of a leader that does not lead: kept in case that it soon does.

Who asks a follower was most likely without an answer of the primary. The follower can only name
that primary, and before it suspects it, that name is of no use. So it keeps what it was asked until
a primary is heard again. If that is another one, it tells the client; if it comes to lead itself,
it answers (the log applies a command once, whoever else was asked for it).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from paxos_engine.roles.effects import Effects
from paxos_engine.roles.messages import Redirect
from paxos_engine.roles.values import ZERO, Command, ProposalNumber

ROOM: Final = 4096
"""Commands; further ones are asked again by their clients, as they would be without any of this."""


class Doorstep:
    """The commands that one leader was asked for while it did not lead."""

    def __init__(self) -> None:
        self.primary_number = ZERO  # of the primary that clients were led on to
        self._kept: dict[tuple[str, int], tuple[str, Command]] = {}

    def keep(self, node: str, command: Command) -> None:
        """Keep a command that `node` asked for, if there is room."""
        if len(self._kept) < ROOM:
            self._kept[command.client, command.sequence] = (node, command)

    def hear(self, primary: str, number: ProposalNumber, effects: Effects) -> None:
        """Forget them, since `primary` leads under `number`; tell the clients if that is news."""
        if number != self.primary_number:
            for key, (node, _) in self._kept.items():
                effects.send(node, Redirect(*key, primary))
        self.primary_number = number
        self._kept.clear()

    def clear(self) -> None:
        """Forget them: what was asked before this leader failed, clients have asked elsewhere."""
        self._kept.clear()

    def take(self) -> Iterator[tuple[str, Command]]:
        """Return who asked for what, in the order of asking, and forget it."""
        if not self._kept:
            return iter(())
        kept, self._kept = self._kept, {}
        return iter(kept.values())
