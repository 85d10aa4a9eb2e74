"""What `paxos-tui run` submits: the value of each command, by its number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

Workload: TypeAlias = Callable[[int], str]
"""Returns the value of the command with this number, from 1 on."""

KEYS: Final = 1_000
"""Keys that a workload of commands works on: the state has a bound, as real states have."""


def opaque(number: int) -> str:
    """Return a value that has its place in the history and changes nothing, as in the seed."""
    return f"command-{number}"


def on_keys(number: int) -> str:
    """Return a command on the key-value store; every kind comes up, and on every key."""
    turn, kind = divmod(number, 10)
    key = f"k{turn % KEYS}"
    match kind:
        case 0:
            return f"del {key}"
        case 1 | 2:
            return f"set {key} {number}"
        case 3:
            return f"cas {key} {number - 1} {number}"
        case 4:
            return f"get {key}"
        case _:
            return f"incr n{turn % KEYS}"


WORKLOADS: Final[dict[str, Workload]] = {"opaque": opaque, "kv": on_keys}
