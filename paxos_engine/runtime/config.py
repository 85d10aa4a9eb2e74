"""What a cluster is made of, checked before anything is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from paxos_engine.faults.profiles import PROFILES
from paxos_engine.roles.assembly import Rules, Shape
from paxos_engine.roles.election import Timing
from paxos_engine.roles.machine import KeyValueStore, StateMachine
from paxos_engine.roles.quorum import majority
from paxos_engine.roles.values import MAX_BATCH
from paxos_engine.trace.level import TraceLevel
from paxos_engine.wire.codec import COALESCE_BYTES, MOST_COALESCED

MAX_NODES: Final = 99
"""Each node is a socket, and may be a thread; beyond this, one process is the wrong tool."""

MODES: Final = ("multi", "classic")
ELECTIONS: Final = ("number", "port")
THREADS: Final = ("auto", "each", "one")


class ConfigError(ValueError):
    """A configuration that cannot run; its text is one line: what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """The shape and the clockwork of a cluster.

    Args:
        leaders: how many leaders, `L1`..; the last one has the highest rank and port.
        acceptors: how many acceptors, `A1`..; odd numbers make the most of them.
        mode: "multi" (phase 1 once per primacy) or "classic" (both phases for each command).
        base_port: first UDP port on 127.0.0.1, the others follow; None takes free ones.
        seed: of the fault plan and of every node's jitter.
        election: "number" (the higher proposal number leads) or "port" (the seed's rule).
        profile: the fault profile to begin with: calm, jittery, lossy or hostile.
        gap_fill_after: age in seconds at which a primary fills a gap.
        heartbeat_every: seconds between two heartbeats of a primary.
        election_timeout: seconds of silence after which a primary is suspected; more where its
            heartbeats came less steadily than that.
        pipeline: instances that a primary may have under way at once.
        batch: commands that one instance may decide; with 1 each has an instance of its own.
        threads: "each" gives every node a thread of its own, "one" serves all in one, which answers
            sooner, since threads of one interpreter take turns and each change costs more than a
            message does; "auto" is one in memory, and each with `data_dir`, where a disk that
            stands still then holds up nobody else.
        thrifty: send an accept to a quorum of acceptors first, and to the others only if that
            does not answer.
        distinguished: acceptors tell of a vote only the leader that asked for it, which tells the
            others what is chosen: fewer datagrams, for one more step until those know.
        coalesce_bytes: messages for one peer share a datagram up to this size, in bytes; 0 gives
            each its own.
        record: a file that gets the whole trace as JSON lines, or None; a name that ends in
            `.gz` or `.zst` compresses it.
        trace_level: how much is told, recorded and checked; see `TraceLevel`.
        command: the command line by which it was started, for the trace's header.
        data_dir: a directory for durable disks; None keeps everything in memory.
        allow_empty_disk: let a node vote whose disk is empty although it is known. Unsafe.
        accept_damaged_tail: go on without a last batch that does not match its checksums.
        snapshot_every: instances between two snapshots of a leader.
        retain: instances that a leader keeps at the most while the snapshots of a majority of
            leaders are lacking; beyond that, new commands wait.
        written_off: leaders whose disks are gone for good; no snapshot of theirs is waited for.
        machine: makes the state machine that the history is applied to.

    Raises:
        ConfigError: a value is out of range, in one line.
    """

    leaders: int = 2
    acceptors: int = 5
    mode: str = "multi"
    base_port: int | None = None
    seed: int = 0
    election: str = "number"
    profile: str = "calm"
    gap_fill_after: float = 2.0
    heartbeat_every: float = 0.2
    election_timeout: float = 0.5
    pipeline: int = 64
    batch: int = 1
    thrifty: bool = False
    distinguished: bool = False
    threads: str = "auto"
    coalesce_bytes: int = COALESCE_BYTES
    record: Path | None = None
    trace_level: TraceLevel = TraceLevel.EVERYTHING
    command: str = ""
    data_dir: Path | None = None
    allow_empty_disk: bool = False
    accept_damaged_tail: bool = False
    snapshot_every: int = 10_000
    retain: int = 1_000_000
    written_off: tuple[str, ...] = ()
    machine: Callable[[], StateMachine] = KeyValueStore

    def __post_init__(self) -> None:
        _within("leaders", self.leaders, 1, MAX_NODES)
        _within("acceptors", self.acceptors, 1, MAX_NODES)
        _within("pipeline", self.pipeline, 1, 10_000)
        _within("batch", self.batch, 1, MAX_BATCH)
        _within("coalesce_bytes", self.coalesce_bytes, 0, MOST_COALESCED)
        _within("snapshot_every", self.snapshot_every, 1, 1_000_000)
        _within("retain", self.retain, self.snapshot_every, 100_000_000)
        for name in self.written_off:
            _one_of("written_off", name, self.shape.leader_names)
        if len(set(self.written_off)) >= self.leaders:
            raise ConfigError("written_off names every leader: one must be left with the history")
        _one_of("mode", self.mode, MODES)
        _one_of("election", self.election, ELECTIONS)
        _one_of("threads", self.threads, THREADS)
        _one_of("profile", self.profile, tuple(PROFILES))
        if self.record is not None and self.trace_level is TraceLevel.COUNTERS:
            raise ConfigError(
                f"at trace level counters there is nothing to record: leave out {self.record},"
                f" or choose {TraceLevel.PROTOCOL} or {TraceLevel.EVERYTHING}"
            )
        for name in ("gap_fill_after", "heartbeat_every", "election_timeout"):
            value = getattr(self, name)
            if not 0.001 <= value <= 3600:
                raise ConfigError(f"{name} is {value}: give seconds between 0.001 and 3600")
        if self.election_timeout < 2 * self.heartbeat_every:
            raise ConfigError(
                f"election_timeout ({self.election_timeout} s) must be at least twice"
                f" heartbeat_every ({self.heartbeat_every} s), or every primary is suspected"
            )
        if self.base_port is not None:
            nodes = self.leaders + self.acceptors + 1
            if not 1 <= self.base_port <= 65_536 - nodes:
                raise ConfigError(
                    f"base_port is {self.base_port}: {nodes} ports from there must fit"
                    f" between 1 and 65535"
                )

    @property
    def shape(self) -> Shape:
        """The cluster as the protocol knows it."""
        return Shape(
            leaders=self.leaders,
            acceptors=self.acceptors,
            mode=self.mode,
            election=self.election,
            seed=self.seed,
            timing=Timing(
                heartbeat_every=self.heartbeat_every,
                election_timeout=self.election_timeout,
                gap_fill_after=self.gap_fill_after,
            ),
            pipeline=self.pipeline,
            batch=self.batch,
            thrifty=self.thrifty,
            distinguished=self.distinguished,
            snapshot_every=self.snapshot_every,
            retain=self.retain,
            rules=Rules(machine=self.machine),
        )

    @property
    def has_thread_each(self) -> bool:
        """Whether every node has a thread of its own."""
        return self.threads == "each" or (self.threads == "auto" and self.data_dir is not None)

    def explain(self) -> str:
        """Return a line about what this many acceptors can bear; for an even number, its price."""
        count, quorum = self.acceptors, majority(self.acceptors)
        bears = f"{count} acceptors: {quorum} make a quorum, {count - quorum} may fail"
        if count % 2 == 0 and count > 1:
            return f"{bears}, no more than with {count - 1}; an odd number makes the most of them"
        return bears


def _within(name: str, value: int, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ConfigError(f"{name} is {value!r}: give a whole number from {least} to {most}")


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"{name} is {value!r}: choose one of {', '.join(choices)}")
