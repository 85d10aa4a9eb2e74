"""The options of the command line that belong together: of a cluster, its disks, and exploring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from paxos_engine import PROFILES, TraceLevel

F = TypeVar("F", bound=Callable[..., Any])


def disk_options() -> list[Callable[[Any], Any]]:
    """Return the options about what is kept on disk."""
    return [
        click.option(
            "--data-dir",
            type=click.Path(file_okay=False, path_type=Path),
            default=None,
            help="Keep every node's records on disk, in this directory.",
        ),
        click.option(
            "--allow-empty-disk",
            is_flag=True,
            help="UNSAFE: let a known node vote although its disk is empty.",
        ),
        click.option(
            "--accept-damaged-tail",
            is_flag=True,
            help="Go on without a last batch that does not match its checksums.",
        ),
        click.option(
            "--snapshot-every",
            default=10_000,
            show_default=True,
            metavar="INSTANCES",
            help="How often a leader takes a snapshot.",
        ),
        click.option(
            "--retain",
            default=1_000_000,
            show_default=True,
            metavar="INSTANCES",
            help="What a leader keeps at the most while snapshots of others are lacking.",
        ),
        click.option(
            "--write-off",
            "written_off",
            default="",
            metavar="LEADERS",
            callback=lambda context, parameter, names: node_names(names),
            help="Wait for no snapshots of these, whose disks are gone for good: L1",
        ),
    ]


def speed_options() -> list[Callable[[F], F]]:
    """Return the options that make a cluster faster or slower, and nothing else."""
    return [
        click.option(
            "--batch",
            default=1,
            show_default=True,
            metavar="COMMANDS",
            help="How many commands one instance may decide.",
        ),
        click.option(
            "--threads",
            type=click.Choice(["auto", "each", "one"]),
            default="auto",
            show_default=True,
            help="A thread for each node, or one for all; auto: each with --data-dir, else one.",
        ),
        click.option(
            "--thrifty",
            is_flag=True,
            help="Send accepts to a quorum first, to the other acceptors if that is silent.",
        ),
        click.option(
            "--distinguished",
            is_flag=True,
            help="Votes go to the leader that proposed alone; it tells the others what is chosen.",
        ),
    ]


def node_names(text: str) -> tuple[str, ...]:
    """Return the names in a list like `L1,A2`."""
    return tuple(name.strip().upper() for name in text.split(",") if name.strip())


def known_rule(name: str) -> str:
    """Return the name of a wrong rule, or the empty one.

    Raises:
        click.UsageError: there is no such rule.
    """
    from paxos_engine.scenarios import WRONG_RULES  # noqa: PLC0415 - not for `run` and `--help`

    if name and name not in WRONG_RULES:
        raise click.UsageError(f"no wrong rule {name!r}: choose one of {', '.join(WRONG_RULES)}")
    return name


def cluster_options(command: F) -> F:
    """Add the options that both commands share."""
    options = [
        click.option("--leaders", default=2, show_default=True, help="How many leaders."),
        click.option("--acceptors", default=5, show_default=True, help="How many acceptors."),
        click.option(
            "--mode",
            type=click.Choice(["multi", "classic"]),
            default="multi",
            show_default=True,
            help="Phase 1 once per primacy, or for each command.",
        ),
        click.option(
            "--election",
            type=click.Choice(["number", "port"]),
            default="number",
            show_default=True,
            help="Who leads: the higher proposal number, or the higher port.",
        ),
        click.option(
            "--faults",
            "profile",
            type=click.Choice(list(PROFILES)),
            default="calm",
            show_default=True,
            help="What the network does to messages.",
        ),
        click.option("--seed", default=0, show_default=True, help="Of faults and jitter."),
        click.option(
            "--base-port", type=int, default=None, help="First UDP port; free ones if left out."
        ),
        click.option(
            "--gap-fill-after",
            default=2.0,
            show_default=True,
            metavar="SECONDS",
            help="Age at which a gap is filled.",
        ),
        click.option(
            "--record",
            type=click.Path(dir_okay=False, path_type=Path),
            default=None,
            help="Write the whole trace to this file; .gz and .zst compress it. An existing file is"
            " replaced.",
        ),
        click.option(
            "--trace",
            "trace_level",
            type=click.Choice([level.value for level in TraceLevel]),
            default=TraceLevel.EVERYTHING.value,
            show_default=True,
            callback=lambda context, parameter, level: TraceLevel(level),
            help="What is told and checked: everything, no messages, or nothing but counters.",
        ),
        *speed_options(),
        *disk_options(),
    ]
    return _with(options, command)


def campaign_options(command: F) -> F:
    """Add the options of a campaign of simulated runs."""
    options = [
        click.option(
            "--runs",
            default=1_000,
            show_default=True,
            type=click.IntRange(1, 1_000_000_000),
            help="How many runs, each with a seed of its own.",
        ),
        click.option(
            "--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the first run."
        ),
        click.option(
            "--rule",
            default="",
            metavar="NAME",
            callback=lambda context, parameter, name: known_rule(name),
            help="Play a wrong rule on purpose.",
        ),
        click.option(
            "--jobs",
            default=None,
            type=click.IntRange(1, 4_096),
            help="Processes that play; one for each processor if left out.",
        ),
        click.option(
            "--scheduler",
            default="",
            metavar="tcp://HOST:PORT",
            help="Play on the workers of this Dask scheduler.",
        ),
        click.option(
            "--record",
            type=click.Path(dir_okay=False, path_type=Path),
            default=None,
            help="With --runs 1: write the trace of this very run, and with --exhaustive of the"
            " path to a violation; .gz and .zst compress it. An existing file is replaced.",
        ),
        click.option(
            "--shrunk", is_flag=True, help="With --runs 1: make the run small, and write that."
        ),
        click.option(
            "--save",
            type=click.Path(file_okay=False, path_type=Path),
            default=Path(),
            metavar="DIRECTORY",
            help="Where traces of failing runs are written; here if left out. They are named after"
            " seed and rule, and replace those of before.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
    ]
    return _with(options, command)


OF_EXHAUSTIVE: Final = ("acceptors", "leaders", "rounds", "mode", "crashes", "max_states")
OF_BOTH: Final = ("rule", "record", "as_json")
"""Options of `explore` for an exhaustive search, and for both kinds of exploring."""


def exhaustive_options(command: F) -> F:
    """Add the options of an exhaustive search."""
    options = [
        click.option("--exhaustive", is_flag=True, help="Visit every state of a small cluster."),
        click.option(
            "--acceptors", default=3, show_default=True, type=click.IntRange(1, 5), help="How many."
        ),
        click.option(
            "--leaders", default=2, show_default=True, type=click.IntRange(1, 3), help="How many."
        ),
        click.option(
            "--rounds",
            default=2,
            show_default=True,
            type=click.IntRange(1, 4),
            help="Proposal numbers that each leader may use.",
        ),
        click.option(
            "--mode",
            type=click.Choice(["multi", "classic"]),
            default="multi",
            show_default=True,
            help="Phase 1 once per primacy, or for each command.",
        ),
        click.option(
            "--crashes/--no-crashes",
            default=None,
            help="Whether nodes crash and come back; without either, where a rule needs it.",
        ),
        click.option(
            "--max-states",
            default=3_000_000,
            show_default=True,
            type=click.IntRange(1),
            help="Give up then; a million takes some 300 MB.",
        ),
    ]
    return _with(options, command)


def console_options(command: F) -> F:
    """Add the options of everything that opens a console."""
    theme = click.option(
        "--theme",
        default="paxos-dark",
        show_default=True,
        metavar="NAME|FILE",
        help="A theme that ships with the program, or a file of your own.",
    )
    no_mouse = click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
    return theme(no_mouse(command))


def _with(options: Sequence[Callable[[F], F]], command: F) -> F:
    """Return a command with options, which its help lists in this order."""
    for option in reversed(options):
        command = option(command)
    return command
