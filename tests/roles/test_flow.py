"""What a client learns from its answers: how long to wait for one, and how many to have under way.

Under-estimating either way costs everybody: a wait that is too short sends everything twice, and a
window that ignores lost answers presses on when the cluster can do no more.
"""

from __future__ import annotations

import random

import pytest

from paxos_engine.roles.client import PaxosClient
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.flow import ENOUGH, FIRST_WINDOW, LEAST_WINDOW, OVERHEAD, Flow
from paxos_engine.roles.messages import Envelope, Redirect, Reply, Request
from paxos_engine.roles.patience import LONGEST_WAIT

LEADERS = ("L1", "L2")
LEAST = 0.3


def new_client(window: int = 1024) -> PaxosClient:
    """Return a client with an open session."""
    return PaxosClient("C1", LEADERS, random.Random(0), retry_after=LEAST, window=window, session=1)


def submit(client: PaxosClient, count: int, now: float = 0.0) -> int:
    """Submit so many commands; return how many were sent."""
    return sum(len(client.submit("x", now)[1].messages) for _ in range(count))


def answer(client: PaxosClient, leader: str, sequence: int, now: float) -> Effects:
    """Let a leader answer a command."""
    reply = Reply("C1", sequence, sequence, "ok")
    return client.receive(Envelope(f"{leader}.1", leader, "C1", reply), now)


def miss(client: PaxosClient) -> tuple[float, list[str]]:
    """Let time pass until an answer is missed; return when, and who is asked then."""
    due = client.deadline
    assert due is not None
    sent = client.tick(due).messages
    return due, [outgoing.to for outgoing in sent if isinstance(outgoing.message, Request)]


def test_where_answers_come_at_once_the_wait_is_the_least() -> None:
    flow = Flow(LEAST)
    for _ in range(100):
        flow.answered(0.001)
    assert flow.wait == LEAST


def test_where_answers_take_long_the_wait_is_longer_than_they_take() -> None:
    flow = Flow(LEAST)
    for _ in range(ENOUGH):
        flow.answered(1.0)
    for _ in range(100):
        for seconds in (0.8, 1.2):
            flow.answered(seconds)
            assert flow.wait > 1.2


def test_the_first_answers_say_nothing_since_nobody_may_have_led_yet() -> None:
    flow = Flow(LEAST)
    for _ in range(ENOUGH - 1):
        flow.answered(0.5)
        assert flow.wait == LEAST
    flow.answered(0.5)
    assert 0.5 < flow.wait < 1.5


def test_the_wait_is_bounded_and_short_again_when_answers_are_quick_again() -> None:
    flow = Flow(LEAST)
    for _ in range(20):
        flow.answered(60.0)
    assert flow.wait == LONGEST_WAIT
    for _ in range(100):
        flow.answered(0.001)
    assert flow.wait == LEAST


def test_every_answer_widens_the_window_by_one_until_an_answer_is_missed() -> None:
    flow = Flow(LEAST, 1024)
    for _ in range(50):
        flow.answered(0.001)
    assert flow.window == FIRST_WINDOW + 50


def test_a_missed_answer_halves_the_window_once_for_all_that_was_under_way() -> None:
    flow = Flow(LEAST, 1024)
    for _ in range(872):
        flow.answered(0.001)
    for sequence in range(1, 201):
        flow.missed(sequence, newest=200)
    assert flow.window == (FIRST_WINDOW + 872) // 2
    flow.missed(201, newest=250)
    assert flow.window == (FIRST_WINDOW + 872) // 4


def test_after_a_missed_answer_it_widens_by_one_for_each_windowful() -> None:
    flow = Flow(LEAST, 1024)
    flow.missed(1, newest=1)
    narrow = flow.window
    for _ in range(narrow + 1):
        flow.answered(0.001)
    assert flow.window == narrow + 1


@pytest.mark.parametrize("most", [1, 4, 16, 128])
def test_the_window_stays_within_its_bounds(most: int) -> None:
    flow = Flow(LEAST, most)
    for _ in range(500):
        flow.answered(0.001)
    assert flow.window == most
    for sequence in range(1, 50):
        flow.missed(sequence, newest=sequence)
    assert flow.window == min(LEAST_WINDOW, most)


def test_a_burst_is_sent_by_the_window_and_each_answer_makes_room_for_two() -> None:
    client = new_client()
    assert submit(client, 1_000) == FIRST_WINDOW
    assert len(answer(client, "L2", 1, 0.001).messages) == 2


def late_answers(client: PaxosClient, *, by_whom_was_missed: bool) -> None:
    """Let every answer be missed, and come half a second after another leader was asked."""
    now, leaders = 0.0, ["L2", "L1"]
    for sequence in range(1, ENOUGH + 1):
        submit(client, 1, now)
        asked: list[str] = []
        while not asked:  # what was due for answered commands asks nobody
            due, asked = miss(client)
        assert asked == leaders[1:]
        now = due + 0.5
        if not by_whom_was_missed:
            leaders.reverse()
        answer(client, leaders[0], sequence, now)


def test_a_slow_leader_that_answers_at_last_is_waited_for_longer_from_then_on() -> None:
    client = new_client()
    late_answers(client, by_whom_was_missed=True)
    assert client.flow.wait > LEAST + 0.5


def test_a_leader_that_is_gone_says_nothing_of_how_long_answers_take() -> None:
    client = new_client()
    late_answers(client, by_whom_was_missed=False)
    assert client.flow.wait == LEAST


def test_to_be_led_on_is_no_missed_answer() -> None:
    client = new_client()
    submit(client, 1)
    before = client.flow.window
    redirect = Redirect("C1", 1, "L1")
    client.receive(Envelope("L2.1", "L2", "C1", redirect), 0.01)
    assert client.flow.window == before
    answer(client, "L1", 1, 0.02)
    assert client.flow.wait == LEAST


def test_a_command_that_is_led_on_is_not_waited_for_any_longer() -> None:
    client = new_client()
    submit(client, 1)
    redirect = Redirect("C1", 1, "L1")
    client.receive(Envelope("L2.1", "L2", "C1", redirect), 0.01)
    assert client.deadline is not None
    due, _ = miss(client)
    assert due <= 0.01 + 1.25 * LEAST


def test_commands_name_the_oldest_one_under_way_though_answers_come_in_any_order() -> None:
    client = new_client(window=4)
    submit(client, 40)
    under_way, rng = [1, 2, 3, 4], random.Random(1)
    while under_way:
        answered = under_way.pop(rng.randrange(len(under_way)))
        for outgoing in answer(client, "L2", answered, 0.001).messages:
            assert isinstance(outgoing.message, Request)
            command = outgoing.message.command
            under_way.append(command.sequence)
            assert command.oldest == min(under_way)


# --- bytes: what the buffers on the way hold -----------------------------------------------------


def with_room(room: int) -> PaxosClient:
    """Return a client with an open session and so much room."""
    return PaxosClient("C1", LEADERS, random.Random(0), session=1, room=room)


def sent_of(client: PaxosClient, values: list[str]) -> list[int]:
    """Submit values together; return the sequences of those that were sent."""
    return sequences(client.submit_all(values, 0.0)[1])


def sequences(effects: Effects) -> list[int]:
    """Return the sequences of the requests among some effects."""
    messages = [outgoing.message for outgoing in effects.messages]
    return [message.command.sequence for message in messages if isinstance(message, Request)]


def test_no_more_bytes_are_under_way_than_the_buffers_hold_and_the_rest_waits_in_order() -> None:
    client = with_room(3 * (4_000 + OVERHEAD))
    assert sent_of(client, ["x" * 4_000] * 5) == [1, 2, 3]
    assert sequences(answer(client, "L2", 1, 0.1)) == [4]
    assert sequences(answer(client, "L2", 2, 0.1)) == [5]


def test_short_commands_count_for_what_a_datagram_takes_beside_its_bytes() -> None:
    client = with_room(10 * OVERHEAD)
    assert len(sent_of(client, ["x"] * 100)) == 9


def test_letters_count_for_their_bytes() -> None:
    client = with_room(3 * (4_000 + OVERHEAD))
    assert sent_of(client, ["\U0001f600" * 1_000] * 5) == [1, 2, 3]


def test_a_command_that_is_larger_than_the_room_goes_alone() -> None:
    client = with_room(1_000)
    assert sent_of(client, ["x" * 30_000, "y" * 30_000, "z"]) == [1]
    assert sequences(answer(client, "L2", 1, 0.1)) == [2]
    assert sequences(answer(client, "L2", 2, 0.1)) == [3]


def test_where_answers_are_long_the_next_ones_are_expected_to_be() -> None:
    client = with_room(8 * (4_000 + OVERHEAD))
    many = sent_of(client, ["get k"] * 200)
    assert len(many) > 60
    for sequence in many:
        long = Reply("C1", sequence, sequence, "x" * 4_000)
        client.receive(Envelope("L2.1", "L2", "C1", long), 0.1)
    assert 0 < len(client._out) <= 8


def test_where_answers_are_short_again_more_is_under_way_again() -> None:
    client = with_room(8 * (4_000 + OVERHEAD))
    [first] = sent_of(client, ["get k"])
    client.receive(Envelope("L2.1", "L2", "C1", Reply("C1", first, first, "x" * 4_000)), 0.1)
    assert len(sent_of(client, ["set k"] * 1_000)) == 8
    for sequence in range(2, 800):
        answer(client, "L2", sequence, 0.1)
    assert len(client._out) > 60


def test_what_is_given_up_leaves_its_room_to_what_comes_next() -> None:
    client = with_room(2 * (4_000 + OVERHEAD))
    assert sent_of(client, ["x" * 4_000] * 5) == [1, 2]
    client.give_up(0.1)
    assert sent_of(client, ["y" * 4_000] * 5) == [6, 7]


def test_an_answer_that_comes_twice_frees_its_room_once() -> None:
    client = with_room(2 * (4_000 + OVERHEAD))
    assert sent_of(client, ["x" * 4_000] * 5) == [1, 2]
    answer(client, "L2", 1, 0.1)
    assert sequences(answer(client, "L2", 1, 0.1)) == []
    assert len(client._out) == 2
