"""When a running console paints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from paxos_engine import ClusterView, Entry, ProposalNumber, read_trace
from paxos_engine.roles.events import Delivered, HeartbeatHeard, Sent
from paxos_engine.roles.messages import Heartbeat
from paxos_tui.pace import AT_REST, LONGEST, PAINTING, WHILE_TYPING, Pace, news
from tests.tui.clock import Clock

TRACE = Path(__file__).parent / "traces" / "load.jsonl"


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(clock)


def test_news_is_painted_at_once(pace: Pace, clock: Clock) -> None:
    assert pace.is_due("first")
    pace.painted()
    assert pace.is_due("second")


def test_what_only_beats_is_painted_again_after_a_while(pace: Pace, clock: Clock) -> None:
    assert pace.is_due("calm")
    pace.painted()
    clock.now += AT_REST / 2
    assert not pace.is_due("calm")
    clock.now += AT_REST / 2
    assert pace.is_due("calm")


def test_a_painting_that_took_long_is_followed_by_time_for_keys(pace: Pace, clock: Clock) -> None:
    assert pace.is_due(1)
    clock.now += 0.05
    pace.painted()
    clock.now += 0.05 / PAINTING - 0.06
    assert not pace.is_due(2)
    clock.now += 0.02
    assert pace.is_due(2)


def test_however_long_a_painting_takes_the_next_one_comes(pace: Pace, clock: Clock) -> None:
    assert pace.is_due(1)
    clock.now += LONGEST
    pace.painted()
    assert pace.is_due(2)


def test_behind_a_prompt_news_waits_and_once_that_is_closed_no_more(
    pace: Pace, clock: Clock
) -> None:
    assert pace.is_due(1, covered=True)
    pace.painted()
    clock.now += LONGEST / 2
    assert not pace.is_due(2, covered=True)
    assert pace.is_due(2)
    pace.painted()
    clock.now += LONGEST
    assert pace.is_due(3, covered=True)


def test_while_a_person_types_into_a_prompt_what_lies_behind_it_waits_but_not_for_ever(
    pace: Pace, clock: Clock
) -> None:
    assert pace.is_due(0, covered=True)
    painted = 0
    for key in range(80):
        clock.now += 0.125
        pace.typed()
        painted += pace.is_due(key, covered=True)
    assert painted == 10.0 / WHILE_TYPING
    clock.now += LONGEST
    assert pace.is_due("after a rest", covered=True)


def beating(view: ClusterView, seq: int) -> Iterator[Entry]:
    """Yield one heartbeat: its sending, its delivery, and that it was heard."""
    leader = view.leaders[-1].name
    body = Heartbeat(ProposalNumber(1, 2), 3)
    yield Entry(seq, view.now + 1, leader, Sent("beat", "A1", body, 0))
    yield Entry(seq + 1, view.now + 1, "A1", Delivered("beat", leader))
    yield Entry(seq + 2, view.now + 1, "A1", HeartbeatHeard(ProposalNumber(1, 2), leader))


def test_a_heartbeat_is_no_news_and_everything_else_is() -> None:
    view = ClusterView()
    entries = list(read_trace(TRACE))
    view.apply_all(entries)
    before = news(view)
    view.apply_all(beating(view, len(entries)))
    assert news(view) == before
    message = Entry(len(entries) + 3, view.now, "A1", Delivered("not a beat", "L1"))
    view.apply(message)
    assert news(view) == before, "nobody knows that message"
    asked = next(entry for entry in entries if entry.event.name == "submitted")
    view.apply(asked)
    assert news(view) != before
