"""The command line without a terminal: what it says, and how it leaves."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paxos_engine import Cluster, ClusterConfig, read_trace

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


def test_what_an_even_number_of_acceptors_is_worth_is_said() -> None:
    done = call("run", "--commands", "3", "--acceptors", "4")
    assert done.returncode == 0
    assert "4 acceptors: 3 make a quorum, 1 may fail, no more than with 3" in done.stderr
    assert "make a quorum" not in call("run", "--commands", "3").stderr


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


def test_a_recording_replaces_one_of_before_as_the_help_says(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    trace.write_text("of before\n")
    assert call("run", "--commands", "1", "--record", str(trace)).returncode == 0
    assert read_trace(trace).header.command.startswith("paxos-tui run --commands 1")
    for command in ((), ("run",), ("play",), ("explore",)):
        said = " ".join(call(*command, "--help").stdout.split())
        assert " is replaced." in said, command
    assert "replace those of before." in said  # what explore saves by itself


def test_a_cluster_that_cannot_start_leaves_a_recording_of_before(tmp_path: Path) -> None:
    trace, data = tmp_path / "trace.jsonl", tmp_path / "data"
    trace.write_text("of before\n")
    with Cluster(ClusterConfig(data_dir=data)):
        for cannot in (
            ("--data-dir", str(data)),
            ("--write-off", "L1"),
            ("--base-port", "99999"),
            ("--fail", "Z7"),
        ):
            assert call("run", "--record", str(trace), *cannot).returncode == 2, cannot
            assert trace.read_text() == "of before\n", cannot


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
        (("run", "--acceptors", "0"), ": --acceptors is 0: give a whole number from 1 to 99"),
        (("run", "--gap-fill-after", "-1"), ": --gap-fill-after is -1.0: give seconds"),
        (("run", "--write-off", "L9"), ": --write-off is 'L9': choose one of L1, L2"),
        (("run", "--write-off", "L1,L2"), ": --write-off names every leader"),
        (("run", "--leaders", "many"), "'--leaders': 'many' is not a whole number."),
        (("run", "--commands", "abc"), "'--commands': 'abc' is not a whole number."),
        (("run", "--commands", "0"), "'--commands': 0 is not from 1 to 10000000."),
        (("run", "--timeout", "soon"), "'--timeout': 'soon' is not a number."),
        (("run", "--timeout", "0"), "'--timeout': 0.0 is less than 0.1."),
        (("run", "--timeout", "nan"), "'--timeout': nan is no number of seconds"),
        (("check", __file__), "line 1: no JSON (at character "),
        (("run", "--fail", "Z7"), "no node Z7"),
        (("run", "--faults", "evil"), "evil"),
        (("run", "--bogus"), "--bogus"),
        (("run", "--base-port", "99999"), ": --base-port is 99999: 8 ports from there"),
        (("run", "--record", "/nowhere/at/all.jsonl"), "cannot"),
        ((), "needs a terminal"),
        (("sideways",), "sideways"),
        (("--faults", "hostile", "run"), "write paxos-tui run --faults"),
        (("--seed", "3", "run", "--commands", "1"), "write paxos-tui run --seed"),
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


def test_ctrl_c_while_the_program_is_still_loading_is_one_line() -> None:
    program = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(name, path=None, target=None):\n"
        "        if name == 'paxos_tui.cli':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted)\n"
        "from paxos_tui.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (130, "paxos-tui: stopped\n")


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
