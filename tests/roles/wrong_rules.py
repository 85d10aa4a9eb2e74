"""Further wrong rules, which the text scripts have to notice.

Those that a person can ask for are in `paxos_engine.scenarios`.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.effects import AcceptRecord, Effects, Record
from paxos_engine.roles.events import AcceptedValue
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.messages import (
    Accept,
    CatchUpRequest,
    Envelope,
    Nack,
    Prepare,
    Redirect,
)
from paxos_engine.roles.phase_one import PhaseOne
from paxos_engine.roles.values import NOOP, Command
from paxos_engine.wire.codec import Codec


class NeverNacks(PaxosAcceptor):
    """What is refused is refused in silence."""

    def receive(self, envelope: Envelope, now: float) -> Effects:
        """Keep every nack to itself."""
        effects = super().receive(envelope, now)
        effects.messages = [o for o in effects.messages if not isinstance(o.message, Nack)]
        return effects


class ForgetsInACrash(PaxosAcceptor):
    """Promises and votes are kept in memory only."""

    def restore(self, records: Iterable[Record], mark: int) -> None:
        """Begin anew."""


class PagesForEver(PaxosAcceptor):
    """Further pages of a promise are answered although something higher has been promised."""

    def _prepare(self, envelope: Envelope, prepare: Prepare, effects: Effects) -> None:
        if prepare.cursor != prepare.first:
            effects.send(envelope.sender, self._page(prepare))
        else:
            super()._prepare(envelope, prepare, effects)


class TakesASecondValue(PaxosAcceptor):
    """A second value under a number that was accepted already takes the place of the first."""

    def _accept(self, envelope: Envelope, accept: Accept, effects: Effects) -> bool:
        protocol = self._at(accept.instance)
        if protocol.accepted_number != accept.number:
            return super()._accept(envelope, accept, effects)
        mark = effects.record(AcceptRecord(accept.number, accept.instance, accept.value))
        self._vote(protocol, accept)
        effects.say(AcceptedValue(accept.instance, accept.number, accept.value, mark))
        return True


class AsksOnce(PaxosLeader):
    """A lost prepare, promise or page is not asked for again."""

    def _ask_for_promises(self, phase: PhaseOne, now: float, effects: Effects) -> None:
        if phase.attempts == 0:
            super()._ask_for_promises(phase, now, effects)
        else:
            self._ask_again_at = now + 3600.0


class IgnoresNacks(PaxosLeader):
    """A leader that is told of a higher promise goes on under its number."""

    def receive(self, envelope: Envelope, now: float) -> Effects:
        """Do not listen to nacks."""
        if isinstance(envelope.message, Nack):
            return self._effects()
        return super().receive(envelope, now)


class BeatsWhilePreparing(PaxosLeader):
    """A primary says that it leads under a number whose phase 1 is not complete."""

    def may_say_that_it_leads(self, now: float) -> bool:
        """Look at the acceptors alone."""
        return self._pulse.hears_quorum(now)


class NeverRedirects(PaxosLeader):
    """A leader that is not primary leaves the client without a word."""

    def _request(self, node: str, command: Command, effects: Effects) -> None:
        super()._request(node, command, effects)
        effects.messages = [o for o in effects.messages if not isinstance(o.message, Redirect)]


class NeverCatchesUp(PaxosLeader):
    """A leader that wakes up learns only what is said from then on."""

    def tick(self, now: float) -> Effects:
        """Ask no peer."""
        effects = super().tick(now)
        effects.messages = [
            o for o in effects.messages if not isinstance(o.message, CatchUpRequest)
        ]
        return effects


class RetriesInANewInstance(PaxosLeader):
    """A command whose instance must be prepared again is moved to a new one."""

    def _begin_phase_two(self, phase: PhaseOne, now: float, effects: Effects) -> None:
        for instance in sorted(self._proposals.own):
            self._proposals.displaced(instance, NOOP)
        super()._begin_phase_two(phase, now, effects)


class Unpickles(Codec):
    """What is no msgpack may still be a pickle."""

    def decode(self, data: bytes, to: str) -> list[Envelope]:
        """Believe it."""
        content = data[19 + data[18] :] if len(data) > 19 else b""
        if content[:1] == b"\x80":  # as every pickle of our time begins
            return [pickle.loads(content)]
        return super().decode(data, to)
