"""What the message log shows of messages that stand for many."""

from __future__ import annotations

from paxos_engine.roles.messages import Accepts, Decision, Message, Replies, Reply, Requests
from paxos_engine.roles.values import NOOP, Command, ProposalNumber
from paxos_engine.trace.messagelog import LogLine


def line(message: Message) -> LogLine:
    return LogLine(1, 0.5, "x.1", "L1", "C1", message)


def test_requests_show_how_many_and_what_is_asked_and_are_found_by_it() -> None:
    shown = line(Requests(tuple(Command("C1", n, f"set k {n}") for n in range(1, 9))))
    assert (shown.kind, shown.instance) == ("requests", "")
    assert str(shown.value).startswith("8: set k 1, set k 2, ")
    assert "set k 8" in shown.text


def test_replies_name_exactly_the_instances_that_they_are_about() -> None:
    shown = line(Replies(tuple(Reply("C1", n, n, "ok") for n in (7, 2, 3, 4, 9, 10, 4))))
    assert (shown.kind, shown.instance) == ("replies", "2..4,7,9..10")
    assert shown.value == "7: ok, ok, ok, ok, ok, ok, ok"


def test_accepts_show_their_instances_and_what_is_proposed_for_each() -> None:
    values = (Command("C1", 1, "set k 1"), NOOP, Command("C1", 2, b"\xff"))
    shown = line(Accepts(ProposalNumber(1, 2), 7, values, 6))
    assert (shown.kind, shown.instance, shown.number) == ("accepts", "7..9", "1.L2")
    assert shown.value == "3: set k 1, no-op, \\xff"


def test_a_decision_shows_the_instances_that_are_chosen_by_it() -> None:
    shown = line(Decision(ProposalNumber(1, 2), ((3, 5), (7, 7))))
    assert (shown.kind, shown.instance, shown.number) == ("decision", "3..5,7", "1.L2")
