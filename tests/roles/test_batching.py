"""Several commands in one instance: who waits for whom, and that each is still one command."""

from __future__ import annotations

import random

from paxos_engine.roles.election import Timing
from paxos_engine.roles.log import ReplicatedLog
from paxos_engine.roles.messages import Reply
from paxos_engine.roles.pace import Pace
from paxos_engine.roles.proposer import Proposals
from paxos_engine.roles.values import (
    MAX_COMMAND_BYTES,
    NOOP,
    Batch,
    Command,
    ProposalNumber,
    Value,
    value_size,
)
from tests.roles.stage import Stage

N = ProposalNumber(1, 1)


def contents(value: Value) -> list[str | bytes]:
    """Return what the commands of a value say."""
    return [command.value for command in value.commands] if isinstance(value, Batch) else []


def led(batch: int, **shape: bool) -> Stage:
    """Return a stage on which L2 leads, and an instance decides up to `batch` commands."""
    stage = Stage(batch=batch, **shape)
    stage.lead("L2")
    stage.settle()
    return stage


def test_what_comes_while_an_instance_is_under_way_shares_the_next_one() -> None:
    stage = led(batch=8)
    for value in ("a", "b", "c", "d"):
        stage.submit(value)
    stage.settle()
    assert stage.chosen[1] == Command("C1", 1, "a", 1, 1)
    assert contents(stage.chosen[2]) == ["b", "c", "d"]
    assert len(stage.chosen) == 2


def test_a_command_that_is_asked_for_again_while_it_waits_is_proposed_once() -> None:
    stage = led(batch=8)
    for value in ("a", "b", "c"):
        stage.submit(value)
    stage.duplicate("request")
    stage.settle()
    assert contents(stage.chosen[2]) == ["b", "c"]
    assert len(stage.chosen) == 2


def test_a_command_that_is_asked_for_again_after_its_primary_yielded_is_taken_anew() -> None:
    stage = led(batch=8)
    stage.submit("a")
    (request,) = stage.waiting("request")
    stage.deliver("request")
    assert stage.drop("accept")
    stage.lead("L1")
    stage.settle()  # L2 has yielded by now
    stage.lead("L2")
    stage.settle()
    stage.hand_over(request)
    stage.settle()
    assert [command.value for command in stage.chosen.values() if isinstance(command, Command)] == [
        "a"
    ]


def test_a_lone_command_waits_for_nothing() -> None:
    stage = led(batch=8)
    stage.submit("a")
    stage.deliver("request")
    assert len(stage.waiting("accept", to="A1")) == 1


def test_a_full_batch_waits_for_nothing_either() -> None:
    stage = led(batch=2)
    for value in "abcde":
        stage.submit(value)
    stage.deliver("request")
    proposed = [e.message.describe() for e in stage.waiting("accept", to="A1")]
    assert len(proposed) == 3  # a, then b c, then d e, all under way at once


def test_without_batching_each_command_has_an_instance_of_its_own() -> None:
    stage = led(batch=1)
    for value in "abc":
        stage.submit(value)
    stage.settle()
    assert [command.value for command in stage.chosen.values() if isinstance(command, Command)] == [
        "a",
        "b",
        "c",
    ]


def test_every_command_of_a_batch_has_a_reply_of_its_own_that_names_the_instance() -> None:
    stage = led(batch=8)
    for value in ("set k 1", "incr k", "get k"):
        stage.submit(value)
    stage.deliver("request")
    while not stage.waiting("reply"):
        stage.deliver()
    stage.deliver("accept")
    while len(stage.waiting("reply")) < 2:
        stage.deliver()
    replies = [e.message for e in stage.waiting("reply") if isinstance(e.message, Reply)]
    assert [(r.sequence, r.instance, r.result) for r in replies] == [(2, 2, "2"), (3, 2, "2")]


def test_classic_mode_batches_too() -> None:
    stage = led(batch=8, classic=True)
    for value in "abc":
        stage.submit(value)
    stage.settle()
    assert contents(stage.chosen[2]) == ["b", "c"]


# --- what goes into a batch ----------------------------------------------------------------------


def proposals(batch: int, *commands: Command) -> Proposals:
    """Return the proposals of a primary that was given these commands."""
    queue = Proposals(Pace(Timing(), random.Random(0)), batch)
    for command in commands:
        queue.take(command)
    return queue


def command(sequence: int, value: str = "x") -> Command:
    """Return a command of a client with a session."""
    return Command("C1", sequence, value, 1, 1)


def test_a_batch_fits_a_datagram() -> None:
    large = "x" * 20_000
    queue = proposals(64, *(command(n, large) for n in range(1, 6)))
    first = queue.next_value(ReplicatedLog())
    assert first == Batch((command(1, large), command(2, large)))
    assert value_size(first) <= MAX_COMMAND_BYTES + 8
    assert queue.next_value(ReplicatedLog()) == Batch((command(3, large), command(4, large)))
    assert queue.next_value(ReplicatedLog()) == command(5, large)
    assert queue.next_value(ReplicatedLog()) is None


def test_a_command_that_opens_a_session_has_an_instance_of_its_own() -> None:
    opening = Command("C2", 0, "open session")
    queue = proposals(64, command(1), opening, command(2), command(3))
    log = ReplicatedLog()
    assert [queue.next_value(log) for _ in range(3)] == [
        command(1),
        opening,
        Batch((command(2), command(3))),
    ]


def test_what_is_applied_by_then_is_left_out() -> None:
    log = ReplicatedLog()
    log.learn(1, N, Command("C1", 0, "open session"))
    log.learn(2, N, command(2))
    list(log.apply_ready())
    queue = proposals(64, command(1), command(2), command(3))
    assert queue.next_value(log) == Batch((command(1), command(3)))


def test_of_a_batch_that_loses_its_instance_only_what_did_not_come_out_is_tried_again() -> None:
    queue = proposals(3, *map(command, (1, 2, 3, 4)))
    log = ReplicatedLog()
    wanted = queue.next_value(log)
    assert wanted == Batch((command(1), command(2), command(3)))
    queue.own[7] = wanted
    queue.decided(7, command(2), 0.0)
    assert queue.next_value(log) == Batch((command(1), command(3), command(4)))


# --- applying ------------------------------------------------------------------------------------


def test_the_commands_of_an_instance_are_applied_in_their_order_and_once() -> None:
    log = ReplicatedLog()
    log.learn(1, N, Command("C1", 0, "open session"))
    log.learn(2, N, Batch((command(1, "set k 1"), command(2, "incr k"), command(1, "set k 1"))))
    rows = list(log.apply_ready())[1:]
    assert [(row.instance, row.result, row.duplicate_of, row.more) for row in rows] == [
        (2, "ok", None, True),
        (2, "2", None, True),
        (2, "ok", 2, False),
    ]
    assert log.tail.silent == {(1, 0), (2, 2)}
    assert (log.reply(command(2)), log.applied_up_to) == ((2, "2"), 2)


def test_a_batch_and_its_commands_one_by_one_make_different_histories() -> None:
    together, apart = ReplicatedLog(), ReplicatedLog()
    for log in (together, apart):
        log.learn(1, N, Command("C1", 0, "open session"))
    together.learn(2, N, Batch((command(1), command(2))))
    together.learn(3, N, NOOP)
    apart.learn(2, N, command(1))
    apart.learn(3, N, command(2))
    list(together.apply_ready())
    list(apart.apply_ready())
    assert together.state != apart.state


def test_a_takeover_finds_a_batch_whole() -> None:
    stage = led(batch=8)
    for value in "abc":
        stage.submit(value)
    stage.deliver("request")
    stage.deliver("accept", to="A1")
    stage.settle()
    found = stage.chosen[2]
    assert contents(found) == ["b", "c"]
    stage.fail("L2")
    stage.lead("L1")
    stage.settle()
    assert stage.leader("L1").log.chosen(2) is not None
    assert stage.chosen[2] == found
