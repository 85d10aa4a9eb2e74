"""`paxos-tui bench`: one command, and one clear line where it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import suite
from benchmarks.harness import Table, Tell, rows_of
from benchmarks.scale import Scale
from paxos_tui import bench


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "paxos_tui", "bench", *arguments],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


def test_a_quick_run_ends_with_one_json_object_of_the_shape_that_is_documented() -> None:
    done = run("--quick", "--only", "floor,latency", "--json", "--aims")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert set(data) == {"machine", "scale", "benchmarks", "aims"}
    assert data["scale"] == "quick"
    assert list(data["benchmarks"]) == ["floor", "latency"]
    for tables in data["benchmarks"].values():
        for table in tables:
            assert set(table) == {"title", "rows", "notes"}
            for row in table["rows"]:
                assert set(row) == {"case", "name", "figures"}
                for figure in row["figures"].values():
                    assert set(figure) == {"median", "low", "high", "values", "ratios"}
                    assert figure["low"] <= figure["median"] <= figure["high"]
    in_memory = data["benchmarks"]["latency"][0]["rows"]
    ours = next(row for row in in_memory if row["name"] == "ours, waiting")
    assert set(ours["figures"]["p50 us"]["ratios"]) >= {"floor"}
    judged = {aim["unit"]: aim["verdict"] for aim in data["aims"]}
    assert judged["x floor"] in ("met", "missed", "not measured")


def test_a_benchmark_that_fails_takes_nothing_from_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(scale: Scale, tell: Tell) -> list[Table]:
        raise RuntimeError("a rule was broken")

    def working(scale: Scale, tell: Tell) -> list[Table]:
        return [Table("a table", rows_of({"ours": [{"s": 1.0}]}))]

    made = {name: suite.Benchmark(name, way) for name, way in (("a", failing), ("b", working))}
    monkeypatch.setattr(suite, "BENCHMARKS", made)
    done = CliRunner().invoke(bench.bench, ["--only", "a,b", "--json"])
    assert done.exit_code == 1
    shown = json.loads(done.stdout)["benchmarks"]
    assert shown["a"][0]["notes"] == ["RuntimeError: a rule was broken"]
    assert shown["b"][0]["rows"][0]["figures"]["s"]["median"] == 1


def test_a_name_that_is_none_is_one_line() -> None:
    done = run("--only", "latency,speed")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "--only: no benchmark 'speed': choose of floor, latency" in line


def test_outside_a_checkout_it_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "HOME", Path("/nowhere/benchmarks"))
    done = CliRunner().invoke(bench.bench, ["--list"])
    assert done.exit_code == 1
    assert done.output.strip() == (
        "Error: bench needs a checkout of paxos-tui, which has the benchmarks: run it there"
    )


def test_the_list_names_every_benchmark() -> None:
    done = CliRunner().invoke(bench.bench, ["--list"])
    named = [line.split()[0] for line in done.output.splitlines()]
    assert named == list(suite.BENCHMARKS)
