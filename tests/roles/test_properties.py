"""Every order of delivery, every loss, every duplicate: agreement holds, and calm brings progress.

Hypothesis plays the network on small clusters. `Stage` counts votes itself and raises
`Disagreement` as soon as two values are chosen for one instance.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paxos_engine.roles.election import Timing
from paxos_engine.roles.messages import Envelope
from paxos_engine.scenarios.wrong_rules import AcceptsBelowPromise
from tests.roles.stage import Disagreement, Stage

ACTS = ("deliver", "deliver", "deliver", "lose", "twice", "wait", "lead", "submit", "fail")
stories = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 10**6)), min_size=20, max_size=120
)
modest = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def tell(stage: Stage, story: list[tuple[str, int]]) -> None:
    """Play a story: each act picks its object by a number."""
    for act, pick in story:
        flying = stage.in_flight
        match act:
            case "deliver" if flying:
                stage.hand_over(flying.pop(pick % len(flying)))
            case "lose" if flying:
                flying.pop(pick % len(flying))
            case "twice" if flying:
                stage.hand_over(flying[pick % len(flying)])
            case "wait":
                stage.wait(pick % 500 / 1000)
            case "lead":
                stage.lead(stage.leaders[pick % len(stage.leaders)])
            case "submit":
                stage.submit(f"v{pick}")
                _ask_any_leader(stage, pick)
            case "fail":
                node = [*stage.leaders, *stage.acceptors][pick % 5]
                (stage.recover if node in stage.failed else stage.fail)(node)
            case _:
                pass


def _ask_any_leader(stage: Stage, pick: int) -> None:
    for envelope in list(stage.waiting("request")):
        stage.in_flight.remove(envelope)
        to = stage.leaders[pick % len(stage.leaders)]
        stage.in_flight.append(Envelope(envelope.id, envelope.sender, to, envelope.message))


def prefixes_are_identical(stage: Stage) -> bool:
    """Compare the leaders' histories as far as both go."""
    first, second = (stage.history(name) for name in stage.leaders[:2])
    common = min(len(first), len(second))
    return first[:common] == second[:common]


@modest
@given(stories, st.booleans())
def test_no_order_of_delivery_breaks_agreement(story: list[tuple[str, int]], classic: bool) -> None:
    stage = Stage(acceptors=3, leaders=2, classic=classic)
    tell(stage, story)
    assert prefixes_are_identical(stage)


@modest
@given(stories, st.booleans())
def test_after_the_storm_every_command_is_answered_exactly_once(
    story: list[tuple[str, int]], classic: bool
) -> None:
    stage = Stage(acceptors=3, leaders=2, classic=classic)
    tell(stage, story)
    for node in list(stage.failed):
        stage.recover(node)
    stage.run(20.0, step=0.05)
    submitted = len(stage.happened("submitted"))
    answers = [e.sequence for e in stage.happened("answered")]  # type: ignore[attr-defined]
    assert sorted(answers) == list(range(1, submitted + 1))
    assert stage.history("L1") == stage.history("L2")
    applied = [
        (e.command.client, e.command.sequence)  # type: ignore[attr-defined]
        for e in stage.happened("applied", "L1")
        if e.command is not None and e.duplicate_of is None  # type: ignore[attr-defined]
    ]
    assert len(applied) == len(set(applied)) == submitted


def test_the_same_stories_catch_a_wrong_rule() -> None:
    """The net is not so wide that everything falls through."""
    for seed in range(2_000):
        rng = random.Random(seed)
        acts = (*ACTS, "lead", "submit", *["deliver"] * 20)
        story = [(rng.choice(acts), rng.randrange(10**6)) for _ in range(300)]
        try:
            rare = Timing(heartbeat_every=1.0, election_timeout=5.0)
            wrong = AcceptsBelowPromise
            stage = Stage(acceptors=3, seed=seed, acceptor_protocol=wrong, timing=rare)
            tell(stage, story)
        except Disagreement:
            return
    pytest.fail("2,000 stories found nothing wrong with a wrong rule")
