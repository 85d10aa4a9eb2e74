"""Traces written by hand, for the checks: one call per event, `seq` counted from 1."""

from __future__ import annotations

from collections.abc import Iterable

from paxos_engine.checks.base import Check
from paxos_engine.roles.events import (
    AcceptedValue,
    Answered,
    Applied,
    Delivered,
    Entry,
    Event,
    Learned,
    Prepared,
    Promised,
    Proposed,
    Restarted,
    Sent,
    Submitted,
    Synced,
    Violation,
)
from paxos_engine.roles.messages import Accepted, AcceptedReport, Message, Promise
from paxos_engine.roles.quorum import Quorums
from paxos_engine.roles.values import Command, ProposalNumber, Value

QUORUMS = Quorums.majorities(["A1", "A2", "A3"])


def n(round_: int, rank: int = 1) -> ProposalNumber:
    """Return a proposal number."""
    return ProposalNumber(round_, rank)


def cmd(value: str | bytes, sequence: int = 1, client: str = "C1") -> Command:
    """Return a command."""
    return Command(client, sequence, value)


def report(instance: int, number: ProposalNumber, value: Value) -> AcceptedReport:
    """Return a line of a promise."""
    return AcceptedReport(instance, number, value)


class History:
    """A trace under construction."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._marks: dict[str, int] = {}
        self._ids: dict[str, int] = {}
        self._quorum: dict[ProposalNumber, list[str]] = {}  # the promises that have arrived

    def say(self, node: str, event: Event) -> History:
        """Add an event."""
        seq = len(self.entries) + 1
        self.entries.append(Entry(seq, seq / 1000, node, event))
        return self

    def prepare(self, leader: str, number: ProposalNumber, first: int = 1) -> History:
        """Let a leader begin phase 1 for everything from `first` on."""
        return self.say(leader, Prepared(number, first, None, "takeover"))

    def promise(
        self,
        acceptor: str,
        number: ProposalNumber,
        first: int = 1,
        last: int | None = None,
        sync: bool = True,
        reported: tuple[AcceptedReport, ...] = (),
        compacted: int = 0,
    ) -> History:
        """Let an acceptor promise, durably unless `sync` is False."""
        mark = self._mark(acceptor)
        self.say(acceptor, Promised(number, first, last, reported, compacted, mark))
        return self.sync(acceptor) if sync else self

    def page(
        self,
        acceptor: str,
        number: ProposalNumber,
        *reported: AcceptedReport,
        first: int = 1,
        last: int | None = None,
        cursor: int = 0,
        covers_to: int | None = None,
        final: bool = True,
        compacted: int = 0,
        arrives: bool = True,
    ) -> History:
        """Let an acceptor send a page of its promise (the only one, if not said), and deliver it.

        `covers_to` is for a page that is not the last.
        """
        end = last if final else covers_to
        body = Promise(number, first, last, cursor or first, end, final, compacted, reported)
        message = self._next_id(acceptor)
        self.send(acceptor, number.leader, body)
        self._quorum.setdefault(number, []).append(message)
        return self.deliver(message, number.leader) if arrives else self

    def lead(self, number: ProposalNumber, *acceptors: str) -> History:
        """Let the leader of `number` prepare it, and these acceptors promise: nothing accepted."""
        self.prepare(number.leader, number)
        for acceptor in acceptors or ("A1", "A2"):
            self.promise(acceptor, number).page(acceptor, number)
        return self

    def propose(
        self,
        leader: str,
        number: ProposalNumber,
        instance: int,
        value: Value,
        promises: Iterable[str] | None = None,
    ) -> History:
        """Let a leader propose, on all promises that it was sent unless they are named."""
        named = self._quorum.get(number, ()) if promises is None else promises
        return self.say(leader, Proposed(instance, number, value, tuple(named)))

    def send(self, node: str, to: str, body: Message, after: int | None = None) -> History:
        """Let a message leave, resting on all that its node wrote so far unless said."""
        rests_on = self._marks.get(node, 0) if after is None else after
        message = self._next_id(node)
        self._ids[node] = self._ids.get(node, 0) + 1
        return self.say(node, Sent(message, to, body, rests_on))

    def acknowledge(
        self, acceptor: str, number: ProposalNumber, instance: int, after: int | None = None
    ) -> History:
        """Let an acceptor tell L1 that it accepted."""
        return self.send(acceptor, "L1", Accepted(number, ((instance, instance),)), after)

    def deliver(self, message: str, to: str) -> History:
        """Let a message arrive."""
        return self.say(to, Delivered(message, message.split(".", maxsplit=1)[0]))

    def restart(
        self,
        node: str,
        promised: ProposalNumber | None,
        accepted: int = 0,
        applied: int = 0,
        mark: int = 0,
    ) -> History:
        """Let a node come back with what it says is on its disk."""
        self._marks[node] = mark
        return self.say(node, Restarted(promised, accepted, applied, mark))

    def vote(
        self,
        acceptor: str,
        number: ProposalNumber,
        instance: int,
        value: Value,
        sync: bool = True,
    ) -> History:
        """Let an acceptor accept, durably unless `sync` is False."""
        self.say(acceptor, AcceptedValue(instance, number, value, self._mark(acceptor)))
        return self.sync(acceptor) if sync else self

    def sync(self, acceptor: str) -> History:
        """Make durable what an acceptor wrote so far."""
        return self.say(acceptor, Synced(self._marks.get(acceptor, 0), 1, 10))

    def choose(self, instance: int, value: Value) -> History:
        """Let A1 and A2 accept under 1.L1: the value is chosen."""
        return self.vote("A1", n(1), instance, value).vote("A2", n(1), instance, value)

    def learn(
        self,
        leader: str,
        instance: int,
        value: Value,
        *voters: str,
        source: str = "votes",
    ) -> History:
        """Let a leader learn what was decided under 1.L1."""
        return self.say(leader, Learned(instance, n(1), value, source, voters))

    def apply(
        self,
        leader: str,
        instance: int,
        command: Command | None,
        state: str = "",
        duplicate_of: int | None = None,
        result: str | None = "ok",
        more: bool = False,
    ) -> History:
        """Let a leader apply an instance; its state is the instance's number unless said.

        With `more` it is a command of several, and others follow.
        """
        result = result if command else None
        event = Applied(instance, command, result, state or f"s{instance}", duplicate_of, more=more)
        return self.say(leader, event)

    def submit(self, command: Command) -> History:
        """Give a client a command."""
        return self.say(command.client, Submitted(command.client, command.sequence, command))

    def answer(
        self, command: Command, instance: int, result: str = "ok", outcome: str = "chosen"
    ) -> History:
        """Let a client get an answer."""
        event = Answered(command.client, command.sequence, instance, result, outcome, 0.1)
        return self.say(command.client, event)

    def _next_id(self, node: str) -> str:
        return f"{node}.{self._ids.get(node, 0) + 1}"

    def _mark(self, node: str) -> int:
        self._marks[node] = self._marks.get(node, 0) + 1
        return self._marks[node]


def verdicts(checks: Iterable[Check], history: History) -> list[Violation]:
    """Return what the checks say of a history; each sees what it watches, entry by entry."""
    together = list(checks)
    found = [
        check.observe(entry)
        for entry in history.entries
        for check in together
        if {type(entry.event), type(getattr(entry.event, "body", None))} & {*check.watches}
    ]
    return [violation for violation in found if violation is not None]


def rules(checks: Iterable[Check], history: History) -> set[str]:
    """Return the rules that a history breaks."""
    return {violation.rule for violation in verdicts(checks, history)}
