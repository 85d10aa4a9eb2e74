"""Plays the text scripts: a command, `----`, and everything that the cluster said.

`pytest tests/roles/test_scripts.py --rewrite-scripts` writes the answers down anew. Commit a
rewritten script only if you can say what caused each changed line.
"""

from __future__ import annotations

import contextlib
import inspect
import pickle
import shlex
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.acceptor_protocol import PaxosAcceptorProtocol
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.leader_protocol import PaxosLeaderProtocol
from paxos_engine.roles.messages import Accept, Envelope, Heartbeat, Message, Nack, Prepare
from paxos_engine.roles.values import NOOP, Command, ProposalNumber
from paxos_engine.scenarios import wrong_progress
from paxos_engine.scenarios import wrong_rules as asked_for
from paxos_engine.wire.codec import Codec, mac_of
from paxos_engine.wire.reading import WireError
from tests.roles import wrong_rules
from tests.roles.stage import QUIET, Disagreement, Stage

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.txt"))


KEY, FOREIGN_KEY = b"the key of the cluster", b"another key"


class NothingInFlight(AssertionError):
    """A script delivers, drops or doubles a message that nobody sent."""


PARTS: dict[type, str] = {
    PaxosAcceptor: "acceptor",
    PaxosAcceptorProtocol: "acceptor_protocol",
    PaxosLeader: "leader",
    PaxosLeaderProtocol: "leader_protocol",
    Codec: "codec",
}
"""What a wrong rule may take the place of, and its name on the stage."""


class Player:
    """Carries out the commands of a script on a stage.

    Args:
        rules: classes that play parts in place of the right ones, by the names of `PARTS`.
    """

    def __init__(self, rules: dict[str, Any]) -> None:
        self.codec = rules.get("codec", Codec)("here", KEY)
        self.rules = {part: rule for part, rule in rules.items() if part != "codec"}
        self.stage = Stage(**self.rules)

    def play(self, line: str) -> str:
        """Carry out one line; return what the cluster said."""
        word, *arguments = shlex.split(line)
        flags = dict(a.split("=", 1) for a in arguments if "=" in a and not a.startswith("'"))
        plain = [a for a in arguments if a not in {f"{k}={v}" for k, v in flags.items()}]
        self.stage.told.clear()
        said = getattr(self, f"do_{word.replace('-', '_')}")(*plain, **flags)
        lines = [*self.stage.told, *([said] if said else [])]
        return "\n".join(lines) or "ok"

    def do_cluster(self, **shape: str) -> None:
        """`cluster acceptors=3 leaders=2 mode=classic page_bytes=200`."""
        self.stage = Stage(
            int(shape.get("acceptors", 3)),
            int(shape.get("leaders", 2)),
            classic=shape.get("mode") == "classic",
            election=shape.get("election", "number"),
            page_bytes=int(shape.get("page_bytes", 32_000)),
            pipeline=int(shape.get("pipeline", 64)),
            batch=int(shape.get("batch", 1)),
            thrifty=shape.get("accepts") == "thrifty",
            distinguished=shape.get("learner") == "distinguished",
            **self.rules,
        )

    def do_show_heartbeats(self) -> None:
        """`show-heartbeats`: from here on they are part of the story."""
        self.stage.quiet.clear()

    def do_hide_heartbeats(self) -> None:
        """`hide-heartbeats`: from here on they are left out again, as at the beginning."""
        self.stage.quiet.update(QUIET)

    def do_datagram(self, sender: str, to: str, what: str) -> None:
        """`datagram L1 A1 pickle`: bytes that carry, or pretend to carry, a prepare 9.L1."""
        envelope = Envelope(f"{sender}.1", sender, to, Prepare(ProposalNumber(9, 1), 1, None, 1))
        key = FOREIGN_KEY if what == "foreign" else KEY
        honest = Codec("elsewhere" if what == "elsewhere" else "here", key)
        data = honest.encode(sender, 1, [to], [envelope.message])[0][0]
        match what:
            case "pickle":
                head, body = data[17 : 19 + data[18]], pickle.dumps(envelope)
                data = data[:1] + mac_of(key, head, body) + head + body
            case "cut":
                data = data[:-3]
            case "old":
                data = b"\0" + data[1:]
        self.stage.told.append(f"{sender} -> {to} a datagram: {what}")
        try:
            for arrived in self.codec.decode(data, to):
                self.stage.hand_over(arrived)
        except WireError as error:
            self.stage.told.append(f"  {to}: refused from={sender} reason={error}")

    def do_lead(self, leader: str) -> None:
        """`lead L1`: the leader suspects the primary and begins phase 1."""
        self.stage.lead(leader)

    def do_seen(self, leader: str, highest: str) -> None:
        """`seen L1 5`: the leader has heard of round 5, and will use the next."""
        self.stage.leader(leader).election.rounds.highest = int(highest)

    def do_submit(self, *values: str) -> None:
        """`submit x y`."""
        for value in values:
            self.stage.submit(value)

    def do_deliver(self, kind: str = "", **ends: str) -> None:
        """`deliver accept from=L1 to=A1,A2`; without words: everything, until all is quiet."""
        if not kind and not ends:
            self.stage.settle()
            return
        self._each(self.stage.deliver, kind, ends)

    def do_drop(self, kind: str = "", **ends: str) -> None:
        """`drop accept to=A3`."""
        self._each(self.stage.drop, kind, ends)

    def do_duplicate(self, kind: str, **ends: str) -> None:
        """`duplicate accepted from=A1 to=L1`."""
        self._each(self.stage.duplicate, kind, ends)

    def do_keep_dropping(self, kind: str, instance: str, seconds: str) -> None:
        """`keep-dropping accept 1 2.2`: lose every such message while that much time passes."""
        end = self.stage.now + float(seconds)
        while self.stage.now < end:
            self.stage.wait(0.05)
            for envelope in self.stage.waiting(kind, instance=int(instance)):
                self.stage.in_flight.remove(envelope)
            for kept in ("heartbeat", "heartbeat-reply"):
                self.stage.deliver(kept)

    def do_keep_delivering(self, kind: str, seconds: str) -> None:
        """`keep-delivering heartbeat 1`: only such messages arrive while that much time passes."""
        end = self.stage.now + float(seconds)
        while self.stage.now < end:
            self.stage.wait(0.05)
            self.stage.deliver(kind)

    def do_wait(self, seconds: str) -> None:
        """`wait 0.2`: time passes, messages stay where they are."""
        self.stage.wait(float(seconds))

    def do_run(self, seconds: str) -> None:
        """`run 2`: time passes on a perfect network."""
        self.stage.run(float(seconds))

    def do_fail(self, *nodes: str) -> None:
        """`fail A1 A2`."""
        for node in nodes:
            self.stage.fail(node)

    def do_recover(self, *nodes: str) -> None:
        """`recover A1`."""
        for node in nodes:
            self.stage.recover(node)

    def do_restart(self, node: str) -> None:
        """`restart A1`: crash, and start from what is durable."""
        self.stage.restart(node)

    def do_fill_gaps(self, leader: str) -> None:
        """`fill-gaps L1`."""
        role = self.stage.leader(leader)
        self.stage._carry_out(leader, role.fill_gaps(self.stage.now))

    def do_say(self, sender: str, to: str, kind: str, *words: str, **more: str) -> None:
        """`say L1 A1 prepare 1.L1 1..`, `say L1 A1 accept 1.L1 1 x`: a message from nowhere."""
        self.stage.inject(sender, to, _message(kind, words, more))

    def do_history(self) -> str:
        """`history`: what each leader has."""
        leaders = self.stage.leaders
        return "\n".join(f"{n}: {', '.join(self.stage.history(n)) or 'empty'}" for n in leaders)

    def do_standing(self) -> str:
        """`standing`: who leads, under which number."""
        leaders = [self.stage.leader(name) for name in self.stage.leaders]
        return "\n".join(f"{x.name}: {x.standing.value} {x.number}" for x in leaders)

    def _each(self, act: Callable[..., int], kind: str, ends: dict[str, str]) -> None:
        count = 0
        for sender in ends.get("from", "").split(","):
            for to in ends.get("to", "").split(","):
                if "instance" in ends:
                    count += act(kind, sender, to, instance=int(ends["instance"]))
                else:
                    count += act(kind, sender, to)
        if not count:
            raise NothingInFlight(f"no {kind or 'message'} in flight {ends}")


def _message(kind: str, words: tuple[str, ...], more: dict[str, str]) -> Message:
    number = _number(words[0])
    chosen = int(more.get("chosen", 0))
    match kind:
        case "prepare":
            first = int(words[1].rstrip("."))
            return Prepare(number, first, None if words[1].endswith("..") else first, first)
        case "heartbeat":
            return Heartbeat(number, chosen, int(more.get("compacted", 0)))
        case "nack":
            return Nack(number, int(words[1]), _number(words[2]))
        case _:
            value = NOOP if words[2] == "no-op" else Command("c", 1, words[2])
            return Accept(number, int(words[1]), value, chosen)


def _number(word: str) -> ProposalNumber:
    round_, leader = word.split(".L")
    return ProposalNumber(int(round_), int(leader))


def replay(text: str, rules: dict[str, Any]) -> str:
    """Return the script with what the cluster says now in place of what is written."""
    player = Player(rules)
    blocks = []
    for block in text.strip().split("\n\n"):
        lines = [line for line in block.splitlines() if line.strip()]
        commands = lines[: lines.index("----")] if "----" in lines else lines
        if all(line.startswith("#") for line in commands):
            blocks.append("\n".join(commands))
            continue
        said = [player.play(line) for line in commands if not line.startswith("#")]
        answers = [answer for answer in said if answer != "ok"] or ["ok"]
        blocks.append("\n".join([*commands, "----", *answers]))
    return "\n\n".join(blocks) + "\n"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_the_cluster_says_what_the_script_says(path: Path, request: pytest.FixtureRequest) -> None:
    text = path.read_text(encoding="utf-8")
    now = replay(text, {})
    if request.config.getoption("--rewrite-scripts"):
        path.write_text(now, encoding="utf-8")
        return
    assert now == text


RULES = {
    # The toy's rules: DESIGN.md's table, row by row.
    "the value of the highest-numbered report is proposed": "highest_reported_value",
    "an acceptor reports what it accepted, not what it promised": "reports_what_it_accepted",
    "it accepts only if it has promised nothing higher": "nack_on_old_number",
    "a duplicated datagram is no second vote": "duplicated_vote",
    "numbers are ordered by round, then leader": "numbers_are_pairs",
    "a nack tells the promised number": "nack_on_old_number",
    "the retry is a higher round of the same instance": "retried_in_a_higher_round",
    "a promise is on disk before the answer leaves": "restart_keeps_votes",
    "a lost accept is sent again": "lost_accept_is_sent_again",
    "a lost prepare is sent again": "lost_prepare_is_sent_again",
    "nothing is unpickled": "nothing_is_unpickled",
    "a client is redirected and answered once": "redirect_and_one_reply",
    "a command that is retried is applied once": "duplicate_suppressed",
    "a leader that wakes up catches up": "catch_up",
    # The rules of the paper and of the rulings.
    "phase 1 once, then one round trip a command": "happy_path",
    "classic mode runs both phases for each command": "classic_mode",
    "an equal prepare is answered again in the same way": "equal_prepare_again",
    "an accept raises the promise": "accept_raises_promise",
    "one value a number": "one_value_a_number",
    "what one acceptor reports is adopted": "gap_that_holds_a_value",
    "a promise counts when its last page is there": "paged_promise",
    "no further page after a higher promise": "no_page_after_a_higher_promise",
    "a takeover finds what was chosen": "takeover_finds_a_value",
    "a takeover fills gaps with no-ops": "gap_filled_by_takeover",
    "a gap is filled when its time is over": "gap_outlives_its_time",
    "a gap is filled on demand": "fill_gaps_on_demand",
    "a displaced command takes the next free instance": "displaced_command",
    "commands that come meanwhile share an instance": "batch_shares_an_instance",
    "thrifty accepts go to a quorum first": "thrifty_accepts",
    "a distinguished learner tells the others": "distinguished_learner",
    "a primary that hears no quorum falls silent": "deaf_leader_falls_silent",
    "no heartbeat while phase 1 is incomplete": "silent_while_preparing",
    "a primary yields to a higher number": "yields_to_a_higher_number",
    "random back-off ends a duel": "duelling_leaders",
    "the seed's election stays selectable": "port_election",
    "absurd instances are refused": "instance_out_of_bounds",
    "absurd rounds are refused": "round_out_of_bounds",
    "acceptors drop only what can be chosen": "absurd_compaction",
}
"""Rule -> the script that shows it."""

SHOWN_BY = {
    "LastReplyOnly": "highest_reported_value",
    "MostCommonReport": "highest_reported_value",
    "CountsMessages": "duplicated_vote",
    "OnlyMajorityReports": "gap_that_holds_a_value",
    "ReportsPromised": "reports_what_it_accepted",
    "AcceptsBelowPromise": "nack_on_old_number",
    "AcceptKeepsThePromise": "accept_raises_promise",
    "ComparesPortWithCount": "numbers_are_pairs",
    "NeverNacks": "nack_on_old_number",
    "ForgetsInACrash": "restart_keeps_votes",
    "PagesForEver": "no_page_after_a_higher_promise",
    "TakesASecondValue": "one_value_a_number",
    "NeverSendsAgain": "lost_accept_is_sent_again",
    "AsksOnce": "lost_prepare_is_sent_again",
    "IgnoresNacks": "retried_in_a_higher_round",
    "RetriesInANewInstance": "gap_outlives_its_time",
    "BeatsWithoutAQuorum": "deaf_leader_falls_silent",
    "BeatsWhilePreparing": "silent_while_preparing",
    "NeverRedirects": "redirect_and_one_reply",
    "NeverCatchesUp": "catch_up",
    "Unpickles": "nothing_is_unpickled",
}
"""Wrong rule -> the script that goes another way under it."""


def rules_of(module: ModuleType) -> dict[str, type]:
    """Return the classes that a module defines, by name."""
    here = inspect.getmembers(module, inspect.isclass)
    return {name: rule for name, rule in here if rule.__module__ == module.__name__}


ALL_WRONG_RULES = rules_of(wrong_rules) | rules_of(asked_for) | rules_of(wrong_progress)


def test_every_script_shows_a_rule_and_every_rule_has_its_script() -> None:
    assert set(RULES.values()) == {path.stem for path in SCRIPTS}


def test_every_wrong_rule_made_for_the_scripts_is_shown_by_one() -> None:
    assert set(rules_of(wrong_rules)) <= set(SHOWN_BY) <= set(ALL_WRONG_RULES)


@pytest.mark.parametrize(("name", "script"), SHOWN_BY.items())
def test_a_script_goes_another_way_under_a_wrong_rule(name: str, script: str) -> None:
    rule = ALL_WRONG_RULES[name]
    part = next(part for right, part in PARTS.items() if issubclass(rule, right))
    text = (Path(__file__).parent / "scripts" / f"{script}.txt").read_text(encoding="utf-8")
    # Of some the story cannot even be told to its end.
    with contextlib.suppress(Disagreement, NothingInFlight):
        assert replay(text, {part: rule}) != text
