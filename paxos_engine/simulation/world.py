"""The world: virtual time, a seeded network that asks the fault plan, and acts that befall it.

One plan gives one history, byte for byte: time is a number, chance comes from one generator per
concern, and nothing looks at a clock, a hash or the order of a set.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable
from typing import Any, Final

from paxos_engine.faults.plan import FaultPlan
from paxos_engine.faults.profiles import PERFECT, LinkFaults
from paxos_engine.node import Node
from paxos_engine.roles.events import (
    Delayed,
    Duplicated,
    Entry,
    Event,
    FaultsChanged,
    Lost,
)
from paxos_engine.roles.messages import Envelope
from paxos_engine.simulation.cast import Cast
from paxos_engine.simulation.plan import Act, Plan
from paxos_engine.simulation.schedule import Step

Sink = Callable[[Entry], None]

Meet = Callable[[Act], Callable[[], None]]
"""Told of an act right before it, when what it meets can still be seen; returns what is called
once it has happened, for not every act is possible."""

TURNS_AT_ONE_TIME: Final = 10_000
"""Wake-ups of one node without any time passing that are taken for a defect of ours."""


class World:
    """One run of a plan.

    Args:
        plan: what happens.
        sinks: told every entry of the trace, in order.
        command: the command line that reproduces the run, for the header.
        meet: told of every act.
    """

    def __init__(
        self,
        plan: Plan,
        sinks: Iterable[Sink],
        command: str = "",
        meet: Meet = lambda act: lambda: None,
    ) -> None:
        self.plan = plan
        self._meet = meet
        self.now = 0.0
        self.count = 0
        self.steps: list[Step] = []
        self._sinks = tuple(sinks)
        self._events: list[tuple[float, int, str, Any]] = []
        self._ticket = 0
        self._network = random.Random(f"{plan.seed}/network")
        self._triggers: list[Act] = []
        self._due: list[Act] = []
        self._waiting: dict[str, list[Envelope]] = {}  # for nodes that stand still
        self._wakes: dict[str, tuple[float, float]] = {}  # node -> (true time, its own time)
        self._stuck = (0.0, 0)
        self._usual = plan.faults  # what links do while nothing more befalls them
        self.faults = FaultPlan(plan.seed)
        self.cast = Cast(plan.shape, self._publish, self._carry)
        self._emit(self.cast.header(plan.seed, self.faults.to_dict(), command))
        self.faults.on_change = self._faults_changed
        if plan.faults != PERFECT:
            self.faults.set_everywhere(plan.faults)
        for act in plan.acts:
            self._at(act.t, "act", act)
        for ask in plan.asks:
            self._at(ask.t, "ask", ask)
        for name in self.cast.nodes:
            self._turn(name, [], 0.0)

    # --- running it ----------------------------------------------------------------------

    def run(self, until: float, stop: Callable[[], bool] = lambda: False) -> bool:
        """Let time pass; return whether `stop` came true before `until` seconds.

        Args:
            until: true time.
            stop: asked after everything that happens.
        """
        while self._events and self._events[0][0] <= until:
            t, _, kind, what = heapq.heappop(self._events)
            self.now = t
            match kind:
                case "wake":
                    self._wake(what, t)
                case "arrive":
                    self._arrive(*what)
                case "ask":
                    self._ask(what.client, what.value)
                case _:
                    self._act(what)
            while self._due:
                self._perform(self._due.pop(0))
            if stop():
                return True
        self.now = max(self.now, until)
        return stop()

    def heal(self) -> None:
        """End every fault, and bring back every node that can come back; the deaf stay deaf."""
        self._triggers.clear()
        self._usual = PERFECT  # or an act that was due to undo another one would bring it back
        self.faults.clear()
        self._cut_the_deaf()
        self._slow_disks(0.0)
        for name in self.cast.servers:
            self._perform(Act(self.now, "recover", (name,)))
            self._perform(Act(self.now, "clock", (name,), 1.0))

    # --- what happens --------------------------------------------------------------------

    def _ask(self, client: str, value: str) -> None:
        local = self.cast.clocks[client].local(self.now)
        self.steps.append(Step("ask", self.now, local, client, (value,)))
        self.cast.submit(client, value, local)
        self._look_ahead(client)

    def _act(self, act: Act) -> None:
        if act.after:
            self._triggers.append(act)
        else:
            self._perform(act)

    def _perform(self, act: Act) -> None:
        happened = self._meet(act)
        if self._carry_out(act):
            happened()

    def _carry_out(self, act: Act) -> bool:
        match act.kind:
            case "partition":
                self.faults.partition([act.nodes])
            case "heal":
                self.faults.heal()
                self._cut_the_deaf()
            case "deafen":
                happened = self._befall(act)
                self._cut_the_deaf()
                return happened
            case "cut":
                self.faults.cut(*act.nodes)
            case "slow link":
                slow = LinkFaults(delay=act.amount)
                for other in self.cast.nodes:
                    if other != act.nodes[0]:
                        self.faults.set_link(act.nodes[0], other, slow)
            case "links as before":
                self.faults.set_everywhere(self._usual)
                self.faults.clear_links()
            case "slow disks":
                self._slow_disks(act.amount)
            case _:
                return self._befall(act)
        return True

    def _cut_the_deaf(self) -> None:
        for name in self.cast.deaf:
            for other in self.cast.nodes:
                if other != name:
                    self.faults.cut(other, name)

    def _slow_disks(self, seconds: float) -> None:
        self.steps.append(Step("disks", self.now, 0.0, "", (seconds,)))
        self.cast.disk_delay = seconds
        self.faults.set_disk_delay(seconds)

    def _befall(self, act: Act) -> bool:
        name = act.nodes[0]
        before = self.cast.nodes[name].standing
        if not self.cast.befall(act, self.now):
            return False
        self.steps.append(Step("act", self.now, 0.0, name, (act.kind, act.amount)))
        if before == "paused" and act.kind != "recover":
            self._waiting.pop(name, None)
        waited = self._waiting.pop(name, []) if act.kind == "recover" else []
        self._turn(name, waited, self.cast.clocks[name].local(self.now))
        return True

    def _arrive(self, to: str, envelopes: list[Envelope]) -> None:
        if self.cast.nodes[to].standing == "paused":
            self._waiting.setdefault(to, []).extend(envelopes)
        else:
            self._turn(to, envelopes, self.cast.clocks[to].local(self.now))

    def _wake(self, name: str, t: float) -> None:
        planned = self._wakes.get(name)
        if planned is None or planned[0] != t:
            return  # planned anew since
        del self._wakes[name]
        self._stuck = (t, self._stuck[1] + 1 if self._stuck[0] == t else 0)
        assert self._stuck[1] < TURNS_AT_ONE_TIME, f"{name} wakes without end at {t}"
        # What it planned for its own time must not be missed by a rounding of the true time.
        self._turn(name, [], max(planned[1], self.cast.clocks[name].local(t)))

    def _turn(self, name: str, envelopes: list[Envelope], local: float) -> None:
        self.steps.append(Step("turn", self.now, local, name, tuple(envelopes)))
        self.cast.turn(name, envelopes, [], local)
        self._look_ahead(name)

    def _look_ahead(self, name: str) -> None:
        """Plan the node's next wake-up."""
        deadline = self.cast.nodes[name].deadline
        if deadline is None:
            self._wakes.pop(name, None)
            return
        t = max(self.now, self.cast.clocks[name].true(deadline))
        if self._wakes.get(name) != (t, deadline):
            self._wakes[name] = (t, deadline)
            self._at(t, "wake", name)

    # --- the network ---------------------------------------------------------------------

    def _carry(self, sender: str, to: str, envelopes: list[Envelope]) -> None:
        fate = self.faults.fate(sender, to)
        if fate.lost:
            for envelope in envelopes:
                self._publish(to, Lost(envelope.id, sender, fate.lost))
            return
        for position, copy in enumerate(fate.copies):
            for envelope in envelopes:
                if position:
                    self._publish(to, Duplicated(envelope.id, sender, "duplicate"))
                if copy.delay:
                    self._publish(to, Delayed(envelope.id, sender, copy.why, copy.delay))
            latency = self._network.uniform(*self.plan.latency)
            self._at(self.now + copy.delay + latency, "arrive", (to, envelopes))

    # --- the trace -----------------------------------------------------------------------

    def _publish(self, node: str, *events: Event) -> None:
        for event in events:
            self.count += 1
            if self._sinks:
                self._emit(Entry(self.count, self.now, node, event))
            for act in self._triggers:
                if act.after == event.name and act.nodes[0] == node:
                    self._triggers.remove(act)
                    self._due.append(act)
                    break

    def _emit(self, entry: Entry) -> None:
        for sink in self._sinks:
            sink(entry)

    def _faults_changed(self, plan: dict[str, Any], reason: str) -> None:
        self._publish("network", FaultsChanged(plan, reason))

    def _at(self, t: float, kind: str, what: Any) -> None:
        self._ticket += 1
        heapq.heappush(self._events, (t, self._ticket, kind, what))

    def node(self, name: str) -> Node:
        """Return a node."""
        return self.cast.nodes[name]
