"""The parts of the program that time and memory are told by: which module belongs to which."""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

Place: TypeAlias = tuple[str, int]
"""A file as Python names it, and a line in it."""

ROOT: Final = Path(__file__).parent.parent

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "datagrams": (
        "paxos_engine/wire/__init__.py",
        "paxos_engine/wire/codec.py",
        "paxos_engine/wire/columns.py",
        "paxos_engine/wire/reading.py",
        "paxos_engine/wire/schema.py",
        "paxos_engine/roles/messages.py",
    ),
    "pump and faults": ("paxos_engine/wire/pump.py", "paxos_engine/faults/"),
    "loop and turns": (
        "paxos_engine/__init__.py",
        "paxos_engine/cycle.py",
        "paxos_engine/node.py",
        "paxos_engine/roles/effects.py",
        "paxos_engine/roles/joining.py",
        "paxos_engine/runtime/__init__.py",
        "paxos_engine/runtime/cluster.py",
        "paxos_engine/runtime/config.py",
        "paxos_engine/runtime/loop.py",
        "paxos_engine/runtime/node.py",
        "paxos_engine/runtime/process.py",
        "paxos_engine/runtime/writeoffs.py",
    ),
    "acceptor": (
        "paxos_engine/roles/acceptor.py",
        "paxos_engine/roles/acceptor_protocol.py",
        "paxos_engine/roles/votes.py",
    ),
    "leader": (
        "paxos_engine/roles/copies.py",
        "paxos_engine/roles/doorstep.py",
        "paxos_engine/roles/election.py",
        "paxos_engine/roles/gaps.py",
        "paxos_engine/roles/instance_record.py",
        "paxos_engine/roles/leader.py",
        "paxos_engine/roles/leader_protocol.py",
        "paxos_engine/roles/learner.py",
        "paxos_engine/roles/log.py",
        "paxos_engine/roles/machine.py",
        "paxos_engine/roles/nonsense.py",
        "paxos_engine/roles/pace.py",
        "paxos_engine/roles/phase_one.py",
        "paxos_engine/roles/proposer.py",
        "paxos_engine/roles/pulse.py",
        "paxos_engine/roles/service.py",
        "paxos_engine/roles/sessions.py",
        "paxos_engine/roles/transfer.py",
    ),
    "client": (
        "paxos_engine/roles/client.py",
        "paxos_engine/roles/flow.py",
        "paxos_engine/runtime/submissions.py",
        "paxos_engine/runtime/waiting.py",
    ),
    "what roles share": (
        "paxos_engine/roles/__init__.py",
        "paxos_engine/roles/assembly.py",
        "paxos_engine/roles/belief.py",
        "paxos_engine/roles/frozen.py",
        "paxos_engine/roles/patience.py",
        "paxos_engine/roles/quorum.py",
        "paxos_engine/roles/values.py",
    ),
    "storage": ("paxos_engine/storage/",),
    "trace and events": (
        "paxos_engine/roles/events.py",
        "paxos_engine/runtime/observers.py",
        "paxos_engine/runtime/subscription.py",
        "paxos_engine/trace/",
    ),
    "checks": ("paxos_engine/checks/",),
    "simulated world": ("paxos_engine/simulation/",),
    "scenarios": ("paxos_engine/scenarios/",),
    "console": ("paxos_tui/",),
    "the benchmark": ("benchmarks/",),
}
"""Part -> its modules, and the rooms, with a slash at the end, that belong to it as a whole."""

ELSEWHERE: Final = "elsewhere"
"""Where nothing of ours had called: the interpreter's own start and end."""

SELECTORS: Final = "/selectors.py"
SOCKETS: Final = ("paxos_engine/wire/pump.py", "paxos_engine/runtime/loop.py")
"""Who calls sockets, which no frame of Python stands for: the line says which call it is."""

CALL: Final = re.compile(r"\.(sendto|recvfrom|send|recv)\(")


def parts_of(module: str) -> list[str]:
    """Return the parts that claim a module, by its path within the checkout: one, and no other."""
    return [
        part
        for part, claimed in PARTS.items()
        if any(
            module.startswith(each) if each.endswith("/") else module == each for each in claimed
        )
    ]


@cache
def module_of(file: str) -> str:
    """Return the path of a file within the checkout; empty if it is not of ours."""
    path = Path(file)
    if not path.is_relative_to(ROOT):
        return ""
    module = path.relative_to(ROOT).as_posix()
    return module if parts_of(module) else ""


def part_at(stack: Iterable[Place]) -> str:
    """Return the part that a stack is in: that of its innermost place that is of ours.

    So what is called of the standard library, and what Python made of a dataclass, counts for the
    part that calls it. Where that is the system, it is the call.

    Args:
        stack: the innermost place first.
    """
    for file, line in stack:
        if file.endswith(SELECTORS):
            return "system call: select"
        if module := module_of(file):
            call = CALL.search(linecache.getline(file, line)) if module in SOCKETS else None
            return f"system call: {call[1]}" if call else parts_of(module)[0]
    return ELSEWHERE


def modules() -> Iterator[str]:
    """Return every module of the engine and of the console, by its path within the checkout."""
    for package in ("paxos_engine", "paxos_tui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix()
