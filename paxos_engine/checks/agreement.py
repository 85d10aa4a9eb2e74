"""Agreement: at most one value is ever chosen for an instance.

A fold over all `accepted` events, counted by distinct acceptors for one number: leaders are not
asked, since a leader that is wrong would only confirm itself. ("Paxos Made Simple", 2.1: only a
single value is chosen.)
"""

from __future__ import annotations

from paxos_engine.roles.events import (
    AcceptedValue,
    Crashed,
    Entry,
    Failed,
    Skipped,
    Synced,
    Violation,
)
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import ProposalNumber, Value

Ballot = tuple[int, ProposalNumber]


class AgreementChecker:
    """Watches that no instance gets two values.

    A vote counts once a `synced` of its node covers it; a crash cancels the uncovered ones.

    Args:
        quorums: the acceptors, and how many make a quorum of phase 2.
    """

    def __init__(self, quorums: Quorums) -> None:
        self.violation: Violation | None = None
        self.unchecked = ""
        self._quorums = quorums
        self._chosen: dict[int, tuple[ProposalNumber, Value, tuple[int, ...]]] = {}
        self._votes: dict[Ballot, dict[str, int]] = {}
        self._values: dict[Ballot, tuple[Value, int]] = {}
        self._unsynced: dict[str, list[tuple[int, AcceptedValue, int]]] = {}

    @property
    def agreed(self) -> int:
        """How many instances have been seen chosen, each with one value."""
        return len(self._chosen)

    def chosen(self, instance: int) -> Value | None:
        """Return the value chosen for `instance`, by the votes."""
        found = self._chosen.get(instance)
        return found[1] if found else None

    def observe(self, entry: Entry) -> None:
        """Take one entry of the trace."""
        match entry.event:
            case AcceptedValue() as vote:
                self._unsynced.setdefault(entry.node, []).append((vote.mark, vote, entry.seq))
            case Synced(mark=mark):
                self._sync(entry.node, mark)
            case Crashed():
                self._unsynced.pop(entry.node, None)
            case Failed(kind=kind) if kind != "fail":
                self._unsynced.pop(entry.node, None)
            case Skipped(count=count) if not self.unchecked:
                self.unchecked = f"{count} entries of the trace were missed"
            case _:
                pass

    def _sync(self, node: str, mark: int) -> None:
        pending = self._unsynced.get(node, [])
        self._unsynced[node] = [item for item in pending if item[0] > mark]
        for at, vote, seq in pending:
            if at <= mark:
                self._count(node, vote, seq)

    def _count(self, node: str, vote: AcceptedValue, seq: int) -> None:
        ballot = (vote.instance, vote.number)
        value, first = self._values.setdefault(ballot, (vote.value, seq))
        if value != vote.value:
            text = (
                f"instance {vote.instance}: two values under {vote.number}:"
                f" {value} and {vote.value}"
            )
            self._report("one value per number and instance", (first, seq), text)
            return
        votes = self._votes.setdefault(ballot, {})
        votes[node] = seq
        if len(self._quorums.distinct(votes)) >= self._quorums.phase2:
            self._choose(vote, tuple(sorted(votes.values())))

    def _choose(self, vote: AcceptedValue, evidence: tuple[int, ...]) -> None:
        before = self._chosen.get(vote.instance)
        if before is None:
            self._chosen[vote.instance] = (vote.number, vote.value, evidence)
            self._forget_minorities(vote.instance, vote.number)
        elif before[1] != vote.value:
            text = (
                f"instance {vote.instance}: {before[1]} was chosen under {before[0]},"
                f" and {vote.value} under {vote.number}"
            )
            self._report("at most one value is chosen", before[2] + evidence, text)

    def _forget_minorities(self, instance: int, number: ProposalNumber) -> None:
        # Votes under the deciding number have done their part. Others may still grow into a
        # second quorum, and stay.
        self._votes.pop((instance, number), None)

    def _report(self, rule: str, evidence: tuple[int, ...], text: str) -> None:
        if self.violation is None:
            self.violation = Violation(rule, evidence, text)
