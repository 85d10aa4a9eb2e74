"""What a trace costs: bytes and seconds to write, seconds and memory to read and to check.

A real cluster is recorded once, until it has said enough; its trace is written plain, as gzip and
as zstd, then read back in a process of its own, so that the memory is what reading takes. Times are
CPU seconds: the ratio to parsing the same lines with the json module alone moves least with the
machine. A trace of a tenth of the length shows whether memory grows.
"""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import ours
from benchmarks.apart import apart
from benchmarks.driver import closed_loop
from benchmarks.harness import Sample, Table, Tell, Way, rows_of, take_turns
from benchmarks.machine import memory_most
from benchmarks.scale import Scale
from paxos_engine import Cluster, read_trace, relax_collector
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.trace.recorder import TraceWriter

OUTSTANDING: Final = 64
VALUE: Final = 16
BLOCK: Final = 2_000
ENDINGS: Final = (".jsonl", ".gz", ".zst")
MIB: Final = 2**20
PARSE: Final = "parse .jsonl with json alone"


def measure(scale: Scale, tell: Tell) -> list[Table]:
    """Return a table about writing and one about reading."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        tell(f"recording {scale.events:,} events")
        apart(record, folder / "source.jsonl", scale.events)
        apart(rewrite, folder / "source.jsonl", folder / "tenth.jsonl", scale.events // 10)
        written = take_turns(_writing(folder, scale.events), scale.rounds, tell)
        read = take_turns(_reading(folder), scale.rounds, tell)
    return [
        Table(f"{scale.events:,} events written", rows_of(written, ["write .jsonl"])),
        Table(f"{scale.events:,} events read", rows_of(read, [PARSE])),
    ]


def _writing(folder: Path, events: int) -> dict[str, Way]:
    source = folder / "source.jsonl"
    return {
        f"write {ending}": partial(apart, rewrite, source, folder / f"trace{ending}", events)
        for ending in ENDINGS
    }


def _reading(folder: Path) -> dict[str, Way]:
    plain = folder / "trace.jsonl"
    ways: dict[str, Way] = {PARSE: partial(apart, reading, parse, plain)}
    for ending in ENDINGS:
        ways[f"read {ending}"] = partial(apart, reading, read, folder / f"trace{ending}")
    ways["check a tenth"] = partial(apart, reading, check, folder / "tenth.jsonl")
    ways["check"] = partial(apart, reading, check, plain)
    return ways


class Enough:
    """Asks commands until the trace of a cluster has so many entries, or can have no more.

    Args:
        cluster: which is asked.
        events: entries of its trace, the header among them.
    """

    def __init__(self, cluster: Cluster, events: int) -> None:
        self._cluster = cluster
        self._events = events

    def more(self) -> bool:
        """Say whether another command shall be asked."""
        cluster = self._cluster
        stopped = cluster.violation is not None or bool(cluster.checked)
        return not stopped and cluster.checked_events < self._events

    def answered(self, seconds: float) -> None:
        """Take an answer: it is no part of what is measured."""


def record(path: Path, events: int) -> None:
    """Record a cluster under load: exactly so many entries, the header among them, not compressed.

    Raises:
        RuntimeError: it was not safe, or the file has fewer.
    """
    with ours.running(ours.Setting(options={"record": path})) as cluster:
        # How many entries a command makes depends on how many messages are joined: they are counted
        # where the checker has seen them, and what was said beyond is cut off.
        closed_loop(
            ours.asking(cluster, ours.value_of(VALUE)), OUTSTANDING, Enough(cluster, events)
        )
        ours.checked(cluster, {})
    with path.open("r+b") as file:
        lines = sum(1 for _ in itertools.islice(iter(file.readline, b""), events))
        file.truncate(file.tell())
    if lines < events:
        raise RuntimeError(f"{lines:,} of {events:,} events were recorded")


def rewrite(source: Path, to: Path, events: int) -> Sample:
    """Write the first entries of a trace once more; the time to read them does not count."""
    writer, seconds, count = TraceWriter(to), 0.0, 0
    entries = itertools.islice(read_trace(source), events)
    while block := list(itertools.islice(entries, BLOCK)):
        began = time.process_time()
        writer.write(block)
        seconds += time.process_time() - began
        count += len(block)
    writer.close()
    return {"CPU us an event": seconds / count * 1e6, "bytes an event": to.stat().st_size / count}


def reading(way: Callable[[Path], int], path: Path) -> Sample:
    """Return what one way to read costs, where the collector is set as `paxos-tui` sets it."""
    relax_collector()
    before, began = memory_most(), time.process_time()
    count = way(path)
    seconds = time.process_time() - began
    return {"CPU us an event": seconds / count * 1e6, "MiB": (memory_most() - before) / MIB}


def parse(path: Path) -> int:
    """Do what no reader can do without: split and parse the lines of a plain file."""
    with path.open("rb") as file:
        return sum("event" in json.loads(line) for line in file)


def read(path: Path) -> int:
    """Read every entry."""
    return sum(1 for _ in read_trace(path))


def check(path: Path) -> int:
    """Read every entry and check it."""
    recording = read_trace(path)
    checker, count = SafetyChecker.of(recording.header), 0
    for entry in recording:
        checker.observe(entry)
        count += 1
    if checker.violation is not None:
        raise RuntimeError(f"a rule was broken: {checker.violation.text}")
    return count
