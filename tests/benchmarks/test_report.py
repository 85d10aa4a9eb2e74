"""Tables for a person, JSON for a program, and the aims beside what was measured."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import aims, etcd, latency, machine, peer, report, throughput
from benchmarks.harness import Spread, Table, rows_of
from benchmarks.scale import LONG, QUICK, USUAL

TAKEN = {
    "floor": [{"p50 us": 100.0, "p99 us": 450.0}, {"p50 us": 200.0, "p99 us": 450.0}],
    latency.BARE_CALLER: [{"p50 us": 120.0, "p99 us": 900.0}, {"p50 us": 320.0, "p99 us": 900.0}],
}


def table() -> Table:
    rows = rows_of(TAKEN, ["floor"])
    return Table("1 outstanding, in memory", rows, ["a note [with brackets]"])


def printed(width: int = 140) -> str:
    out = io.StringIO()
    report.show({"cpu": "a CPU"}, {"latency": [table()]}, Console(file=out, width=width))
    return out.getvalue()


def test_a_table_shows_each_figure_beside_its_ratio() -> None:
    line = next(line for line in printed().splitlines() if "ours" in line)
    assert line.split() == [
        *latency.BARE_CALLER.split(),
        "220",
        "(120-320)",
        "1.4",
        "(1.2-1.6)",
        "900",
        "2x",
    ]


def test_machine_and_notes_are_said_as_they_are() -> None:
    said = printed()
    assert said.startswith("cpu a CPU\n")
    assert "a note [with brackets]" in said


def test_json_holds_the_values_and_what_follows_from_them() -> None:
    data = json.loads(json.dumps(report.as_data({"cpu": "x"}, "quick", {"latency": [table()]})))
    assert set(data) == {"machine", "scale", "benchmarks"}
    (shown,) = data["benchmarks"]["latency"]
    figure = shown["rows"][1]["figures"]["p50 us"]
    assert figure["values"] == [120, 320]
    assert (figure["median"], figure["low"], figure["high"]) == (220, 120, 320)
    assert figure["ratios"] == {"floor": {"median": 1.4, "low": 1.2, "high": 1.6}}


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567.8, "1,234,568"), (250.0, "250"), (12.345, "12.3"), (0.01234, "0.0123"), (3, "3")],
)
def test_a_number_has_as_many_digits_as_say_something(value: float, text: str) -> None:
    assert report.number(value) == text


def test_a_spread_without_width_is_one_number() -> None:
    assert report.shown(Spread(2, 2, 2)) == "2"


# --- aims ------------------------------------------------------------------------------------


def verdicts(results: report.Results) -> dict[str, str]:
    judged = aims.as_data(results)
    return {f"{aim['figure']} {aim['unit']}": aim["verdict"] for aim in judged}


def test_an_aim_is_met_or_missed_by_the_median() -> None:
    met = verdicts({"latency": [table()]})  # 1.4 x the floor, and 1.5 is allowed
    assert met["latency, 1 outstanding x floor"] == "met"
    slower = {**TAKEN, latency.BARE_CALLER: [{"p50 us": 151.0}, {"p50 us": 302.0}]}
    missed = {"latency": [Table("1 outstanding, in memory", rows_of(slower, ["floor"]))]}
    assert verdicts(missed)["latency, 1 outstanding x floor"] == "missed"


def test_what_was_not_measured_is_neither() -> None:
    assert set(verdicts({}).values()) == {"not measured"}


def test_durable_is_compared_with_the_rate_in_memory_of_the_same_rounds() -> None:
    rates = {throughput.IN_MEMORY: 1_000.0, throughput.DURABLE: 600.0}
    taken = {where: [{"commands/s": rate}] for where, rate in rates.items()}
    rows = rows_of(taken, [throughput.IN_MEMORY], "ours, bare")
    results = {"throughput": [Table(f"1,024 outstanding, {throughput.DURABLE_TITLE}", rows)]}
    assert verdicts(results)["durable, 1,024 outstanding x in memory"] == "met"


def test_what_the_trace_costs_is_judged_at_its_levels_beside_each_other() -> None:
    rates = {"everything": 450.0, "protocol": 700.0, "counters": 1_000.0}
    rows = rows_of({level: [{"commands/s": rate}] for level, rate in rates.items()}, ["counters"])
    results = {"throughput": [Table("64 outstanding, by trace level", rows)]}
    assert verdicts(results)["full trace, 64 outstanding x counters only"] == "met"


def test_growth_is_judged_where_the_history_is_longest() -> None:
    sizes = {"1,000": [{"bytes an instance": 9_000.0}], "10,000": [{"bytes an instance": 200.0}]}
    results = {"growth": [Table("growth", rows_of(sizes, case="no compaction"))]}
    memory = "memory, before compaction, 16 B values bytes an instance"
    assert verdicts(results)[memory] == "met"
    first_only = {"1,000": sizes["1,000"]}
    results = {"growth": [Table("growth", rows_of(first_only, case="no compaction"))]}
    assert verdicts(results)[memory] == "not measured"


# --- what is measured ------------------------------------------------------------------------


def test_without_the_peers_the_others_are_measured_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peer, "is_installed", lambda: False)
    monkeypatch.setattr(etcd, "is_installed", lambda: False)
    monkeypatch.setattr(latency, "apart", lambda task, *args, **how: {
        "p50 us": 1.0, "p99 us": 1.0, "commands/s": 1.0
    })  # fmt: skip
    in_memory, durable = latency.measure(QUICK, lambda what: None)
    for each in (in_memory, durable):
        rows = [row.name for row in each.rows]
        ours = [
            "ours",
            "ours, waiting",
            latency.BARE_CALLER,
            latency.THRIFTY_CALLER,
            latency.FEWEST_CALLER,
        ]
        assert rows == ["floor", *ours]
        assert "PySyncObj: skipped: not installed" in " ".join(each.notes)
    assert "etcd: skipped: not installed" in " ".join(durable.notes)


def test_a_long_run_measures_every_combination_and_the_others_each_axis() -> None:
    every = set(throughput.cases(LONG))
    usual = set(throughput.cases(USUAL))
    assert len(every) == 4 * 3 * 3 * 2
    assert set(throughput.cases(QUICK)) < usual < every
    assert {case.outstanding for case in usual} == {64, 256, 1_024, 4_096}
    assert {case.size for case in usual} == {16, 1_024, 16_384}
    assert {case.acceptors for case in usual} == {3, 5, 7}
    assert {case.durable for case in usual} == {False, True}


def test_the_machine_is_named_as_the_kernel_does(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: A CPU at 2 GHz\n", encoding="utf-8")
    assert machine.cpu_name(cpuinfo) == "A CPU at 2 GHz"
    assert machine.cpu_name(tmp_path / "nothing")
    assert set(machine.describe()) == {"cpu", "cores", "load", "python", "kernel", "date"}
