"""One turn of a node: durable first, sent after, and few messages where few will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from paxos_engine.cycle import NOTED_FOR, NodeCycle
from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.effects import ChosenRecord, Effects, Outgoing, Record, Role, RoundRecord
from paxos_engine.roles.events import Event
from paxos_engine.roles.messages import (
    Accept,
    Accepted,
    Envelope,
    Heartbeat,
    Prepare,
    Promise,
)
from paxos_engine.roles.values import NOOP, ProposalNumber
from paxos_engine.storage.disk import DiskFailure

ONE, TWO = ProposalNumber(1, 1), ProposalNumber(2, 2)


class Notebook:
    """A disk, a network and a trace that write down in one list what is asked of them."""

    kind = "notebook"

    def __init__(self, wait: float = 0.0, broken: bool = False, role: Role | None = None) -> None:
        self.lines: list[str] = []
        self.sent: list[Outgoing] = []
        self.wait = wait
        self._broken = broken
        role = role or PaxosAcceptor("A1", ["L1", "L2"])
        self.cycle = NodeCycle(role, self, self, self._publish, lambda: self.wait)

    def append(self, records: Sequence[Record]) -> None:
        self.lines += [f"write {type(record).__name__}" for record in records]

    def sync(self) -> int:
        if self._broken:
            raise DiskFailure("the disk is broken")
        self.lines.append("sync")
        return 1

    def replace(self, records: Sequence[Record]) -> None:
        self.lines.append("replace")

    def send(self, batches: Mapping[str, Sequence[Outgoing]], now: float) -> None:
        for batch in batches.values():
            self.sent += batch
            self.lines += [f"send {outgoing.message.describe()}" for outgoing in batch]

    def run(self, *messages: Prepare | Accept | Heartbeat, now: float = 0.0) -> None:
        for message in messages:
            self.cycle.receive(Envelope("x", "L1", "A1", message), now)
        self.cycle.end_turn(now)

    def _publish(self, node: str, *events: Event) -> None:
        self.lines += [event.name for event in events]


def accept(instance: int, number: ProposalNumber = ONE) -> Accept:
    return Accept(number, instance, NOOP, 0)


def test_everything_is_written_and_synced_before_anything_is_sent() -> None:
    book = Notebook()
    book.run(Prepare(ONE, 1, None, 1), accept(1))
    written = [n for n, line in enumerate(book.lines) if line.startswith("write")]
    sent = [n for n, line in enumerate(book.lines) if line.startswith("send")]
    assert len(written) == 2
    assert book.lines.count("sync") == 1  # one for all messages of the turn
    assert max(written) < book.lines.index("sync") < min(sent)


def test_each_answer_carries_the_mark_of_the_sync_that_covers_it() -> None:
    book = Notebook()
    book.run(Prepare(ONE, 1, None, 1), accept(1))
    promise = next(o for o in book.sent if isinstance(o.message, Promise))
    vote = next(o for o in book.sent if isinstance(o.message, Accepted))
    assert (promise.after, vote.after) == (1, 2)


def test_a_slow_disk_holds_back_every_answer_until_its_sync() -> None:
    book = Notebook(wait=0.5)
    book.run(accept(1), now=0.0)
    book.run(accept(2), now=0.4)
    assert not book.sent
    assert book.cycle.sync_at == 0.5
    book.run(now=0.5)
    assert [line for line in book.lines if not line.startswith(("write", "deliv", "acc"))] == [
        "sync",
        "synced",
        "send accepted 1.L1 1..2",
        "send accepted 1.L1 1..2",
    ]


def test_a_checkpoint_replaces_the_log_only_after_the_sync_and_what_was_said() -> None:
    book = Notebook()
    book.run(accept(1), accept(2))
    book.lines.clear()
    book.run(accept(3), Heartbeat(ONE, 3, 2))  # up to 2 may be dropped
    order = [line.split()[0] for line in book.lines]
    sent = [n for n, word in enumerate(order) if word == "send"]
    assert order.count("replace") == 1
    assert order.index("sync") < min(sent) < max(sent) < order.index("replace")


def test_a_slow_disk_holds_back_the_checkpoint_too() -> None:
    book = Notebook(wait=0.5)
    book.run(accept(1), Heartbeat(ONE, 1, 1), now=0.0)
    assert "replace" not in book.lines
    book.run(now=0.5)
    assert book.lines[-1] == "replace"


def test_a_disk_that_fails_lets_nothing_leave() -> None:
    book = Notebook(broken=True)
    with pytest.raises(DiskFailure):
        book.run(accept(1))
    assert not book.sent


class Secretary(Role):
    """Notes what is chosen at each accept, uses a round at each prepare, and answers both."""

    name = "L1"

    def __init__(self) -> None:
        self._mark = self._bound = 0

    def receive(self, envelope: Envelope, now: float) -> Effects:
        effects = Effects(self._mark, self._bound)
        if isinstance(envelope.message, Accept):
            effects.note(ChosenRecord(envelope.message.instance, ONE, NOOP))
        else:
            effects.record(RoundRecord(1))
        effects.send("C1", Accepted(ONE, ((effects.mark, effects.mark),)))
        self._mark, self._bound = effects.mark, effects.bound
        return effects


def noting(wait: float = 0.0) -> Notebook:
    return Notebook(wait, role=Secretary())


def test_what_is_only_noted_holds_no_answer_back() -> None:
    book = noting()
    book.run(accept(1), now=2.0)
    assert "sync" not in book.lines
    assert [outgoing.after for outgoing in book.sent] == [0]


def test_what_is_only_noted_is_synced_before_long_if_nothing_else_is() -> None:
    book = noting()
    book.run(accept(1), now=2.0)
    book.run(accept(2), now=2.0 + NOTED_FOR / 2)
    assert book.cycle.sync_at == 2.0 + NOTED_FOR  # the first one waits no longer for the second
    book.run(now=2.0 + NOTED_FOR)
    assert book.lines[-2:] == ["sync", "synced"]
    assert book.cycle.sync_at is None


def test_not_even_the_turn_in_which_a_note_is_due_makes_an_answer_wait_for_it() -> None:
    book = noting()
    book.run(accept(1), now=0.0)
    book.lines.clear()
    book.run(accept(2), now=NOTED_FOR)
    order = [line.split()[0] for line in book.lines]
    assert order.index("send") < order.index("sync")


def test_a_note_lets_nothing_that_binds_through_before_a_slow_disk_is_done() -> None:
    book = noting()
    book.run(accept(1), now=0.0)
    book.wait = 0.5
    book.run(Prepare(ONE, 1, None, 1), now=0.05)
    assert book.cycle.sync_at == 0.55


def test_what_binds_takes_along_to_the_disk_what_was_noted_before_it() -> None:
    book = noting()
    book.run(accept(1), now=0.0)
    book.lines.clear()
    book.run(Prepare(ONE, 1, None, 1), now=0.01)
    order = [line.split()[0] for line in book.lines]
    assert order.index("sync") < order.index("send")
    assert [outgoing.after for outgoing in book.sent] == [0, 2]
    assert book.cycle.sync_at is None  # the note is on disk, too


def test_an_answer_to_what_is_noted_waits_where_one_before_it_waits_for_a_slow_disk() -> None:
    book = noting(wait=0.5)
    book.run(Prepare(ONE, 1, None, 1), now=0.0)
    book.run(accept(1), now=0.2)
    assert book.cycle.holds_back
    assert not book.sent  # what is said leaves in the order in which it was said
    book.run(now=0.5)
    assert [outgoing.message for outgoing in book.sent] == [Accepted(ONE, ((1, 2),))]
    assert [outgoing.after for outgoing in book.sent] == [1]


def test_a_slow_disk_delays_what_is_noted_and_holds_nothing_back() -> None:
    book = noting(wait=0.5)
    book.run(accept(1), now=0.0)
    assert len(book.sent) == 1
    assert book.cycle.sync_at == 0.5


def test_votes_of_one_turn_share_an_acknowledgement_that_names_each_of_them() -> None:
    book = Notebook()
    book.run(accept(1), accept(2), accept(5), accept(7, TWO))
    to_l1 = [outgoing.message for outgoing in book.sent if outgoing.to == "L1"]
    assert to_l1 == [Accepted(ONE, ((1, 2), (5, 5))), Accepted(TWO, ((7, 7),))]
