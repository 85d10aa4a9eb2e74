"""How results are shown: tables for a person, one JSON object for a program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table as Grid

from benchmarks.harness import Figure, Row, Spread, Table

Results = Mapping[str, Sequence[Table]]
"""Benchmark -> its tables."""

WIDTH = 200
"""Columns of what is not printed to a terminal."""


def as_data(
    machine: Mapping[str, Any], scale: str, results: Results, aims: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return everything as what JSON can hold; docs/bench.md says its shape."""
    data = {
        "machine": dict(machine),
        "scale": scale,
        "benchmarks": {
            name: [
                {
                    "title": table.title,
                    "rows": [_row_data(row) for row in table.rows],
                    "notes": table.notes,
                }
                for table in tables
            ]
            for name, tables in results.items()
        },
    }
    told = list(aims)
    return {**data, "aims": told} if told else data


def _row_data(row: Row) -> dict[str, Any]:
    return {
        "case": row.case,
        "name": row.name,
        "figures": {
            name: {
                **asdict(figure.spread),
                "values": list(figure.values),
                "ratios": {other: asdict(figure.ratio(other)) for other in figure.ratios},
            }
            for name, figure in row.figures.items()
        },
    }


def show(machine: Mapping[str, Any], results: Results, console: Console) -> None:
    """Print the tables."""
    said = ", ".join(f"{name} {value}" for name, value in machine.items())
    console.print(said, highlight=False)
    for name, tables in results.items():
        for table in tables:
            console.print(f"\n{name}: {table.title}", style="bold", highlight=False)
            if table.rows:
                console.print(_grid(table))
            for note in table.notes:
                console.print(f"  {note}", highlight=False, markup=False)


def _grid(table: Table) -> Grid:
    """Return the table: figures with their range, beside how they stand to the references.

    The first stands beside all of them, in columns of their own; each of the others beside the
    first reference that there is, in its cell.
    """
    figures = list(dict.fromkeys(name for row in table.rows for name in row.figures))
    richest_first = sorted(table.rows, key=lambda row: -len(_first(row).ratios))
    ratios = list(dict.fromkeys(other for row in richest_first for other in _first(row).ratios))
    cases = any(row.case for row in table.rows)
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in [*(["case"] if cases else []), ""]:
        grid.add_column(heading)
    for heading in [figures[0], *(f"x {other}" for other in ratios), *figures[1:]]:
        grid.add_column(heading, justify="right")
    before = ""
    for row in table.rows:
        if cases and before not in ("", row.case):
            grid.add_section()
        cells = [row.case if row.case != before else ""] if cases else []
        cells += [row.name, _cell(row.figures.get(figures[0]))]
        cells += [_ratio_cell(_first(row), other) for other in ratios]
        cells += [_cell(row.figures.get(name), ratios[:1]) for name in figures[1:]]
        grid.add_row(*cells)
        before = row.case
    return grid


def _first(row: Row) -> Figure:
    return next(iter(row.figures.values()))


def _cell(figure: Figure | None, beside: Sequence[str] = ()) -> str:
    if figure is None:
        return ""
    ratios = [figure.ratio(other).median for other in beside if other in figure.ratios]
    return " ".join([shown(figure.spread), *(f"{number(ratio)}x" for ratio in ratios)])


def _ratio_cell(figure: Figure, other: str) -> str:
    return shown(figure.ratio(other)) if other in figure.ratios else ""


def shown(spread: Spread) -> str:
    """Return median and range in as few digits as say something."""
    if spread.low == spread.high:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.low)}-{number(spread.high)})"


def number(value: float) -> str:
    """Return three significant digits, and whole numbers whole."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def console_for(out: TextIO) -> Console:
    """Return where tables are printed: as wide as the terminal, or as `WIDTH` if it is none."""
    console = Console(file=out)
    return console if console.is_terminal else Console(file=out, width=WIDTH)
