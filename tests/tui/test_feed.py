"""What the console says of a trace: safe only of what was checked, and why not where it was not."""

from __future__ import annotations

from dataclasses import replace

from textual.widgets import Static

from paxos_engine import Header, SafetyChecker
from paxos_engine.roles.events import Skipped
from paxos_tui.app import PaxosApp
from paxos_tui.feed import FrozenFeed, Verdict
from paxos_tui.screens.help import ViolationScreen
from tests.checks.histories import History, cmd, n

HEADER = Header(("A1", "A2", "A3"), ("L1", "L2"), (2, 2), "multi", 0, {}, ports={"L1": 1})
X = cmd("x")


def played(history: History) -> FrozenFeed:
    feed = FrozenFeed(history.entries)
    feed.pump(feed.new_view(), 1.0)
    return feed


def good() -> History:
    history = History().say("cluster", HEADER).submit(X).lead(n(1)).propose("L1", n(1), 1, X)
    return history.choose(1, X)


def test_a_trace_that_keeps_every_rule_is_safe_and_says_how_much_was_looked_at() -> None:
    verdict = played(good()).verdict
    assert verdict.is_good
    count = len(SafetyChecker.INVARIANTS)
    events = len(good().entries)
    said = f"safe: {count} invariants over {events} events, 1 instance agrees"
    assert verdict.say(briefly=False) == said
    assert verdict.say(briefly=True) == "safe: 1 instance agrees"


def test_a_trace_without_messages_says_how_many_rules_its_safety_rests_on() -> None:
    header = replace(HEADER, level="protocol")
    story = History().say("cluster", header).submit(X).lead(n(1)).propose("L1", n(1), 1, X)
    verdict = played(story.choose(1, X)).verdict
    assert verdict.is_good
    said = verdict.say(briefly=False)
    assert said.startswith(f"safe: 22 of {len(SafetyChecker.INVARIANTS)} invariants over ")


def test_a_trace_with_a_hole_is_not_checked_rather_than_safe() -> None:
    verdict = played(good().say("trace", Skipped(7))).verdict
    assert verdict.say(briefly=False) == "not checked: 7 entries of the trace were missed"
    assert not verdict.is_good


def test_a_trace_without_a_header_is_not_checked() -> None:
    assert played(History().submit(X)).verdict == Verdict(unchecked="no header")


def test_a_broken_rule_is_all_that_is_said() -> None:
    feed = played(good().promise("A1", n(3), first=2).promise("A1", n(2), first=2))
    assert feed.verdict.say(briefly=True) == "NOT SAFE: a promise is never taken back"
    assert feed.verdict.broken is not None
    assert feed.explain(feed.verdict.broken)[0].startswith("Broken: a promise is never taken back")


async def test_a_trace_that_breaks_a_rule_stops_the_screen_with_the_explanation() -> None:
    feed = FrozenFeed(good().promise("A1", n(3), first=2).promise("A1", n(2), first=2).entries)
    app = PaxosApp(feed=feed, fps=0)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, ViolationScreen)
        text = str(app.screen.query_one(Static).content)
        assert "Here, A1 promised 2.L1 for 2.. although it had promised 3.L1." in text
        assert "A1 promises 3.L1 for every instance from 2 on" in text
