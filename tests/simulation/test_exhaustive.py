"""The search through every state: what it must find, and what its reductions must not lose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable

import pytest

from paxos_engine.checks.agreement import ONE_VALUE
from paxos_engine.roles.acceptor_protocol import PaxosAcceptorProtocol
from paxos_engine.roles.assembly import Rules
from paxos_engine.scenarios.fitting import BEYOND, NEED_A_CRASH
from paxos_engine.scenarios.wrong_rules import WRONG_RULES
from paxos_engine.simulation.exhaustive import Search, Searched
from paxos_engine.simulation.moves import Bounds, Spoken, State
from paxos_engine.simulation.playing import play_path
from paxos_engine.simulation.rolestate import frozen
from paxos_engine.simulation.steps import RoleSteps
from paxos_engine.simulation.story import tell_path
from tests.simulation.plain_search import PlainSearch, seen_by_search

ONE_ROUND = Bounds(rounds=1)
CLASSIC = Bounds(rounds=1, mode="classic")

QUICK = (
    "last-reply",
    "majority-reports",
    "own-value",
    "count-messages",
    "small-quorum",
    "report-promised",
    "accept-below",
    "port-and-count",
    "forget-votes",
    "forget-promises",
    "answer-first",
)
"""Wrong rules that show with one round for each leader."""

FITTING = [name for name in WRONG_RULES if name not in BEYOND]


def searched(name: str, rounds: int = 2, mode: str = "multi") -> Searched:
    crashes = name in NEED_A_CRASH
    return Search(Bounds(3, 2, rounds, mode, WRONG_RULES[name].rules, crashes)).run()


def described(search: Search) -> set[object]:
    """Return the states with their acceptors nameless; each search numbers what it meets anew."""
    moves = search.moves

    def node(steps: RoleSteps, spoken: Spoken) -> Hashable:
        return (frozen(steps.role(spoken.state)), frozenset(moves.letters.of(spoken.sent)))

    def cluster(state: State) -> Hashable:
        acceptors = Counter(node(moves.acceptor_steps, moves.acceptor(a)) for a in state[1:])
        leaders = map(node, moves.leader_steps, moves.leaders(state[0]))
        return (*leaders, frozenset(acceptors.items()))

    return {cluster(state) for state in search.came_from}


@pytest.mark.parametrize("bounds", [ONE_ROUND, CLASSIC], ids=["multi", "classic"])
def test_the_right_rules_are_safe_in_every_state(bounds: Bounds) -> None:
    search = Search(bounds)
    found = search.run()
    assert (found.verdict, found.path, found.unfinished) == ("safe", None, "")
    learnable = [len(search.moves.learnable(state)) for state in search.came_from]
    assert Counter(learnable).keys() == {0, 1, 2}, "values are learned, also under two numbers"


@pytest.mark.parametrize("name", QUICK)
def test_a_wrong_rule_is_found_with_a_path_that_real_nodes_can_take(name: str) -> None:
    path = searched(name, rounds=1).path
    assert path is not None
    broken = play_path(path).broken
    assert ONE_VALUE in broken or "leaders apply the same history" in broken
    assert len(tell_path(path)) == len(path.turns) + len(path.learning)


def test_a_shortest_path_reads_step_by_step() -> None:
    path = searched("own-value", rounds=1).path
    assert path is not None
    assert path.length == 13
    lines = tell_path(path)
    assert lines[0] == "L1 prepares 1.L1"
    assert lines[1] == "A1 promises 1.L1 to L1 with nothing accepted"
    assert lines[4] == "L1 is asked by C1, proposes C1's command under 1.L1"
    assert lines[-1].startswith("L2 hears the votes of")


def test_a_path_says_when_a_node_crashes() -> None:
    crash = searched("forget-promises", rounds=1).path
    assert crash is not None
    assert "A1 crashes and comes back, accepts C1's command under 1.L1" in tell_path(crash)


def test_breadth_first_no_state_before_the_violation_breaks_agreement() -> None:
    search = Search(Bounds(rounds=1, rules=WRONG_RULES["own-value"].rules))
    search.run()
    *before, last = search.came_from
    assert all(search.moves.agrees(state) for state in before)
    assert not search.moves.agrees(last)


def test_states_that_differ_in_acceptors_names_are_merged_and_no_others() -> None:
    bounds = Bounds(acceptors=2, rounds=1)
    plain, merged = Search(bounds, symmetric=False), Search(bounds)
    assert plain.run().verdict == merged.run().verdict == "safe"

    orbits = {(state[0], *sorted(state[1:])) for state in plain.came_from}
    assert len(orbits) == len(merged.came_from) < len(plain.came_from)
    assert described(plain) == described(merged)


def test_merging_loses_no_violation_and_no_shorter_path() -> None:
    bounds = Bounds(rounds=1, rules=WRONG_RULES["small-quorum"].rules)
    plain, merged = Search(bounds, symmetric=False).run(), Search(bounds).run()
    assert plain.path is not None
    assert merged.path is not None
    assert plain.path.length == merged.path.length


def test_what_leaders_learn_is_asked_with_the_quorums_that_they_go_by() -> None:
    bounds = Bounds(acceptors=2, rounds=1, rules=WRONG_RULES["half-is-enough"].rules)
    path = Search(bounds).run().path
    assert path is not None
    assert "leaders apply the same history" in play_path(path).broken


@pytest.mark.parametrize(
    ("bounds", "counts_votes"),
    [
        pytest.param(Bounds(acceptors=1, rounds=1), True, id="with votes"),
        pytest.param(Bounds(1, 1, 2, crashes=True), True, id="with crashes"),
        pytest.param(Bounds(acceptors=1, rounds=1, mode="classic"), False, id="classic"),
        pytest.param(Bounds(2, 1, 2, crashes=True), False, id="crashes of a leader"),
        pytest.param(Bounds(acceptors=2, rounds=1), False, id="two acceptors"),
        pytest.param(
            Bounds(acceptors=2, rounds=1, mode="classic"),
            False,
            id="two acceptors, classic",
            marks=pytest.mark.soak,
        ),
        pytest.param(Bounds(acceptors=1, rounds=2), False, id="two rounds", marks=pytest.mark.soak),
    ],
)
def test_the_search_sees_exactly_what_every_single_step_leads_to(
    bounds: Bounds, counts_votes: bool
) -> None:
    # Given every state that is reached step by step, nothing waiting and nothing put away,
    plain = PlainSearch(bounds, counts_votes=counts_votes)
    expected = {plain.seen(state) for state in plain.states()}
    # when the real search visits what it calls every state,
    search = Search(bounds)
    search.run()
    # then acceptors hold and leaders propose the same, in all combinations.
    assert {seen_by_search(search.moves, state) for state in search.came_from} == expected


def test_a_search_that_gives_up_does_not_say_safe() -> None:
    found = Search(ONE_ROUND, max_states=100).run()
    assert found.verdict == "not whole"
    assert "100 states" in found.unfinished


def test_an_interrupted_search_says_what_it_has() -> None:
    def interrupt(states: int, depth: int) -> None:
        if states > 100:
            raise KeyboardInterrupt

    found = Search(ONE_ROUND).run(interrupt)
    assert found.verdict == "not whole"
    assert found.states > 100
    assert found.unfinished == "it was interrupted"


class LooksAtNames(PaxosAcceptorProtocol):
    """Of no use, and right: it shows that the search runs the very classes that it is given."""

    asked = 0

    def may_accept(self, number: object) -> bool:
        """Refuse everything."""
        LooksAtNames.asked += 1
        return False


def test_the_classes_of_the_rules_play_the_roles() -> None:
    search = Search(Bounds(rounds=1, rules=Rules(acceptor_protocol=LooksAtNames)))
    assert search.run().verdict == "safe"
    assert LooksAtNames.asked > 0
    assert all(not search.moves.learnable(state) for state in search.came_from)


def test_every_wrong_rule_fits_the_bounds_or_says_what_it_needs() -> None:
    assert set(BEYOND) < set(WRONG_RULES)
    assert set(NEED_A_CRASH) < set(FITTING)
    assert all(WRONG_RULES[name].breaks == "safety" for name in FITTING)


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["multi", "classic"])
def test_two_rounds_each_are_safe_under_the_right_rules(mode: str) -> None:
    assert Search(Bounds(mode=mode)).run().verdict == "safe"


@pytest.mark.soak
def test_two_rounds_each_are_safe_also_when_any_node_may_crash() -> None:
    assert Search(Bounds(crashes=True)).run().verdict == "safe"


@pytest.mark.soak
@pytest.mark.parametrize("name", FITTING)
def test_every_wrong_rule_that_fits_is_found_and_real_nodes_take_its_path(name: str) -> None:
    path = searched(name).path
    assert path is not None
    broken = play_path(path).broken
    assert ONE_VALUE in broken or "leaders apply the same history" in broken
