"""The client: one answer per command, whoever leads and whatever is lost on the way."""

from __future__ import annotations

import random

import pytest

from paxos_engine.roles.client import PaxosClient
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.events import Answered
from paxos_engine.roles.messages import Envelope, Heartbeat, Message, Redirect, Reply, Request
from paxos_engine.roles.values import MAX_COMMAND_BYTES, ProposalNumber

LEADERS = ("L1", "L2", "L3")


def new_client(window: int = 128) -> PaxosClient:
    """Return a client of three leaders."""
    return PaxosClient("C1", LEADERS, random.Random(0), window=window, session=1)


def hear(client: PaxosClient, sender: str, message: Message, now: float = 0.0) -> Effects:
    """Let the client receive a message."""
    return client.receive(Envelope(f"{sender}.1", sender, "C1", message), now)


def asked(effects: Effects) -> list[tuple[str, int]]:
    """Return which leader was asked for which command."""
    requests = [(o.to, o.message) for o in effects.messages]
    return [(to, m.command.sequence) for to, m in requests if isinstance(m, Request)]


def names(effects: Effects) -> list[str]:
    """Return the names of what happened."""
    return [event.name for event in effects.events]


def test_a_new_client_asks_the_leader_of_the_highest_rank() -> None:
    sequence, effects = new_client().submit("x", 0.0)
    assert sequence == 1
    assert asked(effects) == [("L3", 1)]
    assert names(effects) == ["submitted"]


def test_a_redirect_is_followed_at_once_and_remembered_for_the_next_command() -> None:
    client = new_client()
    client.submit("x", 0.0)
    assert asked(hear(client, "L3", Redirect("C1", 1, "L1"))) == [("L1", 1)]
    assert asked(client.submit("y", 0.0)[1]) == [("L1", 2)]


def test_a_redirect_to_nobody_makes_it_ask_again_soon_but_not_at_once() -> None:
    client = new_client()
    client.submit("x", 0.0)
    assert asked(hear(client, "L3", Redirect("C1", 1, None))) == []
    assert client.deadline is not None
    assert 0.0 < client.deadline < 0.5
    assert asked(client.tick(client.deadline)) == [("L1", 1)]


@pytest.mark.parametrize("primary", ["L3", "L9", "A1", ""])
def test_a_redirect_that_leads_nowhere_new_changes_nothing(primary: str) -> None:
    client = new_client()
    client.submit("x", 0.0)
    effects = hear(client, "L3", Redirect("C1", 1, primary))
    assert asked(effects) == []
    assert client.unanswered == 1


def test_two_leaders_that_point_at_each_other_do_not_keep_the_question_circling() -> None:
    client = new_client()
    client.submit("x", 0.0)
    asked_whom = "L3"
    sendings = 0
    for _ in range(100):
        other = "L1" if asked_whom == "L3" else "L3"
        sent = asked(hear(client, asked_whom, Redirect("C1", 1, other)))
        if not sent:
            break
        asked_whom = sent[0][0]
        sendings += 1
    assert sendings <= len(LEADERS)
    assert client.deadline is not None, "it must ask again later"
    assert asked(client.tick(client.deadline)) != []


def test_without_an_answer_it_tries_the_next_leader_and_waits_longer_each_time() -> None:
    client = new_client()
    client.submit("x", 0.0)
    order, waits, now = [], [], 0.0
    for _ in range(3):
        due = client.deadline
        assert due is not None
        waits.append(due - now)
        now = due
        order += [leader for leader, _ in asked(client.tick(now))]
    assert order == ["L1", "L2", "L3"]
    assert waits[0] < waits[1]
    assert max(waits) <= 1.25


def test_a_second_reply_is_no_second_answer() -> None:
    client = new_client()
    client.submit("x", 1.0)
    first = hear(client, "L3", Reply("C1", 1, 7, "ok"), 1.5)
    assert first.events == [Answered("C1", 1, 7, "ok", "chosen", 0.5)]
    assert hear(client, "L2", Reply("C1", 1, 7, "ok"), 1.6) == Effects()
    assert client.unanswered == 0


def test_an_answered_command_is_never_asked_for_again() -> None:
    client = new_client()
    client.submit("x", 0.0)
    hear(client, "L3", Reply("C1", 1, 1, "ok"))
    assert asked(client.tick(100.0)) == []
    assert client.deadline is None


def test_of_thousands_of_answered_commands_only_the_one_without_an_answer_is_asked_again() -> None:
    client = new_client()
    client.submit("never answered", 0.0)
    for sequence in range(2, 3_000):
        client.submit("x", 0.0)
        hear(client, "L3", Reply("C1", sequence, sequence, "ok"))
    again: list[tuple[str, int]] = []
    now = 0.0
    while not again:
        now = client.deadline or 0.0
        again = asked(client.tick(now))
    assert again == [("L1", 1)]
    assert 0.2 < now < 1.0
    assert asked(client.tick(now)) == []


def test_the_retry_of_a_command_is_the_same_command() -> None:
    client = new_client()
    _, first = client.submit("x", 0.0)
    again = client.tick(client.deadline or 0.0)
    assert first.messages[0].message == again.messages[0].message


def test_each_command_names_the_oldest_one_without_an_answer() -> None:
    client = new_client()

    def oldest_named(value: str) -> int:
        (outgoing,) = client.submit(value, 0.0)[1].messages
        assert isinstance(outgoing.message, Request)
        return outgoing.message.command.oldest

    oldest = [oldest_named(value) for value in ("a", "b", "c")]
    hear(client, "L3", Reply("C1", 2, 1, "ok"))
    hear(client, "L3", Reply("C1", 1, 2, "ok"))
    assert [*oldest, oldest_named("d")] == [1, 1, 1, 3]


def test_commands_beyond_the_window_wait_in_order_for_an_answer() -> None:
    client = new_client(window=2)
    sent = [asked(client.submit(v, 0.0)[1]) for v in "abcd"]
    assert sent == [[("L3", 1)], [("L3", 2)], [], []]
    assert asked(hear(client, "L3", Reply("C1", 2, 1, "ok"))) == [("L3", 3)]
    assert client.unanswered == 3


def test_a_message_for_another_client_or_of_another_kind_is_refused_with_an_event() -> None:
    client = new_client()
    client.submit("x", 0.0)
    for message in (Reply("C2", 1, 1, "ok"), Heartbeat(ProposalNumber(1, 1), 0)):
        assert names(hear(client, "L3", message)) == ["refused"]
    assert client.unanswered == 1


@pytest.mark.parametrize("message", [Reply("C1", 1, 1, "ok"), Redirect("C1", 1, "L1")])
@pytest.mark.parametrize("sender", ["A1", "C2", "L9"])
def test_it_is_answered_by_leaders_only(sender: str, message: Message) -> None:
    client = new_client()
    client.submit("x", 0.0)
    assert names(hear(client, sender, message)) == ["refused"]
    assert client.unanswered == 1
    assert asked(client.tick(100.0)) == [("L1", 1)], "it can still turn to another leader"


@pytest.mark.parametrize("value", ["x" * MAX_COMMAND_BYTES, "ü" * 30_000, b"\0" * 60_000])
def test_a_value_too_long_for_a_datagram_is_refused_in_one_line(value: str | bytes) -> None:
    client = new_client()
    with pytest.raises(ValueError, match=r"^the value needs [\d,]+ bytes.*submit a shorter one$"):
        client.submit(value, 0.0)
    assert client.unanswered == 0
    assert client.submit("x", 0.0)[0] == 1, "a refused value uses up no sequence number"


def test_it_opens_its_session_ahead_once_and_asks_whom_it_is_told_to_ask_first() -> None:
    client = PaxosClient("C1", ["L1", "L2", "L3"], random.Random(1))
    client.ask_first("L2")
    assert asked(client.open(0.0)) == [("L2", 0)]
    assert asked(client.open(0.0)) == [], "it is asked for already"
    hear(client, "L2", Reply("C1", 0, 7, "ok"))
    assert asked(client.open(0.0)) == [], "it is open"
    client.ask_first("L1")
    assert asked(client.submit("x", 0.0)[1]) == [("L1", 1)]
    with pytest.raises(ValueError, match="no leader 'L9': there are L1, L2, L3"):
        client.ask_first("L9")
