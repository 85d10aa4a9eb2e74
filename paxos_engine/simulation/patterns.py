"""Situations of the field, as a fold over the trace recognises them.

Those with a number are the ingredients of the scenario of that number. What needs something else
than the right rules, leases or another set of nodes shows in no run of right rules and is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from paxos_engine.roles import events as ev
from paxos_engine.roles.events import Entry
from paxos_engine.roles.messages import (
    KINDS,
    Accept,
    Accepted,
    AcceptedReport,
    Accepts,
    Compacted,
    Prepare,
    Promise,
)
from paxos_engine.roles.values import Command, ProposalNumber
from paxos_engine.simulation.situation import Situation

PATTERNS: Final[dict[str, str]] = {
    "a primary takes over": "S01",
    "a quorum is lost and comes back": "S02",
    "leaders duel: three prepares, nothing chosen": "S03",
    "two take themselves for the primary": "S03",
    "a value is reported by one acceptor alone": "S04",
    "promises report different values": "S05",
    "chosen, and its leader falls not knowing it": "S06",
    "a gap holds a value that is discovered": "S07",
    "a gap is filled with the no-op": "S08",
    "a gap is closed by catching up": "",
    "a gap takes a waiting command": "",
    "a vote is left behind by another choice": "S08",
    "a duplicate is suppressed": "S09",
    "a power cut forgets what was not synced": "S10",
    "a torn tail is dropped by a restart": "S11",
    "a disk is rotten or gone: its node stays out": "",
    "a restarted leader takes a new number": "S12",
    "an acceptor accepts what it never promised": "S13",
    "a primary leads a minority": "S14",
    "a vote arrives twice": "S18",
    "an accept arrives twice": "S19",
    "the last promise reports nothing": "S20",
    "a late accept is refused": "S21",
    "neither promises nor refusals make a quorum": "S22",
    "a chosen value's vote is lost, nobody knows": "S23",
    "a compacted acceptor is asked": "S24",
    "a paused primary wakes beside another": "S26",
    "a client's commands change order": "S29",
    "a sync is slow": "S30",
    "a leader catches up": "",
    "a snapshot is taken": "",
    "a snapshot is installed": "",
    "a node compacts": "",
    "a client is redirected": "",
    "a client retries": "",
}
"""Every pattern, in the order of the scenarios, with the one that it is an ingredient of."""

DUEL: Final = 3
"""Prepares without any value chosen that make a duel, if two leaders sent them."""


class Patterns:
    """Recognises the patterns of one run.

    Args:
        situation: of the same run; it has taken an entry before it is given here.
    """

    def __init__(self, situation: Situation) -> None:
        self._now = situation
        self._prepares: list[str] = []  # who prepared since something was chosen
        self._promised: dict[ProposalNumber, set[str]] = {}
        self._refused: dict[ProposalNumber, set[str]] = {}
        self._reborn: set[str] = set()  # leaders that restarted and have not prepared since
        self._torn: set[str] = set()
        self._highest: dict[str, tuple[int, int, str]] = {}  # client: sequence, instance, leader
        self._side: tuple[str, ...] = ()
        self._slow = False
        self._lost_quorum = False
        self._find: dict[type[ev.Event], Callable[[str, Any], Iterable[str]]] = {
            ev.Sent: self._sent,
            ev.Lost: self._lost,
            ev.Duplicated: self._duplicated,
            ev.Prepared: self._prepared,
            ev.Promised: self._promised_now,
            ev.Rejected: self._rejected,
            ev.Proposed: self._proposed,
            ev.AcceptedValue: self._accepted,
            ev.Synced: self._synced,
            ev.Learned: self._learned,
            ev.GapFilled: self._gap_filled,
            ev.Applied: self._applied,
            ev.SnapshotMade: self._snapshot,
            ev.Dropped: self._dropped,
            ev.Retried: self._retried,
            ev.BecamePrimary: self._primary,
            ev.Failed: self._fell,
            ev.Paused: self._fell,
            ev.Crashed: self._crashed,
            ev.Recovered: self._rose,
            ev.Restarted: self._restarted,
            ev.Resumed: self._resumed,
            ev.FaultsChanged: self._faults,
        }

    def observe(self, entry: Entry) -> Iterable[str]:
        """Return the patterns that an entry completes."""
        find = self._find.get(type(entry.event))
        return find(entry.node, entry.event) if find is not None else ()

    def befell(self, kind: str, nodes: tuple[str, ...]) -> None:
        """Take what befell the cluster and no event tells."""
        if kind == "torn write":
            self._torn.add(nodes[0])

    # --- messages ------------------------------------------------------------------------

    def _sent(self, _: str, event: ev.Sent) -> Iterable[str]:
        match event.body:  # a third of all events: no generator for these
            case Compacted():
                return ("a compacted acceptor is asked",)
            case Promise(first=first, compacted=compacted) if compacted >= first:
                return ("a compacted acceptor is asked",)
        return ()

    def _lost(self, _: str, event: ev.Lost) -> Iterator[str]:
        if self._now.unknown and self._now.kinds.get(event.message) is Accepted:
            yield "a chosen value's vote is lost, nobody knows"

    def _duplicated(self, _: str, event: ev.Duplicated) -> Iterator[str]:
        kind = self._now.kinds.get(event.message)
        if kind is Accepted:
            yield "a vote arrives twice"
        elif kind in (Accept, Accepts):
            yield "an accept arrives twice"

    def _retried(self, _: str, event: ev.Retried) -> Iterator[str]:
        yield "a client is redirected" if "redirect" in event.reason else "a client retries"

    # --- phase 1 -------------------------------------------------------------------------

    def _prepared(self, node: str, event: ev.Prepared) -> Iterator[str]:
        if node in self._reborn:
            self._reborn.discard(node)
            yield "a restarted leader takes a new number"
        self._prepares.append(node)
        if len(self._prepares) >= DUEL and len(set(self._prepares)) > 1:
            self._prepares.clear()
            yield "leaders duel: three prepares, nothing chosen"

    def _promised_now(self, node: str, event: ev.Promised) -> Iterator[str]:
        self._promised.setdefault(event.number, set()).add(node)
        yield from self._split(event.number)

    def _rejected(self, node: str, event: ev.Rejected) -> Iterator[str]:
        if self._now.hands.get(node) in (Accept, Accepts):
            yield "a late accept is refused"
        elif self._now.hands.get(node) is Prepare:
            self._refused.setdefault(event.number, set()).add(node)
            yield from self._split(event.number)

    def _split(self, number: ProposalNumber) -> Iterator[str]:
        """See whether all that are up have spoken, and neither side makes a quorum."""
        promised = self._promised.get(number, set())
        refused = self._refused.get(number, set())
        size = self._now.quorum[0]
        if not refused or max(len(promised), len(refused)) >= size:
            return
        if all(a in self._now.down or a in promised or a in refused for a in self._now.acceptors):
            yield "neither promises nor refusals make a quorum"

    def _primary(self, node: str, _: ev.BecamePrimary) -> Iterator[str]:
        yield "a primary takes over"
        if len(self._now.primaries) > 1:
            yield "two take themselves for the primary"
        yield from self._minority(node)

    def _minority(self, leader: str) -> Iterator[str]:
        """See whether a partition leaves a primary too few acceptors for phase 2."""
        if not self._side:
            return
        here = [a for a in self._now.acceptors if (a in self._side) == (leader in self._side)]
        if len(here) < self._now.quorum[1]:
            yield "a primary leads a minority"

    # --- phase 2 -------------------------------------------------------------------------

    def _proposed(self, _: str, event: ev.Proposed) -> Iterator[str]:
        heard = [self._now.promises[m] for m in event.promises if m in self._now.promises]
        found = [_report_of(promise, event.instance) for promise in heard]
        told = [report for report in found if report is not None]
        if len(told) == 1 and len(found) > 1:
            yield "a value is reported by one acceptor alone"
        if any(report.value != told[0].value for report in told):
            yield "promises report different values"
        if told and found[-1] is None:
            yield "the last promise reports nothing"

    def _accepted(self, node: str, event: ev.AcceptedValue) -> Iterator[str]:
        if node not in self._promised.get(event.number, ()):
            yield "an acceptor accepts what it never promised"
        if self._now.news == "chosen":
            self._prepares.clear()
            if any(value != event.value for _, value in self._now.votes[event.instance].values()):
                yield "a vote is left behind by another choice"
            if self._now.unknown[event.instance] in self._now.down:
                yield "chosen, and its leader falls not knowing it"

    def _synced(self, _: str, event: ev.Synced) -> Iterator[str]:
        if self._slow:
            yield "a sync is slow"

    # --- the history ---------------------------------------------------------------------

    def _learned(self, _: str, event: ev.Learned) -> Iterator[str]:
        if event.source == "catch-up":
            yield "a leader catches up"

    def _gap_filled(self, _: str, event: ev.GapFilled) -> Iterator[str]:
        match event.outcome:
            case "found":
                yield "a gap holds a value that is discovered"
            case "no-op":
                yield "a gap is filled with the no-op"
            case "own":
                yield "a gap takes a waiting command"
            case _:
                yield "a gap is closed by catching up"

    def _applied(self, node: str, event: ev.Applied) -> Iterator[str]:
        if event.duplicate_of is not None:
            yield "a duplicate is suppressed"
        elif isinstance(event.command, Command):
            last, where, who = self._highest.get(event.command.client, (0, 0, ""))
            # The first leader that gets there, with each command of the instance.
            if event.instance > where or (event.instance == where and node == who):
                here = (event.command.sequence, event.instance, node)
                self._highest[event.command.client] = here
                if event.command.sequence < last:
                    yield "a client's commands change order"

    def _snapshot(self, _: str, event: ev.SnapshotMade) -> Iterator[str]:
        yield f"a snapshot is {event.kind}"

    def _dropped(self, _: str, __: ev.Dropped) -> Iterator[str]:
        yield "a node compacts"

    # --- failures ------------------------------------------------------------------------

    def _fell(self, node: str, _: ev.Event) -> Iterator[str]:
        if self._now.news == "lost":
            self._lost_quorum = True
        if node in self._now.unknown.values():
            yield "chosen, and its leader falls not knowing it"

    def _crashed(self, node: str, event: ev.Crashed) -> Iterator[str]:
        yield from self._fell(node, event)
        forgets = event.kind == "power cut" and "not yet on disk" in event.forgotten
        if forgets and node in self._now.acceptors:
            yield "a power cut forgets what was not synced"
        if event.kind.startswith("disk"):
            yield "a disk is rotten or gone: its node stays out"

    def _rose(self, _: str, __: ev.Event) -> Iterator[str]:
        if self._now.news == "back" and self._lost_quorum:
            self._lost_quorum = False
            yield "a quorum is lost and comes back"

    def _restarted(self, node: str, event: ev.Restarted) -> Iterator[str]:
        yield from self._rose(node, event)
        self._reborn.add(node)
        if node in self._torn:
            self._torn.discard(node)
            yield "a torn tail is dropped by a restart"

    def _resumed(self, node: str, event: ev.Resumed) -> Iterator[str]:
        yield from self._rose(node, event)
        primaries = self._now.primaries
        if node in primaries and len(primaries) > 1:
            yield "a paused primary wakes beside another"

    def _faults(self, _: str, event: ev.FaultsChanged) -> Iterator[str]:
        groups = event.plan.get("groups") or []
        self._side = tuple(groups[0]) if groups else ()
        self._slow = event.plan.get("disk_delay", 0.0) > 0
        if event.reason.startswith("partition"):
            for leader in self._now.primaries:
                yield from self._minority(leader)


def _report_of(promise: Promise, instance: int) -> AcceptedReport | None:
    return next((report for report in promise.reported if report.instance == instance), None)


def kind_of(situation: Situation, message: str) -> str:
    """Return the word for a message that was sent; "message" if none of the trace sent it."""
    kind = situation.kinds.get(message)
    return KINDS[kind] if kind is not None else "message"
