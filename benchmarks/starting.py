"""What the console imports before it can paint, by package, beside a bare application."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Final

from benchmarks.console import STARTS
from benchmarks.harness import Sample, Table, Tell, Way, rows_of, take_turns
from benchmarks.scale import Scale

IMPORTS: Final = {
    "console": "import paxos_tui.cli, paxos_tui.app",
    "bare app": "import benchmarks.bare_app",
}

GROUPS: Final[Mapping[str, str]] = {
    "textual": "textual and rich",
    "rich": "textual and rich",
    "paxos_engine": "paxos_engine",
    "paxos_tui": "paxos_tui",
    "click": "click",
}
"""Package -> the group that it is told in."""

STANDARD, OTHER, ALL = "standard library", "other packages", "all"

LINE: Final = re.compile(r"^import time:\s*(\d+) \|\s*\d+ \|\s*(\S+)\s*$", re.MULTILINE)
"""A line of `-X importtime`: us of the module itself, us with what it imports, its name."""


def table(scale: Scale, tell: Tell) -> Table:
    """Return the table."""
    ways: dict[str, Way] = {name: partial(importing, code) for name, code in IMPORTS.items()}
    for way in ways.values():
        way()  # compiles what is not compiled yet
    taken = take_turns(ways, STARTS * scale.rounds, tell)
    groups = dict.fromkeys([*GROUPS.values(), STANDARD, OTHER, ALL])
    rows = {
        group: [
            {f"{name}, ms": samples[turn][group] for name, samples in taken.items()}
            for turn in range(STARTS * scale.rounds)
        ]
        for group in groups
    }
    notes = [
        "of the modules of each package themselves, without what they import in turn",
        "by python -X importtime, which takes some time for each module too; nothing is run",
    ]
    return Table("imports at the start", rows_of(rows), notes)


def importing(code: str) -> Sample:
    """Return the milliseconds that a fresh interpreter spends on imports, by group, and in all."""
    command = (sys.executable, "-X", "importtime", "-c", code)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {group: us / 1e3 for group, us in by_group(done.stderr).items()}


def by_group(told: str) -> dict[str, int]:
    """Return the microseconds of each group, and of all, from what `-X importtime` told."""
    spent: Counter[str] = Counter(dict.fromkeys([*GROUPS.values(), STANDARD, OTHER], 0))
    for us, module in LINE.findall(told):
        spent[group_of(module)] += int(us)
    return {**spent, ALL: spent.total()}


def group_of(module: str) -> str:
    """Return the group of a module, by its full name."""
    package = module.partition(".")[0]
    return GROUPS.get(package, STANDARD if package in sys.stdlib_module_names else OTHER)
