"""What is submitted has one outcome, whoever submits it and whatever becomes of the cluster."""

from __future__ import annotations

import random
from concurrent.futures import CancelledError, wait

import pytest

from paxos_engine.roles.client import PaxosClient
from paxos_engine.roles.events import Answered, Submitted
from paxos_engine.roles.messages import Reply
from paxos_engine.runtime.node import TAKE_AT_MOST
from paxos_engine.runtime.submissions import OutcomeUnknown, Submissions


class Woken:
    """Submissions of a client with an open session, and how often it was woken for them."""

    def __init__(self) -> None:
        self.times = 0
        self.client = PaxosClient("C1", ["L1"], random.Random(1), session=1)
        self.submissions = Submissions(self._wake)

    def _wake(self) -> None:
        self.times += 1

    def ask(self) -> list[str | bytes]:
        """Let the client ask; return the values that it took."""
        events = self.submissions.ask(self.client, 1.0).events
        return [event.command.value for event in events if isinstance(event, Submitted)]


def answer(sequence: int, outcome: str = "chosen") -> Answered:
    return Answered("C1", sequence, sequence + 1, f"result {sequence}", outcome, 0.1)


def test_the_client_is_woken_once_for_what_it_then_asks_for_together_and_in_order() -> None:
    woken = Woken()
    for value in "abc":
        woken.submissions.submit(value)
    assert woken.times == 1
    assert woken.ask() == ["a", "b", "c"]
    woken.submissions.submit("d")
    assert woken.times == 2


def test_what_one_turn_does_not_take_wakes_the_client_again() -> None:
    woken = Woken()
    for n in range(TAKE_AT_MOST + 1):
        woken.submissions.submit(str(n))
    assert len(woken.ask()) == TAKE_AT_MOST
    assert woken.times == 2
    assert woken.ask() == [str(TAKE_AT_MOST)]
    assert woken.times == 2


def test_each_command_gets_its_own_answer() -> None:
    woken = Woken()
    futures = [woken.submissions.submit(value) for value in "ab"]
    woken.ask()
    woken.submissions.answered(answer(2))
    assert not futures[0].done()
    woken.submissions.answered(answer(1, "unknown"))
    assert futures[1].result().result == "result 2"
    with pytest.raises(OutcomeUnknown, match="result 1"):
        futures[0].result()


def test_a_second_answer_changes_nothing() -> None:
    woken = Woken()
    future = woken.submissions.submit("a")
    woken.ask()
    for outcome in ("chosen", "unknown"):
        woken.submissions.answered(answer(1, outcome))
    assert future.result().instance == 2


def test_whoever_waits_for_a_cancelled_command_hears_of_it_at_the_answer() -> None:
    woken = Woken()
    future = woken.submissions.submit("a")
    woken.ask()
    assert future.cancel()
    woken.submissions.answered(answer(1))
    assert wait([future], timeout=0).done == {future}
    with pytest.raises(CancelledError):
        future.result()


def test_at_the_end_the_outcome_of_all_that_waits_is_unknown_and_nothing_more_is_taken() -> None:
    woken = Woken()
    asked = woken.submissions.submit("asked")
    woken.ask()
    not_seen = woken.submissions.submit("not seen by the client")
    woken.submissions.end()
    late = woken.submissions.submit("late")
    for future in (asked, not_seen, late):
        with pytest.raises(OutcomeUnknown):
            future.result(timeout=0)


def test_who_asks_without_a_future_is_told_the_reply_once_it_comes_and_only_once() -> None:
    woken = Woken()
    told: list[Reply | OutcomeUnknown] = []
    woken.submissions.submit_then("a", told.append)
    woken.ask()
    assert told == []
    for outcome in ("chosen", "unknown"):
        woken.submissions.answered(answer(1, outcome))
    assert told == [Reply("C1", 1, 2, "result 1")]


def test_who_asks_without_a_future_is_told_too_that_the_outcome_is_unknown() -> None:
    woken = Woken()
    told: list[Reply | OutcomeUnknown] = []
    woken.submissions.submit_then("asked", told.append)
    woken.ask()
    woken.submissions.submit_then("not seen by the client", told.append)
    woken.submissions.end()
    woken.submissions.submit_then("late", told.append)
    woken.submissions.answered(answer(1))
    woken.submissions.end()
    assert [type(outcome) for outcome in told] == [OutcomeUnknown] * 3


def test_who_fails_at_being_told_an_outcome_keeps_it_from_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails(_: Reply | OutcomeUnknown) -> None:
        raise RuntimeError("a defect of the caller")

    woken = Woken()
    woken.submissions.submit_then("a", fails)
    other = woken.submissions.submit("b")
    woken.ask()
    for sequence in (1, 2):
        woken.submissions.answered(answer(sequence))
    assert other.result(timeout=0).result == "result 2"
    assert "a defect of the caller" in caplog.text


def test_a_value_that_fits_no_datagram_is_refused_at_once() -> None:
    woken = Woken()
    with pytest.raises(ValueError, match="submit a shorter one"):
        woken.submissions.submit("x" * 70_000)
    assert woken.ask() == []


def test_who_gives_up_gives_up_what_the_client_has_yet_to_see_too() -> None:
    woken = Woken()
    seen = [woken.submissions.submit(str(n)) for n in range(3)]
    woken.ask()
    not_seen = [woken.submissions.submit(str(n)) for n in range(TAKE_AT_MOST + 1)]
    for event in woken.submissions.give_up(woken.client, 2.0).events:
        assert isinstance(event, Answered)
        woken.submissions.answered(event)
    assert all(isinstance(future.exception(0), OutcomeUnknown) for future in [*seen, *not_seen])
    assert woken.ask() == []


def test_the_end_of_a_command_that_was_cancelled_ends_the_others_all_the_same() -> None:
    woken = Woken()
    cancelled, other = (woken.submissions.submit(value) for value in "ab")
    assert cancelled.cancel()
    woken.submissions.end()
    with pytest.raises(OutcomeUnknown):
        other.result(timeout=0)


@pytest.mark.parametrize("value", [["x"], 7, None, bytearray(b"x")])
def test_what_is_neither_text_nor_bytes_is_refused_where_it_is_submitted(value: object) -> None:
    woken = Woken()
    with pytest.raises(TypeError, match="a value is text or bytes"):
        woken.submissions.submit(value)  # type: ignore[arg-type]
    assert woken.ask() == []
