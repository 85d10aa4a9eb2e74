"""`ClusterView`: the one fold over the trace that the console paints.

Widgets are handed a view and paint it; they never look anywhere else. Everything here is plain
data, bounded where it could grow with the number of messages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from paxos_engine.roles import events as ev
from paxos_engine.roles.messages import Heartbeat, SnapshotChunk
from paxos_engine.roles.values import ProposalNumber, Value
from paxos_engine.trace.commands import AnswerLine, PendingCommand
from paxos_engine.trace.faults import told
from paxos_engine.trace.gaplog import GapLine, GapLog
from paxos_engine.trace.level import TraceLevel
from paxos_engine.trace.matrix import EMPTY_CELL, Cell, CellState, Matrix, decided_cell
from paxos_engine.trace.messagelog import LogLine, MessageLog
from paxos_engine.trace.nodeview import ANYBODYS, NodeView

__all__ = [
    "EMPTY_CELL",
    "AnswerLine",
    "Cell",
    "CellState",
    "ClusterView",
    "GapLine",
    "LogLine",
    "NodeView",
    "PendingCommand",
]

UNDER_WAY = 256
"""Instances that a leader may lack without being called behind: they are on their way."""

KEYS_SHOWN = 10_000
"""Keys of the state that a view keeps: those that changed last."""


class ClusterView:
    """The state of a cluster as its trace tells it.

    `now` is the time of the last entry, in seconds since the start, or what `advance` set.

    Args:
        older: returns the rows around an instance that is no longer kept here, if they are
            recorded.
        past: what becomes of instances that are no longer kept here, as words behind "they".
        kept: how many instances are kept here at least; None for what suits a live cluster.
    """

    def __init__(
        self,
        older: Callable[[int], Matrix | None] = lambda instance: None,
        past: str = "go (a plain --record keeps them)",
        kept: int | None = None,
    ) -> None:
        self._older = older
        self._past = past
        self.now = 0.0
        self.version = 0
        self.header: ev.Header | None = None
        self.nodes: dict[str, NodeView] = {}
        self.matrix = Matrix(kept)
        self.messages = MessageLog()
        self._gaps = GapLog()
        self.pending: dict[tuple[str, int], PendingCommand] = {}
        self.answered = 0
        self.unknown = 0
        self.retried = 0
        self.duplicates_suppressed = 0
        self.latencies: deque[float] = deque(maxlen=256)
        self.answers: deque[AnswerLine] = deque(maxlen=256)
        self.before_trace = 0  # instances that were applied before this trace began
        self.faults: dict[str, Any] = {}
        self.written_off: tuple[str, ...] = ()  # leaders for whose snapshots nothing waits
        self.skipped = 0
        self.violation: ev.Violation | None = None
        self._handlers: dict[type[ev.Event], Callable[[ev.Entry, Any], None]] = {
            ev.Header: self._header,
            ev.Sent: self._sent,
            ev.Delivered: self._arrived,
            ev.Lost: self._arrived,
            ev.Refused: self._arrived,
            ev.Duplicated: self._arrived,
            ev.Delayed: self._arrived,
            ev.Prepared: self._prepared,
            ev.Promised: self._promised,
            ev.Proposed: self._proposed,
            ev.AcceptedValue: self._accepted,
            ev.Rejected: self._count,
            ev.Synced: self._synced,
            ev.Learned: self._learned,
            ev.Applied: self._applied,
            ev.SnapshotMade: self._snapshot_made,
            ev.Dropped: self._dropped,
            ev.GapFound: self._gap_found,
            ev.GapFilled: self._gap_filled,
            ev.CatchUpAsked: self._count,
            ev.Submitted: self._submitted,
            ev.SessionOpened: self._count,
            ev.Retried: self._retried,
            ev.Answered: self._answered,
            ev.Suspected: self._count,
            ev.BecamePrimary: self._became_primary,
            ev.Yielded: self._yielded,
            ev.HeartbeatHeard: self._heartbeat,
            ev.Failed: self._failed,
            ev.Recovered: self._recovered,
            ev.Crashed: self._crashed,
            ev.Restarted: self._restarted,
            ev.Paused: self._failed,
            ev.Resumed: self._recovered,
            ev.FaultsChanged: self._faults_changed,
            ev.WrittenOff: self._leaders_written_off,
            ev.Skipped: self._skipped,
            ev.Violation: self._violated,
        }

    # --- feeding it ----------------------------------------------------------------------

    def apply(self, entry: ev.Entry) -> None:
        """Take one entry of the trace."""
        self.now = max(self.now, entry.t)
        self.version += 1
        handler = self._handlers.get(type(entry.event))
        if handler is not None and (entry.node in self.nodes or type(entry.event) in ANYBODYS):
            handler(entry, entry.event)

    def apply_all(self, entries: Iterable[ev.Entry]) -> None:
        """Take entries in order."""
        for entry in entries:
            self.apply(entry)

    def advance(self, now: float) -> None:
        """Let time pass without an event, in seconds since the start."""
        self.now = max(self.now, now)

    def copy(self) -> ClusterView:
        """Return the same view, which goes its own way from here on: a place to come back to."""
        twin = ClusterView(self._older)
        twin.__dict__.update(self.__dict__, _handlers=twin._handlers)
        twin.nodes = {name: node.copy() for name, node in self.nodes.items()}
        twin.matrix, twin.messages = self.matrix.copy(), self.messages.copy()
        twin._gaps = self._gaps.copy()
        twin.pending = {key: replace(command) for key, command in self.pending.items()}
        twin.latencies, twin.answers = self.latencies.copy(), self.answers.copy()
        return twin

    # --- asking it -----------------------------------------------------------------------

    @property
    def leaders(self) -> list[NodeView]:
        """The leaders, in ascending rank."""
        return [node for node in self.nodes.values() if node.role == "leader"]

    @property
    def acceptors(self) -> list[NodeView]:
        """The acceptors."""
        return [node for node in self.nodes.values() if node.role == "acceptor"]

    @property
    def primaries(self) -> list[str]:
        """Whoever believes to be primary and is up; two are slow, not wrong."""
        return [n.name for n in self.leaders if n.is_primary and n.status == "up"]

    @property
    def highest_instance(self) -> int:
        """The highest instance that any node has touched."""
        return max(self.matrix.highest, self.before_trace)

    @property
    def chosen_count(self) -> int:
        """How many instances are chosen, by the votes."""
        return self.matrix.chosen_count

    @property
    def gaps(self) -> deque[GapLine]:
        """The last gaps, newest last."""
        return self._gaps.lines

    @property
    def open_gaps(self) -> list[GapLine]:
        """The gaps that are not filled yet."""
        return list(self._gaps.open.values())

    @property
    def log(self) -> deque[LogLine]:
        """The last messages, newest last."""
        return self.messages.lines

    @property
    def tells_messages(self) -> bool:
        """Whether this trace has messages; see `TraceLevel`."""
        return self.header is None or self.header.level == TraceLevel.EVERYTHING

    @property
    def fault_text(self) -> str:
        """The fault plan as a few words."""
        return told(self.faults)

    def cell(self, node: str, instance: int) -> Cell:
        """Return what `node` holds for `instance`."""
        matrix = self._matrix_of(instance)
        cell = matrix.cell(node, instance) if matrix else EMPTY_CELL
        holder = self.nodes.get(node)
        if cell.state is not CellState.EMPTY or holder is None:
            return cell
        if instance <= self.before_trace and self.chosen_value(instance) is None:
            return Cell(CellState.UNSEEN)
        if holder.role == "leader":
            return self._leaders_cell(holder, instance)
        return cell

    def _leaders_cell(self, leader: NodeView, instance: int) -> Cell:
        """Return what a leader holds for an instance of which it has never said anything."""
        if instance <= leader.applied_up_to:  # it came with a snapshot
            value = self.chosen_value(instance)
            return decided_cell(self.chosen_number(instance), value) if value else EMPTY_CELL
        return Cell(CellState.GAP) if instance < self.matrix.highest_chosen else EMPTY_CELL

    def is_unsynced(self, node: str, instance: int) -> bool:
        """Say whether what `node` holds for `instance` is not durable yet."""
        return instance >= self.matrix.oldest and self.matrix.is_unsynced(node, instance)

    def candidate(self, instance: int) -> Value | None:
        """Return the value of the highest vote where nothing is chosen yet, None without any."""
        matrix = self._matrix_of(instance)
        if matrix is None or instance in matrix.chosen:
            return None
        vote = matrix.highest_vote(instance)
        return vote.value if vote else None

    def chosen_value(self, instance: int) -> Value | None:
        """Return what a quorum chose for `instance`, whoever knows it."""
        matrix = self._matrix_of(instance)
        found = matrix.chosen.get(instance) if matrix else None
        return found[1] if found else None

    def chosen_number(self, instance: int) -> ProposalNumber | None:
        """Return the number under which `instance` was decided."""
        matrix = self._matrix_of(instance)
        found = matrix.chosen.get(instance) if matrix else None
        return found[0] if found else None

    def known_by(self, instance: int) -> int:
        """Return how many leaders have learned `instance`."""
        matrix = self._matrix_of(instance)
        applied = [node.name for node in self.leaders if node.applied_up_to >= instance]
        return matrix.known_by(instance, applied) if matrix else 0

    def is_kept(self, instance: int) -> bool:
        """Say whether anything can still be told of `instance`."""
        return self._matrix_of(instance) is not None

    @property
    def scope(self) -> str:
        """Say in a few words which instances can be looked at; empty while all of them can."""
        oldest = self.matrix.oldest
        if oldest == 1:
            return ""
        return f"instances before {oldest:,} {self._past}"

    def behind(self, node: NodeView) -> int:
        """Return how far the history goes that a leader is catching up with; 0 if it is not."""
        ahead = max((n.chosen_up_to for n in self.leaders), default=0)
        lags = node.status == "up" and ahead - node.chosen_up_to > UNDER_WAY
        return ahead if lags else 0

    # --- inside --------------------------------------------------------------------------

    def _matrix_of(self, instance: int) -> Matrix | None:
        return self.matrix if instance >= self.matrix.oldest else self._older(instance)

    def _count(self, entry: ev.Entry, event: ev.Event) -> None:
        node = self.nodes.get(entry.node)
        if node is not None:
            node.counters[event.name] += 1

    def _header(self, entry: ev.Entry, event: ev.Header) -> None:
        self.header = event
        ports = event.ports or {}
        for role, names in (("leader", event.leaders), ("acceptor", event.acceptors)):
            for name in names:
                self.nodes[name] = NodeView(name, role, ports.get(name, 0))
        for name in ports:
            self.nodes.setdefault(name, NodeView(name, "client", ports[name]))
        for node in self.leaders:
            node.phase = "following"
        self.matrix.begin(tuple(self.nodes), event.quorum[1])
        self.faults = event.faults

    def _sent(self, entry: ev.Entry, event: ev.Sent) -> None:
        sender, receiver = self.nodes.get(entry.node), self.nodes.get(event.to)
        if receiver is not None:
            receiver.counters["addressed"] += 1
            if isinstance(event.body, SnapshotChunk):
                piece = event.body
                receiver.fetched = (piece.offset + len(piece.data)) / max(1, piece.size)
        if sender is not None:
            sender.counters["sent"] += 1
            if isinstance(event.body, Heartbeat) and self._is_first(event.to):
                self._beat(sender, entry.t, entry.node)
        self.messages.sent(entry.seq, entry.t, entry.node, event)

    def _is_first(self, node: str) -> bool:
        # A beat goes to every node; counting one of its messages counts the beat.
        return self.header is not None and node in self.header.acceptors[:1]

    def _arrived(self, entry: ev.Entry, event: Any) -> None:
        node = self.nodes.get(entry.node)
        if node is not None:
            node.counters["received" if event.name == "delivered" else event.name] += 1
        self.messages.fate(event)

    def _prepared(self, entry: ev.Entry, event: ev.Prepared) -> None:
        node = self.nodes[entry.node]
        node.number = event.number
        node.written = max(node.written, event.mark)
        if not node.is_primary:
            node.phase = "preparing"

    def _promised(self, entry: ev.Entry, event: ev.Promised) -> None:
        node = self.nodes[entry.node]
        node.number = max(node.number or event.number, event.number)
        node.counters["promised"] += 1
        node.written = max(node.written, event.mark)
        self.matrix.promised(entry.node, event)

    def _accepted(self, entry: ev.Entry, event: ev.AcceptedValue) -> None:
        node = self.nodes[entry.node]
        node.number = max(node.number or event.number, event.number)
        node.counters["accepted"] += 1
        node.written = max(node.written, event.mark)
        self.matrix.accepted(entry.node, event)

    def _synced(self, entry: ev.Entry, event: ev.Synced) -> None:
        self._count(entry, event)
        node = self.nodes[entry.node]
        node.disk, node.synced, node.synced_at = event.disk, event.mark, entry.t
        node.written = max(node.written, event.mark)
        node.disk_bytes += event.bytes
        self.matrix.synced(entry.node, event.mark)

    def _proposed(self, entry: ev.Entry, event: ev.Proposed) -> None:
        self._count(entry, event)
        self.matrix.proposed(entry.node, event)

    def _learned(self, entry: ev.Entry, event: ev.Learned) -> None:
        self._count(entry, event)
        node = self.nodes[entry.node]
        node.written = max(node.written, event.mark)
        self.matrix.learned(entry.node, event)
        if not node.is_primary:  # a primary says itself what came out
            self._gaps.passed(entry.node, event.instance, "learned", event.value)

    def _applied(self, entry: ev.Entry, event: ev.Applied) -> None:
        node = self.nodes[entry.node]
        if not event.more:
            node.applied_up_to = node.chosen_up_to = event.instance
            node.state_hash = event.state
        for key, content in event.changed:
            node.items.pop(key, None)
            if content is not None:
                node.items[key] = content
        while len(node.items) > KEYS_SHOWN:
            del node.items[next(iter(node.items))]
        if event.duplicate_of is not None:
            node.counters["duplicates"] += 1
            counts = [leader.counters["duplicates"] for leader in self.leaders]
            self.duplicates_suppressed = max(counts)

    def _snapshot_made(self, entry: ev.Entry, event: ev.SnapshotMade) -> None:
        self._count(entry, event)
        node = self.nodes[entry.node]
        node.snapshot, node.fetched = event.applied, None
        node.written = max(node.written, event.mark)
        if event.applied >= node.applied_up_to:
            node.state_hash = event.state
            self._gaps.all_passed(entry.node, "covered by a snapshot", event.applied)
        node.applied_up_to = max(node.applied_up_to, event.applied)
        node.chosen_up_to = max(node.chosen_up_to, event.applied)

    def _dropped(self, entry: ev.Entry, event: ev.Dropped) -> None:
        self.nodes[entry.node].compacted = event.up_to

    def _gap_found(self, entry: ev.Entry, event: ev.GapFound) -> None:
        self.matrix.gap(entry.node, event.instance)
        self._gaps.found(entry.t, entry.node, event)

    def _gap_filled(self, entry: ev.Entry, event: ev.GapFilled) -> None:
        self._gaps.filled(entry.t, entry.node, event)

    def _submitted(self, entry: ev.Entry, event: ev.Submitted) -> None:
        if event.command.opens_session:
            return  # the client's own doing: what the person waits for is the command behind it
        key = (event.client, event.sequence)
        self.pending[key] = PendingCommand(*key, event.command.value, entry.t)

    def _retried(self, entry: ev.Entry, event: ev.Retried) -> None:
        self.retried += 1
        key = (event.client, event.sequence)
        if event.sequence == 0:
            return
        # After a skip a command may be known only by being asked again: its value is not.
        pending = self.pending.setdefault(key, PendingCommand(*key, "(not seen)", entry.t))
        pending.retries += 1

    def _answered(self, entry: ev.Entry, event: ev.Answered) -> None:
        asked = self.pending.pop((event.client, event.sequence), None)
        if event.outcome == "chosen":
            self.answered += 1
            self.latencies.append(event.seconds)
        else:
            self.unknown += 1
        value = asked.value if asked else "(not seen)"
        told = (event.instance, event.result, event.outcome, event.seconds)
        self.answers.append(AnswerLine(event.client, event.sequence, value, *told))

    def _became_primary(self, entry: ev.Entry, event: ev.BecamePrimary) -> None:
        node = self.nodes[entry.node]
        node.is_primary, node.phase, node.number = True, "primary", event.number

    def _yielded(self, entry: ev.Entry, event: ev.Yielded) -> None:
        node = self.nodes[entry.node]
        node.is_primary, node.phase = False, "following"
        self._gaps.all_passed(entry.node, "left to the next primary")

    def _heartbeat(self, entry: ev.Entry, event: ev.HeartbeatHeard) -> None:
        self._beat(self.nodes[entry.node], entry.t, event.from_)
        sender = self.nodes.get(event.from_)
        if sender is not None and not self.tells_messages and self._is_first(entry.node):
            self._beat(sender, entry.t, event.from_)  # that it was sent is not told

    def _beat(self, node: NodeView, t: float, sender: str) -> None:
        node.heartbeat_at, node.heartbeat_from = t, sender
        node.heartbeats.append(t)

    def _failed(self, entry: ev.Entry, event: ev.Failed) -> None:
        node = self.nodes[entry.node]
        node.status, node.status_reason = event.name, event.kind

    def _recovered(self, entry: ev.Entry, event: ev.Recovered) -> None:
        node = self.nodes[entry.node]
        node.status, node.status_reason = "up", ""

    def _crashed(self, entry: ev.Entry, event: ev.Crashed) -> None:
        node = self.nodes.get(entry.node)
        if node is None:
            return
        known = event.kind in ("crash", "power cut", "wipe")
        node.status, node.status_reason = "crashed" if known else "broken", event.kind
        node.is_primary = False
        self._gaps.all_passed(entry.node, "forgotten in a crash")
        if event.kind == "wipe":
            self.matrix.forget_all(entry.node)
            node.written = node.synced = node.disk_bytes = node.counters["accepted"] = 0
            node.number, node.applied_up_to, node.chosen_up_to, node.state_hash = None, 0, 0, ""
            node.snapshot = node.compacted = 0
        elif event.kind != "crash":
            node.written = node.synced
            node.counters["accepted"] -= self.matrix.forget_unsynced(entry.node)

    def _restarted(self, entry: ev.Entry, event: ev.Restarted) -> None:
        node = self.nodes[entry.node]
        node.status, node.status_reason, node.is_primary = "up", event.note, False
        node.phase = "following" if node.role == "leader" else ""
        node.number = event.promised
        node.applied_up_to = node.chosen_up_to = event.applied
        node.fetched = None
        node.state_hash = event.state or node.state_hash
        node.counters["accepted"] = max(node.counters["accepted"], event.accepted)
        if event.applied > self.highest_instance:
            self.before_trace = event.applied
        node.written = node.synced = event.mark

    def _faults_changed(self, entry: ev.Entry, event: ev.FaultsChanged) -> None:
        self.faults = event.plan

    def _leaders_written_off(self, entry: ev.Entry, event: ev.WrittenOff) -> None:
        self.written_off = event.leaders

    def _skipped(self, entry: ev.Entry, event: ev.Skipped) -> None:
        self.skipped += event.count
        if not event.count:
            return
        # Answers and deliveries may be among what was skipped: to go on calling those commands
        # pending would be a lie. What really waits comes back when it is retried.
        self.pending.clear()
        for node in self.nodes.values():
            node.counters["addressed"] -= node.backlog

    def _violated(self, entry: ev.Entry, event: ev.Violation) -> None:
        self.violation = self.violation or event
