"""What a step of a scenario may do: each verb with its words, read before anything is played."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from paxos_engine.roles.client import check_value
from paxos_engine.scenarios.patterns import (
    MessagePattern,
    PatternError,
    message_pattern,
    nearest,
    nodes_named,
    split,
)


@dataclass(frozen=True, slots=True)
class Submit:
    """A client is given a value, and asks a certain leader first."""

    value: str
    leader: str
    client: str


@dataclass(frozen=True, slots=True)
class Befall:
    """Something happens to nodes; `kind` as `simulation.cast.Cast.befall` knows it."""

    kind: str
    nodes: tuple[str, ...]
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class Partition:
    """The network falls apart into these groups; those that are not named make one more."""

    groups: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Heal:
    """Every partition and cut ends."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One direction of a link is cut."""

    sender: str
    to: str


@dataclass(frozen=True, slots=True)
class SlowDisks:
    """From now on every sync of these nodes, or of all, waits this many seconds."""

    seconds: float
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A client stops asking: what has no answer yet has an unknown outcome."""

    client: str


@dataclass(frozen=True, slots=True)
class Treat:
    """What becomes of messages: one of `TREATMENTS`; `delay` has seconds."""

    how: str
    which: MessagePattern
    seconds: float = 0.0


Action = Submit | Befall | Partition | Heal | Cut | SlowDisks | GiveUp | Treat

BEFALLS: Final = {
    "fail": "fail",
    "recover": "recover",
    "crash": "crash",
    "power-cut": "power cut",
    "tear": "torn write",
    "wipe": "wipe",
    "restart": "recover",
    "pause": "pause",
    "resume": "recover",
    "claim": "suspect",
    "fill-gaps": "fill gaps",
    "clock": "clock",
}
"""Verbs about nodes, and the acts of the simulator that they stand for."""

TREATMENTS: Final = ("hold", "release", "deliver", "drop", "duplicate", "redeliver")
"""Verbs about messages."""


def action(text: str) -> Action:
    """Read one action of a step.

    Raises:
        PatternError: it is none; the text says what was expected.
    """
    verb, _, rest = text.strip().partition(" ")
    usage = USAGES.get(verb)
    if usage is None:
        raise PatternError(f"nothing can {verb!r}{nearest(verb, USAGES)}")
    found = _read(verb, rest.strip())
    if found is None:
        raise PatternError(f'{text!r}: write "{usage}"')
    return found


def _read(verb: str, rest: str) -> Action | None:
    if verb in TREATMENTS:
        return Treat(verb, message_pattern(rest))
    if verb in _WITH_AMOUNT:
        words = rest.split()
        amount = _number(words[-1]) if len(words) == 2 else None
        if amount is None or not 0 < amount <= _WITH_AMOUNT[verb]:
            return None
        return Befall(BEFALLS[verb], tuple(nodes_named(words[0])), amount)
    if verb in BEFALLS:
        return Befall(BEFALLS[verb], tuple(nodes_named(rest))) if rest else None
    return _OTHERS[verb](rest)


def _submit(rest: str) -> Action | None:
    match split(rest):
        case [value, "at", leader]:
            client = "C1"
        case [value, "at", leader, "by", client]:
            pass
        case _:
            return None
    if nodes_named(leader)[0][0] != "L" or nodes_named(client)[0][0] != "C":
        return None
    try:
        check_value(value)
    except ValueError as error:
        raise PatternError(str(error)) from error
    return Submit(value, leader, client)


def _partition(rest: str) -> Action | None:
    groups = tuple(tuple(nodes_named(group.strip())) for group in rest.split("|"))
    named = [node for group in groups for node in group]
    return Partition(groups) if len(set(named)) == len(named) else None


def _heal(rest: str) -> Action | None:
    return None if rest else Heal()


def _cut(rest: str) -> Action | None:
    ends = re.fullmatch(r"(\w+)->(\w+)", rest)
    return Cut(*(nodes_named(end)[0] for end in ends.groups())) if ends else None


def _slow_disks(rest: str) -> Action | None:
    amount, _, nodes = rest.partition(" ")
    seconds = _number(amount)
    if seconds is None or seconds > 60:
        return None
    return SlowDisks(seconds, tuple(nodes_named(nodes)) if nodes else ())


def _give_up(rest: str) -> Action | None:
    return GiveUp(nodes_named(rest)[0]) if rest.startswith("C") else None


def _delay(rest: str) -> Action | None:
    amount, _, which = rest.partition(" ")
    seconds = _number(amount)
    if seconds is None or seconds > 60:
        return None
    return Treat("delay", message_pattern(which), seconds)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else None


_WITH_AMOUNT: Final = {"tear": 1.0, "clock": 1000.0}
"""Verbs that need a number above 0, and the most that it may be."""

_OTHERS: Final[dict[str, Callable[[str], Action | None]]] = {
    "submit": _submit,
    "partition": _partition,
    "heal": _heal,
    "cut": _cut,
    "slow-disks": _slow_disks,
    "give-up": _give_up,
    "delay": _delay,
}

USAGES: Final = {
    "submit": "submit VALUE at LEADER [by CLIENT]",
    **{verb: f"{verb} NODE,..." for verb in BEFALLS if verb not in _WITH_AMOUNT},
    "tear": "tear NODE PART",
    "clock": "clock NODE RATE",
    "partition": "partition NODE,... | NODE,...",
    "heal": "heal",
    "cut": "cut NODE->NODE",
    "slow-disks": "slow-disks SECONDS [NODE,...]",
    "give-up": "give-up CLIENT",
    "delay": "delay SECONDS KIND NODE->NODE [FIELD VALUE]...",
    **{verb: f"{verb} KIND NODE->NODE [FIELD VALUE]..." for verb in TREATMENTS},
}
"""How each verb is written."""
