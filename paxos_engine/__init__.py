"""A Multi-Paxos cluster that knows no screen: the public face, and nothing else.

    with Cluster(ClusterConfig(leaders=2, acceptors=5)) as cluster:
        reply = cluster.submit("x").result(timeout=5)
        print(reply.instance, cluster.history("L1"))

Importing this package opens nothing and starts nothing.
"""

from paxos_engine.checks.base import Invariant
from paxos_engine.checks.explain import explain
from paxos_engine.checks.linear import NotDecided, check_linearizable
from paxos_engine.checks.offline import Judgement, judge_trace
from paxos_engine.checks.safety import SafetyChecker
from paxos_engine.faults.plan import FaultPlan
from paxos_engine.faults.profiles import PROFILES
from paxos_engine.roles.events import Entry, Event, Header, Violation
from paxos_engine.roles.messages import Reply
from paxos_engine.roles.values import NOOP, Command, NoOp, ProposalNumber, Value
from paxos_engine.runtime.cluster import Cluster, OutcomeUnknown
from paxos_engine.runtime.config import ClusterConfig, ConfigError
from paxos_engine.runtime.subscription import ChosenCommand, StateReached, Subscription
from paxos_engine.scenarios.expectations import Check
from paxos_engine.scenarios.form import Scenario
from paxos_engine.scenarios.perform import Performance, Told, perform
from paxos_engine.scenarios.reading import ScenarioError, parse_scenario, read_scenario
from paxos_engine.scenarios.shipped import shipped_scenario, shipped_scenarios
from paxos_engine.scenarios.wrong_rules import WRONG_RULES, WrongRule
from paxos_engine.storage.disk import StorageError
from paxos_engine.trace.jsonform import TraceFormatError
from paxos_engine.trace.nodeview import NodeView
from paxos_engine.trace.reasons import why_kept, why_pending
from paxos_engine.trace.recorder import RecorderError, TraceWriter
from paxos_engine.trace.replay import Recording, read_trace
from paxos_engine.trace.view import Cell, CellState, ClusterView, GapLine, LogLine
from paxos_engine.wire.pump import PortInUse

__all__ = [
    "NOOP",
    "PROFILES",
    "WRONG_RULES",
    "Cell",
    "CellState",
    "Check",
    "ChosenCommand",
    "Cluster",
    "ClusterConfig",
    "ClusterView",
    "Command",
    "ConfigError",
    "Entry",
    "Event",
    "FaultPlan",
    "GapLine",
    "Header",
    "Invariant",
    "Judgement",
    "LogLine",
    "NoOp",
    "NodeView",
    "NotDecided",
    "OutcomeUnknown",
    "Performance",
    "PortInUse",
    "ProposalNumber",
    "RecorderError",
    "Recording",
    "Reply",
    "SafetyChecker",
    "Scenario",
    "ScenarioError",
    "StateReached",
    "StorageError",
    "Subscription",
    "Told",
    "TraceFormatError",
    "TraceWriter",
    "Value",
    "Violation",
    "WrongRule",
    "check_linearizable",
    "explain",
    "judge_trace",
    "parse_scenario",
    "perform",
    "read_scenario",
    "read_trace",
    "shipped_scenario",
    "shipped_scenarios",
    "why_kept",
    "why_pending",
]
