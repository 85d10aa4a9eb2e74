"""What the real roles do breaks no rule; what wrong ones do is caught, and named."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paxos_engine.checks.demands import DEMANDED
from paxos_engine.checks.history import VOTERS_ARE_QUORUM
from paxos_engine.checks.linear import check_linearizable
from paxos_engine.checks.promises import NOT_BELOW
from paxos_engine.checks.reports import TRUE_REPORT
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.roles.assembly import Rules
from paxos_engine.roles.election import Timing
from paxos_engine.roles.events import Entry, Header, Violation
from paxos_engine.scenarios import wrong_rules
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import play
from tests.checks.traced_stage import TracedStage
from tests.roles.test_properties import ACTS, tell

MORE_ACTS = (*ACTS, "restart")
stories = st.lists(
    st.tuples(st.sampled_from(MORE_ACTS), st.integers(0, 10**6)), min_size=20, max_size=150
)


def judge(entries: list[Entry]) -> SafetyChecker:
    header = entries[0].event
    assert isinstance(header, Header)
    checker = SafetyChecker.of(header)
    for entry in entries:
        checker.observe(entry)
    return checker


def tell_with_restarts(stage: TracedStage, story: list[tuple[str, int]]) -> None:
    """Play a story in which nodes crash too, and come back from their disks."""
    for act, pick in story:
        servers = [*stage.leaders, *stage.acceptors]
        node = servers[pick % len(servers)]
        if act == "submit":  # and let the client be sent on: messages keep their addressee here
            stage.submit(f"v{pick}")
        elif act != "restart":
            tell(stage, [(act, pick)])
        elif node not in stage.failed:
            stage.restart(node)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(stories, st.booleans(), st.sampled_from([3, 10_000]))
def test_no_story_of_the_right_roles_breaks_a_rule(
    story: list[tuple[str, int]], classic: bool, snapshot_every: int
) -> None:
    stage = TracedStage(classic=classic, snapshot_every=snapshot_every, page_bytes=100)
    tell_with_restarts(stage, story)
    stage.run(3.0, step=0.05)
    checker = judge(stage.entries)
    assert checker.violations == [], "\n".join(checker.explanation)
    assert checker.agreed == len(stage.chosen)


@pytest.mark.parametrize("seed", range(40))
def test_no_simulated_run_of_the_right_roles_breaks_a_rule(seed: int) -> None:
    entries: list[Entry] = []
    outcome = play(draw(seed), [entries.append])
    assert outcome.violation is None
    assert judge(entries).violations == []
    assert check_linearizable(entries) is None


def first_violation(rules: Rules, seeds: range) -> Violation:
    """Return the first violation that any of these runs shows."""
    for seed in seeds:
        found = play(draw(seed, rules)).violation
        if found is not None:
            return found
    pytest.fail("nothing was found")


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (Rules(leader_protocol=wrong_rules.LastReplyOnly), DEMANDED),
        (Rules(leader_protocol=wrong_rules.OnlyMajorityReports), DEMANDED),
        (Rules(leader_protocol=wrong_rules.CountsMessages), VOTERS_ARE_QUORUM),
        (Rules(acceptor_protocol=wrong_rules.ReportsPromised), TRUE_REPORT),
        (Rules(acceptor_protocol=wrong_rules.AcceptsBelowPromise), NOT_BELOW),
        (Rules(acceptor_protocol=wrong_rules.ComparesPortWithCount), NOT_BELOW),
    ],
    ids=lambda what: what if isinstance(what, str) else "",
)
def test_a_wrong_rule_is_caught_by_the_rule_that_it_breaks(rules: Rules, named: str) -> None:
    assert first_violation(rules, range(60)).rule == named


def test_the_stage_catches_a_wrong_rule_before_agreement_is_lost() -> None:
    stage = TracedStage(
        acceptor_protocol=wrong_rules.AcceptsBelowPromise,
        timing=Timing(heartbeat_every=1.0, election_timeout=5.0),
    )
    rng = random.Random(1)
    acts = ("deliver", "deliver", "lead", "submit", "wait")
    tell_with_restarts(stage, [(rng.choice(acts), rng.randrange(10**6)) for _ in range(400)])
    violation = judge(stage.entries).violation
    assert violation is not None
    assert violation.rule == NOT_BELOW


def test_the_memory_of_all_checks_stays_bounded_over_many_commands() -> None:
    """Twice as many commands make no check remember more, once old instances are compacted."""
    sizes = []
    for commands in (300, 600):
        stage = TracedStage(snapshot_every=20)
        stage.lead("L2")
        stage.settle()
        for number in range(commands):
            stage.submit(f"set k{number % 5} {number}")
            stage.settle()
            if number % 10 == 0:
                stage.run(0.3, step=0.1)
        stage.run(1.0, step=0.1)
        checker = judge(stage.entries)
        assert checker.violations == []
        assert checker.agreed >= commands
        sizes.append(remembered(checker))
    assert sizes[1] < sizes[0] * 1.1 + 50


def remembered(checker: SafetyChecker) -> int:
    """Count what the checks remember of protocol and history; rings have bounds of their own."""
    agreement = checker.agreement
    total = len(agreement._decided) + len(agreement._open)
    for check in checker.checks:
        match type(check).__name__:
            case "Holdings":
                total += sum(len(holding.votes) for holding in check._of.values())  # type: ignore[attr-defined]
            case "ProposedIsDemanded":
                total += sum(len(kept.pages) for kept in check._numbers.values())  # type: ignore[attr-defined]
            case "AnsweredRight":
                total += len(check._results)  # type: ignore[attr-defined]
            case "ChosenWasSubmitted":
                total += len(check._contents)  # type: ignore[attr-defined]
            case "AnsweredOnce":
                total += len(check._waiting)  # type: ignore[attr-defined]
    return total
