"""Wrong rules: each overrides one named method of a right one. Never used unless asked for.

The toy of 2009 had several of them ("Museum 2009"). The scenarios and the explorer run them on
purpose, to show what the right rule prevents.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.acceptor_protocol import PaxosAcceptorProtocol
from paxos_engine.roles.assembly import Rules
from paxos_engine.roles.effects import (
    AcceptRecord,
    Effects,
    PromiseRecord,
    Record,
    RoundRecord,
)
from paxos_engine.roles.election import Election, Standing
from paxos_engine.roles.events import Learned
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.leader_protocol import PaxosLeaderProtocol
from paxos_engine.roles.log import ReplicatedLog
from paxos_engine.roles.messages import Accept, AcceptedReport, Envelope, Prepare
from paxos_engine.roles.sessions import Session
from paxos_engine.roles.values import NOOP, Command, ProposalNumber, Value
from paxos_engine.scenarios.wrong_clients import KeepsTheHighestSequence, ReadsLocally
from paxos_engine.scenarios.wrong_progress import (
    BeatsWithoutAQuorum,
    DiesOfADuplicate,
    NeverSendsAgain,
    WaitsForAQuorumOfNacks,
)
from paxos_engine.scenarios.wrong_quorums import HalfIsEnough


class LastReplyOnly(PaxosLeaderProtocol):
    """The value is taken from the promise that completes the quorum."""

    def value_to_propose(self, own: Value) -> Value:
        """Look at the last promise alone."""
        last = list(self.promises.values())[-1].report
        return own if last is None else last.value


class MostCommonReport(PaxosLeaderProtocol):
    """The value that most acceptors report, not that of the highest number."""

    def value_to_propose(self, own: Value) -> Value:
        """Count the reports."""
        values = [p.report.value for p in self.promises.values() if p.report is not None]
        return max(values, key=values.count) if values else own


class CountsMessages(PaxosLeaderProtocol):
    """Votes are counted per message, not per acceptor."""

    def is_quorum(self, voters: Collection[str], size: int) -> bool:
        """Count duplicates too."""
        return len(voters) >= size


class OnlyMajorityReports(PaxosLeaderProtocol):
    """A value that only one acceptor reports is taken for free."""

    def value_to_propose(self, own: Value) -> Value:
        """Adopt only what a quorum reports."""
        values = [p.report.value for p in self.promises.values() if p.report is not None]
        many = [v for v in values if values.count(v) >= self.quorums.phase1]
        return many[0] if many else own


class ReportsPromised(PaxosAcceptorProtocol):
    """The report names the highest number promised, not the highest accepted, with no value."""

    def report(self) -> AcceptedReport | None:
        """Forget what was accepted as soon as something higher is promised."""
        if self.accepted_number is not None and self.promised > self.accepted_number:
            return None
        return super().report()


class AcceptsBelowPromise(PaxosAcceptorProtocol):
    """A proposal once promised is accepted, whatever was promised since."""

    def may_accept(self, number: ProposalNumber) -> bool:
        """Accept everything."""
        return True


class AcceptKeepsThePromise(PaxosAcceptorProtocol):
    """Accepting under a number is not taken as a promise of it (S13)."""

    def transition(self, message: Prepare | Accept) -> bool:
        """Put the old promise back after an accept."""
        before = self.promised
        took = super().transition(message)
        if isinstance(message, Accept):
            self.promised = before
        return took


class ComparesPortWithCount(PaxosAcceptorProtocol):
    """A proposal's leader (the toy: its port) is compared with the round (the toy: its count)."""

    def may_accept(self, number: ProposalNumber) -> bool:
        """Compare what cannot be compared."""
        return number.rank >= self.promised.round


class AlwaysOwnValue(PaxosLeaderProtocol):
    """A leader proposes its own value, whatever the promises report."""

    def value_to_propose(self, own: Value) -> Value:
        """Look at no report."""
        return own


class FirstReport(PaxosLeaderProtocol):
    """The value of the first report that arrives, not that of the highest number."""

    def value_to_propose(self, own: Value) -> Value:
        """Take the first."""
        reports = [p.report for p in self.promises.values() if p.report is not None]
        return reports[0].value if reports else own


class SmallQuorum(PaxosLeaderProtocol):
    """One acceptor fewer than a quorum is enough, as if one that is down did not count."""

    def is_quorum(self, voters: Collection[str], size: int) -> bool:
        """Be content with less."""
        return super().is_quorum(voters, max(1, size - 1))


class ForgetsPromises(PaxosAcceptor):
    """A promise is not on disk: a crash forgets it (S10b)."""

    def restore(self, records: Iterable[Record], mark: int) -> None:
        """Come back with the votes alone."""
        super().restore([r for r in records if not isinstance(r, PromiseRecord)], mark)


class ForgetsVotes(PaxosAcceptor):
    """A vote is not on disk: a crash forgets it (S10a)."""

    def restore(self, records: Iterable[Record], mark: int) -> None:
        """Come back with the promises alone."""
        super().restore([r for r in records if not isinstance(r, AcceptRecord)], mark)


class AnswersBeforeTheDisk(PaxosAcceptor):
    """Nothing is written before it is answered: a crash finds an empty disk."""

    def receive(self, envelope: Envelope, now: float) -> Effects:
        """Answer at once, and write nothing down."""
        effects = super().receive(envelope, now)
        effects.records.clear()
        return effects


class SaysNothingAccepted(PaxosAcceptor):
    """What was compacted is answered as if nothing had been accepted there (S24)."""

    @property
    def dropped_up_to(self) -> int:
        """Speak of everything, known or not."""
        return 0


class ReusesNumbers(PaxosLeader):
    """The round is not on disk: after a restart the same number is used again (S12)."""

    def restore(self, records: Iterable[Record], mark: int) -> None:
        """Come back without knowing which rounds were used."""
        super().restore([r for r in records if not isinstance(r, RoundRecord)], mark)


class NoOpWithoutPhaseOne(PaxosLeader):
    """A primary writes the no-op into a gap by itself, without asking what was accepted (S07)."""

    def _watch_for_gaps(self, now: float, effects: Effects) -> None:
        if self.standing is Standing.PRIMARY and self.log.highest_chosen > self.log.chosen_up_to:
            hole = self.log.chosen_up_to + 1
            mark = self.learner.decree(hole, self.number, NOOP, effects)
            effects.say(Learned(hole, self.number, NOOP, "votes", mark=mark))
        super()._watch_for_gaps(now, effects)


class ClaimsAtOnce(Election):
    """A leader that was outbid outbids at once: two of them go on for ever (S03)."""

    def back_off(self, now: float) -> None:
        """Do not wait."""
        self.primary = None
        self.suspect_at = now


class AppliesTwice(ReplicatedLog):
    """A command that was chosen twice has its effect twice (S09)."""

    def is_done(self, command: Command, session: Session) -> bool:
        """Remember nothing."""
        return False


class AppliesPastGaps(ReplicatedLog):
    """What is chosen beyond a gap is applied before the gap is decided (S08)."""

    def _join(self) -> None:
        for instance in list(self.holes()):
            self.learn(instance, ProposalNumber(0, 0), NOOP)
        super()._join()


@dataclass(frozen=True, slots=True)
class WrongRule:
    """A wrong rule as a person meets it.

    Args:
        name: by which it is asked for.
        wrong: the rule, in a few words.
        right: the rule that it stands in for, with its source.
        breaks: safety or liveness.
        rules: the classes that play the roles under it.
        museum: whether the toy of 2009 had it.
    """

    name: str
    wrong: str
    right: str
    breaks: str
    rules: Rules
    museum: bool = False


_PMS: Final = "Paxos Made Simple"


_HIGHEST: Final = f"the value of the highest-numbered report (P2c, {_PMS} 2.2)"

_ALL: Final = (
    WrongRule(
        "last-reply",
        "the value comes from the promise that completes the quorum",
        _HIGHEST,
        "safety",
        Rules(leader_protocol=LastReplyOnly),
        museum=True,
    ),
    WrongRule(
        "first-reply",
        "the value comes from the first promise that reports one",
        _HIGHEST,
        "safety",
        Rules(leader_protocol=FirstReport),
    ),
    WrongRule(
        "most-common",
        "the value that most acceptors report is proposed",
        _HIGHEST,
        "safety",
        Rules(leader_protocol=MostCommonReport),
    ),
    WrongRule(
        "majority-reports",
        "a value that only a minority reports is taken for free",
        _HIGHEST,
        "safety",
        Rules(leader_protocol=OnlyMajorityReports),
    ),
    WrongRule(
        "own-value",
        "a leader proposes its own value, whatever was reported",
        _HIGHEST,
        "safety",
        Rules(leader_protocol=AlwaysOwnValue),
    ),
    WrongRule(
        "count-messages",
        "votes are counted per message",
        f"a quorum is a set of distinct acceptors ({_PMS} 2.2)",
        "safety",
        Rules(leader_protocol=CountsMessages),
        museum=True,
    ),
    WrongRule(
        "small-quorum",
        "one acceptor fewer than a majority is enough",
        f"any two quorums share an acceptor ({_PMS} 2.2)",
        "safety",
        Rules(leader_protocol=SmallQuorum),
    ),
    WrongRule(
        "half-is-enough",
        "half of the acceptors make a quorum of either phase",
        "each quorum of phase 1 shares an acceptor with each of phase 2 (Flexible Paxos 3)",
        "safety",
        Rules(leader=HalfIsEnough),
    ),
    WrongRule(
        "report-promised",
        "a promise hides a vote once something higher is promised",
        f"a promise reports the highest-numbered proposal accepted ({_PMS} 2.2)",
        "safety",
        Rules(acceptor_protocol=ReportsPromised),
        museum=True,
    ),
    WrongRule(
        "accept-below",
        "a proposal is accepted below a promise",
        f"an acceptor accepts only what is as high as its promise (P1a, {_PMS} 2.2)",
        "safety",
        Rules(acceptor_protocol=AcceptsBelowPromise),
        museum=True,
    ),
    WrongRule(
        "accept-no-promise",
        "accepting under a number does not promise it",
        "accepting raises the promise of its instance (S13)",
        "safety",
        Rules(acceptor_protocol=AcceptKeepsThePromise),
    ),
    WrongRule(
        "port-and-count",
        "a port is compared with a count",
        f"numbers are ordered as (round, leader) ({_PMS} 2.5)",
        "safety",
        Rules(acceptor_protocol=ComparesPortWithCount),
        museum=True,
    ),
    WrongRule(
        "forget-promises",
        "a crash forgets promises",
        f"an acceptor's answer is in stable storage before it leaves ({_PMS} 2.5)",
        "safety",
        Rules(acceptor=ForgetsPromises),
        museum=True,
    ),
    WrongRule(
        "forget-votes",
        "a crash forgets votes",
        f"an acceptor's answer is in stable storage before it leaves ({_PMS} 2.5)",
        "safety",
        Rules(acceptor=ForgetsVotes),
        museum=True,
    ),
    WrongRule(
        "answer-first",
        "an acceptor answers before anything is written",
        f"an acceptor's answer is in stable storage before it leaves ({_PMS} 2.5)",
        "safety",
        Rules(acceptor=AnswersBeforeTheDisk),
    ),
    WrongRule(
        "reuse-numbers",
        "a leader forgets which rounds it has used",
        f"no number is ever used twice ({_PMS} 2.5)",
        "safety",
        Rules(leader=ReusesNumbers),
    ),
    WrongRule(
        "compacted-is-empty",
        "of what it has dropped an acceptor says that nothing was accepted",
        "a dropped instance is refused as such (S24)",
        "safety",
        Rules(acceptor=SaysNothingAccepted),
    ),
    WrongRule(
        "no-op-at-once",
        "a gap is filled with the no-op without asking anybody",
        f"a gap is filled by both phases ({_PMS} 3)",
        "safety",
        Rules(leader=NoOpWithoutPhaseOne),
    ),
    WrongRule(
        "apply-past-gaps",
        "what lies beyond a gap is applied before the gap is decided",
        f"commands are executed in order, without holes ({_PMS} 3)",
        "safety",
        Rules(log=AppliesPastGaps),
    ),
    WrongRule(
        "apply-twice",
        "a command that was chosen twice has its effect twice",
        "each (client, sequence) is applied once (S09)",
        "safety",
        Rules(log=AppliesTwice),
    ),
    WrongRule(
        "highest-sequence",
        "a session remembers the highest sequence alone",
        "what is outstanding together may be applied in any order (S29)",
        "safety",
        Rules(log=KeepsTheHighestSequence),
    ),
    WrongRule(
        "local-read",
        "a primary answers a read from what it has applied",
        "a read goes through the log, like a write (S26, S28)",
        "safety",
        Rules(leader=ReadsLocally),
    ),
    WrongRule(
        "claim-at-once",
        "a leader that was outbid outbids at once",
        f"leaders that duel come apart by random waits ({_PMS} 2.4)",
        "liveness",
        Rules(election=ClaimsAtOnce),
    ),
    WrongRule(
        "never-again",
        "an accept is sent once, and never again",
        f"messages may be lost, so what is not answered is asked again ({_PMS} 2.1)",
        "liveness",
        Rules(leader=NeverSendsAgain),
        museum=True,
    ),
    WrongRule(
        "beat-unheard",
        "a primary that hears nobody goes on saying that it leads",
        "only whom a quorum answers may keep others from leading (S15)",
        "liveness",
        Rules(leader=BeatsWithoutAQuorum),
    ),
    WrongRule(
        "quorum-of-nacks",
        "a leader goes on until a majority has refused its number",
        "a single higher promise is reason enough to begin anew (S22)",
        "liveness",
        Rules(leader=WaitsForAQuorumOfNacks),
    ),
    WrongRule(
        "no-duplicates",
        "a message that comes twice ends the node",
        f"messages may be duplicated ({_PMS} 2.1)",
        "liveness",
        Rules(acceptor_protocol=DiesOfADuplicate),
        museum=True,
    ),
)

WRONG_RULES: Final[dict[str, WrongRule]] = {rule.name: rule for rule in _ALL}
"""Every wrong rule, by name."""
