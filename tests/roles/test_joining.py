"""What a node says to one peer in one turn, said together: less of it, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paxos_engine.roles.effects import Outgoing
from paxos_engine.roles.joining import (
    MANY,
    TOGETHER_BYTES,
    acknowledgements,
    all_together,
    together,
)
from paxos_engine.roles.messages import (
    MAX_INTERVALS,
    Accept,
    Accepted,
    Accepts,
    Heartbeat,
    Message,
    Replies,
    Reply,
    Request,
    Requests,
)
from paxos_engine.roles.values import Command, ProposalNumber
from paxos_engine.wire.codec import MAX_DATAGRAM, Codec

ONE, TWO = ProposalNumber(1, 1), ProposalNumber(2, 2)


def request(sequence: int, value: str = "x") -> Request:
    return Request(Command("C1", sequence, value, 1, 1))


def reply(sequence: int) -> Reply:
    return Reply("C1", sequence, sequence + 1, "ok")


def accept(instance: int, number: ProposalNumber = ONE, chosen_up_to: int = 0) -> Accept:
    return Accept(number, instance, Command("C1", instance, "x", 1, 1), chosen_up_to)


def said(*messages: Message) -> list[Outgoing]:
    """Return these messages as a node says them to L1, each after one record more."""
    return [Outgoing("L1", message, mark) for mark, message in enumerate(messages)]


def heard(outgoing: list[Outgoing]) -> list[Message]:
    """Return what the messages say, one by one."""
    alone: list[Message] = []
    for message in (each.message for each in outgoing):
        match message:
            case Requests(commands):
                alone += map(Request, commands)
            case Replies(replies):
                alone += replies
            case Accepts():
                alone += message.each()
            case Accepted(number, intervals):
                for low, high in intervals:
                    alone += (Accepted(number, ((n, n),)) for n in range(low, high + 1))
            case other:
                alone.append(other)
    return alone


def test_many_requests_share_a_message_and_a_few_do_not() -> None:
    many = [request(n) for n in range(1, MANY + 1)]
    assert together(said(*many)) == [
        Outgoing("L1", Requests(tuple(r.command for r in many)), MANY - 1)
    ]
    assert together(said(*many[1:])) == said(*many[1:])


def test_many_replies_share_a_message_in_which_each_command_has_its_own() -> None:
    many = [reply(n) for n in range(1, MANY + 1)]
    assert [outgoing.message for outgoing in together(said(*many))] == [Replies(tuple(many))]


def test_many_accepts_for_instances_that_follow_each_other_share_a_message() -> None:
    many = [accept(n) for n in range(3, 3 + MANY)]
    values = tuple(each.value for each in many)
    assert together(said(*many)) == [Outgoing("L1", Accepts(ONE, 3, values, 0), MANY - 1)]
    assert together(said(*many[1:])) == said(*many[1:])


@pytest.mark.parametrize(
    "other",
    [accept(20), accept(3 + MANY, TWO), accept(3 + MANY, chosen_up_to=1)],
    ids=["not the next instance", "another number", "more is known as chosen"],
)
def test_an_accept_that_is_not_alike_stays_apart(other: Accept) -> None:
    many = [accept(n) for n in range(3, 3 + MANY)]
    sent = together(said(*many, other))
    assert [type(outgoing.message) for outgoing in sent] == [Accepts, Accept]
    assert heard(sent) == [*many, other]


def test_what_several_hear_alike_is_joined_once() -> None:
    many = [accept(n) for n in range(1, MANY + 1)]
    outbox = {to: [Outgoing(to, each, 7) for each in many] for to in ("A1", "A2", "L2")}
    outbox["L2"] = outbox["L2"][:3]
    sent = all_together(outbox)
    assert [sent[to][0].to for to in sent] == ["A1", "A2", "L2"]
    assert sent["A1"][0].message is sent["A2"][0].message
    assert [outgoing.message for outgoing in sent["L2"]] == many[:3]


def test_what_is_said_alike_to_two_depends_for_each_on_its_own_records() -> None:
    many = [accept(n) for n in range(1, MANY + 1)]
    outbox = {
        to: [Outgoing(to, each, mark) for each in many] for to, mark in (("A1", 3), ("A2", 5))
    }
    assert [each.after for each in all_together(outbox)["A2"]] == [5]


def test_what_is_said_together_depends_on_every_record_that_any_of_it_depends_on() -> None:
    votes = [Accepted(ONE, ((n, n),)) for n in (1, 2, 3)]
    assert together(said(*votes)) == [Outgoing("L1", Accepted(ONE, ((1, 3),)), 2)]


def test_requests_that_fit_no_single_message_are_several() -> None:
    long = "x" * (TOGETHER_BYTES // (2 * MANY))
    sent = together(said(*(request(n, long) for n in range(1, 8 * MANY))))
    joined = [outgoing.message for outgoing in sent if isinstance(outgoing.message, Requests)]
    assert len(joined) > 1
    assert heard(sent) == [request(n, long) for n in range(1, 8 * MANY)]


@pytest.mark.parametrize("letter", ["x", "ä", "漢", "\U0001f600", "\udc80"])
@pytest.mark.parametrize("kind", [Requests, Replies, Accepts])
def test_what_is_said_together_fits_a_datagram_whatever_letters_it_is_made_of(
    letter: str, kind: type[Message]
) -> None:
    codec = Codec("here", b"key")
    for length in (100, 3_000, 7_000, 14_000):
        long = letter * length
        asked = [request(n, long) for n in range(1, 41)]
        messages: dict[type[Message], list[Message]] = {
            Requests: [*asked],
            Replies: [Reply("C1", n, n, long) for n in range(1, 41)],
            Accepts: [Accept(ONE, n, each.command, 0) for n, each in enumerate(asked, 1)],
        }
        sent = together(said(*messages[kind]))
        datagrams = codec.encode("C1", 1, ["L1"], [outgoing.message for outgoing in sent])
        assert all(len(data) <= MAX_DATAGRAM for data, _ in datagrams)
        assert length > 100 or any(type(outgoing.message) is kind for outgoing in sent)


def in_a_row(first: int, count: int, number: ProposalNumber) -> list[Message]:
    return [accept(instance, number) for instance in range(first, first + count)]


@given(
    st.lists(
        st.one_of(
            st.integers(1, 9).map(lambda n: [request(n)]),
            st.integers(1, 9).map(lambda n: [reply(n)]),
            st.integers(1, 9).map(lambda n: [Accepted(ONE, ((n, n),))]),
            st.builds(
                in_a_row, st.integers(1, 20), st.integers(1, 12), st.sampled_from([ONE, TWO])
            ),
            st.just([Heartbeat(ONE, 7)]),
        ),
        max_size=40,
    )
)
def test_what_is_said_together_is_what_was_said_in_the_same_order(
    parts: list[list[Message]],
) -> None:
    messages = [message for part in parts for message in part]
    assert heard(together(said(*messages))) == messages


def joined(*votes: tuple[int, int], number: ProposalNumber = ONE) -> list[Accepted]:
    """Return the acknowledgements of these intervals."""
    return [*acknowledgements((number, low, high) for low, high in votes)]


def test_an_acknowledgement_never_vouches_for_what_lies_between() -> None:
    assert joined((1, 1), (3, 4)) == [Accepted(ONE, ((1, 1), (3, 4)))]


@pytest.mark.parametrize("second", [(2, 2), (3, 3)])
def test_an_acknowledgement_out_of_order_stays_one_of_its_own(second: tuple[int, int]) -> None:
    assert joined((3, 3), second) == [Accepted(ONE, ((3, 3),)), Accepted(ONE, (second,))]


def test_an_acknowledgement_names_so_many_intervals_and_the_next_one_the_others() -> None:
    first, second = joined(*((2 * n, 2 * n) for n in range(1, MAX_INTERVALS + 2)))
    assert len(first.intervals) == MAX_INTERVALS
    assert second.intervals == ((2 * MAX_INTERVALS + 2, 2 * MAX_INTERVALS + 2),)


@given(st.lists(st.tuples(st.sampled_from([ONE, TWO]), st.integers(1, 12))))
def test_joined_acknowledgements_say_what_each_of_them_said_in_the_same_order(
    votes: list[tuple[ProposalNumber, int]],
) -> None:
    told = [
        (accepted.number, instance)
        for accepted in acknowledgements((number, at, at) for number, at in votes)
        for low, high in accepted.intervals
        for instance in range(low, high + 1)
    ]
    assert told == votes
