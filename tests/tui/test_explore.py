"""`paxos-tui explore`: what it says, what it saves, and how it leaves."""

from __future__ import annotations

import gc
import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from paxos_engine import Rules
from paxos_engine.simulation import BREAKS_OFF, LIVENESS, Failures, Tally
from paxos_tui.cli import main
from paxos_tui.explore import NothingToShrink, explore, explore_shrunk
from paxos_tui.explore_report import Asked, Report, Saved
from paxos_tui.explore_text import WIDTH, lines
from tests.tui.test_cli import PROGRAM, call

Captured = pytest.CaptureFixture[str]


def paxos_tui(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the program in this process; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["paxos-tui", *arguments])
    before = gc.get_threshold()
    try:
        with pytest.raises(SystemExit) as left:
            main()
    finally:
        gc.set_threshold(*before)  # it sets its process, which here is ours
    assert isinstance(left.value.code, int)
    return left.value.code


def in_another_process(command: str, directory: Path, hash_seed: str) -> None:
    """Run a command as it was printed, with another order of every set."""
    words = shlex.split(command)
    assert words.pop(0) == "paxos-tui"
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": root}
    subprocess.run(
        [*PROGRAM, *words], cwd=directory, env=environment, capture_output=True, check=False
    )


# --- what it says ----------------------------------------------------------------------------


def test_a_good_campaign_says_so_and_leaves_with_zero(tmp_path: Path) -> None:
    done = call("explore", "--runs", "6", "--jobs", "2", "--save", str(tmp_path / "new"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for words in (
        "runs       6, seeds 0 to 5",
        "rule       the right ones",
        "on 2 processes",
        "verdict    all 6 runs safe, and every command was answered",
        "Events seen",
        "S01  a primary takes over",
        "Faults, by what they met",
        "Never seen",
    ):
        assert words in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= WIDTH
    assert list((tmp_path / "new").iterdir()) == []


def test_the_report_for_a_program_is_one_object(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    assert paxos_tui(monkeypatch, "explore", "--runs", "1", "--seed", "4", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["good"]
    assert (report["runs"], report["first_seed"], report["failed"]) == (1, 4, 0)
    assert report["events"] == sum(report["coverage"]["events"].values()) - 1  # the header
    assert set(report["coverage"]["unseen"]) == {"events", "patterns", "pairs", "messages"}


def report_of(tally: Tally, **changes: Any) -> str:
    return "\n".join(lines(Report(Asked(100, 7), tally, 2.0, "2 processes", **changes)))


def test_failures_are_told_the_most_frequent_first_with_file_and_command() -> None:
    tally = Tally(runs=100, events=120_000, milliseconds=400_000)
    tally.failures = {
        "seldom": Failures(1, [9], "once"),
        "often": Failures(12, [*range(7, 17)], "a long story " * 12),
    }
    saved = Saved("often", 7, "d/failure-seed7.jsonl.gz", "paxos-tui explore --record f", "small")
    said = report_of(tally, saved=[saved])
    assert said.index("often: 12 runs") < said.index("seldom: 1 run\n")
    for words in (
        "13 OF 100 RUNS FAILED",
        "seeds    7, 8, 9, 10, 11, 12, 13, 14, 15, 16, ...",
        "first    once",
        "saved    d/failure-seed7.jsonl.gz\n",
        "size     small\n",
        "again    paxos-tui explore \\\n             --record f",
        "6.7 minutes of virtual time",
        "50.0 runs and 60,000 events a second",
    ):
        assert words in said
    assert max(map(len, said.splitlines())) <= WIDTH


def test_a_campaign_that_ended_early_says_so_and_how_it_leaves() -> None:
    tally = Tally(runs=40, events=48_000)
    assert "40 of 100, seeds 7 to 106" in report_of(tally)
    assert "stopped    before the end" in report_of(tally, signal=2)
    assert "BROKEN OFF nobody plays" in report_of(tally, broken="nobody plays")
    assert "nothing was played" in report_of(Tally(), signal=2)
    asked = Asked(100, 7)
    failed = Tally(runs=2, failures={"rule": Failures(1, [7], "x")})
    assert Report(asked, tally).exit_code == 0
    assert Report(asked, failed).exit_code == 1
    assert Report(asked, tally, broken="nobody plays").exit_code == 2
    assert Report(asked, failed, signal=signal.SIGINT).exit_code == 130


def test_large_counts_fit_their_columns() -> None:
    tally = Tally(runs=10**6)
    tally.coverage.events["sent"] = 435_000_000
    tally.coverage.events["delivered"] = 3_600_000
    tally.coverage.pairs["fail", "voting"] = 123_456
    said = report_of(tally)
    for count in ("435M", "3,600k", "123k"):
        assert count in said
    assert max(map(len, said.splitlines())) <= WIDTH


def test_a_terminal_shows_how_far_it_is() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, "explore", "--runs", "3", "--jobs", "1"], stdout=subprocess.DEVNULL,
        stderr=theirs, env={**os.environ, "COLUMNS": "80", "TERM": "xterm"},
    ) as program:  # fmt: skip
        os.close(theirs)
        said = b""
        while piece := _read(ours):
            said += piece
        assert program.wait(120) == 0
    os.close(ours)
    assert b"/3" in said
    assert b"0 failed" in said


def _read(terminal: int) -> bytes:
    """Return what is there next; nothing once nobody writes any more."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--runs", "2", "--record", "x.jsonl"), "--record is about a single run"),
        (("--runs", "2", "--shrunk"), "--shrunk is about a single run"),
        (("--rule", "wrong"), "no wrong rule 'wrong': choose one of last-reply, "),
        (("--runs", "1", "--shrunk", "--seed", "0"), "the run of seed 0 is good"),
        (("--runs", "1", "--record", "missing/x"), "cannot record to missing/x: No such file"),
        (("--save", "file/below"), "cannot write file/below: "),
        (("--runs", "0"), "Invalid value for '--runs'"),
        (("--seed", "-1"), "Invalid value for '--seed'"),
    ],
)  # fmt: skip
def test_bad_input_is_answered_by_one_line(
    arguments: tuple[str, ...],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert paxos_tui(monkeypatch, "explore", *arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"paxos-tui: {words}")
    assert said.count("\n") == 1


def test_dask_that_is_not_installed_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert paxos_tui(monkeypatch, "explore", "--scheduler", "tcp://127.0.0.1:1") == 2
    said = capsys.readouterr().err
    assert said == (
        "paxos-tui: a scheduler needs Dask: install it with pip install 'paxos-tui[dask]'\n"
    )


# --- what it saves ---------------------------------------------------------------------------


def test_the_printed_command_writes_the_saved_failure_again_to_the_byte(tmp_path: Path) -> None:
    done = call(
        "explore", "--runs", "6", "--rule", "own-value", "--save", str(tmp_path), "--json"
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    (saved,) = report["saved"]
    assert saved["broken"] == "what is proposed is what the promises demand"
    seed = saved["seed"]
    assert saved["between_servers"] < saved["deliveries"] <= 15
    assert saved["size"] == (
        f"{saved['deliveries']} deliveries, {saved['between_servers']} of them between servers"
    )
    file = Path(saved["file"])
    assert file == tmp_path / f"failure-seed{seed}-own-value.jsonl.gz"
    other = tmp_path / "other"
    other.mkdir()
    in_another_process(saved["command"], other, "3")
    assert (other / file.name).read_bytes() == file.read_bytes()
    checked = call("check", str(file))
    assert checked.returncode == 1
    made_by = f"paxos-tui explore --runs 1 --seed {seed} --rule own-value --shrunk"
    assert f"made by    {made_by}\n" in checked.stdout
    assert f"VIOLATED: {saved['broken']}" in checked.stdout


@pytest.mark.parametrize("seed", ["2", "5", "2013"])
def test_the_run_of_a_seed_is_recorded_the_same_in_another_process(
    seed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = f"explore --runs 1 --seed {seed} --record"
    here, there = tmp_path / "here.jsonl.gz", tmp_path / "there.jsonl.gz"
    assert paxos_tui(monkeypatch, *command.split(), str(here)) == 0
    in_another_process(f"paxos-tui {command} there.jsonl.gz", tmp_path, "5")
    assert here.read_bytes() == there.read_bytes()


def test_a_single_run_that_fails_is_saved_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ("explore", "--runs", "1", "--seed", "3", "--rule", "own-value")
    assert paxos_tui(monkeypatch, *arguments) == 1
    assert "saved    failure-seed3-own-value.jsonl.gz\n" in capsys.readouterr().out
    saved = (tmp_path / "failure-seed3-own-value.jsonl.gz").read_bytes()
    assert paxos_tui(monkeypatch, *arguments, "--shrunk", "--record", "again.jsonl.gz") == 1
    assert (tmp_path / "again.jsonl.gz").read_bytes() == saved


def test_the_plan_of_a_run_that_does_not_end_is_made_small_and_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.simulation.test_campaign import Deaf

    monkeypatch.setattr(Asked, "rules", Rules(client=Deaf))
    report = explore(Asked(1, 0), 1, "", tmp_path)
    (saved,) = report.saved
    assert saved.broken == LIVENESS
    assert saved.deliveries is None
    assert saved.size == "1 leader, 1 acceptor, 1 command, 0 acts, a perfect network"
    assert saved.command == (
        "paxos-tui explore --runs 1 --seed 0 --shrunk --record failure-seed0.jsonl.gz"
    )
    again = explore_shrunk(Asked(1, 0), tmp_path / "again.jsonl.gz", tmp_path)
    assert [each.size for each in again.saved] == [saved.size]
    assert (tmp_path / "again.jsonl.gz").read_bytes() == Path(saved.file).read_bytes()

    checked = call("check", saved.file)
    assert checked.returncode == 1
    assert f"VIOLATED, as the trace itself reports: {LIVENESS}" in checked.stdout
    assert "have no answer" in checked.stdout


def test_the_plan_of_a_run_that_a_defect_ends_is_made_small_too(tmp_path: Path) -> None:
    report = explore(Asked(1, 2, "no-duplicates"), 1, "", tmp_path)
    (saved,) = report.saved
    assert saved.broken == BREAKS_OFF
    assert saved.size == "1 leader, 1 acceptor, 3 commands, 0 acts, a network with faults"
    checked = call("check", saved.file)
    assert f"VIOLATED, as the trace itself reports: {BREAKS_OFF}" in checked.stdout


def test_a_run_that_cannot_be_played_is_saved_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.simulation.test_campaign import Stillborn

    monkeypatch.setattr(Asked, "rules", Rules(acceptor=Stillborn))
    report = explore(Asked(1, 0), 1, "", tmp_path)
    (saved,) = report.saved
    assert (saved.broken, saved.size) == (BREAKS_OFF, "")
    assert "--shrunk" not in saved.command
    with pytest.raises(NothingToShrink, match="cannot be played"):
        explore_shrunk(Asked(1, 0), None, tmp_path)


# --- how it leaves ---------------------------------------------------------------------------


def children_at_work(program: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the program's processes once they have played for a while."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        children = psutil.Process(program.pid).children(recursive=True)
        if len(children) >= 3 and any(each.cpu_times().user > 1.0 for each in children):
            return children
        time.sleep(0.05)
    raise AssertionError("the processes that play have not begun")


def is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize(
    ("number", "to_all", "code"),
    [
        (signal.SIGINT, True, 130),  # a key pressed in a terminal reaches every process
        (signal.SIGTERM, False, 143),
    ],
)
def test_it_ends_when_told_to_with_what_it_has_and_leaves_no_process(
    number: signal.Signals, to_all: bool, code: int, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [*PROGRAM, "explore", "--runs", "1000000", "--jobs", "2", "--save", str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as program:  # fmt: skip
        children = children_at_work(program)
        (os.killpg if to_all else os.kill)(program.pid, number)
        out, err = program.communicate(timeout=120)
    assert program.returncode == code
    assert err == ""
    assert "stopped    before the end: this is what there is so far" in out
    assert " of 1,000,000, seeds 0 to 999999" in out
    assert "runs safe, and every command was answered" in out
    left = psutil.wait_procs(children, timeout=10)[1]
    assert all(is_gone(process) for process in left)


def test_the_processes_end_with_the_one_that_made_them() -> None:
    with subprocess.Popen(
        [*PROGRAM, "explore", "--runs", "1000000", "--jobs", "2"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
    ) as program:  # fmt: skip
        children = children_at_work(program)
        program.kill()
    end = time.monotonic() + 60
    while not all(is_gone(process) for process in children):
        assert time.monotonic() < end
        time.sleep(0.05)
