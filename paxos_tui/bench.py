"""`paxos-tui bench`: measure what the program costs, in a checkout of it.

The benchmarks measure the insides of the engine, and are no part of what is installed.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

import click

HOME = Path(__file__).resolve().parent.parent / "benchmarks"


@click.command()
@click.option("--only", default="", metavar="NAMES", help="Some of them: latency,throughput")
@click.option("--quick", "scale", flag_value="quick", help="One short round: does it run at all?")
@click.option("--long", "scale", flag_value="long", help="More rounds and every combination.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--aims", "with_aims", is_flag=True, help="Say which aims are met.")
@click.option("--list", "listing", is_flag=True, help="Name the benchmarks, and do nothing.")
def bench(only: str, scale: str | None, as_json: bool, with_aims: bool, listing: bool) -> None:
    """Measure, beside references of the same run: latency, throughput, takeover and others.

    Ratios hold, absolute figures move with the machine. It needs a checkout of the program:
    docs/bench.md there says how to read what is printed. The exit code is 1 if something could
    not be measured.
    """
    if not is_here():
        raise click.ClickException(
            "bench needs a checkout of paxos-tui, which has the benchmarks: run it there"
        )
    from benchmarks import entry, suite  # noqa: PLC0415 - only where they are

    if listing:
        for name, each in suite.BENCHMARKS.items():
            click.echo(f"{name:12}{each.about}")
        return
    names = chosen(only)
    if wrong := entry.unknown(names):
        raise click.ClickException(f"--only: {wrong}")
    wish = entry.Wish(names, scale or "usual", as_json, with_aims)
    if not entry.bench(wish, sys.stdout, sys.stderr):
        raise click.exceptions.Exit(1)


def is_here() -> bool:
    """Say whether the benchmarks lie beside this package, and nobody else's would be run."""
    found = importlib.util.find_spec("benchmarks")
    return found is not None and found.origin == str(HOME / "__init__.py")


def chosen(only: str) -> Sequence[str]:
    """Return the names that were given, each once and in order."""
    return tuple(dict.fromkeys(name.strip() for name in only.split(",") if name.strip()))
