"""The network invents nothing: what is delivered was sent, by that node and to this one.

("Paxos Made Simple", 2.1: messages can take arbitrarily long, can be duplicated and lost, but are
not corrupted.)

Bound: the addressee of the last `RECENT` to 2 * `RECENT` messages; of older ones, where a sender
numbers its messages `L1.1`, `L1.2`, ..., the highest number, and else nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar, Final

from paxos_engine.checks.base import Check, Invariant, Watched
from paxos_engine.roles.events import Delivered, Entry, Sent, Violation

SENT_FIRST: Final = "every delivery has a sending"

RECENT: Final = 50_000
"""Messages whose addressee is remembered at least."""


class DeliveredWasSent(Check):
    """Watches that messages come from somewhere."""

    watches: ClassVar[Watched] = (Sent, Delivered)
    needs_messages: ClassVar[bool] = True
    rules: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            SENT_FIRST,
            '"Paxos Made Simple", 2.1',
            "A message is delivered only to the node it was sent to, after it was sent: the"
            " network may lose, delay and double, but it invents nothing.",
        ),
    )

    def __init__(self) -> None:
        # sender -> message -> addressee, of the recent messages and of those before.
        self._new: dict[str, dict[str, str]] = defaultdict(dict)
        self._old: dict[str, dict[str, str]] = {}
        self._again: dict[tuple[str, str], set[str]] = {}  # further addressees of a reused id
        self._count = 0  # of the new ones
        self._forgotten: dict[str, int] = {}  # sender -> number of the last message dropped
        self._unnumbered: set[str] = set()  # senders whose dropped messages cannot be told

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry; return what is wrong, if it breaks the rule."""
        event = entry.event
        if isinstance(event, Sent):
            to = self._new[entry.node].setdefault(event.message, event.to)
            if to != event.to:
                self._again.setdefault((entry.node, event.message), set()).add(event.to)
            self._count += 1
            if self._count >= RECENT:
                self._grow_old()
        elif isinstance(event, Delivered):
            recent = self._new.get(event.from_)
            if recent is not None and recent.get(event.message) == entry.node:
                return None
            found = self._addressee(event.from_, event.message)
            again = self._again.get((event.from_, event.message), ())
            if found == entry.node or entry.node in again:
                return None
            if found is not None:
                return _astray(entry, event, found)
            if not self._may_be_forgotten(event.from_, event.message):
                return _unsent(entry, event)
        return None

    def _addressee(self, sender: str, message: str) -> str | None:
        for sent in (self._new, self._old):
            known = sent.get(sender)
            if known is not None and message in known:
                return known[message]
        return None

    def _grow_old(self) -> None:
        """Drop the old messages but for their last number, and begin with new ones."""
        for sender, messages in self._old.items():
            first, last = (_number(sender, m) for m in (next(iter(messages)), [*messages][-1]))
            expected = self._forgotten.get(sender, 0) + 1
            if first == expected and last == first + len(messages) - 1:
                self._forgotten[sender] = last
            else:
                self._unnumbered.add(sender)
        self._again.clear()
        self._old, self._new, self._count = self._new, defaultdict(dict), 0

    def _may_be_forgotten(self, sender: str, message: str) -> bool:
        number = _number(sender, message)
        return sender in self._unnumbered or 0 < number <= self._forgotten.get(sender, 0)


def _number(sender: str, message: str) -> int:
    """Return the number of a message in the order of its sender; 0 if its id has none."""
    head, _, number = message.rpartition(".")
    return int(number) if head == sender and number.isascii() and number.isdecimal() else 0


def _unsent(entry: Entry, event: Delivered) -> Violation:
    text = f"{event.message} from {event.from_} reaches {entry.node}, and nobody has sent it"
    return Violation(SENT_FIRST, (entry.seq,), text)


def _astray(entry: Entry, event: Delivered, to: str) -> Violation:
    text = f"{event.message} from {event.from_} reaches {entry.node}, and it was sent to {to}"
    return Violation(SENT_FIRST, (entry.seq,), text)
