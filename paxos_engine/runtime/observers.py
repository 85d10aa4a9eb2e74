"""Who looks at the trace of a running cluster, as far as there is one: checker and recorder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.checks.watch import SafetyWatch
from paxos_engine.roles.events import Header, Violation
from paxos_engine.roles.quorum import Quorums
from paxos_engine.runtime.config import ClusterConfig
from paxos_engine.trace.archive import Archive
from paxos_engine.trace.files import compressor
from paxos_engine.trace.hub import CountingTrace, Trace
from paxos_engine.trace.level import TraceLevel
from paxos_engine.trace.recorder import Recorder

BACKLOG_AT_MOST: Final = 200_000
"""Entries that checker and recorder may be behind before new commands have to wait."""


class Observers:
    """The trace of one cluster, and its lossless readers, each on a thread of its own.

    Args:
        config: says how much is told, and where it is recorded.
        quorums: the acceptors, and how many make a quorum of each phase.
        header: what every reader gets first.
        clock: seconds since the cluster began.

    Raises:
        RecorderError: the file to record to cannot be written.
    """

    def __init__(
        self,
        config: ClusterConfig,
        quorums: Quorums,
        header: Header,
        clock: Callable[[], float],
    ) -> None:
        self.level = config.trace_level
        counting = self.level is TraceLevel.COUNTERS
        self.trace = CountingTrace(header, clock) if counting else Trace(header, clock)
        self.checker = SafetyChecker(quorums, self.level)
        self.violation: Violation | None = None
        self.archive: Archive | None = None
        self.recorder: Recorder | None = None
        self.watch = SafetyWatch(self.trace.reader(), self.checker, self._violated)
        self._running = False
        if config.record is not None:
            if compressor(config.record) is None:  # else no place in the file can be sought
                self.archive = Archive(config.record, self.trace.header)
            self.recorder = Recorder(config.record, self.trace.reader(), archive=self.archive)

    @property
    def tells_messages(self) -> bool:
        """Whether the trace has messages."""
        return self.level is TraceLevel.EVERYTHING

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Node -> event -> how often, where nothing else is told; empty elsewhere."""
        if not isinstance(self.trace, CountingTrace):
            return {}
        return {node: dict(counts) for node, counts in list(self.trace.counts.items())}

    @property
    def keep_up(self) -> bool:
        """Whether nobody is so far behind that new commands have to wait."""
        behind = self.watch.backlog
        if self.recorder is not None:
            behind = max(behind, self.recorder.backlog)
        return behind < BACKLOG_AT_MOST

    def start(self) -> None:
        """Begin to look."""
        self._running = True
        if self.checker.rules:
            self.watch.start()
        if self.recorder is not None:
            self.recorder.start()

    def stop(self) -> None:
        """Look at what is left and end; harmless without a start."""
        if self._running:
            self.watch.stop()
            if self.recorder is not None:
                self.recorder.stop()

    def _violated(self, violation: Violation) -> None:
        self.violation = violation
        self.trace.publish("checker", violation)
