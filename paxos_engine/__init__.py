"""A Multi-Paxos cluster that knows no screen: the public face, and nothing else.

    with Cluster(ClusterConfig(leaders=2, acceptors=5)) as cluster:
        reply = cluster.submit("x").result(timeout=5)
        print(reply.instance, cluster.history("L1"))

Importing this package opens nothing and starts nothing. `paxos_engine.simulation` and
`paxos_engine.scenarios` have faces of their own, and are imported by who needs them.
"""

from paxos_engine.checks.base import Invariant
from paxos_engine.checks.explain import explain, warn_of
from paxos_engine.checks.linear import NotDecided, check_linearizable
from paxos_engine.checks.offline import Judgement, judge_trace
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.checks.tell import tell
from paxos_engine.faults.plan import FaultPlan
from paxos_engine.faults.profiles import PROFILES
from paxos_engine.roles.assembly import RIGHT, Rules
from paxos_engine.roles.client import check_value
from paxos_engine.roles.events import Entry, Event, Header, Violation
from paxos_engine.roles.messages import Reply
from paxos_engine.roles.values import NOOP, Batch, Command, NoOp, ProposalNumber, Value
from paxos_engine.runtime.cluster import Cluster
from paxos_engine.runtime.config import ClusterConfig, ConfigError
from paxos_engine.runtime.process import relax_collector
from paxos_engine.runtime.submissions import OutcomeUnknown
from paxos_engine.runtime.subscription import ChosenCommand, StateReached, Subscription
from paxos_engine.runtime.waiting import why_waiting
from paxos_engine.storage.disk import StorageError
from paxos_engine.trace.jsonform import TraceFormatError
from paxos_engine.trace.level import TraceLevel
from paxos_engine.trace.messagelog import MessageLog
from paxos_engine.trace.milestones import instance_of, is_turn
from paxos_engine.trace.nodeview import NodeView
from paxos_engine.trace.reasons import why_kept, why_pending
from paxos_engine.trace.recorder import RecorderError, write_trace
from paxos_engine.trace.replay import Damage, EntryReader, Recording, read_trace
from paxos_engine.trace.tracefile import Place, TraceFile
from paxos_engine.trace.view import Cell, CellState, ClusterView, GapLine, LogLine
from paxos_engine.trace.words import words
from paxos_engine.wire.pump import PortInUse

__all__ = [
    "NOOP",
    "PROFILES",
    "RIGHT",
    "Batch",
    "Cell",
    "CellState",
    "ChosenCommand",
    "Cluster",
    "ClusterConfig",
    "ClusterView",
    "Command",
    "ConfigError",
    "Damage",
    "Entry",
    "EntryReader",
    "Event",
    "FaultPlan",
    "GapLine",
    "Header",
    "Invariant",
    "Judgement",
    "LogLine",
    "MessageLog",
    "NoOp",
    "NodeView",
    "NotDecided",
    "OutcomeUnknown",
    "Place",
    "PortInUse",
    "ProposalNumber",
    "RecorderError",
    "Recording",
    "Reply",
    "Rules",
    "SafetyChecker",
    "StateReached",
    "StorageError",
    "Subscription",
    "TraceFile",
    "TraceFormatError",
    "TraceLevel",
    "Value",
    "Violation",
    "check_linearizable",
    "check_value",
    "explain",
    "instance_of",
    "is_turn",
    "judge_trace",
    "read_trace",
    "relax_collector",
    "tell",
    "warn_of",
    "why_kept",
    "why_pending",
    "why_waiting",
    "words",
    "write_trace",
]
