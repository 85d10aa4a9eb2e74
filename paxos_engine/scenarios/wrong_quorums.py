"""A wrong rule about quorums; the table is in `wrong_rules.py`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.quorum import Quorums


class AnyQuorums(Quorums):
    """Quorums that nobody has checked."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Take whatever is given."""


class HalfIsEnough(PaxosLeader):
    """Half of the acceptors make a quorum of either phase, and two halves need not meet (S17)."""

    def __init__(
        self, name: str, leaders: Iterable[str], quorums: Quorums, *arguments: Any, **options: Any
    ) -> None:
        half = max(1, len(quorums.acceptors) // 2)
        unchecked = AnyQuorums(quorums.acceptors, half, half)
        super().__init__(name, leaders, unchecked, *arguments, **options)
