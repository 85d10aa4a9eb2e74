"""How fast a node comes back: from its disk, from its peers, and from a snapshot."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgpack

from benchmarks import ours
from benchmarks.apart import apart
from benchmarks.harness import Sample, Table, Taken, Tell, Way, rows_of, take_turns
from benchmarks.scale import Scale
from paxos_engine.roles.acceptor import PaxosAcceptor
from paxos_engine.roles.assembly import Shape
from paxos_engine.roles.effects import AcceptRecord, ChosenRecord, Record, Role
from paxos_engine.roles.leader import PaxosLeader
from paxos_engine.roles.log import ReplicatedLog
from paxos_engine.roles.values import Command, ProposalNumber
from paxos_engine.storage.durable import DurableDisk

PATIENCE: Final = 300.0
OUTSTANDING: Final = 64
NUMBER: Final = ProposalNumber(3, 2)
OPENING: Final = Command("C1", 0, "open session")
BATCH: Final = 500
BARE: Final = "bare msgpack"
TAKEN: Final = "taken"
RESTORED: Final = "restored"


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return a table for each way to come back."""
    count = scale.commands
    restarts: dict[str, Way] = {
        BARE: partial(apart, read_bare, count),
        "acceptor": partial(apart, restart_acceptor, count),
        "leader": partial(apart, restart_leader, count),
    }
    catch_up: dict[str, Way] = {"behind": partial(apart, catch_up_leader, count)}
    snapshot: dict[str, Way] = {
        "bare json": partial(apart, bare_json, count),
        "history": partial(apart, snapshot_history, count),
    }
    return [
        Table(
            f"a node restarts from the log of {count:,} instances",
            rows_of(take_turns(restarts, scale.rounds, tell), [BARE]),
            [
                f"{BARE}: the same fields read from a plain file, nothing checked",
                "leader: applies every instance to its machine too; it has no snapshot",
            ],
        ),
        _caught_up(count, take_turns(catch_up, scale.rounds, tell)["behind"]),
        _snapshots(count, take_turns(snapshot, scale.rounds, tell)),
    ]


def _caught_up(count: int, samples: list[Sample]) -> Table:
    """Return the table about a leader that was away, beside the rate at which it was left."""
    taken = {
        name: [{"instances/s": sample[name]} for sample in samples]
        for name in ("chosen meanwhile", "caught up")
    }
    title = f"a leader recovers {count:,} instances behind"
    return Table(title, rows_of(taken, ["chosen meanwhile"]))


def _snapshots(count: int, taken: Taken) -> Table:
    """Return the table about snapshots: taken and restored, each beside its reference."""
    table = Table(f"snapshot of {count:,} keys")
    for case in (TAKEN, RESTORED):
        rates = {name: [{"keys/s": s[case]} for s in samples] for name, samples in taken.items()}
        table.rows += rows_of(rates, ["bare json"], case)
    return table


def values(count: int) -> list[Command]:
    """Return what is chosen for so many instances: a client's session, then its commands."""
    commands = [Command("C1", n, "v" * 16, n, 1) for n in range(1, count)]
    return [OPENING, *commands]


def restart_acceptor(count: int) -> Sample:
    """Open the log of an acceptor that ended without notice, and take back its votes."""
    votes = [AcceptRecord(NUMBER, n, value) for n, value in enumerate(values(count), 1)]
    role, figures = restart("A1", votes)
    assert isinstance(role, PaxosAcceptor)
    return _if_all(role.votes, count, figures)


def restart_leader(count: int) -> Sample:
    """Open the log of a leader that ended without notice, and apply what it knows as chosen."""
    chosen = [ChosenRecord(n, NUMBER, value) for n, value in enumerate(values(count), 1)]
    role, figures = restart("L1", chosen)
    assert isinstance(role, PaxosLeader)
    return _if_all(role.log.applied_up_to, count, figures)


def restart(node: str, records: Sequence[Record]) -> tuple[Role, Sample]:
    """Write these records, one for each instance, and take them back as a node does that begins."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        disk = DurableDisk(Path(name), "bench", node, create=True)
        for first in range(0, len(records), BATCH):
            disk.append(records[first : first + BATCH])
            disk.sync()
        disk.close()
        began = time.perf_counter()
        disk = DurableDisk(Path(name), "bench", node)
        role = Shape().make(node, 1)
        role.restore(disk.records(), disk.mark)
        seconds = time.perf_counter() - began
        disk.close()
        return role, {"instances/s": len(records) / seconds}


def _if_all(back: int, count: int, figures: Sample) -> Sample:
    """Return the figures of a restart that forgot nothing."""
    if back != count:
        raise RuntimeError(f"{back} of {count} instances came back")
    return figures


def read_bare(count: int) -> Sample:
    """Read the same fields with msgpack alone."""
    with tempfile.TemporaryFile(dir=Path.cwd()) as file:
        for instance, value in enumerate(values(count), 1):
            fields = (value.client, value.sequence, value.value, value.oldest, value.session)
            file.write(msgpack.packb((*NUMBER, instance, fields)))
        file.seek(0)
        began = time.perf_counter()
        found = sum(1 for _ in msgpack.Unpacker(file))
        return {"instances/s": found / (time.perf_counter() - began)}


def catch_up_leader(count: int) -> Sample:
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


def snapshot_history(count: int) -> Sample:
    """Take the snapshot of a history that has set so many keys, and install it elsewhere."""
    log = ReplicatedLog()
    log.learn(1, NUMBER, OPENING)
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


def bare_json(count: int) -> Sample:
    """Write and read the same keys with json alone."""
    items = {f"key{n}": str(n) for n in range(1, count + 1)}
    began = time.perf_counter()
    text = json.dumps(items, sort_keys=True)
    taken = time.perf_counter()
    json.loads(text)
    return _both(count, taken - began, time.perf_counter() - taken)


def _both(count: int, take: float, restore: float) -> Sample:
    return {TAKEN: count / take, RESTORED: count / restore}
