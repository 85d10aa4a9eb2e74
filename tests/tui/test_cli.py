"""The command line: what it says, and how it leaves."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from paxos_engine import read_trace

PROGRAM = [sys.executable, "-m", "paxos_tui"]


def call(*arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """Run the program without a terminal."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_the_seeds_demo_chooses_all_thousand_commands_with_two_acceptors_failed() -> None:
    done = call("run", "--commands", "1000", "--fail", "A1,A2", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["chosen"] == 1000
    assert report["agree"]
    assert report["missing"] == []
    assert report["agreed_instances"] >= 1000
    assert report["histories"]["L1"] == report["histories"]["L2"]
    assert set(report["latency_ms"]) == {"p50", "p90", "p99"}


@pytest.mark.parametrize("profile", ["jittery", "lossy", "hostile"])
def test_the_demo_finishes_under_every_fault_profile(profile: str) -> None:
    done = call("run", "--fail", "A1,A2", "--faults", profile, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["good"]
    assert report["chosen"] == 1000


@pytest.mark.parametrize("profile", ["calm", "jittery", "lossy", "hostile"])
def test_classic_mode_leaves_one_history_under_every_fault_profile(profile: str) -> None:
    done = call("run", "--commands", "120", "--faults", profile, "--mode", "classic", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["good"]


def test_the_report_for_a_person_names_what_counts() -> None:
    done = call("run", "--commands", "5")
    assert done.returncode == 0
    for words in ("L1: ", "L2: ", "5 of 5", "histories agree   yes", "commits a second", "p99"):
        assert words in done.stdout


def test_missing_commands_make_the_exit_code_one() -> None:
    done = call("run", "--commands", "3", "--fail", "A1,A2,A3", "--timeout", "2")
    assert done.returncode == 1
    assert "0 of 3" in done.stdout
    assert "missing           command-1" in done.stdout


def test_a_recording_begins_with_its_header(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    assert call("run", "--commands", "3", "--record", str(trace)).returncode == 0
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    assert lines[0]["event"] == "header"
    assert {"submitted", "sent", "delivered", "accepted", "learned", "applied", "answered"} <= {
        line["event"] for line in lines
    }


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_a_recording_says_by_which_command_it_was_made(tmp_path: Path, ending: str) -> None:
    trace = tmp_path / f"a trace.jsonl{ending}"
    assert call("run", "--commands", "3", "--record", str(trace)).returncode == 0
    recording = read_trace(trace)
    header = recording.header
    assert header.command == f"paxos-tui run --commands 3 --record '{trace}'"
    assert [entry.event.name for entry in recording].count("submitted") == 4
    assert recording.damage is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--acceptors", "0"), "acceptors is 0"),
        (("run", "--leaders", "many"), "many"),
        (("run", "--fail", "Z7"), "no node Z7"),
        (("run", "--faults", "evil"), "evil"),
        (("run", "--bogus"), "--bogus"),
        (("run", "--base-port", "99999"), "99999"),
        (("run", "--record", "/nowhere/at/all.jsonl"), "cannot"),
        ((), "needs a terminal"),
        (("sideways",), "sideways"),
    ],
)
def test_bad_input_is_one_clear_line(arguments: tuple[str, ...], words: str) -> None:
    done = call(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        done = call("run", "--base-port", str(min(port, 65_000) if port <= 65_000 else port - 7))
    assert done.returncode == 2
    assert str(port) in done.stderr


def test_help_and_version_read_well_and_load_no_textual() -> None:
    assert "Open a console" in call("--help").stdout
    assert "histories agree" in call("run", "--help").stdout
    assert call("--version").stdout.startswith("paxos-tui, version ")
    program = (
        "import sys\n"
        "from paxos_tui.cli import cli\n"
        "import paxos_tui.run\n"
        "assert not any(m.split('.')[0] == 'textual' for m in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_a_run_without_a_traceback(number: signal.Signals) -> None:
    child = subprocess.Popen(
        [*PROGRAM, "run", "--commands", "10", "--fail", "A1,A2,A3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(2.0)
    child.send_signal(number)
    _, errors = child.communicate(timeout=60)
    assert child.returncode not in (0, None)
    assert "Traceback" not in errors


def _take_terminal() -> None:
    """Make standard input the controlling terminal, whose death is a SIGHUP."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _console(*arguments: str, controls: bool = True) -> tuple[subprocess.Popen[bytes], int]:
    """Start the console on a terminal of its own; return it and our end of the terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    child = subprocess.Popen(
        [*PROGRAM, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
        start_new_session=True, preexec_fn=_take_terminal if controls else None,
    )  # fmt: skip
    os.close(theirs)
    return child, ours


def _read_until(terminal: int, words: bytes) -> bytes:
    seen = b""
    while words not in seen:
        try:
            piece = os.read(terminal, 65_536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    return seen


@pytest.mark.parametrize("controls", [True, False], ids=["by SIGHUP", "without a signal"])
def test_the_console_opens_on_a_terminal_and_ends_with_it(controls: bool) -> None:
    child, terminal = _console(controls=controls)
    try:
        assert b"instances" in _read_until(terminal, b"instances")
    finally:
        os.close(terminal)  # the terminal dies
    assert child.wait(timeout=60) is not None


def test_a_broken_theme_file_is_one_clear_line(tmp_path: Path) -> None:
    theme = tmp_path / "mine.toml"
    theme.write_text('name = "mine"\n[colors]\nprimary = "no-colour"\n')
    child, terminal = _console("--theme", str(theme))
    said = _read_until(terminal, b"\0").decode()
    os.close(terminal)
    assert child.wait(timeout=60) == 2
    assert "colors.primary: 'no-colour' is no colour" in said.replace("\r\n", "")
    assert "Traceback" not in said
