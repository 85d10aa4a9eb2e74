"""A campaign on Dask: a real scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from paxos_engine.simulation import SchedulerError, dask_players
from tests.tui.test_cli import call

ROOT = Path(__file__).parents[2]


@contextmanager
def dask(*arguments: str, directory: Path) -> Iterator[None]:
    """Run a part of a Dask cluster while this lasts."""
    command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
    with (
        (directory / f"{arguments[0]}.log").open("ab") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT) as process,
    ):
        try:
            yield
        finally:
            process.kill()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dask")


@pytest.fixture(scope="module")
def scheduler(directory: Path) -> Iterator[str]:
    """Start a scheduler without any worker; return its address."""
    file = directory / "scheduler.json"
    where = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
    with dask("scheduler", *where, directory=directory):
        end = time.monotonic() + 120
        while not file.exists() or not file.read_text(encoding="utf-8"):
            assert time.monotonic() < end, (directory / "scheduler.log").read_text()
            time.sleep(0.1)
        yield json.loads(file.read_text(encoding="utf-8"))["address"]


@pytest.fixture(scope="module")
def workers(scheduler: str, directory: Path) -> Iterator[str]:
    """Start two workers for it; return the address of the scheduler."""
    with ExitStack() as stack:
        for _ in range(2):
            place = ("--no-nanny", "--nthreads", "1", "--local-directory", str(directory))
            stack.enter_context(dask("worker", scheduler, *place, directory=directory))
        program = (
            "import sys; from distributed import Client\n"
            "with Client(sys.argv[1]) as client: client.wait_for_workers(2, timeout=120)"
        )
        subprocess.run([sys.executable, "-c", program, scheduler], check=True, timeout=180)
        yield scheduler


def comparable(report: dict[str, Any]) -> dict[str, Any]:
    """Return what must not depend on who plays."""
    mine = {"players", "seconds", "runs_per_second", "events_per_second", "saved"}
    return {key: value for key, value in report.items() if key not in mine}


def test_a_scheduler_without_workers_is_said(scheduler: str) -> None:
    with (
        pytest.raises(SchedulerError, match="has no workers: start some with dask worker"),
        dask_players(scheduler, patience=0.3),
    ):
        pass


def test_where_nobody_listens_it_is_said_in_one_line() -> None:
    with (
        pytest.raises(SchedulerError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9: "),
        dask_players("tcp://127.0.0.1:9", patience=0.3),
    ):
        pass


def test_what_is_no_address_is_said_in_one_line() -> None:
    with (
        pytest.raises(SchedulerError, match="no Dask scheduler at what://ever: "),
        dask_players("what://ever", patience=0.3),
    ):
        pass


def test_workers_play_the_same_campaign_and_make_the_same_failure_small(
    workers: str, tmp_path: Path
) -> None:
    reports = []
    for place, players in (("there", ("--scheduler", workers)), ("here", ("--jobs", "1"))):
        save = ("--save", str(tmp_path / place))
        done = call("explore", "--runs", "12", "--rule", "own-value", "--json", *players, *save)
        assert (done.returncode, done.stderr) == (1, "")
        reports.append(json.loads(done.stdout))
    there, here = reports
    assert there["players"] == f"2 Dask workers of {workers}"
    assert comparable(there) == comparable(here)
    (file,) = (Path(saved["file"]) for saved in there["saved"])
    assert file.read_bytes() == (tmp_path / "here" / file.name).read_bytes()
