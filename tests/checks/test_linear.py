"""Client histories: what one copy of each key could have answered, and what it could not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paxos_engine.checks.explain import MOST_LINES, explain
from paxos_engine.checks.linear import LINEARIZABLE, NotDecided, check_linearizable
from paxos_engine.roles.events import Answered, Applied, Skipped
from paxos_engine.roles.machine import KeyValueStore
from paxos_engine.roles.sessions import EXPIRED
from paxos_engine.roles.values import Command
from tests.checks.histories import History, cmd


class Clients(History):
    """What clients do, told by sequence: each command has one."""

    def ask(self, sequence: int, value: str | bytes) -> Clients:
        """Submit a command."""
        self.submit(cmd(value, sequence))
        return self

    def told(self, sequence: int, result: str, outcome: str = "chosen") -> Clients:
        """Get an answer."""
        self.say("C1", Answered("C1", sequence, sequence, result, outcome, 0.1))
        return self

    def do(self, sequence: int, value: str, result: str) -> Clients:
        """Submit a command and get the answer before anything else happens."""
        return self.ask(sequence, value).told(sequence, result)

    @property
    def fine(self) -> bool:
        """Whether all of it can be explained."""
        return check_linearizable(self.entries) is None


def test_commands_one_after_the_other_answer_as_the_machine_does() -> None:
    history = Clients().do(1, "set k a", "ok").do(2, "get k", "a").do(3, "del k", "ok")
    assert history.do(4, "get k", "(none)").do(5, "incr k", "1").do(6, "cas k 1 2", "ok").fine
    assert not history.do(7, "get k", "1").fine


def test_reading_the_old_content_after_a_write_was_answered_is_caught() -> None:
    """The stale read of a leader that was paused (S26)."""
    history = Clients().do(1, "set k 1", "ok").do(2, "set k 2", "ok").do(3, "get k", "1")
    violation = check_linearizable(history.entries)
    assert violation is not None
    assert violation.rule == LINEARIZABLE.name
    assert violation.text == (
        "no order of the commands on k explains that C1#3, 'get k', was answered '1'"
    )
    assert violation.evidence == (1, 2, 3, 4, 5, 6)
    lines = explain(violation, history.entries)
    assert len(lines) <= MOST_LINES
    assert (
        lines[-1] == "#6, 0.006 s, C1 gets the answer '1', chosen, to command #3, naming instance 3"
    )


def test_reading_the_old_content_while_a_write_is_under_way_is_right() -> None:
    history = Clients().do(1, "set k 1", "ok").ask(2, "set k 2").do(3, "get k", "1")
    assert history.do(4, "get k", "2").told(2, "ok").fine


def test_the_new_content_once_seen_stays() -> None:
    history = Clients().do(1, "set k 1", "ok").ask(2, "set k 2").do(3, "get k", "2")
    assert not history.do(4, "get k", "1").told(2, "ok").fine


def test_two_counters_that_were_told_the_same_number_are_caught() -> None:
    history = Clients().ask(1, "incr k").ask(2, "incr k").told(1, "1")
    assert not history.told(2, "1").fine
    again = Clients().ask(1, "incr k").ask(2, "incr k").told(1, "2")
    assert again.told(2, "1").fine


def test_an_update_that_was_answered_and_lost_is_caught() -> None:
    assert not Clients().do(1, "incr k", "1").do(2, "get k", "(none)").fine


def test_an_unknown_outcome_may_be_an_effect_now_later_or_never() -> None:
    def asked() -> Clients:
        return Clients().do(1, "set k 1", "ok").ask(2, "set k 2").told(2, "given up", "unknown")

    assert asked().do(3, "get k", "1").fine
    assert asked().do(3, "get k", "2").fine
    assert asked().do(3, "get k", "1").do(4, "get k", "2").fine
    assert not asked().do(3, "get k", "2").do(4, "get k", "1").fine
    assert not asked().do(3, "get k", "3").fine


def test_a_command_has_its_effect_once_even_if_nobody_knows_when() -> None:
    history = Clients().ask(1, "incr k").told(1, EXPIRED, "unknown").do(2, "incr k", "2")
    assert history.fine
    assert not history.do(3, "incr k", "4").fine


def test_an_answer_cannot_rest_on_what_was_submitted_later() -> None:
    assert not Clients().do(1, "get k", "x").do(2, "set k x", "ok").fine
    assert Clients().ask(1, "get k").do(2, "set k x", "ok").told(1, "x").fine


def test_keys_are_independent_and_other_values_touch_none() -> None:
    history = Clients().do(1, "set a 1", "ok").do(2, "set b 2", "ok").do(3, "hello", "ok")
    assert history.do(4, "get a", "1").do(5, "get b", "2").ask(6, b"set a 3").fine


def test_a_compare_and_swap_tells_what_it_found() -> None:
    history = Clients().do(1, "set k 1", "ok")
    assert history.do(2, "cas k 2 3", "error: k is 1, not 2").fine
    assert not history.do(3, "cas k 2 3", "error: k is 7, not 2").fine


def test_what_a_key_held_before_the_trace_began_is_found_out() -> None:
    def begin() -> Clients:
        history = Clients()
        history.restart("L1", None, applied=50, mark=60)
        return history

    assert begin().do(1, "get k", "old").do(2, "set k new", "ok").do(3, "get k", "new").fine
    assert begin().do(1, "incr k", "8").do(2, "incr k", "9").fine
    assert begin().do(1, "del k", "ok").do(2, "get k", "(none)").fine
    assert begin().do(1, "incr k", "error: k holds no whole number of at most 18 digits").fine
    assert not begin().do(1, "get k", "old").do(2, "get k", "other").fine
    assert not Clients().do(1, "get k", "old").fine


def test_a_command_from_before_the_trace_may_have_its_effect_in_it() -> None:
    history = Clients()
    history.restart("L1", None, applied=50, mark=60)
    history.do(1, "get k", "a")
    old = Command("C1", 7, "set k b", session=3)
    history.say("L1", Applied(52, old, "ok", "s52"))
    assert history.do(2, "get k", "b").fine


def test_a_trace_with_a_hole_is_not_decided() -> None:
    history = Clients().do(1, "set k 1", "ok")
    history.say("trace", Skipped(5))
    with pytest.raises(NotDecided, match="5 entries of the trace were missed"):
        check_linearizable(history.entries)


def hard() -> Clients:
    """Twenty writes at once, and a read of what none of them wrote."""
    history = Clients()
    for sequence in range(1, 21):
        history.ask(sequence, f"set k {sequence}")
    history.ask(21, "get k")
    for sequence in range(1, 21):
        history.told(sequence, "ok")
    return history.told(21, "none of them")


def test_a_history_that_is_too_hard_is_not_decided_rather_than_called_right_or_wrong() -> None:
    with pytest.raises(NotDecided, match="not decided within 5,000 steps"):
        check_linearizable(hard().entries, steps=5_000)


def test_the_same_history_with_a_possible_answer_is_decided_at_once() -> None:
    history = hard()
    history.entries.pop()
    assert check_linearizable(history.told(21, "13").entries, steps=500) is None


def test_a_long_history_with_many_commands_at_once_takes_a_step_for_each() -> None:
    history, count = Clients(), 2_000
    for sequence in range(1, count + 100):
        if sequence <= count:
            history.ask(sequence, f"incr k{sequence % 3}")
        if sequence >= 100:
            done = sequence - 99
            history.told(done, str((done + 2) // 3))
    assert check_linearizable(history.entries, steps=2 * count) is None


# --- against a slow twin -------------------------------------------------------------------------


class Saw(NamedTuple):
    """One command of a small history: when it was submitted and answered, and with what."""

    command: str
    called: int
    answered: int | None
    result: str


def explained_by_some_order(history: list[Saw]) -> bool:
    """Try every order of every subset that has all answered commands: obviously right, and slow."""
    known = [saw for saw in history if saw.answered is not None]
    unknown = [saw for saw in history if saw.answered is None]
    return any(
        _is_explained(order)
        for part in _subsets(unknown)
        for order in permutations([*known, *part])
    )


def _subsets(items: list[Saw]) -> Iterator[list[Saw]]:
    for mask in range(1 << len(items)):
        yield [item for at, item in enumerate(items) if mask >> at & 1]


def _is_explained(order: tuple[Saw, ...]) -> bool:
    machine = KeyValueStore()
    for at, saw in enumerate(order):
        # Nobody that comes later may have been answered before this one was submitted.
        if any(o.answered is not None and o.answered < saw.called for o in order[at + 1 :]):
            return False
        result = machine.apply(saw.command).result
        if saw.answered is not None and result != saw.result:
            return False
    return True


COMMANDS = ["set k 1", "set k 2", "get k", "del k", "incr k", "cas k 1 2"]
RESULTS = ["ok", "1", "2", "3", "(none)", "error: k is 2, not 1", "error: k is (none), not 1"]


@st.composite
def small_histories(draw: st.DrawFn) -> list[Saw]:
    """Draw up to five commands with any results: some explainable, many not."""
    count = draw(st.integers(1, 5))
    times = draw(st.permutations(range(2 * count)))
    history = []
    for at in range(count):
        called, answered = sorted(times[2 * at : 2 * at + 2])
        lost = draw(st.integers(0, 3)) == 0
        command = draw(st.sampled_from(COMMANDS))
        history.append(Saw(command, called, None if lost else answered, ""))
    # Results come from some order, so that many are right, and are then sometimes spoilt.
    machine = KeyValueStore()
    order = draw(st.permutations(range(count)))
    for at in sorted(
        order,
        key=lambda at: history[at].called + history[at].answered if history[at].answered else 0,
    ):
        result = machine.apply(history[at].command).result
        if draw(st.integers(0, 5)) == 0:
            result = draw(st.sampled_from(RESULTS))
        history[at] = history[at]._replace(result=result)
    return history


def as_trace(history: list[Saw]) -> Clients:
    """Tell a small history as a trace."""
    trace = Clients()
    moments = [(saw.called, at, True) for at, saw in enumerate(history)]
    moments += [
        (saw.answered, at, False) for at, saw in enumerate(history) if saw.answered is not None
    ]
    for _, at, begins in sorted(moments):
        saw = history[at]
        if begins:
            trace.ask(at + 1, saw.command)
        else:
            trace.told(at + 1, saw.result)
    return trace


@settings(max_examples=600, deadline=None)
@given(small_histories())
def test_the_search_agrees_with_trying_every_order(history: list[Saw]) -> None:
    assert as_trace(history).fine == explained_by_some_order(history)


@settings(max_examples=200, deadline=None)
@given(small_histories())
def test_the_first_answer_that_cannot_be_explained_is_the_one_that_is_named(
    history: list[Saw],
) -> None:
    trace = as_trace(history)
    violation = check_linearizable(trace.entries)
    if violation is not None:
        last = violation.evidence[-1]
        assert check_linearizable(trace.entries[: last - 1]) is None
        assert check_linearizable(trace.entries[:last]) is not None


def test_both_answers_are_met_often_by_these_histories() -> None:
    seen = {True: 0, False: 0}

    @settings(max_examples=200, deadline=None, derandomize=True, database=None)
    @given(small_histories())
    def count(history: list[Saw]) -> None:
        seen[as_trace(history).fine] += 1

    count()
    assert min(seen.values()) >= 30
