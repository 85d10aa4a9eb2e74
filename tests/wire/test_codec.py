"""Datagrams: what is said arrives as it was said, and nothing else is believed."""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paxos_engine.roles.messages import (
    KINDS,
    Accept,
    Accepted,
    AcceptedReport,
    Accepts,
    CatchUpReply,
    CatchUpRequest,
    Compacted,
    Heartbeat,
    HeartbeatReply,
    Message,
    Nack,
    Prepare,
    Promise,
    Redirect,
    Replies,
    Reply,
    Request,
    Requests,
    SnapshotChunk,
    SnapshotRequest,
)
from paxos_engine.roles.values import (
    MAX_BATCH,
    MAX_COMMAND_BYTES,
    MAX_INSTANCE,
    MAX_ROUND,
    NOOP,
    Batch,
    Command,
    ProposalNumber,
    command_size,
)
from paxos_engine.wire.codec import (
    MAC_BYTES,
    MAX_DATAGRAM,
    MOST_COALESCED,
    MOST_RECEIVERS,
    VERSION,
    Codec,
)
from paxos_engine.wire.reading import MAX_ITEMS, WireError
from paxos_engine.wire.schema import SCHEMA, to_plain

KEY = b"a key of this run"
CODEC = Codec("here", KEY)
HEAD = ("here", "L1", 1, ["A1"])
MOST = [f"A{n}" for n in range(99 - MOST_RECEIVERS, 99)]
NUMBER = ProposalNumber(3, 1)

names = st.from_regex(r"[LAC][1-9][0-9]?", fullmatch=True)
instances = st.integers(1, MAX_INSTANCE - 1)
counts = st.integers(0, MAX_INSTANCE - 1)
numbers = st.builds(ProposalNumber, st.integers(0, MAX_ROUND - 1), st.integers(0, 1000))
texts = st.text(st.characters(exclude_categories=()))  # lone surrogates too
sessions = st.sampled_from([0, 1, MAX_INSTANCE - 1])
commands = st.builds(Command, names, counts, texts | st.binary(), counts, sessions)
batches = st.lists(
    commands.filter(lambda command: not command.opens_session), min_size=2, max_size=6
).map(lambda several: Batch(tuple(several)))
replies = st.builds(Reply, names, counts, instances, texts)
values = st.just(NOOP) | commands | batches


@st.composite
def ranges(draw: st.DrawFn, ends: int) -> list[int]:
    """Return `ends` instances in ascending order."""
    return sorted(draw(st.lists(instances, min_size=ends, max_size=ends)))


@st.composite
def prepares(draw: st.DrawFn) -> Prepare:
    first, cursor, last = draw(ranges(3))
    return Prepare(draw(numbers), first, draw(st.sampled_from([last, None])), cursor)


@st.composite
def promises(draw: st.DrawFn) -> Promise:
    first, cursor, covers_to, last = draw(ranges(4))
    slots = sorted(draw(st.sets(instances, max_size=5)))
    reports = tuple(AcceptedReport(slot, draw(numbers), draw(values)) for slot in slots)
    open_end = draw(st.booleans())
    return Promise(
        draw(numbers),
        first,
        None if open_end else last,
        cursor,
        None if open_end else covers_to,
        draw(st.booleans()),
        draw(counts),
        reports,
    )


@st.composite
def accepteds(draw: st.DrawFn) -> Accepted:
    ends = sorted(draw(st.sets(instances, min_size=2, max_size=10)))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    return Accepted(draw(numbers), tuple(pairs))


OF_EACH_KIND: dict[type[Message], st.SearchStrategy[Any]] = {
    Prepare: prepares(),
    Promise: promises(),
    Accept: st.builds(Accept, numbers, instances, values, counts),
    Accepted: accepteds(),
    Nack: st.builds(Nack, numbers, instances, numbers),
    Heartbeat: st.builds(Heartbeat, numbers, counts, counts),
    HeartbeatReply: st.builds(HeartbeatReply, numbers, numbers, counts),
    CatchUpRequest: ranges(2).map(lambda ends: CatchUpRequest(*ends)),
    Compacted: st.builds(Compacted, numbers, instances, counts),
    SnapshotRequest: st.builds(SnapshotRequest, counts, counts),
    SnapshotChunk: st.builds(
        SnapshotChunk,
        instances,
        st.text("0123456789abcdef", min_size=16, max_size=16),
        counts,
        st.binary(),
        counts,
        st.binary(),
    ),
    CatchUpReply: st.builds(
        CatchUpReply, instances, st.lists(st.tuples(numbers, values)).map(tuple), counts, counts
    ),
    Request: st.builds(Request, commands),
    Redirect: st.builds(Redirect, names, counts, names | st.none()),
    Reply: replies,
    Requests: st.builds(Requests, st.lists(commands, min_size=1, max_size=6).map(tuple)),
    Accepts: st.builds(
        Accepts,
        numbers,
        instances,
        st.lists(commands, min_size=1, max_size=6).map(tuple)
        | st.lists(values, min_size=1, max_size=4).map(tuple),
        counts,
    ),
    Replies: st.builds(Replies, st.lists(replies, min_size=1, max_size=4).map(tuple)),
}
messages = st.one_of(*OF_EACH_KIND.values())


def forge(head: Any = HEAD, content: Any = (), version: int = VERSION, key: bytes = KEY) -> bytes:
    """Return a datagram with a right MAC around whatever stands in it (bytes go in as they are)."""
    said, told = (x if isinstance(x, bytes) else msgpack.packb(x) for x in (head, content))
    said = len(said).to_bytes(2, "big") + said
    mac = blake2b(bytes([version]), digest_size=MAC_BYTES, key=key, person=_person(told))
    mac.update(said + (told if len(told) < 512 else sha256(told).digest()))
    return bytes([version]) + mac.digest() + said + told


def _person(content: bytes) -> bytes:
    return b"whole" if len(content) < 512 else b"digest"


def carrying(*items: Any) -> bytes:
    """Return a datagram from L1 with these messages in it."""
    return forge(content=items)


def batch(sequences: list[Any], values: list[Any] | None = None) -> bytes:
    """Return a datagram with an accept for a batch of C1's commands in it."""
    values = ["x"] * len(sequences) if values is None else values
    run = ["C1", 1, sequences, sequences, values]
    return carrying([2, [3, 1], 1, [run], 0])


def heartbeat() -> bytes:
    """Return a valid datagram."""
    return CODEC.encode("L1", 1, ["A1"], [Heartbeat(NUMBER, 7)])[0][0]


# --- what is said arrives ----------------------------------------------------------------------


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


# --- nothing else is believed ------------------------------------------------------------------

REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "truncated: 0 bytes"),
    "only a head": (heartbeat()[: 1 + MAC_BYTES], "truncated: 17 bytes"),
    "cut short": (heartbeat()[:-1], "the MAC is wrong"),
    "another version": (forge(version=9), "version 9, and we speak 5"),
    "a relabelled version": (forge(version=1), "version 1"),
    "another key": (forge(key=b"another"), "the MAC is wrong"),
    "another cluster": (forge(["there", "L1", 1, ["A1"]]), "cluster 'there' is not ours"),
    "no msgpack": (forge(content=b"\xc1"), "no msgpack"),
    "no msgpack as head": (forge(b"\xc1"), "no msgpack"),
    "something behind": (forge(content=b"\x90\x00"), "no msgpack"),
    "something behind the head": (forge(msgpack.packb(HEAD) + b"\0"), "no msgpack"),
    "no head": (forge(b""), "no msgpack"),
    "nothing said": (forge(content=b""), "no msgpack"),
    "a map": (forge(content={"here": 1}), "no msgpack"),
    "a map as head": (forge({"here": 1}), "no msgpack"),
    "a number": (forge(content=7), "7 where a list"),
    "a number as head": (forge(7), "7 where a list"),
    "too few parts": (forge(["here", "L1", 1]), "a list of 3 items where 4 belong"),
    "no sender": (forge(["here", "", 1, ["A1"]]), "'' is no name"),
    "a sender in disguise": (forge(["here", "L1\x1b[2J", 1, ["A1"]]), "is no name"),
    "for others": (forge(["here", "L1", 1, ["A2", "A3"]]), "for A2, A3, and this is A1"),
    "for nobody": (forge(["here", "L1", 1, []]), "for nobody, and this is A1"),
    "for one in no list": (forge(["here", "L1", 1, "A1"]), "'A1' where a list"),
    "for no name": (forge(["here", "L1", 1, ["A1", 7]]), "7 is no name"),
    "a message that is no list": (carrying(13), "13 where a list"),
    "an empty message": (carrying([]), "an empty message"),
    "an unknown kind": (carrying([99]), "unknown kind 99"),
    "a bool as kind": (carrying([True]), "unknown kind True"),
    "too few fields": (carrying([5, [3, 1]]), "a list of 2 items where 4 belong"),
    "a bool as number": (carrying([5, [3, 1], True, 0]), "True is no whole number"),
    "a fraction": (carrying([5, [3, 1], 1.0, 0]), "1.0 is no whole number"),
    "round 2^60": (carrying([5, [2**60, 1], 7, 0]), "is no whole number from 0 to 1099511627775"),
    "a rank of a million": (carrying([5, [3, 10**6], 7, 0]), "is no whole number from 0 to 1000"),
    "instance 2^48": (carrying([4, [3, 1], 2**48, [3, 1]]), "is no whole number"),
    "instance 0": (carrying([4, [3, 1], 0, [3, 1]]), "instances begin at 1"),
    "a range backwards": (carrying([7, 9, 8]), "last 8 lies before first 9"),
    "an interval backwards": (carrying([3, [3, 1], [[5, 4]]]), "the interval 5..4"),
    "no hash of a state": (carrying([11, 1, "g" * 16, 1, b"", 0, b""]), "is no hash of a state"),
    "text where bytes belong": (carrying([11, 1, "0" * 16, 1, "", 0, b""]), "is no bytes"),
    "overlapping intervals": (carrying([3, [3, 1], [[1, 5], [5, 6]]]), "the interval 5..6 after 5"),
    "a value of no type": (carrying([12, ["C1", 1, 0, 0, 7]]), "7 is neither text nor bytes"),
    "a batch of one": (batch([1]), "a batch of 1 commands"),
    "a batch of too many": (
        batch([*range(1, MAX_BATCH + 2)]),
        f"a batch of {MAX_BATCH + 1} commands",
    ),
    "a batch that opens a session": (batch([1, 0]), "a batch opens a session"),
    "a batch of nothing": (batch([]), "an empty list"),
    "a batch with a bool as sequence": (batch([1, True]), "True is no whole number"),
    "a batch with a sequence below 0": (batch([1, -1]), "-1 is no whole number"),
    "a batch with sequence 2^48": (batch([1, 2**48]), "is no whole number"),
    "a batch with a number as value": (batch([1, 2], ["x", 7]), "7 is neither text nor bytes"),
    "a batch with a value too few": (batch([1, 2], ["x"]), "a list of 2 items where 1 belong"),
    "requests of nobody": (carrying([15, []]), "an empty list"),
    "requests of too many": (
        carrying([15, [["C1", 1, [1] * 2_049, [1] * 2_049, ["x"] * 2_049]] * 2]),
        "4098 rows in one message",
    ),
    "accepts for nothing": (carrying([17, [3, 1], 1, [], 0]), "an empty list"),
    "accepts for too many": (
        carrying([17, [3, 1], 1, [None] * (MAX_BATCH + 1), 0]),
        f"accepts for {MAX_BATCH + 1} instances",
    ),
    "replies to nobody": (carrying([16, []]), "an empty list"),
    "a second report of one instance": (
        carrying([1, [3, 1], 1, None, 1, None, True, 0, [[4, [2, 1], None]] * 2]),
        "instance 4 reported after 4",
    ),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_a_datagram_that_makes_no_sense_is_refused_with_its_own_reason(case: str) -> None:
    data, reason = REFUSED[case]
    with pytest.raises(WireError) as refusal:
        CODEC.decode(data, "A1")
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 200


def test_the_mac_covers_the_version() -> None:
    said = b"\x00\x00\x90"
    without = blake2b(said, digest_size=MAC_BYTES, key=KEY, person=b"whole").digest()
    with pytest.raises(WireError, match="MAC"):
        CODEC.decode(bytes([VERSION]) + without + said, "A1")


def test_a_digest_in_the_place_of_what_it_stands_for_is_refused() -> None:
    data = forge(content=["x" * 1_000])
    head_ends = data.index(msgpack.packb(["x" * 1_000]))
    digest = sha256(data[head_ends:]).digest()
    with pytest.raises(WireError, match="MAC"):
        CODEC.decode(data[:head_ends] + digest, "A1")


def test_a_byte_that_changes_sides_between_head_and_messages_is_refused() -> None:
    data = forge(msgpack.packb(HEAD), b"\x90")
    longer = int.from_bytes(data[17:19], "big") + 1
    with pytest.raises(WireError, match="MAC"):
        CODEC.decode(data[:17] + longer.to_bytes(2, "big") + data[19:], "A1")


@pytest.mark.parametrize("depth", [10, 300, 900, 1023, 1024, 5_000])
@pytest.mark.parametrize("place", ["head", "sender", "number", "messages"])
def test_lists_nested_to_any_depth_are_refused_wherever_they_stand(depth: int, place: str) -> None:
    deep = b"\x91" * depth + b"\x01"
    before, behind = {
        "head": (b"", b""),
        "sender": (b"\x93\xa4here", b"\x01"),
        "number": (b"\x93\xa4here\xa2L1", b""),
        "messages": (b"", b""),
    }[place]
    data = forge(content=deep) if place == "messages" else forge(before + deep + behind)
    with pytest.raises(WireError):
        CODEC.decode(data, "A1")


@pytest.mark.parametrize("claim", [b"\xdd\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff"])
def test_a_claimed_length_beyond_the_datagram_is_refused(claim: bytes) -> None:
    for data in (forge(claim + b"\x00" * 9_000), forge(content=claim + b"\x00" * 9_000)):
        with pytest.raises(WireError, match="no msgpack"):
            CODEC.decode(data, "A1")


def test_a_list_longer_than_any_page_is_refused_before_it_is_allocated() -> None:
    # As a finished list it would be refused as "a list of ..."; this one never came to be.
    with pytest.raises(WireError, match="no msgpack"):
        CODEC.decode(forge(content=[None] * (MAX_ITEMS + 1)), "A1")


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_a_wire_error(data: bytes) -> None:
    for datagram in (data, bytes([VERSION]) + data):
        with pytest.raises(WireError):
            CODEC.decode(datagram, "A1")


@settings(max_examples=200, deadline=None)
@given(message=messages, bit=st.integers(0))
def test_a_flipped_bit_never_gets_past_version_and_mac(message: Message, bit: int) -> None:
    data = bytearray(CODEC.encode("L1", 1, ["A1"], [message])[0][0])
    where = bit % (8 * len(data))
    data[where // 8] ^= 1 << (where % 8)
    with pytest.raises(WireError, match=r"version|MAC"):
        CODEC.decode(bytes(data), "A1")


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | names
    | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=10),
    max_leaves=40,
)  # fmt: skip
nonsense = plain | st.lists(
    plain
    | st.tuples(st.integers(0, len(SCHEMA)), st.lists(plain, max_size=9)).map(
        lambda kind_and_fields: [kind_and_fields[0], *kind_and_fields[1]]
    ),
    max_size=6,
)


@settings(max_examples=400, deadline=None)
@given(head=st.just(HEAD) | plain, content=nonsense)
def test_nonsense_with_a_right_mac_is_refused_or_is_a_proper_message(
    head: Any, content: Any
) -> None:
    try:
        envelopes = CODEC.decode(forge(head, content), "A1")
    except WireError:
        return
    for envelope in envelopes:
        [(again, _)] = CODEC.encode("L1", 1, ["A1"], [envelope.message])
        assert CODEC.decode(again, "A1")[0].message == envelope.message


@settings(max_examples=300, deadline=None)
@given(message=messages, where=st.integers(0), what=st.integers(0, 255))
def test_a_changed_byte_under_a_right_mac_raises_nothing_but_a_wire_error(
    message: Message, where: int, what: int
) -> None:
    data = CODEC.encode("L1", 1, ["A1"], [message])[0][0]
    head_ends = 19 + int.from_bytes(data[17:19], "big")
    body = bytearray(data[19:])
    body[where % len(body)] = what
    head, content = bytes(body[: head_ends - 19]), bytes(body[head_ends - 19 :])
    try:
        envelopes = CODEC.decode(forge(head, content), "A1")
    except WireError:
        return
    assert all(type(envelope.message) in KINDS for envelope in envelopes)
