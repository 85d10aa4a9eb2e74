"""A real cluster over UDP: submit, fail, recover, partition, stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from paxos_engine import (
    ChosenCommand,
    Cluster,
    ClusterConfig,
    ConfigError,
    Entry,
    OutcomeUnknown,
    PortInUse,
    RecorderError,
    read_trace,
)
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.roles.events import (
    AcceptedValue,
    Delivered,
    Header,
    Learned,
    Sent,
    Skipped,
    Submitted,
    Synced,
)
from paxos_engine.roles.leader import PaxosLeader, Standing
from tests.runtime.order import order_breaches

PATIENCE = 60.0


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds; fail if it never does."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def primaries(cluster: Cluster) -> list[str]:
    """Return the leaders that are up and believe that they lead."""
    roles = [cluster._running[name].role for name in cluster.leaders]
    return [
        role.name
        for role in roles
        if isinstance(role, PaxosLeader)
        and role.standing is Standing.PRIMARY
        and not cluster.is_failed(role.name)
    ]


def fail(cluster: Cluster, *names: str) -> None:
    """Fail nodes, and wait until their threads have carried it out."""
    for name in names:
        cluster.fail(name)
    until(lambda: all(cluster._running[name].node.standing == "failed" for name in names))


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(ClusterConfig(election_timeout=0.5, heartbeat_every=0.05)) as running:
        until(lambda: primaries(running))
        yield running


def submit_all(cluster: Cluster, values: list[str]) -> list[int]:
    """Submit values and return their instances."""
    futures = [cluster.submit(value) for value in values]
    return [future.result(PATIENCE).instance for future in futures]


def one_history(cluster: Cluster) -> list[tuple[int, str | bytes | None]]:
    """Wait until both leaders have the same history, and return it."""
    until(lambda: cluster.history("L1") == cluster.history("L2"))
    return cluster.history("L1")


def test_a_submitted_value_is_chosen_and_every_leader_learns_it(cluster: Cluster) -> None:
    reply = cluster.submit("x").result(PATIENCE)
    assert one_history(cluster) == [(reply.instance, "x")]


def test_text_and_bytes_come_back_as_they_went_in(cluster: Cluster) -> None:
    values = ["text", b"\x00\xff bytes", "漢字", "", "\udc80 half a character"]
    for value in values:
        cluster.submit(value).result(PATIENCE)
    assert [value for _, value in one_history(cluster)] == values


def test_the_higher_port_leads_at_first(cluster: Cluster) -> None:
    assert (
        cluster.ports["L2"] > cluster.ports["L1"] > max(cluster.ports[a] for a in cluster.acceptors)
    )
    assert primaries(cluster) == ["L2"]


def test_with_two_of_five_acceptors_failed_values_are_still_chosen(cluster: Cluster) -> None:
    fail(cluster, "A1", "A2")
    submit_all(cluster, [f"v{n}" for n in range(50)])
    assert len(one_history(cluster)) == 50


def test_without_a_quorum_a_command_waits_and_completes_when_one_is_back(
    cluster: Cluster,
) -> None:
    fail(cluster, "A1", "A2", "A3")
    future = cluster.submit("waits")
    time.sleep(0.5)
    assert not future.done()
    assert cluster.agreed == 0
    cluster.recover("A2")
    assert future.result(PATIENCE).instance >= 2  # behind the session


def test_when_the_primary_fails_the_other_leader_takes_over(cluster: Cluster) -> None:
    submit_all(cluster, ["before"])
    fail(cluster, "L2")
    submit_all(cluster, ["after"])
    assert primaries(cluster) == ["L1"]
    cluster.recover("L2")
    assert {value for _, value in one_history(cluster)} >= {"before", "after"}


def test_a_primary_cut_off_with_a_minority_decides_nothing_and_catches_up(
    cluster: Cluster,
) -> None:
    cluster.faults.partition([{"L2", "A1", "A2"}, {"L1", "A3", "A4", "A5"}])
    instances = submit_all(cluster, ["majority"])
    assert primaries(cluster) in (["L1"], ["L1", "L2"])
    assert cluster.history("L2") == []
    cluster.faults.heal()
    assert dict(one_history(cluster))[instances[0]] == "majority"
    until(lambda: len(primaries(cluster)) == 1)


@pytest.mark.parametrize("mode", ["multi", "classic"])
@pytest.mark.parametrize("profile", ["calm", "jittery", "lossy", "hostile"])
def test_under_every_profile_the_history_stays_one(mode: str, profile: str) -> None:
    with Cluster(ClusterConfig(mode=mode, profile=profile, seed=5)) as cluster:
        values = [f"v{n}" for n in range(40)]
        submit_all(cluster, values)
        history = one_history(cluster)
    assert sorted({v for _, v in history if v is not None}, key=str) == sorted(values)
    assert cluster.agreed >= 40
    assert cluster.violation is None
    assert cluster.checked == ""


def test_by_the_toys_election_the_higher_port_comes_back_to_lead() -> None:
    with Cluster(ClusterConfig(election="port", election_timeout=0.5)) as cluster:
        until(lambda: primaries(cluster) == ["L2"])
        fail(cluster, "L2")
        until(lambda: primaries(cluster) == ["L1"])
        cluster.recover("L2")
        until(lambda: primaries(cluster) == ["L2"])
        assert cluster.submit("x").result(PATIENCE)


def test_one_leader_and_one_acceptor_are_a_cluster() -> None:
    with Cluster(ClusterConfig(leaders=1, acceptors=1)) as cluster:
        assert cluster.submit("x").result(PATIENCE).instance >= 2  # behind the session


def test_subscribers_are_told_every_command_in_order_from_where_they_ask(
    cluster: Cluster,
) -> None:
    heard: list[ChosenCommand] = []
    live = cluster.subscribe(heard.append)
    submit_all(cluster, [f"v{n}" for n in range(20)])
    late = cluster.subscribe(from_instance=11)
    first = late.get(PATIENCE)
    assert first is not None
    assert first.instance == 11
    until(lambda: len(heard) == 20)
    assert [command.instance for command in heard] == list(range(2, 22))
    assert live.get(0.01) is None


def test_commands_that_share_instances_are_answered_applied_and_told_one_by_one() -> None:
    values = [f"incr k{n % 7}" for n in range(700)]
    with Cluster(ClusterConfig(batch=64)) as cluster:
        heard: list[ChosenCommand] = []
        cluster.subscribe(heard.append)
        replies = [future.result(PATIENCE) for future in [*map(cluster.submit, values)]]
        until(lambda: len(heard) == len(values))
        assert sorted(int(r.result) for r in replies) == sorted(list(range(1, 101)) * 7)
        assert [command.value for command in heard] == values
        assert len({reply.instance for reply in replies}) < len(values) / 2
        assert [value for _, value in one_history(cluster)] == values
        until(lambda: cluster.checked_events > 0)
        assert cluster.violation is None


def test_a_distinguished_learner_tells_the_other_which_takes_over_where_it_fails() -> None:
    with Cluster(ClusterConfig(distinguished=True, thrifty=True)) as cluster:
        reader = cluster.trace.reader()
        submit_all(cluster, [f"v{n}" for n in range(50)])
        until(lambda: len({cluster.applied(leader) for leader in cluster.leaders}) == 1)
        learned = [(e.node, e.event) for e in reader.drain() if isinstance(e.event, Learned)]
        assert {node == event.number.leader for node, event in learned if event.voters} == {True}
        assert any(event.source == "decision" for _, event in learned)
        until(lambda: primaries(cluster))
        cluster.fail(primary := primaries(cluster)[0])
        submit_all(cluster, ["after"])
        cluster.recover(primary)
        assert len(one_history(cluster)) >= 51
        assert cluster.violation is None


def test_commands_that_share_instances_survive_a_restart_of_everything(tmp_path: Path) -> None:
    config = ClusterConfig(batch=64, data_dir=tmp_path / "disks", snapshot_every=3)
    with Cluster(config) as cluster:
        first = [f.result(PATIENCE) for f in [*map(cluster.submit, ["incr k"] * 200)]]
    with Cluster(config) as cluster:
        assert cluster.submit("incr k").result(PATIENCE).result == "201"
        assert cluster.violation is None
    assert {int(reply.result) for reply in first} == set(range(1, 201))


def test_a_slow_subscriber_blocks_nobody_and_misses_nothing(cluster: Cluster) -> None:
    gate = threading.Event()
    heard: list[int] = []

    def slow(command: ChosenCommand) -> None:
        gate.wait(PATIENCE)
        heard.append(command.instance)

    cluster.subscribe(slow)
    submit_all(cluster, [f"v{n}" for n in range(30)])
    assert heard == []
    gate.set()
    until(lambda: heard == list(range(2, 32)))


def test_a_value_too_large_is_refused_at_once_in_one_line(cluster: Cluster) -> None:
    with pytest.raises(ValueError, match="60,000"):
        cluster.submit("x" * 60_001)
    assert cluster.submit("x" * 59_000).result(PATIENCE).instance >= 2  # behind the session


def test_garbage_sent_to_every_port_is_counted_shown_and_dropped(cluster: Cluster) -> None:
    reader = cluster.trace.reader()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for port in cluster.ports.values():
            for junk in (b"", b"\x00", b"\x01" * 40, b"\x80\x04\x95pickle", os.urandom(500)):
                stranger.sendto(junk, ("127.0.0.1", port))
    seen: list[str] = []

    def refused_everywhere() -> bool:
        seen.extend(e.node for e in reader.drain() if e.event.name == "refused")
        return set(seen) == set(cluster.ports)

    until(refused_everywhere)
    assert cluster.submit("still alive").result(PATIENCE)


def test_no_gap_is_left_when_it_is_asked_to_be_filled(cluster: Cluster) -> None:
    submit_all(cluster, ["a", "b"])
    cluster.fill_gaps()
    submit_all(cluster, ["c"])
    assert [value for _, value in one_history(cluster)] == ["a", "b", "c"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """Return the trace of a cluster that lost messages, an acceptor and its primary."""
    path = tmp_path_factory.mktemp("recording") / "trace.jsonl"
    config = ClusterConfig(record=path, profile="lossy", seed=3, election_timeout=0.5)
    with Cluster(config) as cluster:
        submit_all(cluster, [f"v{n}" for n in range(20)])
        fail(cluster, "A1", *primaries(cluster))
        submit_all(cluster, [f"w{n}" for n in range(20)])
        for name in cluster.ports:
            if name in cluster.leaders or name == "A1":
                cluster.recover(name)
        submit_all(cluster, [f"x{n}" for n in range(20)])
    return list(read_trace(path))


def test_a_recording_is_complete_and_can_be_read(recording: list[Entry]) -> None:
    numbers = [entry.seq for entry in recording]
    assert numbers == sorted(set(numbers))
    assert recording[0].event.name == "header"
    assert sum(entry.event.name == "answered" for entry in recording) == 60
    assert not any(isinstance(e.event, Skipped) and e.event.count for e in recording)


def test_a_recording_breaks_no_safety_rule(recording: list[Entry]) -> None:
    header = recording[0].event
    assert isinstance(header, Header)
    checker = SafetyChecker.of(header)
    for entry in recording:
        checker.observe(entry)
    assert checker.violations == []
    assert checker.checked
    assert checker.agreed >= 61  # with the session


def test_the_lines_of_a_recording_extend_what_happened_before_what(
    recording: list[Entry],
) -> None:
    """The order contract of docs/trace-format.md, line by line."""
    assert order_breaches(recording) == []


def test_each_breach_of_the_order_would_be_seen(recording: list[Entry]) -> None:
    for kind in (Sent, AcceptedValue, Synced, Submitted, Delivered):
        later = [e for e in recording if isinstance(e.event, kind)]
        others = [e for e in recording if not isinstance(e.event, kind)]
        assert order_breaches([*others, *later]), kind.name


def test_a_recording_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RecorderError, match="cannot"):
        Cluster(ClusterConfig(record=tmp_path / "no" / "such" / "folder.jsonl"))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"acceptors": 0}, "acceptors is 0"),
        ({"leaders": 0}, "leaders is 0"),
        ({"acceptors": 1000}, "99"),
        ({"mode": "fast"}, "multi, classic"),
        ({"profile": "evil"}, "calm, jittery, lossy, hostile"),
        ({"election": "coin"}, "number, port"),
        ({"base_port": 65_535}, "base_port"),
        ({"gap_fill_after": -1.0}, "gap_fill_after"),
        ({"election_timeout": 0.1}, "twice"),
        (
            {"coalesce_bytes": 65_001},
            "coalesce_bytes is 65001: give a whole number from 0 to 65000",
        ),
    ],
)
def test_a_configuration_that_cannot_run_is_one_clear_line(
    wrong: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        ClusterConfig(**wrong)  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_even_number_of_acceptors_is_allowed_and_explained() -> None:
    assert "no more than with 3" in ClusterConfig(acceptors=4).explain()
    assert "2 may fail" in ClusterConfig(acceptors=5).explain()


def test_a_port_in_use_is_named_and_nothing_stays_open() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=str(port)):
            Cluster(ClusterConfig(base_port=min(port, 65_000) if port <= 65_000 else port - 7))


def test_no_such_node_is_a_clear_error(cluster: Cluster) -> None:
    with pytest.raises(KeyError, match="no node A9"):
        cluster.fail("A9")


def test_a_stopped_cluster_leaves_no_thread_and_no_socket_and_tells_who_waits() -> None:
    before = set(threading.enumerate())
    cluster = Cluster()
    cluster.start()
    for name in cluster.acceptors:
        cluster.fail(name)
    future = cluster.submit("never")
    cluster.stop()
    cluster.stop()
    assert set(threading.enumerate()) <= before
    with pytest.raises(OutcomeUnknown):
        future.result(1)
    with pytest.raises(OutcomeUnknown):
        cluster.submit("too late").result(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(("127.0.0.1", cluster.ports["L1"]))


def test_a_cluster_that_was_never_started_stops_too() -> None:
    Cluster().stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_program_that_uses_the_engine(number: signal.Signals) -> None:
    program = (
        "import signal, sys, threading, time\n"
        "from paxos_engine import Cluster\n"
        "signal.signal(signal.SIGTERM, lambda *a: sys.exit(3))\n"
        # Who started the tests may have had it ignored, and that is inherited.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n"
        "    with Cluster() as cluster:\n"
        "        cluster.submit('x').result(30)\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(60)\n"
        "finally:\n"
        "    print([t.name for t in threading.enumerate()], flush=True)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert child.stdout is not None
    assert child.stdout.readline().strip() == b"ready"
    child.send_signal(number)
    said, _ = child.communicate(timeout=PATIENCE)
    assert said.strip() == b"['MainThread']"


def test_a_checker_that_falls_behind_makes_commands_wait_and_never_a_node(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paxos_engine.runtime.observers.BACKLOG_AT_MOST", 0)
    reader = cluster.trace.reader()
    future = cluster.submit("waits")
    seen: list[str] = []

    def beats_go_on() -> bool:
        seen.extend(entry.event.name for entry in reader.drain())
        return seen.count("heartbeat") >= 20

    until(beats_go_on)
    assert "submitted" not in seen
    assert not future.done()
    monkeypatch.setattr("paxos_engine.runtime.observers.BACKLOG_AT_MOST", 200_000)
    assert future.result(PATIENCE).instance >= 2  # behind the session


def test_stopping_leaves_no_future_without_an_end_and_no_subscription_open(
    cluster: Cluster,
) -> None:
    futures = [cluster.submit(f"v{n}") for n in range(5_000)]
    cluster.stop()
    assert all(future.done() for future in futures)
    late = cluster.submit("late")
    assert isinstance(late.exception(), OutcomeUnknown)
    assert list(cluster.subscribe()) == []


def test_waiting_for_a_command_ends_in_time_although_there_is_other_news(cluster: Cluster) -> None:
    subscription = cluster.subscribe(from_instance=1_000_000)
    waiting = threading.Thread(target=subscription.get, args=(0.2,))
    waiting.start()
    until(lambda: not waiting.is_alive())  # heartbeats are news every 50 ms
