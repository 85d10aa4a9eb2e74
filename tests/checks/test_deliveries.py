"""What is delivered was sent, by that node and to this one."""

from __future__ import annotations

import pytest

from paxos_engine.checks import deliveries
from paxos_engine.checks.deliveries import SENT_FIRST, DeliveredWasSent
from paxos_engine.roles.events import Delivered, Sent
from paxos_engine.roles.messages import Heartbeat
from tests.checks.histories import History, n, rules, verdicts

BEAT = Heartbeat(n(1), 0)


def broken(history: History) -> set[str]:
    return rules([DeliveredWasSent()], history)


def test_a_message_may_arrive_late_twice_or_never() -> None:
    history = History().send("L1", "A1", BEAT).send("L1", "A2", BEAT).send("L1", "A3", BEAT)
    assert not broken(history.deliver("L1.2", "A2").deliver("L1.1", "A1").deliver("L1.1", "A1"))


def test_a_message_that_nobody_sent_is_caught() -> None:
    history = History().send("L1", "A1", BEAT).deliver("L1.2", "A1")
    [violation] = verdicts([DeliveredWasSent()], history)
    assert violation.rule == SENT_FIRST
    assert violation.text == "L1.2 from L1 reaches A1, and nobody has sent it"


def test_a_message_that_arrives_before_it_is_sent_is_caught() -> None:
    assert broken(History().deliver("L1.1", "A1").send("L1", "A1", BEAT)) == {SENT_FIRST}


def test_a_message_that_reaches_another_node_than_its_addressee_is_caught() -> None:
    history = History().send("L1", "A1", BEAT)
    assert broken(history.deliver("L1.1", "A2")) == {SENT_FIRST}


def test_a_message_that_comes_from_another_node_than_its_sender_is_caught() -> None:
    history = History().send("L1", "A1", BEAT)
    assert broken(history.say("A1", Delivered("L1.1", "L2"))) == {SENT_FIRST}


def test_an_id_that_is_used_again_makes_no_delivery_wrong() -> None:
    history = (
        History().say("L1", Sent("L1.1", "A1", BEAT, 0)).say("L1", Sent("L1.1", "A2", BEAT, 0))
    )
    assert not broken(history.deliver("L1.1", "A1").deliver("L1.1", "A2"))
    assert broken(history.deliver("L1.1", "A3")) == {SENT_FIRST}


def test_of_old_messages_only_the_number_is_kept_and_still_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deliveries, "RECENT", 10)
    check = DeliveredWasSent()
    history = History()
    for _ in range(100):
        history.send("L1", "A1", BEAT)
    assert not verdicts([check], history.deliver("L1.1", "A1").deliver("L1.50", "A1"))
    assert verdicts([check], History().deliver("L1.101", "A1"))
    assert sum(map(len, check._new.values())) + sum(map(len, check._old.values())) <= 20


def test_old_messages_whose_ids_have_no_number_are_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deliveries, "RECENT", 10)
    history = History()
    for number in range(100):
        history.say("L1", Sent(f"id-{number}", "A1", BEAT, 0))
    assert not broken(history.say("A1", Delivered("id-1", "L1")))
    assert broken(history.say("A1", Delivered("id-99", "L2"))) == {SENT_FIRST}
