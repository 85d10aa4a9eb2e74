"""A distinguished learner: votes go to the leader that proposed, and it tells the others of them.

("Paxos Made Simple", 2.3.)
"""

from __future__ import annotations

from paxos_engine.roles.belief import WINDOW
from paxos_engine.roles.events import Learned
from paxos_engine.roles.messages import Accepted, Decision, Envelope
from paxos_engine.roles.values import Command, ProposalNumber
from tests.roles.stage import Stage


def led(**shape: bool) -> Stage:
    """Return a stage of three acceptors and three leaders on which L3 leads."""
    stage = Stage(3, 3, distinguished=True, **shape)
    stage.lead("L3")
    stage.settle()
    return stage


def decided(lost: str = "") -> Stage:
    """Return one on which L3 has learned x from votes, and its decision is under way.

    Args:
        lost: the leader whose accept is lost; empty for none.
    """
    stage = led()
    stage.submit("x")
    stage.deliver("request")
    if lost:
        stage.drop("accept", to=lost)
    stage.deliver("accept")
    stage.deliver("accepted")
    return stage


def learned(stage: Stage, leader: str) -> list[Learned]:
    """Return what a leader learned, in order."""
    return [e for node, e in stage.events if node == leader and isinstance(e, Learned)]


def values(stage: Stage) -> list[str | bytes]:
    """Return the commands that are chosen, by instance."""
    return [c.value for _, c in sorted(stage.chosen.items()) if isinstance(c, Command)]


def test_votes_go_to_the_leader_that_proposed_and_a_decision_to_the_others() -> None:
    stage = led()
    stage.submit("x")
    stage.deliver("request")
    stage.deliver("accept")
    assert {envelope.to for envelope in stage.waiting("accepted")} == {"L3"}
    stage.deliver("accepted")
    told = stage.waiting("decision")
    assert {envelope.to for envelope in told} == {"L1", "L2"}
    stage.settle()
    assert values(stage) == ["x"]
    assert stage.history("L1") == stage.history("L3") == stage.history("L2") != []
    (by_votes,), (by_word,) = learned(stage, "L3"), learned(stage, "L1")
    assert (by_votes.source, len(by_votes.voters)) == ("votes", 2)
    assert (by_word.source, by_word.voters, by_word.peer) == ("decision", (), "L3")
    assert by_word.message in {envelope.id for envelope in told}


def test_a_decision_that_overtakes_the_accept_counts_once_the_value_is_known() -> None:
    stage = led()
    stage.submit("x")
    stage.deliver("request")
    for acceptor in stage.acceptors:
        stage.deliver("accept", to=acceptor)
    stage.deliver("accepted")
    stage.deliver("decision", to="L1")
    assert learned(stage, "L1") == []
    stage.deliver("accept", to="L1")
    assert [event.source for event in learned(stage, "L1")] == ["decision"]


def test_who_missed_the_accept_asks_a_peer_for_the_value_before_long() -> None:
    stage = decided(lost="L1")
    stage.deliver("decision")
    assert learned(stage, "L1") == []
    stage.wait(0.5)  # no heartbeat arrives meanwhile
    assert stage.deliver("catch-up-request", sender="L1") == 1
    stage.deliver("catch-up-reply", to="L1")
    assert [event.source for event in learned(stage, "L1")] == ["catch-up"]
    assert stage.history("L1") == stage.history("L3")


def test_a_decision_shows_that_the_primary_leads_and_hears() -> None:
    stage = decided()
    election = stage.leader("L1").election
    election.suspect_at = stage.now  # as after a silence: heartbeats wait in a queue
    stage.deliver("decision", to="L1")
    assert election.suspect_at > stage.now


def test_who_missed_the_decision_hears_of_it_by_a_heartbeat() -> None:
    stage = decided()
    stage.drop("decision", to="L1")
    stage.run(2.0)
    assert stage.history("L1") == stage.history("L3") != []


def test_a_leader_that_has_yielded_still_tells_what_its_late_votes_have_chosen() -> None:
    stage = led()
    stage.submit("x")
    stage.deliver("request")
    stage.deliver("accept")
    stage.lead("L2")
    stage.deliver("accepted")
    assert [event.source for event in learned(stage, "L3")] == ["votes"]
    assert {envelope.to for envelope in stage.waiting("decision")} >= {"L1", "L2"}
    stage.settle()
    assert stage.history("L1") == stage.history("L3") == stage.history("L2") != []


def test_a_decision_names_no_more_than_the_votes_have_chosen() -> None:
    stage = led()
    leader = stage.leader("L3")
    for n in range(4):
        stage.submit(f"v{n}")
    stage.deliver("request")
    first = min(accept.message.instance for accept in stage.waiting("accept", to="A1"))  # type: ignore[union-attr]
    number = leader.number
    for acceptor in ("A1", "A2"):
        vote = Accepted(number, ((first, first + 1), (first + 3, first + 3)))
        effects = leader.receive(Envelope(f"{acceptor}.x", acceptor, "L3", vote), stage.now)
    told = [each.message for each in effects.messages if isinstance(each.message, Decision)]
    assert told == [Decision(number, ((first, first + 1), (first + 3, first + 3)))] * 2


def test_a_decision_is_believed_of_the_leader_alone_that_may_propose_under_its_number() -> None:
    stage = led()
    leader = stage.leader("L1")
    primary, own = leader.election.primary_number, ProposalNumber(1, 1)
    for sender, number in (("A1", primary), ("L3", own), ("L2", primary)):
        word = Decision(number, ((1, 1),))
        effects = leader.receive(Envelope(f"{sender}.x", sender, "L1", word), stage.now)
        assert [event.name for event in effects.events] == ["refused"]


def test_an_absurd_decision_costs_no_more_than_the_window_holds() -> None:
    stage = led()
    leader = stage.leader("L1")
    for intervals in ((), ((1, 2**48 - 1),)):
        word = Decision(leader.election.primary_number, intervals)
        leader.receive(Envelope("L3.x", "L3", "L1", word), stage.now)
    assert len(leader.learner.records) <= WINDOW
