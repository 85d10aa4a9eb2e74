"""What a command costs, in what no clock can blur: datagrams, syncs and entries of the trace.

A bound that is passed makes every cluster slower. What raises each of them is said beside it; to
lower one is welcome, and the bound then follows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from paxos_engine.roles.assembly import Shape
from paxos_engine.roles.client import PaxosClient
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.events import Entry
from paxos_engine.roles.messages import Envelope
from paxos_engine.simulation.plan import Plan
from paxos_engine.simulation.world import World
from paxos_engine.wire.codec import Codec

COMMANDS = 640
CALM_AFTER = 3.0
"""Seconds after which one leads, and a session is open."""

SYNCS_OF_A_WINDOW = 5.2
"""5 acceptors for each window; the 2 leaders, every tenth of a second, share one in ten windows."""


class WiredWorld(World):
    """A world that counts how many datagrams carry over UDP what it carries at once."""

    packed = 0
    _codec = Codec("here", b"key")

    def _carry(self, sender: str, to: str, envelopes: list[Envelope]) -> None:
        messages = [envelope.message for envelope in envelopes]
        self.packed += len(self._codec.encode(sender, 1, [to], messages))
        super()._carry(sender, to, envelopes)


@dataclass(frozen=True, slots=True)
class Cost:
    """What the whole cluster spent, without what it would have spent idle."""

    datagrams: float
    messages: float
    syncs: float
    entries: float
    packed: float


class Bench:
    """A calm cluster of two leaders and five acceptors, whose client keeps a window full."""

    def __init__(self, shape: Shape) -> None:
        self.kinds: Counter[str] = Counter()
        self.world = WiredWorld(Plan(1, shape), (self._take,))
        self.world.run(1.0)
        self.submit(["first"])
        self.world.run(CALM_AFTER)

    def _take(self, entry: Entry) -> None:
        self.kinds[entry.event.name] += 1

    def submit(self, values: list[str]) -> None:
        """Give the client values that it sends together."""
        role = self._client

        def act(value: str, now: float) -> Effects:
            return role.submit(value, now)[1]

        actions = [partial(act, value) for value in values]
        self.world.cast.turn("C1", [], actions, self.world.cast.clocks["C1"].local(self.world.now))
        self.world._look_ahead("C1")

    @property
    def _client(self) -> PaxosClient:
        role = self.world.node("C1").role
        assert isinstance(role, PaxosClient)
        return role

    def all_answered(self) -> bool:
        """Say whether the client waits for nothing."""
        return not self._client.unanswered

    def spent(self) -> Cost:
        """Return everything so far."""
        datagrams = sum(step.kind == "turn" and bool(step.what) for step in self.world.steps)
        syncs, messages = self.kinds["synced"], self.kinds["sent"]
        return Cost(datagrams, messages, syncs, self.kinds.total(), self.world.packed)


def cost_of_a_command(window: int, padding: str = "", **options: Any) -> Cost:
    """Return what a command costs with so many outstanding, in a cluster of this shape."""
    shape = Shape(**options)
    busy, idle = Bench(shape), Bench(shape)
    for first in range(0, COMMANDS, window):
        busy.submit([f"set k{n % 9} {n}{padding}" for n in range(first, first + window)])
        assert busy.world.run(busy.world.now + 5, busy.all_answered)
    end = busy.world.now + 1.0  # the other leader's share comes after the answer
    busy.world.run(end)
    idle.world.run(end)
    with_work, without = busy.spent(), idle.spent()
    return Cost(
        (with_work.datagrams - without.datagrams) / COMMANDS,
        (with_work.messages - without.messages) / COMMANDS,
        (with_work.syncs - without.syncs) / COMMANDS,
        (with_work.entries - without.entries) / COMMANDS,
        (with_work.packed - without.packed) / COMMANDS,
    )


@pytest.fixture(scope="module")
def one() -> Cost:
    """Return the cost with one command outstanding."""
    return cost_of_a_command(1)


@pytest.fixture(scope="module")
def many() -> Cost:
    """Return the cost with a window of 64."""
    return cost_of_a_command(64)


@pytest.fixture(scope="module")
def batched() -> Cost:
    """Return the cost with a window of 64 that shares an instance."""
    return cost_of_a_command(64, batch=64)


def test_a_batch_costs_a_command_its_request_its_reply_and_what_is_said_of_it(
    batched: Cost,
) -> None:
    # The 64 share an instance, whose phase 2 is that of a lone command: 18 messages, and syncs as
    # below. Left to each command are 2 applied, submitted and answered.
    assert batched.datagrams == batched.messages <= 18 / 64
    assert batched.syncs <= SYNCS_OF_A_WINDOW / 64
    assert batched.entries <= 4 + (2 * 18 + SYNCS_OF_A_WINDOW + 5 + 2 + 1) / 64


def test_a_command_alone_takes_eighteen_datagrams(one: Cost) -> None:
    # 1 request, 5 accepts and 1 to the other leader, 5 answers to each of 2 leaders, 1 reply. A
    # further round trip, an accept sent twice or a word about what was chosen would raise it.
    assert one.datagrams == one.messages <= 18


def test_a_thrifty_primary_asks_a_quorum_and_hears_no_more_than_that() -> None:
    # 1 request, 3 accepts and 1 to the other leader, 3 answers to each of 2 leaders, 1 reply; and
    # 3 acceptors sync. A quorum that holds one more than it has to would raise it by 3.
    cost = cost_of_a_command(1, thrifty=True)
    assert cost.datagrams == cost.messages <= 12
    assert cost.syncs <= 3.1


def test_a_distinguished_learner_hears_the_votes_alone_and_says_one_word_to_the_other() -> None:
    # 1 request, 5 accepts and 1 to the other leader, 5 answers, 1 decision, 1 reply; thrifty, two
    # accepts and two answers less. A decision for each command of a window would raise the last.
    lone = cost_of_a_command(1, distinguished=True)
    assert lone.datagrams == lone.messages <= 14
    thrifty = cost_of_a_command(1, distinguished=True, thrifty=True)
    assert thrifty.datagrams == thrifty.messages <= 10
    window = cost_of_a_command(64, distinguished=True)
    assert window.datagrams == window.messages <= 14 / 64


def test_a_window_travels_together(many: Cost) -> None:
    # The same 18 for all 64: one datagram per peer and turn. A message that is sent in the middle
    # of a turn, or a turn for each message, would raise it.
    assert many.datagrams <= 18 / 64


def test_what_travels_together_shares_datagrams_up_to_the_size_that_is_asked_for(
    many: Cost,
) -> None:
    assert many.packed == many.datagrams
    # 64 commands of 1 KiB, in messages of 32,000 bytes at the most: 3 from the client, and 3 to
    # each of 5 acceptors and the other leader. What is answered stays short: 10 and 1. Messages
    # that share no datagram, or one that is cut at every command, would raise it.
    long = cost_of_a_command(64, padding="x" * 1_024)
    assert long.packed <= (7 * 3 + 11) / 64


def test_a_window_takes_as_many_messages_as_a_command(many: Cost) -> None:
    # The same 18 once more: were each command asked for, proposed, acknowledged or answered in a
    # message of its own, it would be one more for each, or six, or ten.
    assert many.messages <= 18 / 64


def test_acceptors_alone_sync_once_a_command_and_once_a_window(one: Cost, many: Cost) -> None:
    # 5 acceptors, before they answer. The 2 leaders write what they learned some ten times a
    # second, and nothing waits for that. A second sync within a turn, or a leader that syncs before
    # it answers, would raise the first; records that do not share a sync, the second.
    assert one.syncs <= 5.1
    assert many.syncs <= SYNCS_OF_A_WINDOW / 64


def test_the_trace_says_no_more_of_a_command_than_it_has_to(one: Cost, many: Cost) -> None:
    # 18 sendings and deliveries, 5 syncs, 5 votes, 2 learned, 2 applied, and submitted, proposed
    # and answered. A new kind of event for each message or instance would raise it.
    assert one.entries <= 53.1
    # 2 x 18/64 messages, the syncs, and 12 of the instance itself.
    assert many.entries <= 12 + (2 * 18 + SYNCS_OF_A_WINDOW) / 64
