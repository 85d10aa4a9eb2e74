"""Latency with one command outstanding, beside the floor and PySyncObj."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from benchmarks import etcd, floor, ours, peer
from benchmarks.apart import apart
from benchmarks.harness import Sample, Table, Tell, Way, rows_of, take_turns
from benchmarks.scale import Scale
from benchmarks.throughput import BARE

ACCEPTORS = 5
BARE_CALLER = "ours, waiting, bare"
THRIFTY_CALLER = "ours, waiting, bare, thrifty"
FEWEST_CALLER = "ours, waiting, bare, thrifty, distinguished"


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return a table in memory, and one with disks."""
    return [_table(scale, tell, durable=False), _table(scale, tell, durable=True)]


def _table(scale: Scale, tell: Tell, *, durable: bool) -> Table:
    where = "durable" if durable else "in memory"
    table = Table(f"1 outstanding, {ACCEPTORS} acceptors, {where}")
    taken = take_turns(_ways(scale, durable=durable), scale.rounds, tell)
    latencies = {name: [_latency(sample) for sample in taken[name]] for name in taken}
    table.rows = rows_of(latencies, ["floor", *peer.SETTINGS, etcd.NAME])
    table.notes = [
        "ours, waiting: a caller takes each result before it submits the next command",
        "bare: so, with one thread for all nodes, no trace and no checks",
        "thrifty: so, and accepts go to a quorum of acceptors first",
        "distinguished: so, and votes go to the leader that proposed alone",
    ]
    if not peer.is_installed():
        table.notes.append(peer.SKIPPED)
    elif durable:
        table.notes.append(peer.JOURNAL)
    if durable:
        table.notes.append(etcd.HOW if etcd.is_installed() else etcd.SKIPPED)
    return table


def _ways(scale: Scale, *, durable: bool) -> dict[str, Way]:
    time = (scale.seconds, scale.warm_up)
    setting = ours.Setting(acceptors=ACCEPTORS, durable=durable)
    bare = replace(setting, options=BARE)
    thrifty = replace(setting, options={**BARE, "thrifty": True})
    fewest = replace(setting, options={**BARE, "thrifty": True, "distinguished": True})
    ways: dict[str, Way] = {
        "floor": partial(apart, floor.run, 1, *time, ACCEPTORS),
        "ours": partial(apart, ours.load, 1, *time, setting),
        "ours, waiting": partial(apart, ours.wait_for_each, *time, setting),
        BARE_CALLER: partial(apart, ours.wait_for_each, *time, bare),
        THRIFTY_CALLER: partial(apart, ours.wait_for_each, *time, thrifty),
        FEWEST_CALLER: partial(apart, ours.wait_for_each, *time, fewest),
    }
    if peer.is_installed():
        for name in peer.SETTINGS:
            how = {"nodes": ACCEPTORS, "size": setting.size, "durable": durable}
            ways[name] = partial(apart, peer.load, 1, *time, name, **how)
    if etcd.is_installed() and durable:
        ways[etcd.NAME] = partial(apart, etcd.load, 1, *time, ACCEPTORS, setting.size)
    return ways


def _latency(sample: Sample) -> Sample:
    """Put the latency first, since it is what the table is about."""
    return {name: sample[name] for name in ("p50 us", "p99 us", "commands/s")}
