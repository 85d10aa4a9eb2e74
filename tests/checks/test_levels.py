"""A trace without messages: most rules are still watched, and none accuses anybody wrongly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paxos_engine.checks.agreement import ONE_VALUE
from paxos_engine.checks.deliveries import SENT_FIRST
from paxos_engine.checks.demands import DEMANDED, QUORUM_PROMISED
from paxos_engine.checks.durability import DURABLE_FIRST, RECORDED
from paxos_engine.checks.history import VOTERS_ARE_QUORUM
from paxos_engine.checks.promises import NOT_BELOW
from paxos_engine.checks.reports import TRUE_REPORT
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.roles import events as ev
from paxos_engine.roles.assembly import RIGHT, Rules
from paxos_engine.roles.quorum import Quorums
from paxos_engine.scenarios import wrong_rules
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import play
from paxos_engine.trace.level import TraceLevel
from tests.checks.histories import History, cmd, n

MESSAGES = (ev.Sent, ev.Delivered, ev.Lost, ev.Duplicated, ev.Delayed, ev.Refused)
ABOUT_MESSAGES = {QUORUM_PROMISED, DEMANDED, DURABLE_FIRST, RECORDED, SENT_FIRST}
QUORUMS = Quorums(("A1", "A2", "A3"), 2, 2)


def judged_without_messages(seed: int, rules: Rules = RIGHT) -> SafetyChecker:
    """Play a simulated run and judge what a trace of level protocol would have told of it."""
    entries: list[ev.Entry] = []
    play(draw(seed, rules), [entries.append])
    header = entries[0].event
    assert isinstance(header, ev.Header)
    checker = SafetyChecker.of(replace(header, level=TraceLevel.PROTOCOL.value))
    for entry in entries:
        if not isinstance(entry.event, MESSAGES):
            checker.observe(entry)
    return checker


def test_without_messages_all_rules_are_watched_but_those_about_messages() -> None:
    whole = SafetyChecker(QUORUMS)
    checker = SafetyChecker(QUORUMS, TraceLevel.PROTOCOL)
    assert whole.rules == SafetyChecker.INVARIANTS
    left_out = {rule.name for rule in whole.rules} - {rule.name for rule in checker.rules}
    assert left_out == ABOUT_MESSAGES
    assert checker.checked


def test_where_only_counters_are_told_no_rule_is_watched_and_nothing_is_called_safe() -> None:
    checker = SafetyChecker(QUORUMS, TraceLevel.COUNTERS)
    assert (checker.rules, checker.checks) == ((), ())
    assert (checker.checked, checker.unchecked) == (False, "counters only")


@pytest.mark.parametrize("seed", range(40))
def test_no_run_of_the_right_roles_breaks_a_rule_for_lack_of_messages(seed: int) -> None:
    checker = judged_without_messages(seed)
    assert checker.violations == []
    assert checker.checked


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (Rules(leader_protocol=wrong_rules.CountsMessages), VOTERS_ARE_QUORUM),
        (Rules(acceptor_protocol=wrong_rules.ReportsPromised), TRUE_REPORT),
        (Rules(acceptor_protocol=wrong_rules.AcceptsBelowPromise), NOT_BELOW),
    ],
    ids=lambda what: what if isinstance(what, str) else "",
)
def test_a_wrong_rule_is_still_caught_by_the_rule_that_it_breaks(rules: Rules, named: str) -> None:
    found = (judged_without_messages(seed, rules).violation for seed in range(60))
    first = next(violation for violation in found if violation is not None)
    assert first.rule == named


def test_what_is_proposed_against_the_promises_is_caught_once_it_is_chosen() -> None:
    x, y, higher = cmd("x"), cmd("y", 2), n(2, 2)
    story = History().submit(x).submit(y).lead(n(1)).propose("L1", n(1), 1, x).choose(1, x)
    story.propose("L2", higher, 1, y).vote("A2", higher, 1, y).vote("A3", higher, 1, y)
    checker = SafetyChecker(QUORUMS, TraceLevel.PROTOCOL)
    for entry in story.entries:
        if not isinstance(entry.event, MESSAGES):
            checker.observe(entry)
    assert checker.violation is not None
    assert checker.violation.rule == ONE_VALUE
