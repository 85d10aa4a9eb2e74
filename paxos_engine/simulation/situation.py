"""What a cluster is in the middle of: a fold over the trace that says in which phase a fault falls.

It knows more than any node does: which value is chosen is counted from the votes themselves, those
included that are not on disk yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from paxos_engine.roles import events as ev
from paxos_engine.roles.events import Entry
from paxos_engine.roles.messages import Message, Promise
from paxos_engine.roles.values import ProposalNumber, Value

PHASES: Final = (
    "two lead",
    "phase 1",
    "known to none",
    "voting",
    "gap open",
    "none leads",
    "waiting",
    "all quiet",
)
"""What a cluster may be in the middle of. The first that holds is the one that counts.

two lead: two leaders take themselves for the primary. phase 1: a leader collects promises.
known to none: a value is chosen, and no leader has learned it. voting: a value is proposed and not
chosen. gap open: a leader knows of an instance that is open below others. none leads. waiting: a
command has no answer. all quiet: none of these.
"""


class Situation:
    """The state of one run, as its trace tells it; entries are given to `observe` in order.

    `news` is what the last entry brought about: a value was "chosen", so few acceptors are left
    that a quorum is "lost", or enough are "back".
    """

    def __init__(self) -> None:
        self.acceptors: tuple[str, ...] = ()
        self.quorum = (0, 0)
        self.news = ""
        self.leading: dict[str, str] = {}  # leader -> "preparing" or "primary"
        self.standing_still: dict[str, str] = {}  # what a paused leader will take itself for
        self.down: set[str] = set()
        self.kinds: dict[str, type[Message]] = {}  # message -> its kind
        self.promises: dict[str, Promise] = {}
        self.hands: dict[str, type[Message] | None] = {}  # node -> what it was handed last
        self.votes: dict[int, dict[str, tuple[ProposalNumber, Value]]] = {}  # the last of each
        self.chosen: dict[int, Value] = {}
        self.proposers: dict[tuple[int, ProposalNumber], str] = {}
        self.unknown: dict[int, str] = {}  # chosen and not learned -> who proposed it
        self.proposed: set[int] = set()  # and not chosen
        self.gaps: set[int] = set()
        self.unanswered = 0
        self._follow: dict[type[ev.Event], Callable[[str, Any], None]] = {
            ev.Header: self._header,
            ev.Sent: self._sent,
            ev.Delivered: self._delivered,
            ev.Prepared: self._prepared,
            ev.BecamePrimary: self._primary,
            ev.Yielded: self._yielded,
            ev.Proposed: self._proposed,
            ev.AcceptedValue: self._accepted,
            ev.Learned: self._learned,
            ev.GapFound: self._gap_found,
            ev.GapFilled: self._gap_filled,
            ev.Submitted: self._submitted,
            ev.Answered: self._answered,
            ev.Failed: self._fell,
            ev.Crashed: self._fell,
            ev.Paused: self._paused,
            ev.Recovered: self._rose,
            ev.Restarted: self._rose,
            ev.Resumed: self._resumed,
        }

    def observe(self, entry: Entry) -> None:
        """Take one entry."""
        self.news = ""
        follow = self._follow.get(type(entry.event))
        if follow is not None:
            follow(entry.node, entry.event)

    @property
    def primaries(self) -> list[str]:
        """The leaders that take themselves for the primary, and are up."""
        return [leader for leader, role in self.leading.items() if role == "primary"]

    @property
    def phase(self) -> str:
        """What the cluster is in the middle of: one of `PHASES`."""
        primaries = len(self.primaries)
        holds = (
            primaries > 1,
            primaries < len(self.leading),
            bool(self.unknown),
            bool(self.proposed),
            bool(self.gaps),
            not primaries,
            self.unanswered > 0,
        )
        return next((phase for phase, true in zip(PHASES, holds, strict=False) if true), PHASES[-1])

    # --- the events ----------------------------------------------------------------------

    def _header(self, _: str, event: ev.Header) -> None:
        self.acceptors, self.quorum = event.acceptors, event.quorum

    def _sent(self, _: str, event: ev.Sent) -> None:
        self.kinds[event.message] = type(event.body)
        if isinstance(event.body, Promise):
            self.promises[event.message] = event.body

    def _delivered(self, node: str, event: ev.Delivered) -> None:
        self.hands[node] = self.kinds.get(event.message)

    def _prepared(self, node: str, event: ev.Prepared) -> None:
        if event.to_instance is None:
            self.leading[node] = "preparing"

    def _primary(self, node: str, _: ev.BecamePrimary) -> None:
        self.leading[node] = "primary"

    def _yielded(self, node: str, _: ev.Yielded) -> None:
        self.leading.pop(node, None)

    def _proposed(self, node: str, event: ev.Proposed) -> None:
        self.proposers[event.instance, event.number] = node
        if event.instance not in self.chosen:
            self.proposed.add(event.instance)

    def _accepted(self, node: str, event: ev.AcceptedValue) -> None:
        votes = self.votes.setdefault(event.instance, {})
        votes[node] = (event.number, event.value)
        if event.instance in self.chosen:
            return
        if sum(number == event.number for number, _ in votes.values()) >= self.quorum[1]:
            self.chosen[event.instance] = event.value
            self.unknown[event.instance] = self.proposers.get((event.instance, event.number), "")
            self.proposed.discard(event.instance)
            self.news = "chosen"

    def _learned(self, _: str, event: ev.Learned) -> None:
        self.unknown.pop(event.instance, None)

    def _gap_found(self, _: str, event: ev.GapFound) -> None:
        self.gaps.add(event.instance)

    def _gap_filled(self, _: str, event: ev.GapFilled) -> None:
        self.gaps.discard(event.instance)

    def _submitted(self, _: str, __: ev.Submitted) -> None:
        self.unanswered += 1

    def _answered(self, _: str, __: ev.Answered) -> None:
        self.unanswered -= 1

    def _fell(self, node: str, _: ev.Event) -> None:
        self.leading.pop(node, None)
        self.standing_still.pop(node, None)
        self._count(node, down=True)

    def _paused(self, node: str, _: ev.Paused) -> None:
        role = self.leading.pop(node, "")
        if role:
            self.standing_still[node] = role
        self._count(node, down=True)

    def _rose(self, node: str, _: ev.Event) -> None:
        self._count(node, down=False)

    def _resumed(self, node: str, _: ev.Resumed) -> None:
        role = self.standing_still.pop(node, "")
        if role:
            self.leading[node] = role
        self._count(node, down=False)

    def _count(self, node: str, *, down: bool) -> None:
        had = self._has_quorum()
        if down:
            self.down.add(node)
        else:
            self.down.discard(node)
        if had != self._has_quorum():
            self.news = "lost" if had else "back"

    def _has_quorum(self) -> bool:
        return sum(name not in self.down for name in self.acceptors) >= max(self.quorum)
