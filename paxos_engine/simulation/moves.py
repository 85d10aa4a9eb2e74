"""What a whole cluster can do next, from the steps of its roles.

The network is a set that only grows. A message once sent may arrive at any later time, any number
of times, or never, which is loss, duplication and reordering in one. Everything that makes the
search small follows from that, and from the roles being deterministic:

* *Silent steps wait.* A step that sends nothing new is seen by nobody, and what arrived once can
  arrive later as well. So a node takes its silent steps right before the first one that speaks,
  and one *turn* of a node is: any number of silent steps, then one that sends something new.
* *Echoes come at once.* A step that sends something new and leaves its node as it was (a refusal,
  or a promise given again) takes nothing from anybody, so it is taken as soon as it can be.
* *What nobody heeds is left out.* An answer for a number that its leader has gone beyond, or a
  promise for a number that it has proposed under, changes nothing wherever it arrives.
* *Votes are counted, not delivered.* A leader that learns the value stops proposing for the
  instance; telling it can only take turns away. What it would learn is asked of the leaders' own
  protocol in every state instead (`learnable`).
* *Of two outcomes of a turn, one that leads to the other by silent steps is enough.*
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeAlias

from paxos_engine.roles.assembly import RIGHT, Rules, Shape
from paxos_engine.roles.election import Standing
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.leader_protocol import AcceptedHeard, AcceptSeen, ProposalState
from paxos_engine.roles.messages import Accept, Accepted, Heartbeat, Nack, Prepare, Promise
from paxos_engine.roles.values import ProposalNumber, Value
from paxos_engine.simulation.rolestate import has_proposed, hears_promises, needs_command
from paxos_engine.simulation.steps import (
    ACCEPTORS,
    LEADERS,
    Act,
    Deliver,
    Input,
    Letter,
    Letters,
    Numbers,
    RoleSteps,
    request_of,
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How small the cluster is in which everything is tried, with one instance and no other.

    Args:
        acceptors: how many.
        leaders: how many; each has a client whose command it would like to see chosen.
        rounds: how many proposal numbers each leader may use.
        mode: "multi" or "classic".
        rules: which classes play the roles.
        crashes: whether any node may crash at any time and come back with its disk.
    """

    acceptors: int = 3
    leaders: int = 2
    rounds: int = 2
    mode: str = "multi"
    rules: Rules = RIGHT
    crashes: bool = False

    @property
    def shape(self) -> Shape:
        """The cluster."""
        return Shape(
            leaders=self.leaders,
            acceptors=self.acceptors,
            clients=self.leaders,
            mode=self.mode,
            rules=self.rules,
        )


class Spoken(NamedTuple):
    """A node as the others can tell: the number of its role's state, and what it ever sent."""

    state: int
    sent: int


State: TypeAlias = tuple[int, ...]
"""A state of the cluster: the number of what the leaders are, then that of each acceptor."""

Outcomes: TypeAlias = dict[Spoken, tuple[Input, ...]]
"""What a turn can come to, and by which inputs."""


class Moves:
    """The turns that the nodes of a cluster can take, each worked out once.

    A state of the cluster is a tuple of small integers. Its acceptors are in the order of their
    numbers if `symmetric`: they differ in nothing but their names, no state of a leader between two
    turns holds the name of one (`RoleSteps.nameless` is asked each time), and what an acceptor sent
    is kept with it. So a permutation of the acceptors is a renaming under which turns lead to
    turns and verdicts stay, and one state of each orbit is enough (Clarke, Enders, Filkorn, Jha:
    "Exploiting Symmetry in Temporal Logic Model Checking").

    Args:
        bounds: how small the cluster is.
        symmetric: whether to merge states that differ in the names of acceptors only.
    """

    def __init__(self, bounds: Bounds, symmetric: bool = True) -> None:
        shape = bounds.shape
        self.bounds = bounds
        self.shape = shape
        self.symmetric = symmetric
        self.letters = Letters()
        self.leader_steps = [self._steps(name) for name in shape.leader_names]
        self.acceptor_steps = self._steps(shape.acceptor_names[0])
        # Those of the leaders, since a wrong rule may make them others than the cluster's.
        self._quorums = _leader(self.leader_steps[0], self.leader_steps[0].start).quorums
        self._forgets = bounds.rules.leader is not PaxosLeader  # so that old answers may count
        self._spoken = Numbers[Spoken]()
        self._leaders = Numbers[tuple[int, ...]]()
        self._acceptor_turns: dict[tuple[int, int], list[int]] = {}
        self._leader_turns: dict[tuple[int, ...], list[int]] = {}
        self._settled: dict[tuple[int, int], int] = {}
        self._verdicts: dict[tuple[int, ...], bool] = {}
        self.to_leader = [cache(self._to(name)) for name in shape.leader_names]
        self.votes = cache(self._to(LEADERS))
        self.numbers_used = cache(self._count_numbers)

    def _steps(self, name: str) -> RoleSteps:
        crashes = self.bounds.crashes
        return RoleSteps(self.shape, name, self.letters, crashes=crashes, counts_votes=False)

    @property
    def start(self) -> State:
        """Everybody is new."""
        leaders = [self._spoken.of(Spoken(steps.start, 0)) for steps in self.leader_steps]
        acceptor = self._spoken.of(Spoken(self.acceptor_steps.start, 0))
        return (self._leaders.of(tuple(leaders)), *[acceptor] * len(self.shape.acceptor_names))

    def canonical(self, state: State) -> State:
        """Return the state that stands for all that differ from this one by acceptors' names."""
        return (state[0], *sorted(state[1:])) if self.symmetric else state

    def after(self, state: State) -> Iterator[State]:
        """Yield every state that one turn leads to, some of them more than once."""
        leaders, *acceptors = state
        for position, acceptor in enumerate(acceptors):
            if self.symmetric and position and acceptors[position - 1] == acceptor:
                continue
            for then in self._acceptor_turn(acceptor, leaders):
                yield self._with(state, position, then)
        for which in range(len(self.leader_steps)):
            for others in self._leader_turn(which, leaders, acceptors):
                yield self.canonical((others, *[self.settle(a, others) for a in acceptors]))

    def _with(self, state: State, position: int, acceptor: int) -> State:
        new = (*state[: position + 1], acceptor, *state[position + 2 :])
        return self.canonical(new)

    def agrees(self, state: State) -> bool:
        """Say whether at most one value can be learned, whatever votes arrive where."""
        key = (state[0], *sorted(self.votes(acceptor) for acceptor in state[1:]))
        known = self._verdicts.get(key)
        if known is None:
            known = self._verdicts[key] = len({value for _, value in self.learnable(state)}) < 2
        return known

    def learnable(self, state: State) -> list[tuple[ProposalNumber, Value]]:
        """Return every value that a leader can learn of votes, with the number that it is under."""
        votes = self.votes_by_number(state)
        found = []
        for number, value in self.proposed(state[0]):
            if self.votes_to_learn(number, value, votes[number]):
                found.append((number, value))
        return found

    def votes_to_learn(
        self, number: ProposalNumber, value: Value, voters: Iterable[str]
    ) -> list[str]:
        """Return whose votes, in order, make a leader learn a value; empty if none of these do."""
        proposal = self.bounds.rules.leader_protocol(1, number, self._quorums)
        proposal.transition(AcceptSeen(value))
        heard: list[str] = []
        for voter in [*voters] * self._quorums.phase2:  # a vote may arrive again
            heard.append(voter)
            if proposal.transition(AcceptedHeard(voter)) is ProposalState.CHOSEN:
                return heard
        return []

    def proposed(self, leaders: int) -> list[tuple[ProposalNumber, Value]]:
        """Return what the leaders have proposed."""
        sent = [m for node in self.leaders(leaders) for _, m in self.letters.of(node.sent)]
        return list(dict.fromkeys((m.number, m.value) for m in sent if isinstance(m, Accept)))

    def votes_by_number(self, state: State) -> dict[ProposalNumber, list[str]]:
        """Return the acceptors that have voted for each number."""
        found: dict[ProposalNumber, list[str]] = defaultdict(list)
        for name, acceptor in zip(self.shape.acceptor_names, state[1:], strict=True):
            for _, message in self.letters.of(self.votes(acceptor)):
                assert isinstance(message, Accepted)
                found[message.number].append(name)
        return found

    # --- what the numbers stand for --------------------------------------------------------

    def leaders(self, number: int) -> list[Spoken]:
        """Return what the leaders are."""
        return [self._spoken[each] for each in self._leaders[number]]

    def acceptor(self, number: int) -> Spoken:
        """Return what an acceptor is."""
        return self._spoken[number]

    # --- the turns of acceptors --------------------------------------------------------------

    def acceptor_outcomes(self, acceptor: int, leaders: int) -> dict[int, tuple[Input, ...]]:
        """Return what an acceptor can become in one turn, and by which inputs."""
        inputs: list[Input] = [*self.claims(leaders)]
        if self.bounds.crashes:
            inputs.append(Act.CRASH)
        node = self._spoken[acceptor]
        outcomes, _ = self._turns(self.acceptor_steps, node, inputs)
        found: dict[int, tuple[Input, ...]] = {}
        for then, how in outcomes.items():
            settled = self.settle(self._spoken.of(then), leaders)
            if settled != acceptor:
                found.setdefault(settled, how)
        return found

    def _acceptor_turn(self, acceptor: int, leaders: int) -> list[int]:
        key = (acceptor, leaders)
        known = self._acceptor_turns.get(key)
        if known is None:
            known = self._acceptor_turns[key] = [*self.acceptor_outcomes(acceptor, leaders)]
        return known

    def claims(self, leaders: int) -> list[Deliver]:
        """Return what may arrive at an acceptor."""
        return [
            Deliver(name, letter.message)
            for name, node in zip(self.shape.leader_names, self.leaders(leaders), strict=True)
            for letter in self.letters.of(node.sent)
            if letter.to == ACCEPTORS
        ]

    def settle(self, acceptor: int, leaders: int) -> int:
        """Return an acceptor that has sent its echoes, without what nobody heeds any more."""
        key = (acceptor, leaders)
        known = self._settled.get(key)
        if known is None:
            state, sent = self._spoken[acceptor]
            for what in self.claims(leaders):
                then, out = self.acceptor_steps.step(state, what)
                if then == state:
                    sent |= out
            known = self._spoken.of(Spoken(state, self._heeded(sent, leaders)))
            self._settled[key] = known
        return known

    def _heeded(self, sent: int, leaders: int) -> int:
        if self._forgets:
            return sent
        kept = 0
        roles = dict(zip(self.shape.leader_names, self._roles(leaders), strict=True))
        for letter in self.letters.of(sent):
            if letter.to == LEADERS or _heeds(roles[letter.to], letter):
                kept |= self.letters.bit(letter)
        return kept

    def _roles(self, leaders: int) -> list[PaxosLeader]:
        nodes = zip(self.leader_steps, self.leaders(leaders), strict=True)
        return [_leader(steps, node.state) for steps, node in nodes]

    # --- the turns of leaders ----------------------------------------------------------------

    def leader_outcomes(
        self, which: int, leaders: int, answers: Iterable[int]
    ) -> dict[int, tuple[Input, ...]]:
        """Return what the leaders can become by a turn of one of them, and by which inputs.

        Args:
            which: the position of the leader, from 0.
            leaders: what the leaders are.
            answers: what each acceptor has sent to it, in the order of their names.
        """
        steps, node = self.leader_steps[which], self.leaders(leaders)[which]
        inputs = self._inputs(which, leaders, answers)
        outcomes, _ = self._turns(steps, node, inputs)
        found: dict[int, tuple[Input, ...]] = {}
        for then in self._without_followers(steps, outcomes, inputs):
            assert steps.nameless(then.state), "a leader between turns knows acceptors by name"
            new = list(self._leaders[leaders])
            new[which] = self._spoken.of(then)
            found[self._leaders.of(tuple(new))] = outcomes[then]
        return found

    def _leader_turn(self, which: int, leaders: int, acceptors: Iterable[int]) -> list[int]:
        answers = sorted(map(self.to_leader[which], acceptors))
        key = (which, leaders, *answers)
        known = self._leader_turns.get(key)
        if known is None:
            outcomes = self.leader_outcomes(which, leaders, answers)
            known = self._leader_turns[key] = [*outcomes]
        return known

    def _inputs(self, which: int, leaders: int, answers: Iterable[int]) -> list[Input]:
        me = self.shape.leader_names[which]
        inputs: list[Input] = [
            Deliver(name, letter.message)
            for name, sent in zip(self.shape.acceptor_names, answers, strict=True)
            for letter in self.letters.of(sent)
        ]
        for name, node in zip(self.shape.leader_names, self.leaders(leaders), strict=True):
            letters = self.letters.of(node.sent)
            inputs += [Deliver(name, letter.message) for letter in letters if letter.to == me]
        inputs += [request_of(me), Act.SUSPECT]
        return [*inputs, Act.CRASH] if self.bounds.crashes else inputs

    def _without_followers(
        self, steps: RoleSteps, outcomes: Outcomes, inputs: list[Input]
    ) -> list[Spoken]:
        """Leave out each outcome that another one leads to by silent steps."""
        left = dict.fromkeys(outcomes)
        for one in outcomes:
            if one in left:
                _, silent = self._turns(steps, one, inputs)
                for other in [o for o in left if o != one and o.sent == one.sent]:
                    if other.state in silent:
                        del left[other]
        return [*left]

    # --- the turn of a node ----------------------------------------------------------------

    def _turns(
        self, steps: RoleSteps, node: Spoken, inputs: Iterable[Input]
    ) -> tuple[Outcomes, set[int]]:
        """Return what a turn can come to, and the states that silent steps lead to."""
        inputs = [*inputs]
        silent = {node.state}
        todo: list[tuple[int, tuple[Input, ...]]] = [(node.state, ())]
        outcomes: Outcomes = {}
        for state, how in todo:
            for what in inputs:
                if not self._may(steps, Spoken(state, node.sent), what):
                    continue
                then, sent = steps.step(state, what)
                if sent & ~node.sent:
                    outcomes.setdefault(Spoken(then, node.sent | sent), (*how, what))
                elif then not in silent:
                    silent.add(then)
                    todo.append((then, (*how, what)))
        return outcomes, silent

    def _may(self, steps: RoleSteps, node: Spoken, what: Input) -> bool:
        """Say whether an input is within the bounds: rounds, and one instance."""
        role = steps.role(node.state)
        if not isinstance(role, PaxosLeader):
            return True
        if what is Act.SUSPECT:
            used = self.numbers_used(node.sent)
            return role.standing is Standing.FOLLOWING and used < self.bounds.rounds
        if isinstance(what, Deliver) and what.sender not in self.shape.leader_names:
            return what.sender in self.shape.acceptor_names or needs_command(role)
        return True

    def _count_numbers(self, sent: int) -> int:
        """Return how many proposal numbers a leader has used that has sent these."""
        messages = [letter.message for letter in self.letters.of(sent)]
        return len({m.number for m in messages if isinstance(m, Prepare)})

    def _to(self, receiver: str) -> Callable[[int], int]:
        """Return what tells the part of what a node has sent that is for one receiver."""

        def part(node: int) -> int:
            letters = [x for x in self.letters.of(self._spoken[node].sent) if x.to == receiver]
            return sum(self.letters.bit(letter) for letter in letters)

        return part


def _leader(steps: RoleSteps, state: int) -> PaxosLeader:
    role = steps.role(state)
    assert isinstance(role, PaxosLeader)
    return role


def _heeds(leader: PaxosLeader, letter: Letter) -> bool:
    """Say whether a message can still change anything for a leader.

    Numbers never go back, since a leader writes its rounds down: one that it has left is over.
    """
    match letter.message:
        case Promise(number=number, last=last) if number == leader.number:
            return hears_promises(leader) if last is None else not has_proposed(leader)
        case Promise(number=number) | Nack(number=number) | Heartbeat(number=number):
            return number >= leader.number
        case _:
            return True
