"""Records the traces that the snapshot tests show: `python -m tests.tui.record_traces [NAME ...]`.

Each is what a real cluster did, cut where the state of interest is reached.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from paxos_engine import Cluster, ClusterConfig

TRACES = Path(__file__).parent / "traces"


def fresh(cluster: Cluster) -> None:
    """Nothing has been submitted yet."""


def load(cluster: Cluster) -> None:
    """Under load, with values of every kind, and commands that are under way."""
    values = ["plain", "[red]markup[/]", "\x1b[31mescape", "漢字 wide", b"\x00\xff", "x" * 500]
    for future in [cluster.submit(value) for value in values]:
        future.result(60)
    for future in [cluster.submit(f"value {n}") for n in range(300)]:
        future.result(60)


def acceptor_failed(cluster: Cluster) -> None:
    """Two acceptors are down, and values are still chosen."""
    cluster.fail("A1")
    cluster.fail("A2")
    time.sleep(0.2)
    cluster.submit("still chosen").result(60)


def no_quorum(cluster: Cluster) -> None:
    """Three of five acceptors are down: a command waits."""
    cluster.submit("before").result(60)
    for name in ("A1", "A2", "A3"):
        cluster.fail(name)
    time.sleep(0.2)
    cluster.submit("waits for a quorum")
    time.sleep(0.4)


def adversarial(cluster: Cluster) -> None:
    """A hostile network."""
    cluster.faults.set_profile("hostile")
    for future in [cluster.submit(f"storm {n}") for n in range(12)]:
        future.result(60)


def gap(cluster: Cluster) -> None:
    """The primary fails in the middle of a burst; the next one finds what it left."""
    for leader in ("L1", "C1"):
        for acceptor in cluster.acceptors:
            cluster.faults.cut(acceptor, leader)
    cluster.faults.cut("L2", "L1")
    for n in range(6):
        cluster.submit(f"left open {n}")
    time.sleep(0.2)
    cluster.fail("L2")
    cluster.faults.heal()
    time.sleep(3.0)


def two_primaries(cluster: Cluster) -> None:
    """The old primary is cut off with a minority, and does not know that it was replaced."""
    cluster.submit("before").result(60)
    cluster.faults.partition([{"L2", "A1", "A2"}, {"L1", "A3", "A4", "A5"}])
    time.sleep(2.0)
    cluster.submit("chosen by the majority").result(60)


def durable(cluster: Cluster) -> None:
    """Real disks that are slow: votes that no sync covers, a crash, and a command asked twice."""
    for n in range(4):
        cluster.submit(f"set key{n} {n}").result(60)
    cluster.crash("A2")
    time.sleep(0.2)
    cluster.recover("A2")
    time.sleep(0.3)
    for leader in cluster.leaders:  # replies are lost: the client asks again
        cluster.faults.cut(leader, "C1")
    cluster.submit("incr key1")
    time.sleep(0.8)
    cluster.faults.heal()
    time.sleep(1.0)
    cluster.faults.set_disk_delay(0.5)
    time.sleep(0.1)
    for n in range(4):
        cluster.submit(f"set slow{n} {n}")
    time.sleep(1.2)


STATES: dict[str, Callable[[Cluster], None]] = {
    play.__name__: play
    for play in (
        *(fresh, load, acceptor_failed, no_quorum, adversarial, gap, two_primaries),
        durable,
    )
}


def _places(lines: list[str], event: str) -> list[int]:
    return [n for n, line in enumerate(lines) if json.loads(line)["event"] == event]


def _while_gaps_are_filled(lines: list[str]) -> list[str]:
    found, filled = _places(lines, "gap_found"), _places(lines, "gap_filled")
    return lines[: max(found[-1], filled[2]) + 1]


def _in_mid_burst(lines: list[str]) -> list[str]:
    return lines[: _places(lines, "answered")[60] + 1]


def _before_the_last_sync(lines: list[str]) -> list[str]:
    """Cut where most is written and not yet synced."""
    return lines[: _places(lines, "accepted")[-1] + 1]


CUTS: dict[str, Callable[[list[str]], list[str]]] = {
    "gap": _while_gaps_are_filled,
    "load": _in_mid_burst,
    "durable": _before_the_last_sync,
}
"""Where a trace ends, for those whose state of interest passes quickly."""


def _used_disks(folder: Path) -> Path:
    """Return the data directory of a cluster that ran before, one of whose disks was replaced."""
    data = folder / "data"
    with Cluster(ClusterConfig(seed=3, data_dir=data)) as cluster:
        for n in range(5):
            cluster.submit(f"set old{n} {n}").result(60)
    shutil.rmtree(data / "A5")
    return data


def record(name: str, play: Callable[[Cluster], None]) -> None:
    """Run a cluster through `play` and keep the trace."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.jsonl"
        config = ClusterConfig(seed=3, record=path, heartbeat_every=0.2)
        if play is durable:
            config = replace(config, data_dir=_used_disks(Path(folder)), allow_empty_disk=True)
        with Cluster(config) as cluster:
            while not any(cluster._running[n].role.number.round for n in cluster.leaders):  # type: ignore[attr-defined]
                time.sleep(0.05)
            time.sleep(0.3)
            play(cluster)
        lines = path.read_text(encoding="utf-8").splitlines()
    lines = CUTS.get(name, lambda lines: lines)(lines)
    (TRACES / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for state in sys.argv[1:] or STATES:
        record(state, STATES[state])
