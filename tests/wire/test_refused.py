"""Datagrams: nothing is believed but what makes sense, from one of the cluster."""

from __future__ import annotations

from hashlib import blake2b, sha256
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paxos_engine.roles.messages import (
    KINDS,
    Message,
)
from paxos_engine.roles.values import (
    MAX_BATCH,
)
from paxos_engine.wire.codec import (
    MAC_BYTES,
    VERSION,
)
from paxos_engine.wire.reading import MAX_ITEMS, WireError
from paxos_engine.wire.schema import SCHEMA
from tests.wire.said import (
    CODEC,
    HEAD,
    KEY,
    batch,
    carrying,
    forge,
    heartbeat,
    messages,
    names,
)

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


def test_what_bears_the_mac_of_a_datagram_that_was_read_is_not_believed_for_it() -> None:
    data = heartbeat()
    CODEC.decode(data, "A1")
    for at in range(len(data)):
        flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        for other in (flipped, data[:at], data + b"\0"):
            with pytest.raises(WireError):
                CODEC.decode(other, "A1")


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
