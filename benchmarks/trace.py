"""What a trace costs: bytes and seconds to write, seconds and memory to read and to check.

    make bench

A real cluster is recorded once; its trace is written plain, as gzip and as zstd, then read back in
a process of its own, so that the memory is what reading takes. Times are CPU seconds: the ratio to
parsing the same lines with the json module alone moves least with the machine. A trace of a tenth
of the length shows whether memory grows.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from paxos_engine import Cluster, ClusterConfig, read_trace
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.trace.recorder import TraceWriter

EVENTS = int(os.environ.get("TRACE_EVENTS", "1000000"))
EVENTS_A_COMMAND = 25
OUTSTANDING = 500
BLOCK = 2_000

MEASURE = """
import sys, time
from benchmarks import trace
before, began = trace.most_memory(), time.process_time()
events = getattr(trace, sys.argv[1])(sys.argv[2])
print(events, time.process_time() - began, trace.most_memory() - before)
"""


def most_memory() -> float:
    """Return the most memory that this process has had, in MiB (Linux only)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def record(path: Path, events: int) -> None:
    """Run a cluster until it has said enough."""
    with Cluster(ClusterConfig(record=path)) as cluster:
        for _ in range(events // EVENTS_A_COMMAND // OUTSTANDING + 1):
            futures = [cluster.submit(f"set k{n} {n}") for n in range(OUTSTANDING)]
            for future in futures:
                future.result(60)


def rewrite(source: Path, to: Path, events: int) -> float:
    """Write the first entries of a trace once more; return the CPU seconds without reading."""
    writer, seconds = TraceWriter(to), 0.0
    entries = itertools.islice(read_trace(source), events)
    while block := list(itertools.islice(entries, BLOCK)):
        began = time.process_time()
        writer.write(block)
        seconds += time.process_time() - began
    writer.close()
    return seconds


def parse(path: str) -> int:
    """Do what no reader can do without: split and parse the lines of a plain file."""
    with Path(path).open("rb") as file:
        return sum("event" in json.loads(line) for line in file)


def read(path: str) -> int:
    """Read every entry."""
    return sum(1 for _ in read_trace(Path(path)))


def check(path: str) -> int:
    """Read every entry and check it."""
    recording = read_trace(Path(path))
    checker, count = SafetyChecker.of(recording.header), 0
    for entry in recording:
        checker.observe(entry)
        count += 1
    assert checker.violation is None
    return count


def measured(what: str, path: Path) -> tuple[int, float, float]:
    """Return events, CPU seconds and MiB of one way to read, in a process of its own."""
    command = [sys.executable, "-c", MEASURE, what, str(path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(said[0]), float(said[1]), float(said[2])


def row(what: str, path: Path, base: float) -> float:
    """Print a line about one way to read; return its CPU seconds an event."""
    events, seconds, memory = measured(what, path)
    each = seconds / events
    ratio = f"{each / base:>8.1f}" if base else f"{'1':>8}"
    print(f"{what:8}{path.suffix:>8}{events:>12,}{seconds:>10.1f}{ratio}{memory:>12.1f}")
    return each


def main() -> None:
    """Print the tables."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        source = folder / "source.jsonl"
        record(source, EVENTS)
        print(f"{'write':8}{'':>8}{'events':>12}{'CPU s':>10}{'MiB':>8}")
        for ending in (".jsonl", ".gz", ".zst"):
            path = folder / f"trace{ending}"
            seconds = rewrite(source, path, EVENTS)
            size = path.stat().st_size / 2**20
            print(f"{'write':8}{ending:>8}{EVENTS:>12,}{seconds:>10.1f}{size:>8.1f}")
        rewrite(source, folder / "tenth.jsonl", EVENTS // 10)
        source.unlink()
        print(f"{'':16}{'events':>12}{'CPU s':>10}{'ratio':>8}{'MiB memory':>12}")
        base = row("parse", folder / "trace.jsonl", 0.0)
        for ending in (".jsonl", ".gz", ".zst"):
            row("read", folder / f"trace{ending}", base)
        for path in (folder / "tenth.jsonl", folder / "trace.jsonl"):
            row("check", path, base)


if __name__ == "__main__":
    main()
