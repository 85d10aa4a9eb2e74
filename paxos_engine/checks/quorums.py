"""The quorums that a cluster is configured with meet: the one rule that needs no event."""

from __future__ import annotations

from typing import ClassVar, Final

from paxos_engine.checks.base import Check, Invariant, Watched
from paxos_engine.roles.events import Entry, Header, Violation
from paxos_engine.roles.quorum import Quorums

QUORUMS_MEET: Final = "every two quorums share an acceptor"


class ConfiguredQuorums(Quorums):
    """Quorums as a trace's header claims them, right or not: a checker must bear wrong ones."""

    def __post_init__(self) -> None:
        """Refuse nothing."""


class QuorumsMeet(Check):
    """Watches the header."""

    watches: ClassVar[Watched] = (Header,)
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            QUORUMS_MEET,
            'Howard, Malkhi, Spiegelman, "Flexible Paxos", 3',
            "Each quorum of phase 1 shares an acceptor with each quorum of phase 2, so that"
            " whoever prepares hears of whatever may be chosen.",
        ),
    )

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        if not isinstance(entry.event, Header):
            return None
        try:
            distinct = tuple(dict.fromkeys(entry.event.acceptors))
            Quorums(distinct, *entry.event.quorum)
        except ValueError as error:
            return Violation(QUORUMS_MEET, (entry.seq,), str(error))
        return None
