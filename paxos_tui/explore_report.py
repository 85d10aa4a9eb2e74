"""What a campaign was asked for, and what it came to."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, field
from typing import Any

from paxos_engine import RIGHT, Rules
from paxos_engine.scenarios import WRONG_RULES
from paxos_engine.simulation import Tally


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for.

    Args:
        runs: how many.
        seed: of the first; the others follow it.
        rule: the name of a wrong rule that is played; empty for the right ones.
    """

    runs: int
    seed: int
    rule: str = ""

    @property
    def seeds(self) -> range:
        """The seeds that are played."""
        return range(self.seed, self.seed + self.runs)

    @property
    def rules(self) -> Rules:
        """The classes that play the roles."""
        return WRONG_RULES[self.rule].rules if self.rule else RIGHT

    def command(self, seed: int, *, shrunk: bool = False) -> str:
        """Return the command that plays one of the runs again, in its shortest form."""
        words = ["paxos-tui", "explore", "--runs", "1", "--seed", str(seed)]
        words += ["--rule", self.rule] if self.rule else []
        return shlex.join([*words, "--shrunk"] if shrunk else words)


@dataclass(frozen=True, slots=True)
class Saved:
    """A failing run in a file.

    Args:
        broken: what it breaks.
        seed: of the run.
        file: its trace.
        command: what writes the same file again, to the byte.
        size: in words, what was left when it was made small; empty if it was kept whole.
        deliveries: how many messages are delivered in it; None where these are not counted, since
            the plan was made small, or nothing.
        between_servers: how many of these no client sends or gets.
    """

    broken: str
    seed: int
    file: str
    command: str
    size: str = ""
    deliveries: int | None = None
    between_servers: int | None = None


@dataclass(slots=True)
class Report:
    """What a campaign came to.

    Args:
        asked: what was asked for.
        tally: what the runs came to.
        seconds: that they took here.
        players: what played them, in words.
        signal: the number of the signal that ended it before its time; 0 if none did.
        broken: why it could not go on; empty if it could.
        saved: the failing runs that were saved.
        recorded: the file that holds the only run, where that was asked for.
    """

    asked: Asked
    tally: Tally
    seconds: float = 0.0
    players: str = "this process"
    signal: int = 0
    broken: str = ""
    saved: list[Saved] = field(default_factory=list)
    recorded: str = ""

    @property
    def exit_code(self) -> int:
        """What the program leaves with."""
        if self.signal:
            return 128 + self.signal
        if self.tally.failed:
            return 1
        return 2 if self.broken else 0

    def as_data(self) -> dict[str, Any]:
        """Return everything as what JSON can hold."""
        tally = self.tally.as_data()
        coverage = tally.pop("coverage")
        return {
            "good": self.exit_code == 0,
            "asked": self.asked.runs,
            "first_seed": self.asked.seed,
            "rule": self.asked.rule or None,
            **tally,
            "seconds": round(self.seconds, 3),
            "runs_per_second": round(self.tally.runs / max(self.seconds, 1e-3), 1),
            "events_per_second": round(self.tally.events / max(self.seconds, 1e-3)),
            "players": self.players,
            "interrupted": bool(self.signal),
            "broken_off": self.broken or None,
            "saved": [asdict(saved) for saved in self.saved],
            "recorded": self.recorded or None,
            "coverage": coverage,
        }
