"""An answer leaves only when the record that it rests on is durable, and only if there is one.

("Paxos Made Simple", 2.5: an acceptor records its intended response in stable storage before
actually sending the response.)
"""

from __future__ import annotations

from typing import ClassVar, Final

from paxos_engine.checks.base import Check, Invariant, Watched
from paxos_engine.checks.holdings import WIPE, Holding, Holdings
from paxos_engine.roles.events import Crashed, Entry, Restarted, Sent, Synced, Violation
from paxos_engine.roles.messages import Accepted, Promise, span

DURABLE_FIRST: Final = "a record is durable before its answer leaves"
RECORDED: Final = "an answer rests on a record"

WIDEST: Final = 65_536
"""Instances of one interval that are looked at; a trace may claim one of 2^48."""


class DurableBeforeSent(Check):
    """Watches every message that leaves a node.

    Args:
        holdings: what acceptors hold; it must have observed each entry before this check does.
    """

    watches: ClassVar[Watched] = (Sent, Synced, Crashed, Restarted)
    needs_messages: ClassVar[bool] = True
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            DURABLE_FIRST,
            '"Paxos Made Simple", 2.5',
            "No message leaves a node before everything that it depends on is durable there: a"
            " crash must not take back what others have heard.",
        ),
        Invariant(
            RECORDED,
            '"Paxos Made Simple", 2.5',
            "An acceptor says that it promised or accepted only what it has recorded, and the"
            " message depends on that record.",
        ),
    )

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._synced: dict[str, int] = {}  # node -> the mark up to which its disk has vouched

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        event = entry.event
        if isinstance(event, Sent):
            if event.after and event.after > self._synced.get(entry.node, 0):
                return self._too_early(entry, event)
            body = event.body
            if isinstance(body, Accepted):
                return self._accepted(entry, event, body)
            if isinstance(body, Promise):
                return self._promise(entry, event, body)
        elif isinstance(event, Synced | Restarted):
            self._synced[entry.node] = event.mark
        elif isinstance(event, Crashed) and event.kind == WIPE:
            self._synced[entry.node] = 0
        return None

    def _too_early(self, entry: Entry, event: Sent) -> Violation:
        text = (
            f"{entry.node} sends {event.message} to {event.to}, which depends on record"
            f" {event.after}, and its disk has vouched for {self._synced.get(entry.node, 0)}"
        )
        return Violation(DURABLE_FIRST, (entry.seq,), text)

    def _accepted(self, entry: Entry, event: Sent, body: Accepted) -> Violation | None:
        holding = self._holdings.of(entry.node) or Holding()
        for low, high in body.intervals:
            for instance in range(low, min(high, low + WIDEST) + 1):
                vote = holding.vote(instance, body.number)
                if vote is None:
                    if not holding.may_have_voted(instance):
                        return _unrecorded(entry, f"acceptance of {body.number} for {instance}")
                elif vote.mark > event.after:
                    what = f"acceptance of {body.number} for {instance}"
                    return _too_low(entry, event, what, vote.mark, vote.seq)
        return None

    def _promise(self, entry: Entry, event: Sent, body: Promise) -> Violation | None:
        holding = self._holdings.of(entry.node) or Holding()
        what = f"promise of {body.number} for {span(body.first, body.last)}"
        noted = holding.promise(body.number, body.first, body.last)
        if noted is None:
            return None if holding.forgot_promises else _unrecorded(entry, what)
        if noted.mark > event.after:
            return _too_low(entry, event, what, noted.mark, noted.seq)
        return None


def _unrecorded(entry: Entry, what: str) -> Violation:
    text = f"{entry.node} sends its {what}, of which it has no record"
    return Violation(RECORDED, (entry.seq,), text)


def _too_low(entry: Entry, event: Sent, what: str, mark: int, seq: int) -> Violation:
    text = (
        f"{entry.node} sends its {what}, which is record {mark}, as if it depended on"
        f" {event.after} only"
    )
    return Violation(RECORDED, (seq, entry.seq), text)
