"""`ClusterView`: the one fold over the trace that the console paints.

Widgets are handed a view and paint it; they never look anywhere else. Everything here is plain
data, bounded where it could grow with the number of messages.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from paxos_engine.roles.values import ProposalNumber, Value


class CellState(Enum):
    """What one node holds for one instance; the value is its word on the screen."""

    EMPTY = "empty"
    PROMISED = "promised"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    CHOSEN = "chosen"
    NOOP = "no-op"
    GAP = "gap"


class Cell(NamedTuple):
    """One cell of the instance matrix.

    On an acceptor PROMISED means promised for this instance alone, ACCEPTED that it voted, CHOSEN
    (or NOOP) that its vote is for the value that a quorum chose. On a leader PROPOSED means that
    it proposed the value, CHOSEN or NOOP that it has learned it, GAP that it found a hole.
    """

    state: CellState
    number: ProposalNumber | None = None
    value: Value | None = None


EMPTY_CELL = Cell(CellState.EMPTY)


@dataclass(slots=True)
class NodeView:
    """One node as the trace shows it; all counts are since the start."""

    name: str
    role: str  # "leader", "acceptor" or "client"
    port: int
    status: str = "up"  # "up", "failed" or "crashed"
    status_reason: str = ""
    is_primary: bool = False
    number: ProposalNumber | None = None  # leads or campaigns under; an acceptor: highest promised
    phase: str = ""  # a leader: "primary", "preparing" or "following"
    chosen_up_to: int = 0
    applied_up_to: int = 0
    state_hash: str = ""
    backlog: int = 0  # messages sent to it and neither delivered nor lost yet
    heartbeat_at: float | None = None  # t of the last heartbeat heard (primary: the last it sent)
    heartbeats: deque[float] = field(default_factory=lambda: deque(maxlen=64))  # their t
    counters: dict[str, int] = field(default_factory=dict)  # "sent", "received", "lost", ...


@dataclass(slots=True)
class LogLine:
    """One message on its way, and what became of it so far."""

    seq: int
    t: float
    message: str
    from_: str
    to: str
    kind: str
    instance: str  # "7", "7..9", "7.." or ""
    number: str
    value: str
    text: str  # the message's own one line
    fate: str = "in flight"  # delivered, lost (why), delayed 40 ms, duplicated, refused (why)


@dataclass(slots=True)
class GapLine:
    """One gap: which instance, who found it, why, and what came out."""

    t: float
    node: str
    instance: int
    reason: str
    outcome: str = "open"  # then e.g. "no-op chosen" or "found 'x', accepted earlier as 3.L1"


@dataclass(slots=True)
class PendingCommand:
    """A command that a client has not been answered yet."""

    client: str
    sequence: int
    value: str | bytes
    since: float
    retries: int = 0


class ClusterView:
    """The fold."""
