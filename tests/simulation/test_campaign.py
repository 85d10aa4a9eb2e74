"""Many seeds: the same tally whoever plays them, and every failure with its smallest seeds."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from typing import ParamSpec, TypeVar

import pytest

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.assembly import Rules
from paxos_engine.roles.client import PaxosClient
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.messages import Envelope, Reply
from paxos_engine.scenarios.wrong_rules import WRONG_RULES
from paxos_engine.simulation import campaign as campaigns
from paxos_engine.simulation.campaign import (
    BREAKS_OFF,
    LIVENESS,
    SEEDS_KEPT,
    CampaignBroken,
    Failures,
    Tally,
    play_campaign,
    play_seeds,
    portions,
)
from paxos_engine.simulation.players import local_players, player_here

P = ParamSpec("P")
T = TypeVar("T")

SEEDS = range(8)
OWN_VALUE = WRONG_RULES["own-value"].rules


class Lazy(Executor):
    """Plays nothing until it is told to, and then the first that it was given."""

    def __init__(self) -> None:
        self.given: list[Callable[[], None]] = []
        self.most = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        self.given.append(lambda: future.set_result(fn(*args, **kwargs)))
        self.most = max(self.most, len(self.given))
        return future


class Falls(PaxosAcceptor):
    """An acceptor whose program has a defect."""

    def receive(self, envelope: Envelope, now: float) -> Effects:
        raise ValueError("a\ndefect")


class Stillborn(PaxosAcceptor):
    """An acceptor that cannot even be made."""

    def __init__(self, *_: object, **__: object) -> None:
        raise TypeError("a\ndefect")


class Deaf(PaxosClient):
    """A client that hears no reply."""

    def receive(self, envelope: Envelope, now: float) -> Effects:
        if isinstance(envelope.message, Reply):
            return Effects()
        return super().receive(envelope, now)


def test_the_same_seeds_give_the_same_tally_whoever_plays_them() -> None:
    expected = play_seeds(SEEDS, OWN_VALUE).as_data()
    assert expected["runs"] == len(SEEDS)
    assert expected["failures"]
    for jobs in (1, 2):
        with local_players(jobs) as players:
            tally = play_campaign(SEEDS, players.executor, players.workers, OWN_VALUE)
        assert tally.as_data() == expected
    with player_here() as players:
        assert play_campaign(SEEDS, players.executor, 1, OWN_VALUE).as_data() == expected


def test_tallies_add_up_to_the_same_in_any_order() -> None:
    parts = [play_seeds(range(seed, seed + 2), OWN_VALUE) for seed in SEEDS[::2]]
    expected = play_seeds(SEEDS, OWN_VALUE).as_data()
    for order in range(5):
        random.Random(order).shuffle(parts)
        tally = Tally()
        for part in parts:
            tally.add(part)
        assert tally.as_data() == expected


def test_of_each_failure_the_smallest_seeds_are_kept_and_the_words_of_the_first() -> None:
    failures = Failures()
    for seed in reversed(range(30)):
        failures.add(Failures(1, [seed], f"run {seed}"))
    assert failures.count == 30
    assert failures.seeds == list(range(SEEDS_KEPT))
    assert failures.text == "run 0"


def test_of_each_failure_the_shortest_runs_are_known_whoever_played_them() -> None:
    failures = Failures()
    for seed in range(30):
        failures.add(Failures(1, [seed], "", [(100 - seed % 10, seed)]))
    assert failures.shortest == [(91, 9), (91, 19), (91, 29), (92, 8)]


def test_a_failure_is_named_after_the_rule_that_it_breaks() -> None:
    tally = play_seeds(range(3, 4), OWN_VALUE)
    (broken,) = tally.failures
    assert broken == "what is proposed is what the promises demand"
    assert tally.failures[broken].seeds == [3]
    assert tally.failed == 1


def test_a_run_that_does_not_end_is_a_failure_of_liveness() -> None:
    tally = play_seeds(range(1), Rules(client=Deaf))
    assert [*tally.failures] == [LIVENESS]
    assert "have no answer" in tally.failures[LIVENESS].text


def test_a_defect_is_a_failure_with_a_seed_and_one_line() -> None:
    for acceptor, text in (
        (Falls, "broke: ValueError: a defect"),
        (Stillborn, "TypeError: a defect"),
    ):
        tally = play_seeds(range(2), Rules(acceptor=acceptor))
        assert tally.runs == 2
        assert [*tally.failures] == [BREAKS_OFF]
        assert tally.failures[BREAKS_OFF].seeds == [0, 1]
        assert text in tally.failures[BREAKS_OFF].text


def test_only_a_few_portions_are_under_way_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaigns, "LOOK_AFTER", 0.0)
    lazy, looks = Lazy(), 0

    def watch(tally: Tally) -> None:
        nonlocal looks
        looks += 1
        if looks % 3 == 0:
            lazy.given.pop(0)()

    tally = play_campaign(range(24), lazy, 2, OWN_VALUE, watch)
    assert tally.runs == 24
    assert lazy.most == 4


def test_once_stopped_nothing_more_is_begun_and_what_was_played_is_kept() -> None:
    seen: list[int] = []
    with player_here() as players:
        tally = play_campaign(
            range(1_000_000), players.executor, 1,
            watch=lambda tally: seen.append(tally.runs), stop=lambda: bool(seen),
        )  # fmt: skip
    assert tally.runs == seen[0] < 1_000


class PlaysOne(Lazy):
    """Plays the first portion that it is given, and then breaks."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        if self.given:
            future.set_exception(self._error)
        else:
            self.given.append(lambda: None)
            future.set_result(fn(*args, **kwargs))
        return future


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BrokenExecutor("a pool says so at length"), "what plays the runs is gone"),
        (CancelledError(), "what plays the runs is gone"),
        (ModuleNotFoundError("No module named 'x'"), "ModuleNotFoundError: No module named 'x'"),
    ],
)
def test_what_was_played_before_the_players_broke_is_not_lost(error: Exception, words: str) -> None:
    with pytest.raises(CampaignBroken) as broken:
        play_campaign(range(40), PlaysOne(error), 1)
    assert str(broken.value) == words
    assert broken.value.tally.runs == 5


@pytest.mark.parametrize("runs", [0, 1, 7, 8, 9, 100, 1_000])
def test_portions_are_the_whole_range_and_the_last_ones_are_short(runs: int) -> None:
    pieces = list(portions(range(5, 5 + runs)))
    assert [seed for piece in pieces for seed in piece] == list(range(5, 5 + runs))
    assert [len(piece) for piece in pieces] == sorted(map(len, pieces), reverse=True)
    assert all(len(piece) <= campaigns.PORTION for piece in pieces)
    assert not pieces or len(pieces[-1]) == 1
