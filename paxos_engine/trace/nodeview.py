"""One node as the trace shows it."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from typing import Final

from paxos_engine.roles import events as ev
from paxos_engine.roles.values import ProposalNumber

ANYBODYS: Final = frozenset((
    *(ev.Header, ev.FaultsChanged, ev.WrittenOff, ev.Skipped, ev.Violation),
    *(ev.Submitted, ev.SessionOpened, ev.Retried, ev.Answered),
    *(ev.Sent, ev.Delivered, ev.Lost, ev.Duplicated, ev.Delayed, ev.Refused),
))  # fmt: skip
"""Events of clients, too, or of the cluster; all others are of the leaders and acceptors that the
header names, and are ignored if they name somebody else."""


@dataclass(slots=True)
class NodeView:
    """One node as the trace shows it; all counts are since the start."""

    name: str
    role: str  # "leader", "acceptor" or "client"
    port: int = 0
    status: str = "up"  # "up", "failed", "paused", "crashed" or "broken" (of itself)
    status_reason: str = ""
    is_primary: bool = False
    number: ProposalNumber | None = None  # leads or campaigns under; an acceptor: highest promised
    phase: str = ""  # a leader: "primary", "preparing" or "following"
    chosen_up_to: int = 0
    applied_up_to: int = 0
    state_hash: str = ""
    heartbeat_at: float | None = None  # t of the last heartbeat heard (primary: the last it sent)
    heartbeat_from: str = ""
    heartbeats: deque[float] = field(default_factory=lambda: deque(maxlen=64))  # their t
    counters: Counter[str] = field(default_factory=Counter)
    disk: str = ""  # what kind of storage vouches for its records
    written: int = 0  # the mark of its last record, as far as events tell
    synced: int = 0  # the mark up to which its records are durable
    disk_bytes: int = 0
    synced_at: float | None = None
    compacted: int = 0
    snapshot: int = 0  # a leader: how far its last snapshot goes
    fetched: float | None = None  # the part of a peer's snapshot that has come, while it comes
    items: dict[str, str] = field(default_factory=dict)  # a leader: what applying has changed

    def copy(self) -> NodeView:
        """Return the same node, which goes its own way from here on."""
        beats, counters, items = self.heartbeats.copy(), self.counters.copy(), self.items.copy()
        return replace(self, heartbeats=beats, counters=counters, items=items)

    @property
    def standing(self) -> str:
        """How the node stands, in one or two words: what was done to it, or what it does."""
        if self.status == "crashed":
            words = {"wipe": "wiped", "power cut": "power cut"}
            return words.get(self.status_reason, "crashed")
        return self.status

    @property
    def leads(self) -> bool:
        """Whether it is up and believes to be primary."""
        return self.is_primary and self.status == "up"

    @property
    def unsynced(self) -> int:
        """Records written and not durable yet."""
        return max(0, self.written - self.synced)

    @property
    def backlog(self) -> int:
        """Messages sent to this node that have neither arrived nor been lost."""
        owed = self.counters["addressed"] + self.counters["duplicated"]
        settled = self.counters["received"] + self.counters["lost"] + self.counters["refused"]
        return max(0, owed - settled)
