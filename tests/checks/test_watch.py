"""The watch: a checker beside a running cluster."""

from __future__ import annotations

import threading

from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.checks.watch import SafetyWatch
from paxos_engine.roles.events import Entry, Failed, Header, Violation
from paxos_engine.trace.hub import Trace
from tests.checks.histories import QUORUMS, History, cmd, n

HEADER = Header(QUORUMS.acceptors, ("L1", "L2"), (2, 2), "multi", 0, {})


def watched(history: History) -> tuple[SafetyWatch, list[Violation]]:
    told: list[Violation] = []
    trace = Trace(HEADER, lambda: 0.0)
    watch = SafetyWatch(trace.reader(), SafetyChecker(QUORUMS), told.append)
    watch.start()
    for entry in history.entries:
        trace.publish(entry.node, entry.event)
    watch.stop()
    return watch, told


def test_everything_published_before_the_stop_is_looked_at() -> None:
    history = History().lead(n(1))
    for instance in range(1, 201):
        value = cmd("x", instance)
        history.submit(value).propose("L1", n(1), instance, value).choose(instance, value)
    watch, told = watched(history)
    assert (watch.agreed, watch.backlog, watch.unchecked, told) == (200, 0, "", [])
    assert watch.events == 1 + len(history.entries), "the header, and everything after it"
    assert watch.explanation == []


def test_a_violation_is_told_once_with_its_evidence() -> None:
    lower = History().promise("A1", n(2)).promise("A1", n(1)).promise("A1", n(1))
    watch, told = watched(lower)
    assert [violation.evidence for violation in told] == [(1, 3)]
    assert watch.explanation[2:] == [
        "Here, A1 promised 1.L1 for 1.. although it had promised 2.L1.",
        "#1, 0.000 s, A1 promises 2.L1 for every instance from 1 on; there it has accepted nothing",
        "#3, 0.000 s, A1 promises 1.L1 for every instance from 1 on; there it has accepted nothing",
    ]


def test_a_watch_that_ended_leaves_no_thread_and_may_be_stopped_again() -> None:
    before = set(threading.enumerate())
    watch, _ = watched(History())
    watch.stop()
    assert set(threading.enumerate()) <= before


class Breaks(SafetyChecker):
    """A checker with a defect that shows at the second entry."""

    def observe(self, entry: Entry) -> Violation | None:
        """Break."""
        if self.events:
            raise LookupError("a defect of ours")
        return super().observe(entry)


def test_a_checker_that_breaks_says_no_more_that_all_is_checked_and_holds_nothing_up() -> None:
    trace = Trace(HEADER, lambda: 0.0)
    watch = SafetyWatch(trace.reader(), Breaks(QUORUMS), lambda violation: None)
    watch.start()
    for _ in range(100):
        trace.publish("A1", Failed())
    watch.stop()
    assert watch.unchecked == "the checker stopped: LookupError: a defect of ours"
    assert watch.backlog == 0
