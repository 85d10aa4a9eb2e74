"""A violation is told in a dozen plain lines, with the events that show it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paxos_engine.checks import recent
from paxos_engine.checks.explain import MOST_LINES, explain
from paxos_engine.checks.recent import KINDS_KEPT, RecentEntries
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.checks.tell import tell
from paxos_engine.roles import events as ev
from paxos_engine.roles.messages import Heartbeat, Promise
from tests.checks.histories import QUORUMS, History, cmd, n, report
from tests.trace.entries import entries_of

X, Y = cmd("x", 1), cmd("y", 2)


def judge(history: History) -> SafetyChecker:
    checker = SafetyChecker(QUORUMS)
    for entry in history.entries:
        checker.observe(entry)
    return checker


def test_a_vote_below_a_promise_is_told_with_the_promise() -> None:
    history = History().submit(X).lead(n(1)).propose("L1", n(1), 7, X)
    history.promise("A1", n(2, 2)).vote("A1", n(1), 7, X)
    assert judge(history).explanation == [
        'Broken: nothing is accepted below a promise ("Paxos Made Simple", 2.2, P1a).',
        "An acceptor accepts a proposal only if it has promised no higher number for that"
        " instance, crashes or not.",
        "Here, A1 accepted 1.L1 for 7 although it had promised 2.L2.",
        "#12, 0.012 s, A1 promises 2.L2 for every instance from 1 on; there it has accepted"
        " nothing",
        "#14, 0.014 s, A1 accepts C1#1 'x' for instance 7 under 1.L1 (its record 3)",
    ]


def test_a_value_that_the_promises_forbid_is_told_with_what_they_report() -> None:
    history = History().submit(X).submit(Y)
    history.lead(n(1)).propose("L1", n(1), 1, X).vote("A1", n(1), 1, X)
    told = report(1, n(1), X)
    history.promise("A1", n(2, 2), reported=(told,)).page("A1", n(2, 2), told)
    history.promise("A3", n(2, 2)).page("A3", n(2, 2)).propose("L2", n(2, 2), 1, Y)
    assert judge(history).explanation[2:] == [
        "Here, L2 proposes C1#2 'y' for 1 under 2.L2, although its promises report 1.L1 C1#1 'x'"
        " there.",
        "#17, 0.017 s, A1 sends L2 its promise of 2.L2 for every instance from 1 on (A1.2,"
        " resting on record 3), which reports 1: 1.L1 C1#1 'x'",
        "#21, 0.021 s, A3 sends L2 its promise of 2.L2 for every instance from 1 on (A3.1,"
        " resting on record 1), which reports nothing",
        "#23, 0.023 s, L2 proposes C1#2 'y' for instance 1 under 2.L2, on A1.2, A3.1",
    ]


def test_what_a_check_keeps_as_a_number_is_shown_as_the_entry_it_was() -> None:
    history = History().submit(X).lead(n(1)).propose("L1", n(1), 1, X).propose("L1", n(1), 1, X)
    checker = judge(history)
    assert checker.violation is not None
    assert checker.violation.evidence == (11, 12)
    assert len(checker.explanation) == 5


def test_much_evidence_is_clipped_in_the_middle() -> None:
    history = History()
    for _ in range(40):
        history.vote("A1", n(1), 1, X)
    violation = ev.Violation("at most one value is chosen", tuple(range(1, 81, 2)), "two values")
    lines = explain(violation, history.entries)
    assert len(lines) == MOST_LINES
    assert lines[3].startswith("#1, ")
    assert lines[7] == "... and 32 more in between"
    assert lines[-1].startswith("#79, ")


def test_evidence_that_is_gone_is_said_to_be_gone() -> None:
    violation = ev.Violation("at most one value is chosen", (1, 2, 3, 4, 5, 6, 7), "two values")
    lines = explain(violation, ())
    assert lines[-1] == (
        "(#1, #2, #3, #4, #5 and 2 more of the evidence happened too long ago to be shown here.)"
    )


def test_a_rule_that_is_none_of_ours_is_told_as_far_as_it_goes() -> None:
    assert explain(ev.Violation("a rule of somebody else", (), "something"), ()) == [
        "Broken: a rule of somebody else.",
        "Here, something.",
    ]


def test_of_a_long_report_only_what_is_asked_about_is_told() -> None:
    reported = tuple(report(i, n(1), cmd("x", i)) for i in range(1, 9))
    event = ev.Promised(n(2), 1, None, reported, 0, 1)
    assert tell(event).endswith("3: 1.L1 C1#3 'x' and 5 more")
    assert tell(event, 7).endswith("has accepted 7: 1.L1 C1#7 'x'")
    assert tell(event, 99).endswith("has accepted nothing for 99")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ev.ALL_EVENTS).flatmap(entries_of))
def test_every_event_can_be_told_in_one_line(entry: ev.Entry) -> None:
    text = tell(entry.event)
    assert text
    assert len(text.splitlines()) == 1


def test_of_each_kind_the_last_entries_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "KEPT", 3)
    kept = RecentEntries()
    history = History()
    for number in range(1, 8):
        history.prepare("L1", n(number))
    history.submit(X)
    for entry in history.entries:
        kept.of(type(entry.event))(entry)
    assert [entry.seq for entry in kept] == [5, 6, 7, 8]
    assert [entry.seq for entry in kept.find([1, 6, 8])] == [6, 8]


def test_messages_are_not_kept_but_for_promises() -> None:
    assert Promise in KINDS_KEPT
    assert not {Heartbeat, ev.Sent, ev.Delivered} & set(KINDS_KEPT)


def test_an_explanation_of_a_violation_in_a_message_shows_that_message() -> None:
    history = History().send("L1", "A1", Heartbeat(n(1), 0), after=3)
    [*_, last] = judge(history).explanation
    assert last == (
        "#1, 0.001 s, L1 sends A1 heartbeat 1.L1 chosen up to 0 (L1.1, resting on record 3)"
    )


def test_a_header_is_no_obstacle_to_an_explanation() -> None:
    """Its faults are a table, which cannot be hashed."""
    header = ev.Header(("A1", "A2"), ("L1",), (1, 1), "multi", 0, {"links": {}})
    checker = judge(History().say("cluster", header))
    assert len(checker.explanation) == 4
