"""A way through the states of a small cluster, as turns of named nodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import NamedTuple

from paxos_engine.roles.messages import Accept, Accepted
from paxos_engine.roles.values import ProposalNumber, Value
from paxos_engine.simulation.moves import Bounds, Moves, State
from paxos_engine.simulation.steps import Act, Deliver, Input, Letter, RoleSteps


class Turn(NamedTuple):
    """What one node did: what arrived or befell it, in order, and what it sent then.

    An echo says something and leaves its node as it was.
    """

    node: str
    inputs: tuple[Input, ...]
    sent: tuple[Letter, ...] = ()
    is_echo: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """The turns from the start to a state in which two values can be learned.

    Args:
        bounds: of the cluster.
        turns: the way there, refusals that somebody hears of included.
        learning: the votes arrive at two leaders, which learn different values.
        length: how many turns the search needed; refusals and learning are not among them.
    """

    bounds: Bounds
    turns: tuple[Turn, ...]
    learning: tuple[Turn, ...]
    length: int


def path_through(moves: Moves, states: Sequence[State]) -> Path:
    """Return the turns that lead through the states of a search.

    The search knows acceptors by what they hold; here each has one name from the start to the end.
    """
    walk = _Walk(moves, states[0])
    for wanted in states[1:]:
        walk.go_to(wanted)
    return Path(moves.bounds, walk.needed(), walk.learning(), len(states) - 1)


class _Walk:
    """Takes the turns of a path, one by one.

    Args:
        moves: the turns that there are.
        start: where it begins.
    """

    def __init__(self, moves: Moves, start: State) -> None:
        self._moves = moves
        self._here = start
        self._turns: list[Turn] = []
        self._said = dict.fromkeys(moves.shape.acceptor_names, 0)

    def go_to(self, wanted: State) -> None:
        """Take the turn that leads to a state, acceptors' names aside."""
        canonical = self._moves.canonical
        there, turn = next(x for x in self._possible() if canonical(x[0]) == wanted)
        self._here = there
        self._turns.append(turn)
        if turn.node in self._said:
            self._note(turn)
        self._turns += self._echoes()

    def needed(self) -> tuple[Turn, ...]:
        """Return the turns so far, without the echoes that nobody hears."""
        kept: list[Turn] = []
        heard: set[tuple[str, object]] = set()
        for turn in reversed(self._turns):
            if turn.is_echo and not any((turn.node, m) in heard for _, m in turn.sent):
                continue
            kept.append(turn)
            heard |= {(x.sender, x.message) for x in turn.inputs if isinstance(x, Deliver)}
        return tuple(kept[::-1])

    def learning(self) -> tuple[Turn, ...]:
        """Return the turns in which two leaders learn different values of the votes."""
        for one, other in combinations(self._moves.learnable(self._here), 2):
            if one[1] != other[1]:
                for learners in permutations(self._moves.shape.leader_names, 2):
                    turns = [self._learns(learners[0], *one), self._learns(learners[1], *other)]
                    if all(turn.inputs for turn in turns):
                        return tuple(turns)
        return ()

    def _learns(self, leader: str, number: ProposalNumber, value: Value) -> Turn:
        """Return how a leader learns a value; a turn without inputs if it cannot be told."""
        accept = Accept(number, 1, value, 0)
        inputs: list[Input] = []
        if leader != number.leader:
            inputs.append(Deliver(number.leader, accept))
        elif not self._remembers(leader, accept):
            return Turn(leader, ())
        voters = self._moves.votes_by_number(self._here)[number]
        vote = Accepted(number, ((1, 1),))
        heard = self._moves.votes_to_learn(number, value, voters)
        return Turn(leader, (*inputs, *(Deliver(voter, vote) for voter in heard)))

    def _remembers(self, leader: str, accept: Accept) -> bool:
        """Say whether a leader still knows what it has proposed under a number."""
        for turn in reversed(self._turns):
            if turn.node == leader:
                proposed = [m for _, m in turn.sent if isinstance(m, Accept)]
                if any(m.number == accept.number for m in proposed):
                    return accept in proposed
                if Act.CRASH in turn.inputs:
                    return False
        return False

    def _possible(self) -> Iterator[tuple[State, Turn]]:
        """Yield every turn that is possible here, and where it leads to."""
        moves, here = self._moves, self._here
        leaders, *acceptors = here
        for position, name in enumerate(moves.shape.acceptor_names):
            before = moves.acceptor(acceptors[position]).state
            for then, how in moves.acceptor_outcomes(acceptors[position], leaders).items():
                there = (*here[: position + 1], then, *here[position + 2 :])
                yield there, self._turn(name, moves.acceptor_steps, before, how)
        for which, name in enumerate(moves.shape.leader_names):
            before = moves.leaders(leaders)[which].state
            answers = [moves.to_leader[which](acceptor) for acceptor in acceptors]
            for others, how in moves.leader_outcomes(which, leaders, answers).items():
                there = (others, *[moves.settle(acceptor, others) for acceptor in acceptors])
                yield there, self._turn(name, moves.leader_steps[which], before, how)

    def _turn(self, name: str, steps: RoleSteps, state: int, how: Iterable[Input]) -> Turn:
        sent = 0
        for what in how:
            state, out = steps.step(state, what)
            sent |= out
        return Turn(name, tuple(how), tuple(self._moves.letters.of(sent)))

    def _echoes(self) -> list[Turn]:
        """Return the turns in which acceptors answer anew, and stay as they are."""
        moves = self._moves
        found = []
        for name, acceptor in zip(moves.shape.acceptor_names, self._here[1:], strict=True):
            state, sent = moves.acceptor(acceptor)
            for what in moves.claims(self._here[0]):
                then, out = moves.acceptor_steps.step(state, what)
                if then == state and out & sent & ~self._said[name]:
                    found.append(Turn(name, (what,), tuple(moves.letters.of(out)), True))
                    self._note(found[-1])
        return found

    def _note(self, turn: Turn) -> None:
        for letter in turn.sent:
            self._said[turn.node] |= self._moves.letters.bit(letter)
