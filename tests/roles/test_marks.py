"""What each message of a leader depends on: its round and its snapshots, and nothing it learned."""

from __future__ import annotations

from paxos_engine.roles.effects import ChosenRecord, Outgoing, RoundRecord
from paxos_engine.roles.messages import (
    Accept,
    Accepted,
    Envelope,
    Heartbeat,
    Prepare,
    Reply,
    Request,
)
from paxos_engine.roles.values import Command
from tests.roles.stage import SESSION, Stage


def led() -> Stage:
    """Return a stage on which L2 leads and has chosen a value."""
    stage = Stage(3, 2)
    stage.lead("L2")
    stage.settle()
    stage.submit("first")
    stage.settle()
    return stage


def said(stage: Stage, *envelopes: Envelope) -> list[Outgoing]:
    """Return what L2 says to these messages, one after the other."""
    leader = stage.leader("L2")
    return [out for each in envelopes for out in leader.receive(each, stage.now).messages]


def round_mark(stage: Stage) -> int:
    """Return the mark of the last round that L2 has used up."""
    records = stage.records["L2"]
    return max(at for at, record in enumerate(records, 1) if isinstance(record, RoundRecord))


def test_an_accept_a_reply_and_a_beat_depend_on_the_round_however_much_was_learned_since() -> None:
    stage = led()
    assert isinstance(stage.records["L2"][-1], ChosenRecord)
    command = Command("C1", 2, "second", 1, SESSION)
    accepts = said(stage, Envelope("C1.9", "C1", "L2", Request(command)))
    assert {type(out.message) for out in accepts} == {Accept}
    accept = accepts[0].message
    assert isinstance(accept, Accept)
    vote = Accepted(accept.number, ((accept.instance, accept.instance),))
    replies = said(stage, *(Envelope(f"{a}.9", a, "L2", vote) for a in ("A1", "A2")))
    assert [type(out.message) for out in replies] == [Reply]
    stage.now += 10.0
    beats = stage.leader("L2").tick(stage.now).messages
    assert Heartbeat in {type(out.message) for out in beats}
    assert {out.after for out in (*accepts, *replies, *beats)} == {round_mark(stage)}


def test_after_a_restart_everything_said_depends_on_what_the_disk_had() -> None:
    stage = led()
    had = len(stage.records["L2"])
    stage.restart("L2")
    leader = stage.leader("L2")
    leader.election.suspect_at = stage.now
    prepares = leader.tick(stage.now).messages
    assert {type(out.message) for out in prepares} == {Prepare}
    assert {out.after for out in prepares} == {had + 1}
