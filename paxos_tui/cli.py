"""The command line: `paxos-tui` opens the console, `paxos-tui run` does without one.

Textual is imported only when the console opens, so that `run` and `--help` answer at once.
"""

from __future__ import annotations

import contextlib
import math
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

import click

from paxos_engine import (
    Cluster,
    ClusterConfig,
    ConfigError,
    PortInUse,
    RecorderError,
    StorageError,
    TraceFile,
    TraceFormatError,
    TraceLevel,
    relax_collector,
)
from paxos_tui.bench import bench
from paxos_tui.complaints import in_flags, plain
from paxos_tui.options import (
    OF_BOTH,
    OF_EXHAUSTIVE,
    campaign_options,
    cluster_options,
    console_options,
    exhaustive_options,
    node_names,
)
from paxos_tui.workloads import WORKLOADS

SWITCH_INTERVAL: Final = 0.001
"""Seconds. With Python's own 5 ms the slowest paints after a key (p95) take longer under load, by a
fifth in the median of three (docs/bench.md, `console`)."""


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="paxos-tui", prog_name="paxos-tui")
@cluster_options
@console_options
@click.pass_context
def cli(context: click.Context, /, theme: str, no_mouse: bool, **options: Any) -> None:
    """Open a console in which a real Paxos cluster lives.

    Leaders and acceptors run in the background and talk over UDP on localhost. Submit
    values, fail nodes, make the network hostile, and watch the history stay one.

    First keys: s submits a value, 1 to 9 fail an acceptor or let it recover, p fails the
    primary, a makes the network hostile, ? explains everything.

    Without a terminal, use: paxos-tui run
    """
    if context.invoked_subcommand is not None:
        _refuse_misplaced(context)
        return
    if options["trace_level"] is TraceLevel.COUNTERS:
        fail(
            "--trace counters tells the console nothing that it could show: choose protocol or"
            " everything, or use paxos-tui run"
        )
    need_terminal("paxos-tui run")
    from paxos_tui.app import PaxosApp  # noqa: PLC0415 - Textual, only when it is needed

    look = themed(theme)
    sys.setswitchinterval(SWITCH_INTERVAL)
    cluster = make_cluster(make_config(**options))
    app = PaxosApp(cluster, notice=price(cluster.config), **look)
    sys.exit(app.run_on_terminal(mouse=not no_mouse))


def need_terminal(instead: str) -> None:
    """Leave with one line unless there is a terminal; `instead` is what works without."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        fail(f"the console needs a terminal; without one, use: {instead}")


def themed(theme: str) -> dict[str, Any]:
    """Return the options of a console that make it wear a theme, one that ships or a file."""
    from paxos_tui.themes import ThemeError, load_shipped, load_theme  # noqa: PLC0415 - as above

    shipped = [each.name for each in load_shipped()]
    if theme in shipped:
        return {"theme": theme}
    try:
        own = load_theme(Path(theme))
    except ThemeError as error:
        fail(f"{error}; themes that ship: {', '.join(shipped)}")
    return {"theme": own.name, "extra_themes": [own]}


def _refuse_misplaced(context: click.Context) -> None:
    """Leave with one line if options of the console stand before a subcommand."""
    command = context.invoked_subcommand
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "")
        if given is click.core.ParameterSource.COMMANDLINE:
            option = parameter.opts[0]
            fail(f"{option} before {command} would be ignored: write paxos-tui {command} {option}")


def _finite(context: click.Context, parameter: click.Parameter, seconds: float) -> float:
    """Refuse what lies in every range, since it compares with nothing."""
    if not math.isfinite(seconds):
        raise click.BadParameter(f"{seconds} is no number of seconds")
    return seconds


def price(config: ClusterConfig) -> str:
    """Say what an even number of acceptors costs; empty for an odd one."""
    return config.explain() if config.acceptors % 2 == 0 else ""


@cli.command()
@cluster_options
@click.option(
    "--commands",
    default=1000,
    show_default=True,
    type=click.IntRange(1, 10_000_000),
    help="How many commands to submit.",
)
@click.option(
    "--workload",
    type=click.Choice(list(WORKLOADS)),
    default="opaque",
    show_default=True,
    help="Values without effect, or commands on a thousand keys (set, incr, cas, del, get).",
)
@click.option("--fail", "failing", default="", metavar="NODES", help="Fail these first: A1,A2")
@click.option(
    "--timeout",
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(0.1),
    callback=_finite,
    help="Give up when nothing is answered for this long.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--full", is_flag=True, help="Print whole histories, not their ends.")
def run(
    commands: int,
    workload: str,
    failing: str,
    timeout: float,
    as_json: bool,
    full: bool,
    **options: Any,
) -> None:
    """Run the demo without a console: submit commands, compare the leaders' histories.

    The exit code is 0 only if every command is chosen, all histories agree, and a recording that
    was asked for is complete.
    """
    from paxos_tui.run import run_demo  # noqa: PLC0415 - the console does not need it

    config = make_config(**options)
    known = [*config.shape.leader_names, *config.shape.acceptor_names]
    nodes = list(node_names(failing))
    unknown = [name for name in nodes if name not in known]
    if unknown:
        fail(f"--fail: no node {unknown[0]}: there are {', '.join(known)}")
    cluster = make_cluster(config)
    if price(cluster.config):
        click.echo(price(cluster.config), err=True)
    with stopping(cluster):
        report = run_demo(cluster, commands, nodes, timeout, WORKLOADS[workload])
        report.print(as_json=as_json, full=full)
    sys.exit(0 if report.good else 1)


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(file: Path, as_json: bool) -> None:
    """Hold every safety rule against a recorded trace.

    FILE may be of another program: docs/trace-format.md defines the form. Names that end in .gz
    and .zst are compressed.

    The exit code is 0 if the trace is safe, 1 if a rule is broken, 2 if it is no trace, and 3 if
    "safe" cannot be said, since entries are missing or the file is damaged.
    """
    from paxos_tui.check import EXIT_CODES, judged, show  # noqa: PLC0415 - as above

    try:
        judgement = judged(file)
    except TraceFormatError as error:
        fail(str(error))
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror or error}")
    show(file, judgement, as_json=as_json)
    sys.exit(EXIT_CODES[judgement.verdict])


@cli.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@console_options
def replay(file: Path, theme: str, no_mouse: bool) -> None:
    """Open a recorded trace in the console, at the first violation if there is one.

    FILE may be of another program, may still be written, and is read up to where it is damaged.
    Names that end in .gz and .zst are compressed. See docs/replay.md.

    First keys: space plays, . and , step, v goes to a violation, / to an event, ? explains all.
    """
    need_terminal(f"paxos-tui check {file}")
    from paxos_tui.replay import ReplayApp  # noqa: PLC0415 - as above
    from paxos_tui.text import visible  # noqa: PLC0415 - as above

    try:
        trace = TraceFile(file)
    except TraceFormatError as error:
        fail(str(error))
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror or error}")
    app = ReplayApp(trace, f"paxos-tui replay {visible(file.name, 40)}", **themed(theme))
    sys.exit(app.run_on_terminal(mouse=not no_mouse))


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def scenarios(as_json: bool) -> None:
    """List the scenarios: situations that show why each rule matters."""
    from paxos_tui.scenario import list_scenarios  # noqa: PLC0415 - as above

    list_scenarios(as_json=as_json)


@cli.command()
@click.argument("name", metavar="ID|FILE", default="")
@click.option("--headless", is_flag=True, help="Tell it as text, without a console.")
@click.option("--wrong", is_flag=True, help="Play it under its wrong rule.")
@click.option("--all", "every", is_flag=True, help="Play every scenario, under both rules.")
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write the trace to this file; .gz and .zst compress it. An existing one is replaced.",
)
@console_options
def play(
    name: str,
    headless: bool,
    wrong: bool,
    every: bool,
    record: Path | None,
    theme: str,
    no_mouse: bool,
) -> None:
    """Play a scenario: one that ships, such as S04, or a file of your own.

    It opens in the console: n goes from line to line of what is told, space plays, w changes to the
    wrong rule, i tells all about it. docs/scenarios.md defines the form of a file.

    With --headless the exit code is 0 if everything came as the scenario expects and 1 if not. It
    is 2 if there is no such scenario or its file has a mistake.
    """
    from paxos_engine.scenarios import ScenarioError  # noqa: PLC0415 - as above
    from paxos_tui.scenario import (  # noqa: PLC0415 - as above
        find_scenario,
        performed,
        play_all,
        play_one,
    )

    if every and not headless:
        fail("--all plays without a console: add --headless")
    if every and (name or wrong or record):
        fail("--all plays every scenario under both rules: leave out ID, --wrong and --record")
    if not (every or name):
        fail("which scenario? give an id, a file, or --all; paxos-tui scenarios lists them")
    try:
        if every:
            sys.exit(0 if play_all() else 1)
        scenario = find_scenario(name)
        if wrong and not scenario.wrong_rule:
            fail(f"{scenario.id} has no wrong rule: leave out --wrong")
        if headless:
            sys.exit(0 if play_one(scenario, wrong, record) else 1)
        need_terminal(f"paxos-tui play {name} --headless")
        performance = performed(scenario, wrong, record)
    except (ScenarioError, RecorderError) as error:
        fail(str(error))
    from paxos_tui.replay import StoryApp  # noqa: PLC0415 - as above
    from paxos_tui.story import Story  # noqa: PLC0415 - as above

    app = StoryApp(Story(performance), **themed(theme))
    sys.exit(app.run_on_terminal(mouse=not no_mouse))


@cli.command()
@campaign_options
@exhaustive_options
def explore(exhaustive: bool, **options: Any) -> None:
    """Play many simulated runs, each under faults of its own, and check every rule.

    A seed gives one history to the byte. Failing runs are made small and saved as traces, with
    the command that plays them again.

    With --exhaustive, visit every state that a small cluster can reach instead; a wrong rule is
    shown by a shortest path.

    The exit code is 0 if every run was safe and ended, 1 if one failed, 2 if the campaign could
    not be played, and 130 after Ctrl-C. An exhaustive search that is not whole, also after
    Ctrl-C, has 3.
    """
    small = {name: options.pop(name) for name in OF_EXHAUSTIVE}
    _refuse_strangers(exhaustive)
    if exhaustive:
        from paxos_tui.exhaustive import exhaustive_command  # noqa: PLC0415 - as above

        both = {name: options[name] for name in OF_BOTH}
        sys.exit(exhaustive_command(**small, **both, command=command_line()))
    from paxos_tui.explore import explore_command  # noqa: PLC0415 - as above

    sys.exit(explore_command(**options))


cli.add_command(bench)


def _refuse_strangers(exhaustive: bool) -> None:
    """Leave with one line if an option was given that means nothing in this kind of exploring."""
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if given and name not in (*OF_BOTH, "exhaustive") and (name in OF_EXHAUSTIVE) != exhaustive:
            goes = "does not go" if exhaustive else "goes only"
            fail(f"{parameter.opts[0]} {goes} with --exhaustive")


def make_config(**options: Any) -> ClusterConfig:
    """Return what the options describe, or leave with one line about them."""
    try:
        return ClusterConfig(command=command_line(), **options)
    except ConfigError as error:
        fail(in_flags(error, click.get_current_context().command))


def make_cluster(config: ClusterConfig) -> Cluster:
    """Return the cluster that is described, or leave with one line about why it cannot be."""
    try:
        return Cluster(config)
    except (PortInUse, RecorderError, StorageError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"the cluster cannot start: {error.strerror or error}")


def command_line() -> str:
    """Return what was typed, for the header of a trace: the program's name and its arguments."""
    return str(click.get_current_context().find_root().obj or "")


@contextlib.contextmanager
def stopping(cluster: Cluster) -> Iterator[None]:
    """Stop the cluster however this ends: normally, by Ctrl-C, SIGTERM or a dying terminal."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {s: signal.signal(s, end) for s in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        cluster.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def fail(text: str) -> NoReturn:
    """Leave with one line on standard error and exit code 2."""
    click.echo(f"paxos-tui: {text}", err=True)
    sys.exit(2)


def main() -> None:
    """Run the command line; what went wrong is one line, never a traceback."""
    typed = shlex.join(["paxos-tui", *sys.argv[1:]])
    relax_collector()  # whatever the command is: this process runs, plays or checks a cluster
    try:
        cli.main(prog_name="paxos-tui", standalone_mode=False, obj=typed)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        fail(plain(error.format_message()))
    except (click.Abort, KeyboardInterrupt):
        click.echo("paxos-tui: stopped", err=True)
        sys.exit(130)
