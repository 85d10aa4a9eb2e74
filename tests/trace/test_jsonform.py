"""The form of a trace in a file, as docs/trace-format.md defines it."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paxos_engine.roles.events import (
    ALL_EVENTS,
    AcceptedValue,
    Applied,
    Delivered,
    Entry,
    Event,
    Header,
    Learned,
    Promised,
    Sent,
)
from paxos_engine.roles.messages import KINDS, Accept, AcceptedReport, CatchUpReply, Prepare
from paxos_engine.roles.values import NOOP, Command, ProposalNumber
from paxos_engine.trace.jsonform import TraceFormatError, UnknownEvent, from_json, to_json
from tests.trace.entries import entries_of, instances_of

N = ProposalNumber(3, 2)


def form(event: Event) -> dict[str, Any]:
    """Return an event as it stands in a file, without the stamp."""
    raw = to_json(Entry(7, 0.25, "A1", event))
    return {key: raw[key] for key in raw if key not in ("seq", "t", "node", "event")}


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: event.name)
def test_every_event_comes_back_from_a_file_as_it_was(event: type[Event]) -> None:
    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(entries_of(event))
    def comes_back(entry: Entry) -> None:
        assert from_json(json.loads(json.dumps(to_json(entry)))) == entry

    comes_back()


@pytest.mark.parametrize("message", KINDS, ids=KINDS.get)
def test_every_message_comes_back_from_a_file_as_it_was(message: type[Any]) -> None:
    @settings(max_examples=25, deadline=None)
    @given(instances_of(message))
    def comes_back(body: Any) -> None:
        entry = Entry(1, 0.0, "L1", Sent("L1.1", "A1", body, 0))
        assert from_json(json.loads(json.dumps(to_json(entry)))) == entry

    comes_back()


def test_an_entry_is_a_stamp_and_the_fields_of_its_event() -> None:
    entry = Entry(7, 0.25, "A1", AcceptedValue(4, N, Command("C1", 9, "x"), 12))
    assert to_json(entry) == {
        "seq": 7,
        "t": 0.25,
        "node": "A1",
        "event": "accepted",
        "instance": 4,
        "number": [3, "L2"],
        "value": {"client": "C1", "sequence": 9, "value": "x"},
        "mark": 12,
    }


def test_the_no_op_is_null() -> None:
    assert form(AcceptedValue(4, N, NOOP, 12))["value"] is None
    assert form(Applied(4, None, None, "00"))["command"] is None


def test_the_oldest_unanswered_sequence_is_named_if_there_is_one() -> None:
    value = form(AcceptedValue(4, N, Command("C1", 9, "x", 5), 12))["value"]
    assert value == {"client": "C1", "sequence": 9, "value": "x", "oldest": 5}


def test_bytes_are_base64() -> None:
    value = form(AcceptedValue(4, N, Command("C1", 9, b"\xff\x00"), 12))["value"]
    assert value["value"] == {"base64": "/wA="}


def test_bytes_that_happen_to_be_text_come_back_as_bytes() -> None:
    entry = Entry(1, 0.0, "A1", AcceptedValue(4, N, Command("C1", 9, b"x"), 12))
    assert from_json(to_json(entry)) == entry


def test_the_underscore_of_a_reserved_word_is_left_out() -> None:
    assert form(Delivered("L1.1", "L1")) == {"message": "L1.1", "from": "L1", "by": "network"}


def test_sent_has_the_fields_of_its_message_beside_its_own() -> None:
    assert form(Sent("L2.5", "A1", Prepare(N, 1, None, 1), 2)) == {
        "message": "L2.5",
        "to": "A1",
        "after": 2,
        "kind": "prepare",
        "number": [3, "L2"],
        "first": 1,
        "last": None,
        "cursor": 1,
    }


def test_reports_and_rows_of_a_history_have_a_form() -> None:
    promised = form(Promised(N, 1, None, (AcceptedReport(4, N, NOOP),), 0, 3))
    assert promised["reported"] == [{"instance": 4, "number": [3, "L2"], "value": None}]
    reply = form(Sent("L2.5", "L1", CatchUpReply(1, ((N, NOOP),), 1), 0))
    assert reply["entries"] == [[[3, "L2"], None]]


def test_the_header_names_the_quorum_of_each_phase() -> None:
    header = form(Header(("A1", "A2", "A3"), ("L1",), (2, 2), "multi", 0, {}))
    assert header["quorum"] == {"phase1": 2, "phase2": 2}
    assert (header["format"], header["version"]) == ("paxos-tui-trace", 1)


ACCEPTED = to_json(Entry(7, 0.25, "A1", AcceptedValue(4, N, NOOP, 12)))


def test_a_field_that_we_do_not_know_is_ignored() -> None:
    assert from_json({**ACCEPTED, "colour": "red"}) == from_json(ACCEPTED)


def test_a_field_with_a_default_may_be_missing() -> None:
    raw = to_json(Entry(1, 0.0, "L1", Learned(1, N, NOOP, "snapshot")))
    del raw["voters"]
    assert from_json(raw).event == Learned(1, N, NOOP, "snapshot")


def test_an_event_of_a_later_version_is_told_apart_from_a_broken_one() -> None:
    with pytest.raises(UnknownEvent, match="unknown event 'teleported'"):
        from_json({**ACCEPTED, "event": "teleported"})
    sent = to_json(Entry(1, 0.0, "L1", Sent("L1.1", "A1", Accept(N, 1, NOOP, 0), 0)))
    with pytest.raises(UnknownEvent, match="unknown kind of message 'shout'"):
        from_json({**sent, "kind": "shout"})


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"instance": "four"}, "accepted: 'instance' is 'four'"),
        ({"instance": True}, "accepted: 'instance' is True"),
        ({"number": [3]}, "accepted: 'number' is"),
        ({"number": [3, "A1"]}, "accepted: 'number' is"),
        ({"value": {"client": "C1"}}, "accepted: 'value' is"),
        ({"value": {"client": "C1", "sequence": 1, "value": {"base64": "?"}}}, "'value' is"),
        ({"t": "noon"}, "accepted: 'noon' is no number of seconds"),
        ({"seq": 1.5}, "accepted: 1.5 is no integer"),
        ({"seq": 2**63}, f"accepted: {2**63} is no integer of 64 bits"),
        ({"instance": 10**30}, "accepted: 'instance' is 1000"),
        ({"number": [-(2**63) - 1, "L1"]}, "accepted: 'number' is"),
        ({"node": 3}, "accepted: 3 is no text"),
        ({"event": ["accepted"]}, r"\['accepted'\] is no text"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(TraceFormatError, match=complaint):
        from_json({**ACCEPTED, **change})


@pytest.mark.parametrize("key", ["seq", "t", "node", "event", "instance", "number", "mark"])
def test_a_field_that_is_missing_is_named(key: str) -> None:
    with pytest.raises(TraceFormatError, match=f"lacks '{key}'"):
        from_json({name: ACCEPTED[name] for name in ACCEPTED if name != key})


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@given(st.sampled_from(sorted(ACCEPTED)), anything)
def test_whatever_stands_in_a_field_is_read_or_refused_in_one_way(key: str, junk: Any) -> None:
    with contextlib.suppress(TraceFormatError):
        entry = from_json({**ACCEPTED, key: junk})
        assert from_json(to_json(entry)) == entry
