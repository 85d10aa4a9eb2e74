"""The clients of one leader: who waits for what, and the one answer to each command."""

from __future__ import annotations

from collections.abc import Iterable

from paxos_engine.roles.effects import Effects
from paxos_engine.roles.events import Applied
from paxos_engine.roles.messages import Redirect, Reply
from paxos_engine.roles.sessions import EXPIRED
from paxos_engine.roles.values import Command


class Service:
    """The commands that this leader has taken, and the node that waits for each."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, int], str] = {}

    def take(self, node: str, command: Command) -> bool:
        """Note that `node` waits for `command`; return False if it is waited for already."""
        key = (command.client, command.sequence)
        is_new = key not in self._waiting
        self._waiting[key] = node
        return is_new

    def answer(self, rows: Iterable[Applied], effects: Effects) -> None:
        """Give each client whose command has been applied its one reply."""
        if not self._waiting:
            return  # as ever where another leader leads
        for row in rows:
            command = row.command
            if command is None:
                continue
            key = (command.client, command.sequence)
            node = self._waiting.pop(key, None)
            if node is None:
                continue
            if row.expired:
                effects.send(node, Reply(*key, row.instance, EXPIRED, "unknown"))
            else:
                at = row.duplicate_of or row.instance
                effects.send(node, Reply(*key, at, row.result or ""))

    def send_on(self, primary: str | None, effects: Effects) -> None:
        """Have every waiting client ask another leader, or, if there is none, ask again."""
        for key, node in self._waiting.items():
            effects.send(node, Redirect(*key, primary))
        self._waiting.clear()
