"""Datagrams: what is said arrives as it was said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from paxos_engine.roles.messages import (
    KINDS,
    Accept,
    AcceptedReport,
    Accepts,
    CatchUpReply,
    Heartbeat,
    Message,
    Promise,
    Redirect,
    Request,
)
from paxos_engine.roles.values import (
    MAX_COMMAND_BYTES,
    MAX_INSTANCE,
    MAX_ROUND,
    NOOP,
    Batch,
    Command,
    ProposalNumber,
    command_size,
)
from paxos_engine.wire import codec
from paxos_engine.wire.codec import (
    MAX_DATAGRAM,
    MOST_COALESCED,
    Codec,
)
from paxos_engine.wire.reading import MAX_ITEMS, WireError
from paxos_engine.wire.schema import SCHEMA, to_plain
from tests.wire.said import (
    CODEC,
    KEY,
    MOST,
    NUMBER,
    OF_EACH_KIND,
    heartbeat,
)


def test_every_kind_of_message_has_a_form_on_the_wire_and_a_property_here() -> None:
    assert {message for message, _ in SCHEMA} == set(KINDS) == set(OF_EACH_KIND)


@pytest.mark.parametrize("kind", list(OF_EACH_KIND), ids=lambda kind: str(KINDS[kind]))
def test_a_message_arrives_as_it_was_sent(kind: type[Message]) -> None:
    @settings(max_examples=40, deadline=None, database=None)
    @given(message=OF_EACH_KIND[kind])
    def arrives(message: Message) -> None:
        [(data, count)] = CODEC.encode("L1", 41, ["A2"], [message])
        [envelope] = CODEC.decode(data, "A2")
        assert count == 1
        assert envelope == ("L1.41", "L1", "A2", message)
        assert type(envelope.message) is kind

    arrives()


def test_text_and_bytes_of_the_same_letters_stay_two_different_values() -> None:
    sent = [Request(Command("C1", 1, "x")), Request(Command("C1", 1, b"x"))]
    [(data, _)] = CODEC.encode("C1", 1, ["L1"], sent)
    assert [envelope.message for envelope in CODEC.decode(data, "L1")] == sent


def test_a_batch_of_five_sessions_is_not_taken_for_commands_in_columns() -> None:
    # Both are lists of five, the last of which is a list.
    sent = Accepts(NUMBER, 1, (Batch(tuple(Command("C1", 1, "x", 0, n) for n in range(5))),), 0)
    [(data, _)] = CODEC.encode("L1", 1, ["A1"], [sent])
    assert [envelope.message for envelope in CODEC.decode(data, "A1")] == [sent]


def test_what_is_said_to_several_is_one_datagram_that_each_reads_under_ids_of_its_own() -> None:
    sent: list[Message] = [Heartbeat(NUMBER, n) for n in range(3)]
    [(data, count)] = CODEC.encode("L1", 10, ["A1", "A2", "L2"], sent)
    assert count == 3
    heard = {to: CODEC.decode(data, to) for to in ("A1", "A2", "L2")}
    assert [e.id for e in heard["A1"]] == ["L1.10", "L1.11", "L1.12"]
    assert [e.id for e in heard["A2"]] == ["L1.13", "L1.14", "L1.15"]
    assert [e.id for e in heard["L2"]] == ["L1.16", "L1.17", "L1.18"]
    assert all([e.message for e in envelopes] == sent for envelopes in heard.values())


def test_what_several_hear_is_read_once() -> None:
    accept = Accept(NUMBER, 7, Command("C1", 1, "x", 0, 1), 6)
    [(data, _)] = CODEC.encode("L1", 1, ["A1", "A2"], [accept])
    heard = [CODEC.decode(bytes(bytearray(data)), to)[0].message for to in ("A1", "A2")]
    assert heard[0] is heard[1]


def test_what_one_cluster_has_proved_is_not_believed_by_another() -> None:
    data = heartbeat()
    assert CODEC.decode(data, "A1")
    for stranger in (Codec("here", b"another key"), Codec("there", KEY)):
        with pytest.raises(WireError):
            stranger.decode(data, "A1")


def test_the_ids_of_messages_count_up_across_the_datagrams_of_one_batch() -> None:
    sent: list[Message] = [Request(Command("C1", n, "x" * 20_000)) for n in range(5)]
    datagrams = CODEC.encode("C1", 10, ["L1", "L2"], sent)
    assert len(datagrams) > 1
    assert sum(count for _, count in datagrams) == 5
    heard = {
        to: [envelope for data, _ in datagrams for envelope in CODEC.decode(data, to)]
        for to in ("L1", "L2")
    }
    assert all([envelope.message for envelope in came] == sent for came in heard.values())
    ids = [envelope.id for came in heard.values() for envelope in came]
    assert sorted(ids) == sorted(f"C1.{n}" for n in range(10, 20))


def test_small_messages_for_one_peer_share_one_datagram() -> None:
    assert len(CODEC.encode("L1", 1, ["A1"], [Heartbeat(NUMBER, n) for n in range(500)])) == 1


@pytest.mark.parametrize(("coalesce_bytes", "datagrams"), [(0, 8), (2_500, 4), (65_000, 1)])
def test_how_much_shares_a_datagram_is_a_setting_and_nothing_is_lost_by_it(
    coalesce_bytes: int, datagrams: int
) -> None:
    codec = Codec("here", KEY, coalesce_bytes)
    sent: list[Message] = [Request(Command("C1", n, "x" * 1_000)) for n in range(1, 9)]
    encoded = codec.encode("C1", 1, ["L1"], sent)
    assert len(encoded) == datagrams
    arrived = [envelope for data, _ in encoded for envelope in CODEC.decode(data, "L1")]
    assert [envelope.message for envelope in arrived] == sent


def test_messages_that_share_the_largest_datagram_that_may_be_asked_for_fit_it() -> None:
    codec = Codec("h" * 64, KEY, MOST_COALESCED)
    name = "L" * 64
    for size in range(900, 1_100):
        sent: list[Message] = [Request(Command("C1", n, "x" * size)) for n in range(100)]
        assert all(len(data) <= MAX_DATAGRAM for data, _ in codec.encode(name, 2**47, MOST, sent))


def test_more_messages_than_a_datagram_may_list_are_split_and_all_arrive() -> None:
    sent: list[Message] = [Redirect("C", 1, None)] * (MAX_ITEMS + 1)
    datagrams = CODEC.encode("L1", 1, ["C"], sent)
    assert sum(len(CODEC.decode(data, "C")) for data, _ in datagrams) == MAX_ITEMS + 1


def test_the_largest_command_that_a_client_may_submit_fits_every_message_that_carries_it() -> None:
    spare = MAX_COMMAND_BYTES - command_size(Command("C1", 1, ""))
    command = Command("C1", MAX_INSTANCE - 1, b"x" * spare, MAX_INSTANCE - 1)
    top, far = ProposalNumber(MAX_ROUND - 1, 99), MAX_INSTANCE - 1
    report = (AcceptedReport(far, top, command),)
    carriers: list[Message] = [
        Request(command),
        Accept(top, far, command, far),
        Promise(top, far, far, far, far, False, far, report),
        CatchUpReply(far, ((top, command),), far),
    ]
    for message in carriers:
        [(data, _)] = CODEC.encode("L1", far - 99, MOST, [message])
        assert len(data) <= MAX_DATAGRAM, KINDS[type(message)]
        assert CODEC.decode(data, MOST[-1])[0].message == message


def test_what_no_message_may_carry_is_refused_and_never_becomes_a_no_op() -> None:
    with pytest.raises(TypeError, match="a float does not travel"):
        to_plain(Accept(NUMBER, 1, 1.5, 0))  # type: ignore[arg-type]


def test_so_many_datagrams_of_late_are_read_once_and_no_more_are_kept() -> None:
    several = [
        CODEC.encode("L1", first, ["A1", "A2"], [Accept(NUMBER, first, NOOP, 0)])[0][0]
        for first in range(1, codec._READ_AT_ONCE + 45)
    ]
    read = [CODEC.decode(data, "A1")[0].message for data in several]
    assert len(codec._lately) == codec._READ_AT_ONCE
    again = [CODEC.decode(data, "A2")[0].message for data in several[-codec._READ_AT_ONCE :]]
    kept = zip(read[-codec._READ_AT_ONCE :], again, strict=True)
    assert all(heard is message for message, heard in kept)
