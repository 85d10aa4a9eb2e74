"""No datagram can raise in a node, none makes it allocate without bound, and none wedges it.

Whatever the wire lets through, from whomever, reaches every role in each of its states.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paxos_engine.roles.belief import WINDOW
from paxos_engine.roles.messages import Message
from paxos_engine.wire.schema import SCHEMA, from_plain, to_plain
from tests.roles.any_message import OF_EACH_KIND, any_message, is_plausible_lie, names
from tests.roles.stage import Stage


class Credulous(Stage):
    """A stage that does not judge: forged votes make leaders learn what was never chosen."""

    def _judge(self, node: str, event: object) -> None:
        pass


def fresh() -> Stage:
    """Nobody has claimed anything yet."""
    return Credulous()


def preparing() -> Stage:
    """L2 has one promise of the two that it needs."""
    stage = Credulous()
    stage.lead("L2")
    stage.deliver("prepare", to="A1")
    stage.deliver("promise")
    return stage


def leading() -> Stage:
    """L2 leads; one value is chosen, one proposed, one gap is open."""
    stage = Credulous(snapshot_every=2)
    stage.lead("L2")
    stage.settle()
    stage.submit("a")
    stage.settle()
    stage.submit("b")
    stage.submit("c")
    stage.deliver("request")
    stage.drop("accept", instance=2)
    stage.deliver("accept", to="A1")
    return stage


def compacted() -> Stage:
    """Both leaders have a snapshot, and everybody has dropped what it covers."""
    stage = Credulous(snapshot_every=2)
    stage.lead("L2")
    stage.settle()
    for value in "abcd":
        stage.submit(value)
        stage.settle()
    stage.run(0.5)
    assert stage.acceptor("A1").compacted == 4
    return stage


def classic() -> Stage:
    """L2 leads in classic mode and has prepared one instance."""
    stage = Credulous(classic=True)
    stage.lead("L2")
    stage.settle()
    stage.submit("a")
    stage.deliver("request")
    stage.deliver("prepare", to="A1")
    stage.deliver("promise")
    return stage


STATES = (fresh, preparing, leading, compacted, classic)
EVERYBODY = ("A1", "A2", "A3", "L1", "L2", "C1")
forgeries = st.lists(
    st.tuples(names, st.sampled_from(EVERYBODY), any_message), min_size=1, max_size=12
)
modest = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def held(stage: Stage) -> int:
    """Return how many things the nodes of a stage hold, one for each entry of each table."""
    return sum(_size(role, set()) for role in stage.roles.values())


def _size(thing: object, seen: set[int]) -> int:
    if id(thing) in seen or isinstance(thing, int | float | str | bytes | type | None):
        return 0
    seen.add(id(thing))
    match thing:
        case dict():
            return len(thing) + sum(_size(item, seen) for item in thing.values())
        case list() | tuple() | set() | frozenset():
            return len(thing) + sum(_size(item, seen) for item in thing)
        case _:
            inside = [*vars(thing).values()] if hasattr(thing, "__dict__") else []
            inside += [getattr(thing, n) for n in getattr(type(thing), "__slots__", ())
                       if hasattr(thing, n)]  # fmt: skip
            return sum(_size(item, seen) for item in inside)


def test_every_kind_of_message_is_among_those_sent() -> None:
    assert set(OF_EACH_KIND) == {message for message, _ in SCHEMA}


@modest
@given(any_message)
def test_everything_sent_here_is_something_that_the_wire_lets_through(message: Message) -> None:
    assert from_plain(to_plain(message)) == message


@pytest.mark.parametrize("state", STATES)
@modest
@given(forgeries)
def test_no_message_raises_in_any_role_or_makes_it_hold_more_than_a_window(
    state: Callable[[], Stage], story: list[tuple[str, str, Message]]
) -> None:
    stage = state()
    before = held(stage)
    for sender, to, message in story:
        stage.inject(sender, to, message)
    for _ in range(3):
        stage.wait(0.1)
        stage.deliver()
    # A vote for an endless interval is noted for a window, in a few objects each.
    assert held(stage) - before < 500 + 12 * WINDOW * len(story)


@pytest.mark.parametrize("state", STATES)
@modest
@given(forgeries)
def test_after_absurd_messages_the_cluster_goes_on(
    state: Callable[[], Stage], story: list[tuple[str, str, Message]]
) -> None:
    stage = state()
    for sender, to, message in story:
        if not is_plausible_lie(message):
            stage.inject(sender, to, message)
    submitted = len(stage.happened("submitted"))
    stage.submit("after")
    stage.run(30.0, step=0.1)
    after = [e for e in stage.happened("answered") if e.sequence == submitted + 1]  # type: ignore[attr-defined]
    assert len(after) == 1
