"""The history of one leader: holes wait, any order of learning will do, effects come once."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paxos_engine.roles.events import Applied
from paxos_engine.roles.log import LONG, ReplicatedLog
from paxos_engine.roles.values import NOOP, Command, ProposalNumber, Value

N = ProposalNumber(1, 1)
SESSIONS = {"c": 1, "d": 2}


def command(sequence: int, value: str = "x", oldest: int = 1, client: str = "c") -> Command:
    """Return a command of a client that has had every answer below `oldest`."""
    return Command(client, sequence, value, oldest, SESSIONS[client])


def new_log() -> ReplicatedLog:
    """Return an empty log in which the clients have sessions."""
    log = ReplicatedLog()
    for client, session in SESSIONS.items():
        log._sessions.open(client, session)
    return log


def learn(*values: Value) -> tuple[ReplicatedLog, list[Applied]]:
    """Return a log in which these values are chosen from instance 1 on, and what applying did."""
    log = new_log()
    for instance, value in enumerate(values, 1):
        log.learn(instance, N, value)
    return log, list(log.apply_ready())


def test_nothing_beyond_a_hole_is_applied_until_the_hole_is_filled() -> None:
    log = new_log()
    for instance in (1, 3, 4):
        log.learn(instance, N, command(instance))
    assert [row.instance for row in log.apply_ready()] == [1]
    assert (log.chosen_up_to, log.highest_chosen, list(log.holes())) == (1, 4, [2])
    log.learn(2, N, NOOP)
    assert [row.instance for row in log.apply_ready()] == [2, 3, 4]
    assert list(log.holes()) == []


def test_a_value_that_is_known_as_chosen_is_never_replaced() -> None:
    log = ReplicatedLog()
    assert log.learn(2, N, command(1))
    assert not log.learn(2, ProposalNumber(9, 2), command(2))
    log.learn(1, N, NOOP)
    assert not log.learn(1, N, command(3))
    assert [row.value for row in log.rows] == [NOOP, command(1)]


def test_a_command_chosen_twice_has_its_effect_once_and_its_first_reply() -> None:
    log, rows = learn(command(1), command(2), command(1))
    assert [row.duplicate_of for row in rows] == [None, None, 1]
    assert log.tail.silent == {(3, 0)}
    assert log.reply(command(1)) == (1, "ok")


def test_the_same_sequence_of_two_clients_is_two_commands() -> None:
    _, rows = learn(command(1, client="c"), command(1, client="d"))
    assert [row.duplicate_of for row in rows] == [None, None]


def test_commands_that_are_outstanding_together_are_applied_in_whatever_order_chosen() -> None:
    log, rows = learn(command(3), command(1), command(2))
    assert [row.result for row in rows] == ["ok", "ok", "ok"]
    assert [log.reply(command(s)) for s in (1, 2, 3)] == [(2, "ok"), (3, "ok"), (1, "ok")]


def test_a_reply_is_remembered_until_the_client_says_that_it_has_it() -> None:
    log, _ = learn(command(1), command(2), command(3, oldest=2))
    assert log.reply(command(1)) is None
    assert log.reply(command(2)) == (2, "ok")


def test_a_late_copy_of_a_forgotten_command_still_has_no_effect() -> None:
    log, rows = learn(command(1), command(2, oldest=2), command(1))
    assert rows[2].duplicate_of is not None
    assert log.tail.silent == {(3, 0)}
    assert log.reply(command(1)) is None


def test_a_no_op_has_no_command_and_no_result_but_moves_the_state() -> None:
    before = ReplicatedLog().state
    log, (row,) = learn(NOOP)
    assert (row.command, row.result, row.duplicate_of) == (None, None, None)
    assert log.state == row.state != before


def test_text_bytes_and_a_no_op_that_look_alike_make_different_histories() -> None:
    values: list[Value] = [
        Command("c", 1, "0", 1, 1),
        Command("c", 1, b"0", 1, 1),
        NOOP,
        Command("c", 1, "", 1, 1),
    ]
    for length in (LONG - 1, LONG):
        values += [Command("c", 1, "x" * (length - 1) + last, 1, 1) for last in "xy"]
        values.append(Command("c", 1, b"x" * length, 1, 1))
    assert len({learn(value)[0].state for value in values}) == len(values)


@pytest.mark.parametrize("length", [1, LONG])
def test_results_that_differ_make_different_histories(length: int) -> None:
    states = []
    for word in "xy":
        log = new_log()
        log.machine.apply(f"set k {word * length}")
        log.learn(1, N, command(1, "get k"))
        states += [row.state for row in log.apply_ready()]
    assert len(set(states)) == 2


histories = st.lists(
    st.one_of(st.just(NOOP), st.builds(command, st.integers(1, 5), st.sampled_from("xy"))),
    max_size=8,
)


@settings(derandomize=True, database=None, deadline=None)
@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_learning_makes_no_difference_to_the_history(
    values: list[Value], rng: random.Random
) -> None:
    expected, rows = learn(*values)
    shuffled = new_log()
    applied: list[Applied] = []
    order = list(enumerate(values, 1))
    rng.shuffle(order)
    for instance, value in order:
        shuffled.learn(instance, N, value)
        applied += shuffled.apply_ready()
    assert applied == rows
    assert shuffled.state == expected.state


@settings(derandomize=True, database=None, deadline=None)
@given(histories, histories)
def test_equal_states_mean_equal_effects(first: list[Value], second: list[Value]) -> None:
    (one, rows_one), (two, rows_two) = learn(*first), learn(*second)
    if rows_one != rows_two:
        assert one.state != two.state or _effects(rows_one) == _effects(rows_two)
    else:
        assert one.state == two.state


def _effects(rows: list[Applied]) -> list[Command | None]:
    return [row.command if row.duplicate_of is None else None for row in rows]
