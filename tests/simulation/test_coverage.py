"""What runs have seen: each pattern by the shortest story that shows it, and one that does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from paxos_engine.roles import events as ev
from paxos_engine.roles.messages import Accept, Accepted, Compacted, Prepare
from paxos_engine.roles.values import NOOP
from paxos_engine.simulation.coverage import Coverage, Lookout
from paxos_engine.simulation.patterns import PATTERNS
from paxos_engine.simulation.plan import Act
from paxos_engine.simulation.situation import PHASES, Situation
from tests.checks.histories import History, cmd, n, report

HEADER = ev.Header(("A1", "A2", "A3"), ("L1", "L2"), (2, 2), "multi", 0, {})
X, Y = cmd("x"), cmd("y", 2)
ONE, TWO = n(1, 1), n(2, 2)

Tell = Callable[[History], History]


def seen(tell: Tell) -> Coverage:
    """Return what is seen of a history."""
    lookout = Lookout()
    for entry in [ev.Entry(0, 0.0, "cluster", HEADER), *tell(History()).entries]:
        lookout.observe(entry)
    return lookout.coverage


def primary(history: History, leader: str) -> History:
    number = ONE if leader == "L1" else TWO
    return history.prepare(leader, number).say(leader, ev.BecamePrimary(number, "takeover"))


def plan(reason: str, **changes: object) -> ev.FaultsChanged:
    return ev.FaultsChanged({"groups": [], "disk_delay": 0.0, **changes}, reason)


def filled(outcome: str) -> Tell:
    return lambda h: h.say("L1", ev.GapFilled(1, "takeover", outcome, NOOP))


def refused(h: History, acceptor: str, body: Prepare | Accept) -> History:
    """Let an acceptor refuse what L1 sends it."""
    message = f"L1.{len(h.entries)}"
    h.say("L1", ev.Sent(message, acceptor, body, 0)).deliver(message, acceptor)
    return h.say(acceptor, ev.Rejected(1, body.number, TWO))


def prepare_of(number: object) -> Prepare:
    assert isinstance(number, tuple)
    return Prepare(n(*number), 1, None, 1)


def chosen_then(event: ev.Event) -> Tell:
    """Let X be chosen on the proposal of L1, and something happen to L1 before it knows."""
    return lambda h: h.propose("L1", ONE, 1, X).choose(1, X).say("L1", event)


def twice(body: Accept | Accepted) -> Tell:
    return lambda h: h.send("A1", "L1", body).say("L1", ev.Duplicated("A1.1", "A1", "duplicate"))


def lost_vote(h: History) -> History:
    h.propose("L1", ONE, 1, X).choose(1, X).acknowledge("A1", ONE, 1)
    return h.say("L1", ev.Lost("A1.1", "A1", "loss"))


def split(h: History) -> History:
    h.say("A3", ev.Failed()).prepare("L1", ONE).promise("A1", ONE)
    return refused(h, "A2", prepare_of(ONE))


def woken(h: History) -> History:
    primary(h, "L1").say("L1", ev.Paused())
    return primary(h, "L2").say("L1", ev.Resumed())


def torn() -> Coverage:
    lookout = Lookout()
    lookout.observe(ev.Entry(0, 0.0, "cluster", HEADER))
    lookout.meet(Act(0.1, "torn write", ("A1",), 0.5))()
    for entry in History().restart("A1", ONE).entries:
        lookout.observe(entry)
    return lookout.coverage


STORIES: dict[str, Tell] = {
    "a primary takes over": lambda h: primary(h, "L1"),
    "a quorum is lost and comes back": lambda h: (
        h.say("A1", ev.Failed()).say("A2", ev.Paused()).say("A2", ev.Resumed())
    ),
    "leaders duel: three prepares, nothing chosen": lambda h: (
        h.prepare("L1", ONE).prepare("L2", TWO).prepare("L1", n(3))
    ),
    "two take themselves for the primary": lambda h: primary(primary(h, "L1"), "L2"),
    "a value is reported by one acceptor alone": lambda h: (
        h.page("A1", TWO).page("A2", TWO, report(1, ONE, X)).propose("L2", TWO, 1, X)
    ),
    "promises report different values": lambda h: (
        h.page("A1", n(3), report(1, ONE, X))
        .page("A2", n(3), report(1, TWO, Y))
        .propose("L1", n(3), 1, Y)
    ),
    "the last promise reports nothing": lambda h: (
        h.page("A1", TWO, report(1, ONE, X)).page("A2", TWO).propose("L2", TWO, 1, X)
    ),
    "chosen, and its leader falls not knowing it": chosen_then(ev.Crashed("crash", "its memory")),
    "a gap holds a value that is discovered": filled("found"),
    "a gap is filled with the no-op": filled("no-op"),
    "a gap takes a waiting command": filled("own"),
    "a gap is closed by catching up": filled("catch-up"),
    "a vote is left behind by another choice": lambda h: (
        h.vote("A3", ONE, 1, X).vote("A1", TWO, 1, Y).vote("A2", TWO, 1, Y)
    ),
    "a duplicate is suppressed": lambda h: h.apply("L1", 2, X, duplicate_of=1),
    "a power cut forgets what was not synced": lambda h: h.say(
        "A1", ev.Crashed("power cut", "its memory, and 1 promise not yet on disk")
    ),
    "a disk is rotten or gone: its node stays out": lambda h: h.say(
        "A1", ev.Crashed("disk: write failed", "everything in memory")
    ),
    "a restarted leader takes a new number": lambda h: h.restart("L1", ONE).prepare("L1", n(2)),
    "an acceptor accepts what it never promised": lambda h: h.vote("A3", ONE, 1, X),
    "a primary leads a minority": lambda h: primary(
        h.say("network", plan("partition L1,A1", groups=[["A1", "L1"]])), "L1"
    ),
    "a vote arrives twice": twice(Accepted(ONE, ((1, 1),))),
    "an accept arrives twice": twice(Accept(ONE, 1, X, 0)),
    "a late accept is refused": lambda h: refused(h, "A1", Accept(ONE, 1, X, 0)),
    "neither promises nor refusals make a quorum": split,
    "a chosen value's vote is lost, nobody knows": lost_vote,
    "a compacted acceptor is asked": lambda h: h.send("A1", "L1", Compacted(ONE, 1, 5)),
    "a paused primary wakes beside another": woken,
    "a client's commands change order": lambda h: h.apply("L1", 1, Y).apply("L1", 2, X),
    "a sync is slow": lambda h: h.say("network", plan("every", disk_delay=0.5)).sync("A1"),
    "a leader catches up": lambda h: h.learn("L1", 1, X, source="catch-up"),
    "a snapshot is taken": lambda h: h.say("L1", ev.SnapshotMade("taken", 1, "s1", 9)),
    "a snapshot is installed": lambda h: h.say("L1", ev.SnapshotMade("installed", 1, "s1", 9)),
    "a node compacts": lambda h: h.say("L1", ev.Dropped(1)),
    "a client is redirected": lambda h: h.say("C1", ev.Retried("C1", 1, "L1", "redirected")),
    "a client retries": lambda h: h.say("C1", ev.Retried("C1", 1, "L1", "no answer")),
}

QUIET: dict[str, Tell] = {
    "a quorum is lost and comes back": lambda h: h.say("A1", ev.Failed()).say("A1", ev.Recovered()),
    "leaders duel: three prepares, nothing chosen": lambda h: (
        h.prepare("L1", ONE).prepare("L2", TWO).choose(1, X).prepare("L1", n(3))
    ),
    "two take themselves for the primary": lambda h: primary(
        primary(h, "L1").say("L1", ev.Yielded(TWO, "a heartbeat")), "L2"
    ),
    "a value is reported by one acceptor alone": lambda h: (
        h.page("A1", TWO, report(1, ONE, X))
        .page("A2", TWO, report(1, ONE, X))
        .propose("L2", TWO, 1, X)
    ),
    "chosen, and its leader falls not knowing it": lambda h: (
        h.propose("L1", ONE, 1, X).choose(1, X).learn("L1", 1, X).say("L1", ev.Failed())
    ),
    "a vote is left behind by another choice": lambda h: h.vote("A3", ONE, 1, X).choose(1, X),
    "a power cut forgets what was not synced": lambda h: h.say(
        "A1", ev.Crashed("power cut", "its memory, and nothing else: all is on disk")
    ).say("L1", ev.Crashed("power cut", "its memory, and 1 chosen value not yet on disk")),
    "an acceptor accepts what it never promised": lambda h: h.lead(ONE).choose(1, X),
    "a primary leads a minority": lambda h: primary(
        h.say("network", plan("partition L2,A1", groups=[["A1", "L2"]])), "L1"
    ),
    "a late accept is refused": lambda h: refused(h, "A1", prepare_of(ONE)),
    "neither promises nor refusals make a quorum": lambda h: refused(
        h.prepare("L1", ONE).promise("A1", ONE), "A2", prepare_of(ONE)
    ),
    "a chosen value's vote is lost, nobody knows": lambda h: (
        h.choose(1, X)
        .learn("L1", 1, X)
        .acknowledge("A1", ONE, 1)
        .say("L1", ev.Lost("A1.1", "A1", "loss"))
    ),
    "a client's commands change order": lambda h: h.apply("L1", 1, X).apply("L1", 2, Y),
    "a sync is slow": lambda h: h.sync("A1"),
}
"""Stories that come close to a pattern and do not show it."""


@pytest.mark.parametrize("pattern", STORIES)
def test_each_pattern_is_recognised(pattern: str) -> None:
    assert seen(STORIES[pattern]).patterns[pattern] == 1


@pytest.mark.parametrize("pattern", QUIET)
def test_and_is_not_seen_where_it_is_not(pattern: str) -> None:
    assert seen(QUIET[pattern]).patterns[pattern] == 0


def test_a_torn_tail_is_known_by_the_act_that_tore_it() -> None:
    assert torn().patterns["a torn tail is dropped by a restart"] == 1
    assert seen(lambda h: h.restart("A1", ONE)).patterns.total() == 0


def test_every_pattern_has_a_story() -> None:
    assert {*STORIES, "a torn tail is dropped by a restart"} == set(PATTERNS)


PHASE_STORIES: dict[str, Tell] = {
    "two lead": lambda h: primary(primary(h, "L1"), "L2"),
    "phase 1": lambda h: primary(h, "L1").prepare("L2", TWO),
    "known to none": lambda h: primary(h, "L1").propose("L1", ONE, 1, X).choose(1, X),
    "voting": lambda h: primary(h, "L1").propose("L1", ONE, 1, X).vote("A1", ONE, 1, X),
    "gap open": lambda h: primary(h, "L1").say("L1", ev.GapFound(1, "gap")),
    "none leads": lambda h: h.submit(X),
    "waiting": lambda h: primary(h, "L1").submit(X),
    "all quiet": lambda h: primary(h, "L1"),
}


@pytest.mark.parametrize("phase", PHASES)
def test_a_fault_is_counted_with_the_phase_that_it_met(phase: str) -> None:
    lookout = Lookout()
    for entry in [ev.Entry(0, 0.0, "c", HEADER), *PHASE_STORIES[phase](History()).entries]:
        lookout.observe(entry)
    happened = lookout.meet(Act(1.0, "crash", ("L1",)))
    lookout.observe(ev.Entry(99, 1.0, "L1", ev.Crashed("crash", "its memory")))
    assert not lookout.coverage.pairs
    happened()
    assert lookout.coverage.pairs == {("crash", phase): 1}


def test_the_end_of_a_fault_is_none() -> None:
    lookout = Lookout()
    for act in (Act(1.0, "recover", ("A1",)), Act(1.0, "slow disks", (), 0.0), Act(1.0, "heal")):
        lookout.meet(act)()
    assert not lookout.coverage.pairs


def test_votes_are_counted_by_acceptor_under_one_number() -> None:
    situation = Situation()
    situation.observe(ev.Entry(0, 0.0, "c", HEADER))
    for entry in (
        History().vote("A1", ONE, 1, X).vote("A1", ONE, 1, X).vote("A2", TWO, 1, Y).entries
    ):
        situation.observe(entry)
        assert situation.chosen == {}


def test_what_was_never_seen_is_named_and_what_was_is_not() -> None:
    coverage = seen(STORIES["a vote arrives twice"])
    unseen = coverage.unseen()
    assert "sent" not in unseen["events"]
    assert "proposed" in unseen["events"]
    assert "accepted duplicated" not in unseen["messages"]
    assert "promise duplicated" in unseen["messages"]
    assert "a vote arrives twice" not in unseen["patterns"]
    assert "crash while voting" in unseen["pairs"]
    assert coverage.as_data()["messages"]["duplicated"]["accepted"] == 1
