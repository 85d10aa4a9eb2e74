"""How fast a node comes back: from its disk, from its peers, and from a snapshot."""

from __future__ import annotations

import json
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Final

import msgpack

from benchmarks import ours
from benchmarks.apart import apart
from benchmarks.harness import Sample, Table, Tell, Way, rows_of, take_turns
from benchmarks.scale import Scale
from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.assembly import Shape
from paxos_engine.roles.effects import AcceptRecord
from paxos_engine.roles.log import ReplicatedLog
from paxos_engine.roles.values import Command, ProposalNumber
from paxos_engine.storage.durable import DurableDisk

PATIENCE: Final = 300.0
OUTSTANDING: Final = 64
NUMBER: Final = ProposalNumber(3, 2)
BATCH: Final = 500


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return a table for each way to come back."""
    count = scale.commands
    restart: dict[str, Way] = {
        "bare msgpack": partial(apart, read_bare, count),
        "acceptor": partial(apart, restart_acceptor, count),
    }
    catch_up: dict[str, Way] = {"behind": partial(apart, catch_up_leader, count)}
    snapshot: dict[str, Way] = {
        "bare json": partial(apart, bare_json, count),
        "history": partial(apart, snapshot_history, count),
    }
    return [
        Table(
            f"an acceptor restarts from the log of {count:,} instances",
            rows_of(take_turns(restart, scale.rounds, tell), ["bare msgpack"]),
            ["bare msgpack: the same fields read from a plain file, nothing checked"],
        ),
        _caught_up(count, take_turns(catch_up, scale.rounds, tell)["behind"]),
        Table(
            f"snapshot of {count:,} keys",
            rows_of(take_turns(snapshot, scale.rounds, tell), ["bare json"]),
        ),
    ]


def _caught_up(count: int, samples: list[Sample]) -> Table:
    """Return the table about a leader that was away, beside the rate at which it was left."""
    taken = {
        name: [{"instances/s": sample[name]} for sample in samples]
        for name in ("chosen meanwhile", "caught up")
    }
    title = f"a leader recovers {count:,} instances behind"
    return Table(title, rows_of(taken, ["chosen meanwhile"]))


def records(count: int) -> list[AcceptRecord]:
    """Return what an acceptor writes for so many instances."""
    return [AcceptRecord(NUMBER, n, Command("C1", n, "v" * 16, n, 1)) for n in range(1, count + 1)]


def restart_acceptor(count: int) -> dict[str, float]:
    """Open the log of an acceptor that ended without notice, and take it back."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        disk = DurableDisk(Path(name), "bench", "A1", create=True)
        every = records(count)
        for first in range(0, count, BATCH):
            disk.append(every[first : first + BATCH])
            disk.sync()
        disk.close()
        began = time.perf_counter()
        disk = DurableDisk(Path(name), "bench", "A1")
        role = Shape().make("A1", 1)
        assert isinstance(role, PaxosAcceptor)
        role.restore(disk.records(), disk.mark)
        seconds = time.perf_counter() - began
        disk.close()
        if role.votes != count:
            raise RuntimeError(f"{role.votes} of {count} votes came back")
        return {"instances/s": count / seconds}


def read_bare(count: int) -> dict[str, float]:
    """Read the same fields with msgpack alone."""
    with tempfile.TemporaryFile(dir=Path.cwd()) as file:
        for record in records(count):
            value = record.value
            assert isinstance(value, Command)
            fields = (value.client, value.sequence, value.value, value.oldest, value.session)
            file.write(msgpack.packb((*record.number, record.instance, fields)))
        file.seek(0)
        began = time.perf_counter()
        found = sum(1 for _ in msgpack.Unpacker(file))
        return {"instances/s": found / (time.perf_counter() - began)}


def catch_up_leader(count: int) -> dict[str, float]:
    """Let a leader miss instances; return how fast they were chosen, and made good for."""
    with ours.running(ours.Setting(options={"snapshot_every": 1_000_000})) as cluster:
        away, primary = cluster.leaders
        cluster.fail(away)
        chosen = ours.submit_all(cluster, count, OUTSTANDING)
        target = cluster.applied(primary)[0]
        began = time.perf_counter()
        cluster.recover(away)
        while cluster.applied(away)[0] < target:
            time.sleep(0.001)
            if time.perf_counter() - began > PATIENCE:
                raise RuntimeError(f"{away} did not catch up within {PATIENCE:.0f} seconds")
        caught_up = time.perf_counter() - began
        return ours.checked(
            cluster, {"chosen meanwhile": count / chosen, "caught up": count / caught_up}
        )


def snapshot_history(count: int) -> dict[str, float]:
    """Take the snapshot of a history that has set so many keys, and install it elsewhere."""
    log = ReplicatedLog()
    log.learn(1, NUMBER, Command("C1", 0, "open session"))
    for n in range(1, count + 1):
        log.learn(n + 1, NUMBER, Command("C1", n, f"set key{n} {n}", n, 1))
    for _ in log.apply_ready():
        pass
    began = time.perf_counter()
    snapshot = log.take_snapshot()
    taken = time.perf_counter()
    other = ReplicatedLog()
    if not other.install(snapshot) or other.state != log.state:
        raise RuntimeError("the snapshot was not installed as it was taken")
    return _both(count, taken - began, time.perf_counter() - taken)


def bare_json(count: int) -> dict[str, float]:
    """Write and read the same keys with json alone."""
    items = {f"key{n}": str(n) for n in range(1, count + 1)}
    began = time.perf_counter()
    text = json.dumps(items, sort_keys=True)
    taken = time.perf_counter()
    json.loads(text)
    return _both(count, taken - began, time.perf_counter() - taken)


def _both(count: int, take: float, restore: float) -> dict[str, float]:
    return {"keys/s taken": count / take, "keys/s restored": count / restore}
