"""One plan, played to its end.

First the storm, in which safety is watched; then the calm, in which everything that was asked has
to be answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from paxos_engine.checks.linear import ClientHistory
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.roles.client import PaxosClient
from paxos_engine.roles.events import Entry, Header, Violation
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.simulation.coverage import Coverage, Lookout
from paxos_engine.simulation.plan import Plan
from paxos_engine.simulation.schedule import Step
from paxos_engine.simulation.world import Sink, World


@dataclass(slots=True)
class Outcome:
    """What a run came to.

    `stuck` says, in one line, what calm could not bring to its end; empty if everything ended.
    `broke` is whether that is a defect of a role, which ended the run before its time.
    """

    seed: int
    entries: int
    seconds: float
    violation: Violation | None
    stuck: str
    coverage: Coverage
    steps: list[Step] = field(default_factory=list)
    broke: bool = False

    @property
    def good(self) -> bool:
        """Whether it was safe, and everything was answered."""
        return self.violation is None and not self.stuck

    @property
    def verdict(self) -> str:
        """What was wrong, in one line; "good" if nothing was."""
        if self.violation is not None:
            return f"{self.violation.rule}: {self.violation.text}"
        return self.stuck or "good"


def play(plan: Plan, sinks: Iterable[Sink] = (), command: str = "") -> Outcome:
    """Play a plan.

    Args:
        plan: what happens.
        sinks: told every entry.
        command: for the header.
    """
    referee = Referee()
    lookout = Lookout()
    watching = (referee.observe, lookout.observe, *sinks)
    world = World(plan, watching, command, lookout.meet)
    unsafe = world.run(plan.storm, lambda: referee.violation is not None)
    stuck = defect(world)
    if not (unsafe or stuck):
        world.heal()
        end = plan.storm + plan.calm + set_back(plan)

        def over() -> bool:
            return referee.violation is not None or not unfinished(world)

        world.run(end, over)
        if referee.violation is None:
            stuck = defect(world) or unfinished(world)
    referee.conclude()
    return Outcome(
        plan.seed,
        world.count,
        world.now,
        referee.violation,
        stuck,
        lookout.coverage,
        world.steps,
        broke=bool(defect(world)),
    )


class Referee:
    """Watches every safety rule over one run, and what its clients saw."""

    def __init__(self) -> None:
        self._checker: SafetyChecker | None = None
        self._clients = ClientHistory()
        self.violation: Violation | None = None

    def observe(self, entry: Entry) -> None:
        """Take one entry."""
        if self._checker is None:
            assert isinstance(entry.event, Header), "a trace begins with its header"
            self._checker = SafetyChecker.of(entry.event)
        if self.violation is None:
            self._clients.observe(entry)
            self.violation = self._checker.observe(entry)

    def conclude(self) -> None:
        """Judge, at the end, what clients saw."""
        if self.violation is None:
            self.violation = self._clients.judge()


def set_back(plan: Plan) -> float:
    """Return by how many seconds clocks are set back: so much longer their nodes may wait."""
    jumps = [act.amount for act in plan.acts if act.kind == "clock jump"]
    return -sum(amount for amount in jumps if amount < 0)


def defect(world: World) -> str:
    """Say which node ended by a defect of its role; empty if none did."""
    return "; ".join(f"{name} broke: {why}" for name, why in world.cast.defects.items())


def unfinished(world: World) -> str:
    """Say what has not come to its end yet; empty if everything has."""
    for name in world.plan.shape.client_names:
        client = world.node(name).role
        assert isinstance(client, PaxosClient)
        if client.unanswered:
            return f"{client.unanswered} commands of {name} have no answer"
    asked = sum(ask.t <= world.now for ask in world.plan.asks)
    if asked < len(world.plan.asks):
        return "not everything has been asked yet"
    reached = {
        node.role.log.applied_up_to
        for node in (world.node(name) for name in world.plan.shape.leader_names)
        if node.standing == "up"
        and isinstance(node.role, PaxosLeader)
        and node.name not in world.cast.deaf  # it cannot learn; the others must answer
    }
    return "" if len(reached) == 1 else f"the leaders have applied up to {sorted(reached)}"
