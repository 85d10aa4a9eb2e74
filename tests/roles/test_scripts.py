"""Plays the text scripts: a command, `----`, and everything that the cluster said.

`pytest tests/roles/test_scripts.py --rewrite-scripts` writes the answers down anew. Commit a
rewritten script only if you can say what caused each changed line.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from paxos_engine.roles.messages import Accept, Message, Prepare
from paxos_engine.roles.values import NOOP, Command, ProposalNumber
from tests.roles.stage import Stage

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.txt"))


class Player:
    """Carries out the commands of a script on a stage."""

    def __init__(self) -> None:
        self.stage = Stage()

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
        )

    def do_lead(self, leader: str) -> None:
        """`lead L1`: the leader suspects the primary and begins phase 1."""
        self.stage.lead(leader)

    def do_seen(self, leader: str, highest: str) -> None:
        """`seen L1 5`: the leader has heard of round 5, and will use the next."""
        self.stage.leader(leader).election.highest_round = int(highest)

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
        self.stage.inject(sender, to, _message(kind, words, int(more.get("chosen", 0))))

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
        assert count, f"no {kind or 'message'} in flight {ends}"


def _message(kind: str, words: tuple[str, ...], chosen: int) -> Message:
    round_, leader = words[0].split(".L")
    number = ProposalNumber(int(round_), int(leader))
    if kind == "prepare":
        first = int(words[1].rstrip("."))
        return Prepare(number, first, None if words[1].endswith("..") else first, first)
    value = NOOP if words[2] == "no-op" else Command("c", 1, words[2])
    return Accept(number, int(words[1]), value, chosen)


def replay(text: str) -> str:
    """Return the script with what the cluster says now in place of what is written."""
    player = Player()
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
    now = replay(text)
    if request.config.getoption("--rewrite-scripts"):
        path.write_text(now, encoding="utf-8")
        return
    assert now == text


def test_there_is_a_script_for_each_rule() -> None:
    assert len(SCRIPTS) >= 20
