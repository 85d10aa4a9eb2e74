"""One run of benchmarks, from what was asked for to what is printed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from benchmarks import aims, machine, report, suite
from benchmarks.scale import LONG, QUICK, USUAL, Scale

SCALES = {scale.name: scale for scale in (QUICK, USUAL, LONG)}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Args:
        only: which benchmarks; all if empty, or those that the aims need.
        scale: quick, usual or long.
        as_json: one JSON object in place of tables.
        with_aims: the aims too.
    """

    only: Sequence[str] = ()
    scale: str = "usual"
    as_json: bool = False
    with_aims: bool = False

    @property
    def names(self) -> Sequence[str]:
        """The benchmarks to run."""
        return self.only or (aims.NEEDED if self.with_aims else tuple(suite.BENCHMARKS))


def unknown(names: Sequence[str]) -> str:
    """Say in one line which name is no benchmark; empty if all are."""
    for name in names:
        if name not in suite.BENCHMARKS:
            return f"no benchmark {name!r}: choose of {', '.join(suite.BENCHMARKS)}"
    return ""


def bench(wish: Wish, out: TextIO, progress: TextIO) -> bool:
    """Run and print; return whether everything could be measured.

    Args:
        wish: what is asked for.
        out: where results go.
        progress: where it says what it is at.
    """

    def tell(what: str) -> None:
        progress.write(f"{what}\n")
        progress.flush()

    scale: Scale = SCALES[wish.scale]
    here = machine.describe()  # before, since its load is that of others
    results = suite.run(wish.names, scale, tell)
    good = all(table.title != suite.FAILED for tables in results.values() for table in tables)
    if wish.as_json:
        judged = aims.as_data(results) if wish.with_aims else ()
        out.write(json.dumps(report.as_data(here, scale.name, results, judged)) + "\n")
        return good
    console = report.console_for(out)
    report.show(here, results, console)
    if wish.with_aims:
        aims.show(results, console)
    return good
