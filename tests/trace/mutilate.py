"""Traces with one event removed, doubled or altered, as chance decides."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

UNTOUCHED = ("seq", "t", "event")
"""A line without these is no line any more: that is damage, and not what this is about."""


class Mutilated(NamedTuple):
    """A trace, and what was done to it."""

    what: str
    lines: list[bytes]


def mutilated(lines: Sequence[bytes], seed: int) -> Iterator[Mutilated]:
    """Yield trace after trace that differs from `lines` in one event behind the header."""
    rng = random.Random(seed)
    events = [json.loads(line) for line in lines]
    surgeon = _Surgeon(rng, events)
    while True:
        at = rng.randrange(1, len(lines))
        event = events[at]
        named = " ".join(str(event[key]) for key in ("node", "event", "kind") if key in event)
        match rng.choice(("remove", "double", "alter", "alter", "alter", "alter")):
            case "remove":
                # As if it had never been; a hole in `seq` would be all that is said of it.
                yield Mutilated(f"{named} removed", _numbered([*events[:at], *events[at + 1 :]]))
            case "double":
                # At once, or any time later.
                to = rng.choice((at + 1, rng.randrange(at, len(lines)) + 1))
                more = [*events[:to], event, *events[to:]]
                yield Mutilated(f"{named} again at {to}", _numbered(more))
            case _:
                changes = surgeon.changes(event)
                if changes:
                    key, new = rng.choice(changes)
                    altered = _line({**event, key: new})
                    what = f"{named}: {key} {event[key]} -> {new}"
                    yield Mutilated(what, [*lines[:at], altered, *lines[at + 1 :]])


def _numbered(events: list[dict[str, Any]]) -> list[bytes]:
    return [_line({**event, "seq": seq}) for seq, event in enumerate(events)]


def _line(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode() + b"\n"


class _Surgeon:
    """Knows which other contents a field may have: always ones of its form."""

    def __init__(self, rng: random.Random, events: list[dict[str, Any]]) -> None:
        self._rng = rng
        self._leaders = events[0]["leaders"]
        self._servers = [*events[0]["acceptors"], *self._leaders]
        said = [event["command"] for event in events if event["event"] == "submitted"]
        self._commands = said or [{"client": "C1", "sequence": 1, "value": "x"}]
        self._messages = [event["message"] for event in events if event["event"] == "sent"]

    def changes(self, event: dict[str, Any]) -> list[tuple[str, Any]]:
        """Return fields of an event, each with another content."""
        return [
            (key, new)
            for key, old in event.items()
            if key not in UNTOUCHED
            for new in self._instead(key, old)
            if new != old
        ]

    def _instead(self, key: str, old: Any) -> list[Any]:  # noqa: C901, PLR0912 - a table
        rng = self._rng
        match key, old:
            case "number" | "promised", [int(round_), leader]:
                return [
                    [round_ + 1, leader],
                    [round_ - 1, leader],
                    [round_, rng.choice(self._leaders)],
                ]
            case "value", None:
                return [rng.choice(self._commands)]
            case "value" | "command", {"client": _, "sequence": int(sequence)}:
                more = (
                    {"value": "other"},
                    {"session": 99},
                    {"sequence": sequence + 1},
                    {"oldest": 9},
                )
                changed = [{**old, **each} for each in more]
                return [*changed, rng.choice(self._commands), *([None] if key == "value" else [])]
            case "message", str():
                return [rng.choice(self._messages)]
            case "node" | "from" | "to", _:
                return [rng.choice(self._servers)]
            case "crashed" | "kind", "crash" | "power cut" | "wipe":
                return ["crash", "power cut", "wipe"]
            case "state" | "result" | "client", str():
                return ["other"]
            case "source", _:
                return ["votes", "decision", "catch-up"]
            case "outcome", _:
                return ["chosen", "unknown"]
            case "reported" | "promises" | "voters" | "intervals" | "leaders", [_, *_]:
                return self._one_changed(key, old)
            case "to_instance" | "last" | "covers_to", None:
                return [rng.randrange(1, 9)]
            case _, bool():
                return [not old]
            case _, int():
                return [old + 1, max(0, old - 1), 0, rng.randrange(1, 9)]
        return []

    def _one_changed(self, key: str, old: list[Any]) -> list[Any]:
        """Return a list without one of its members, and with one that is changed."""
        at = self._rng.randrange(len(old))
        before, one, behind = old[:at], old[at], old[at + 1 :]
        changed: list[Any] = []
        if key == "intervals":
            changed = [[one[0], one[1] + 1]]
        elif key == "reported":
            round_, leader = one["number"]
            changed = [
                {**one, "instance": one["instance"] + 1},
                {**one, "number": [round_ - 1, leader]},
                {**one, "value": self._rng.choice(self._commands)},
            ]
        return [[*before, *behind], *([*before, each, *behind] for each in changed)]
