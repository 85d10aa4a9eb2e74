"""The stage: a simulated world whose messages can be held, dropped, doubled and delivered again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from paxos_engine.roles.assembly import Rules, Shape
from paxos_engine.roles.client import PaxosClient
from paxos_engine.roles.election import Standing, Timing
from paxos_engine.roles.events import Delayed, Duplicated, Lost
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.messages import Envelope
from paxos_engine.scenarios.form import Start
from paxos_engine.scenarios.verbs import (
    Action,
    Befall,
    Cut,
    GiveUp,
    Heal,
    Partition,
    SlowDisks,
    Submit,
    Treat,
)
from paxos_engine.simulation.plan import Act, Plan
from paxos_engine.simulation.world import Sink, World

NEVER: Final = 1e9
"""Seconds, for a timer that is to stay silent: longer than anybody plays."""

NO_TIMERS: Final = Timing(NEVER, NEVER, NEVER, NEVER, NEVER, NEVER)


class Stage(World):
    """The world of one scenario.

    Args:
        start: the cluster before the first step.
        rules: which classes play the roles.
        sinks: told every entry of the trace, in order.
        command: the command line that plays it again, for the header.
    """

    def __init__(
        self, start: Start, rules: Rules, sinks: Iterable[Sink], command: str = ""
    ) -> None:
        self._latency = start.latency
        self._treatments: list[Treat] = []  # the newest first
        self._held: list[Envelope] = []
        self._carried: list[Envelope] = []
        super().__init__(Plan(start.seed, _shape(start, rules)), sinks, command)

    def begin(self, start: Start) -> str:
        """Let the primary lead and every client open its session; return what went wrong."""
        if start.primary:
            self.do(Befall("suspect", (start.primary,)))
            self.settle()
            for name in self.plan.shape.client_names:
                role = self._client(name)
                role.ask_first(start.primary)
                self.cast.turn(name, [], [role.open], self.now)
                self._look_ahead(name)
            self.settle()
            leader = self.node(start.primary).role
            if not isinstance(leader, PaxosLeader) or leader.standing is not Standing.PRIMARY:
                return f"{start.primary} never came to lead"
        for pattern in start.hold:
            self._treatments.insert(0, Treat("hold", pattern))
        return ""

    @property
    def is_quiet(self) -> bool:
        """Whether no message is on its way, and none waits for a disk."""
        if any(kind == "arrive" for _, _, kind, _ in self._events):
            return False
        return not any(self.node(name).holds_back for name in self.cast.servers)

    def settle(self) -> None:
        """Let time pass until no message is on its way, for ten seconds at the most."""
        if not self.is_quiet:
            self.run(self.now + 10.0, lambda: self.is_quiet)

    # --- what a step does ----------------------------------------------------------------

    def do(self, action: Action) -> str:
        """Carry out an action; return why it cannot be, empty if it was."""
        match action:
            case Submit():
                return self._submit(action)
            case Befall():
                return next(filter(None, (self._let(action, name) for name in action.nodes)), "")
            case Partition(groups=groups):
                self.faults.partition(groups)
            case Heal():
                self.faults.heal()
            case Cut(sender=sender, to=to):
                self.faults.cut(sender, to)
            case SlowDisks(seconds=seconds, nodes=nodes):
                if nodes:
                    self.cast.slow_disks |= dict.fromkeys(nodes, seconds)
                else:
                    self.cast.slow_disks.clear()
                    self._slow_disks(seconds)
            case GiveUp(client=client):
                self.cast.turn(client, [], [self._client(client).give_up], self.now)
            case Treat():
                return self._treat(action)
        return ""

    def _submit(self, action: Submit) -> str:
        standing = self.node(action.client).standing
        if standing != "up":
            return f"{action.client} is {standing}"
        self._client(action.client).ask_first(action.leader)
        self._ask(action.client, action.value)
        return ""

    def _let(self, action: Befall, name: str) -> str:
        node = self.node(name)
        if action.kind in ("suspect", "fill gaps") and node.standing == "up":
            if not isinstance(node.role, PaxosLeader):
                return f"{name} is no leader"
            if action.kind == "suspect" and node.role.standing is not Standing.FOLLOWING:
                return f"{name} leads already, or is about to"
        taken, was = len(self.steps), node.standing
        self._befall(Act(self.now, action.kind, (name,), action.amount))
        if len(self.steps) > taken:
            return ""
        if action.kind == "wipe" and was != "crashed":
            return f"without the disk of {name} no quorum, or no leader, would be left"
        return f"{name} is {was}"

    def _treat(self, action: Treat) -> str:
        which = action.which
        if action.how == "redeliver":
            again = next((e for e in reversed(self._carried) if which.matches(e)), None)
            if again is None:
                return "no such message was ever sent"
            self._publish(again.to, Duplicated(again.id, again.sender, "redeliver"))
            self._dispatch(again.sender, again.to, [again])
            return ""
        if action.how != "deliver":
            self._treatments.insert(0, action)
        if action.how in ("release", "deliver", "drop"):
            concerned = [e for e in self._held if which.matches(e)]
            self._held = [e for e in self._held if not which.matches(e)]
            if action.how == "deliver" and not concerned:
                return "no such message is held"
            for envelope in concerned:
                if action.how == "drop":
                    self._publish(envelope.to, Lost(envelope.id, envelope.sender, "drop"))
                else:
                    self._dispatch(envelope.sender, envelope.to, [envelope])
        return ""

    def _client(self, name: str) -> PaxosClient:
        role = self.node(name).role
        assert isinstance(role, PaxosClient)
        return role

    # --- the network ---------------------------------------------------------------------

    def _carry(self, sender: str, to: str, envelopes: list[Envelope]) -> None:
        passing, doubled = [], []
        for envelope in envelopes:
            self._carried.append(envelope)
            treatment = self._treatment(envelope)
            match treatment.how if treatment else "release":
                case "hold":
                    self._publish(to, Delayed(envelope.id, sender, "hold", 0.0))
                    self._held.append(envelope)
                case "drop":
                    self._publish(to, Lost(envelope.id, sender, "drop"))
                case "delay":
                    seconds = treatment.seconds if treatment else 0.0
                    self._publish(to, Delayed(envelope.id, sender, "delay", seconds))
                    self._dispatch(sender, to, [envelope], seconds)
                case "duplicate":
                    self._publish(to, Duplicated(envelope.id, sender, "duplicate"))
                    passing.append(envelope)
                    doubled.append(envelope)
                case _:
                    passing.append(envelope)
        for together in (passing, doubled):
            if together:
                self._dispatch(sender, to, together)

    def _treatment(self, envelope: Envelope) -> Treat | None:
        """Return what was said last about such messages, if anything was."""
        return next((t for t in self._treatments if t.which.matches(envelope)), None)

    def _dispatch(
        self, sender: str, to: str, envelopes: list[Envelope], delay: float = 0.0
    ) -> None:
        blocked = self.faults.fate(sender, to).lost
        if blocked:
            for envelope in envelopes:
                self._publish(to, Lost(envelope.id, sender, blocked))
        else:
            self._at(self.now + self._latency + delay, "arrive", (to, envelopes))


def _shape(start: Start, rules: Rules) -> Shape:
    return Shape(
        leaders=start.leaders,
        acceptors=start.acceptors,
        clients=start.clients,
        mode=start.mode,
        election=start.election,
        seed=start.seed,
        timing=Timing() if start.timers else NO_TIMERS,
        pipeline=start.pipeline,
        batch=start.batch,
        thrifty=start.thrifty,
        distinguished=start.distinguished,
        snapshot_every=start.snapshot_every,
        phase1=start.phase1,
        phase2=start.phase2,
        rules=rules,
    )
