"""The report of a campaign for a person, in 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from paxos_engine.scenarios import WRONG_RULES
from paxos_engine.simulation import PATTERNS, PHASES, Coverage, Failures, Tally
from paxos_tui.explore_report import Report
from paxos_tui.text import counted

WIDTH: Final = 80

UNSEEN_NAMED: Final = 12
"""Of what was never seen of one sort, how many are named."""


def lines(report: Report) -> Iterator[str]:
    """Yield the report; what matters most comes last, where a terminal still shows it."""
    if report.tally.runs:
        yield from _coverage(report.tally.coverage)
        yield ""
    yield from _head(report)
    yield from _verdict(report)


def _head(report: Report) -> Iterator[str]:
    asked, tally = report.asked, report.tally
    played = f"{tally.runs:,}" if tally.runs == asked.runs else f"{tally.runs:,} of {asked.runs:,}"
    seeds = asked.seeds
    which = f"seed {asked.seed}" if asked.runs == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    seconds = max(report.seconds, 1e-3)
    yield f"runs       {played}, {which}"
    if asked.rule:
        yield from _wrapped(f"rule       {asked.rule}: {WRONG_RULES[asked.rule].wrong}", 11)
    else:
        yield "rule       the right ones"
    yield f"events     {tally.events:,}, in {_duration(tally.milliseconds / 1000)} of virtual time"
    yield f"took       {_duration(report.seconds)} on {report.players}"
    speed = f"{tally.runs / seconds:,.1f} runs and {tally.events / seconds:,.0f} events"
    yield f"speed      {speed} a second"
    if report.recorded:
        yield f"trace      {report.recorded}"


def _verdict(report: Report) -> Iterator[str]:
    tally = report.tally
    if report.signal:
        yield "stopped    before the end: this is what there is so far"
    if report.broken:
        yield from _wrapped(f"BROKEN OFF {report.broken}", 11)
    if not tally.failed:
        yield f"verdict    {_good(tally)}"
        return
    yield f"verdict    {tally.failed:,} OF {tally.runs:,} RUNS FAILED"
    files = {saved.broken: saved for saved in report.saved}
    for broken, failures in tally.sorted_failures():
        yield ""
        yield from _failure(broken, failures)
        if saved := files.get(broken):
            yield f"  saved    {saved.file}"
            if saved.size:
                yield from _wrapped(f"  size     {saved.size}", 11)
            yield from _command(saved.command)


def _command(command: str) -> Iterator[str]:
    """Yield a command so that it can be copied as it stands."""
    words, file = command.rsplit(" --record ", 1)
    yield f"  again    {words} \\"
    yield f"             --record {file}"


def _good(tally: Tally) -> str:
    match tally.runs:
        case 0:
            return "none: nothing was played"
        case 1:
            return "safe, and every command was answered"
        case runs:
            return f"all {runs:,} runs safe, and every command was answered"


def _failure(broken: str, failures: Failures) -> Iterator[str]:
    count = counted(failures.count, "run")
    yield from _wrapped(f"{broken}: {count}", 2)
    seeds = ", ".join(str(seed) for seed in failures.seeds)
    more = ", ..." if failures.count > len(failures.seeds) else ""
    yield from _wrapped(f"  seeds    {seeds}{more}", 11)
    yield from _wrapped(f"  first    {failures.text}", 11)


# --- coverage --------------------------------------------------------------------------------


def _coverage(coverage: Coverage) -> Iterator[str]:
    data, unseen = coverage.as_data(), coverage.unseen()
    yield "Events seen"
    yield from _columns(data["events"], 3)
    patterns = (
        f"  {PATTERNS[name] or '-':<5}{name:<52}{_count(count):>9}"
        for name, count in data["patterns"].items()
        if count
    )
    yield from _section("Patterns seen, with their scenarios", patterns)
    yield from _section("Faults, by what they met", _pairs(data["pairs"]))
    yield from _section("Messages, by what became of them", _messages(data["messages"]))
    yield ""
    yield "Never seen"
    for sort, names in unseen.items():
        if names:
            more = f", and {len(names) - UNSEEN_NAMED} more" if len(names) > UNSEEN_NAMED else ""
            yield from _wrapped(f"  {sort:<9}{', '.join(names[:UNSEEN_NAMED])}{more}", 11)
    if not any(unseen.values()):
        yield "  nothing: everything there is was seen"


def _section(title: str, body: Iterable[str]) -> Iterator[str]:
    rows = list(body)
    if rows:
        yield ""
        yield title
        yield from rows


def _columns(counts: Mapping[str, int], columns: int) -> Iterator[str]:
    """Yield counts in columns, each read from the top down."""
    cells = [f"{name:<15}{_count(count):>8}" for name, count in counts.items() if count]
    height = -(-len(cells) // columns)
    for row in range(height):
        yield "  " + "   ".join(cells[row::height])


def _pairs(pairs: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    rows = {fault: met for fault, met in pairs.items() if any(met.values())}
    if rows:
        heads = [phase.split(" ") for phase in PHASES]
        for words in ([head[0] for head in heads], [" ".join(head[1:]) for head in heads]):
            yield _row("", [_short(word) for word in words])
        for fault, met in rows.items():
            yield _row(fault, [_count(met[phase]) for phase in PHASES])


def _messages(fates: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    kinds = next(iter(fates.values()))
    rows = {kind: [fates[fate][kind] for fate in fates] for kind in kinds}
    if any(any(counts) for counts in rows.values()):
        yield f"  {'':<18}" + "".join(f"{fate:>12}" for fate in fates)
        for kind, counts in rows.items():
            if any(counts):
                yield f"  {kind:<18}" + "".join(f"{_count(count):>12}" for count in counts)


def _row(name: str, cells: Iterable[str]) -> str:
    return f"  {name:<13}" + "".join(f"{cell:>8}" for cell in cells)


def _short(word: str) -> str:
    return word if len(word) < 8 else word[:7]


def _count(count: int) -> str:
    """Return a number in at most seven characters."""
    if count < 100_000:
        return f"{count:,}"
    unit = "k" if count < 100_000_000 else "M"
    return f"{count // (1_000 if unit == 'k' else 1_000_000):,}{unit}"


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=" " * indent, drop_whitespace=True)
