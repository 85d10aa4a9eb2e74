"""`paxos-tui replay` and `paxos-tui play` on a terminal of their own, and without one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from paxos_engine import TraceFile
from paxos_engine.scenarios import perform, shipped_scenario
from paxos_engine.trace.jsonform import to_line
from paxos_engine.trace.recorder import TraceWriter
from paxos_tui.playback import Playback
from tests.tui.terminals import PROGRAM, Terminal
from tests.tui.test_cli import call

NAMES = ["failure.jsonl", "failure.jsonl.gz", "failure.jsonl.zst"]

SHOW = """
import sys
from pathlib import Path
from paxos_engine import TraceFile
from paxos_engine.trace.jsonform import to_line
from paxos_tui.playback import Playback

playback = Playback(TraceFile(Path(sys.argv[1])))
out = sys.stdout.buffer
out.write(to_line(playback.place.entry))
while playback.step():
    out.write(to_line(playback.place.entry))
playback.go_to_violation()
playback.settle()
out.write(f"{playback.position} {playback.survey.explanation}".encode())
"""
"""Goes through a trace as the console does, and prints what it meets."""


def saved(path: Path) -> Path:
    """Save a run that breaks a rule."""
    scenario = shipped_scenario("S07")
    assert scenario is not None
    writer = TraceWriter(path)
    writer.write(perform(scenario, wrong=True).entries)
    writer.close()
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_saved_failure_shows_the_same_events_to_the_byte_in_a_new_process(
    tmp_path: Path, name: str
) -> None:
    path = saved(tmp_path / name)
    here = Playback(TraceFile(path))
    expected = [to_line(here.place.entry)]
    while here.step():
        expected.append(to_line(here.place.entry))
    here.go_to_violation()
    assert here.settle()
    told = f"{here.position} {here.survey.explanation}".encode()
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", SHOW, str(path)], capture_output=True, env=environment, check=True
    )
    assert done.stdout == b"".join(expected) + told
    plain = saved(tmp_path / "plain.jsonl").read_bytes()
    assert b"".join(expected) == plain


def test_a_recording_opens_on_a_terminal_at_its_violation_and_q_leaves(tmp_path: Path) -> None:
    with Terminal([*PROGRAM, "replay", str(saved(tmp_path / "f.jsonl.zst"))]) as terminal:
        terminal.see("VIOLATION")
        terminal.type("q")
        assert terminal.end() == 0


def test_a_scenario_opens_on_a_terminal_and_is_told() -> None:
    with Terminal([*PROGRAM, "play", "s07", "--wrong", "--theme", "paxos-light"]) as terminal:
        terminal.see("no-op-at-once")
        terminal.type("q")
        assert terminal.end() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay", "t.jsonl"], "the console needs a terminal; without one, use: paxos-tui check"),
        (["play", "S07"], "needs a terminal; without one, use: paxos-tui play S07 --headless"),
        (["play", "--all"], "--all plays without a console: add --headless"),
    ],
)
def test_without_a_terminal_one_line_says_what_works(arguments: list[str], said: str) -> None:
    done = call(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read FILE: No such file or directory"),
        (b"", "FILE: an empty file is no trace"),
        (b"hello\n", "FILE, line 1: no JSON"),
        (b'{"seq": 0, "t": 0, "node": "A1", "event": "synced"}\n', "FILE, line 1: "),
    ],
)
def test_what_is_no_trace_is_one_clear_line(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "f"
    if content is not None:
        path.write_bytes(content)
    with Terminal([*PROGRAM, "replay", str(path)]) as terminal:
        assert terminal.end() == 2
        heard = terminal.text.replace("\r\n", "")
    assert said.replace("FILE", str(path)) in heard
    assert "Traceback" not in heard
