"""Whatever happens is told in words, not by the fields of an event."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from paxos_engine import Command, Event, ProposalNumber, read_trace
from paxos_engine.roles import events as ev
from paxos_tui.sentences import sentence
from tests.tui.record_traces import STATES

TRACES = Path(__file__).parent / "traces"
NUMBER = ProposalNumber(3, 2)

EVENTS = (
    (ev.Lost("L1.4", "L1", "cut"), "never receives L1.4 from L1 (cut)"),
    (ev.Refused("L1.4", "L1", "no role"), "refuses L1.4 from L1 (no role)"),
    (ev.Duplicated("L1.4", "L1", "lossy"), "will receive L1.4 from L1 twice (lossy)"),
    (
        ev.Delayed("L1.4", "L1", "jitter", 0.02),
        "waits for L1.4 from L1, which is kept back (jitter, 0.020 s)",
    ),
    (ev.HeartbeatHeard(NUMBER, "L2"), "hears the heartbeat of L2, which leads under 3.L2"),
    (ev.GapFound(1, "takeover"), "finds instance 1 open (takeover)"),
    (
        ev.GapFilled(1, "takeover", "found", Command("C1", 1, "x")),
        "fills instance 1, which was open (takeover): found",
    ),
    (ev.CatchUpAsked("L2", 3, 9), "asks L2 for what was chosen in instances 3 to 9"),
    (ev.SessionOpened("C1", 1), "has a session, which instance 1 opened"),
    (ev.Retried("C1", 4, "L2", "late"), "sends command #4 again, to L2 (late)"),
    (
        ev.Suspected(NUMBER, "silence"),
        "hears no primary, and will ask for promises under 3.L2 (silence)",
    ),
    (ev.Failed(), "fails: it neither hears nor speaks, and keeps its memory"),
    (ev.Recovered(), "hears and speaks again"),
    (ev.Paused(), "stands still"),
    (ev.Resumed(), "goes on after it stood still"),
    (ev.FaultsChanged({}, "healed"), "changes: healed"),
    (
        ev.WrittenOff(("L1",), "L1 is gone for good"),
        "changes which leaders are written off: L1 is gone for good",
    ),
    (ev.Skipped(1), "lacks events here: 1"),
    (ev.Violation("agreement", (1, 2)), "finds a rule broken: agreement"),
)


@pytest.mark.parametrize(("event", "said"), EVENTS)
def test_an_event_is_told_in_words(event: Event, said: str) -> None:
    assert sentence(event) == said


@pytest.mark.parametrize("state", STATES)
def test_no_event_of_a_recording_is_told_by_its_fields(state: str) -> None:
    for entry in read_trace(TRACES / f"{state}.jsonl"):
        name = re.escape(entry.event.name)
        assert not re.match(rf"{name}( \w+=|$)", sentence(entry.event)), entry.event
