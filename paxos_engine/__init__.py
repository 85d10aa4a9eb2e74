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
from paxos_engine.checks.tell import tell
from paxos_engine.faults.plan import FaultPlan
from paxos_engine.faults.profiles import PROFILES
from paxos_engine.roles.assembly import RIGHT, Rules
from paxos_engine.roles.events import Entry, Event, Header, Violation
from paxos_engine.roles.messages import Reply
from paxos_engine.roles.values import NOOP, Command, NoOp, ProposalNumber, Value
from paxos_engine.runtime.cluster import Cluster, OutcomeUnknown
from paxos_engine.runtime.config import ClusterConfig, ConfigError
from paxos_engine.runtime.subscription import ChosenCommand, StateReached, Subscription
from paxos_engine.runtime.waiting import why_waiting
from paxos_engine.scenarios.expectations import Check
from paxos_engine.scenarios.fitting import BEYOND, NEED_A_CRASH
from paxos_engine.scenarios.form import Scenario
from paxos_engine.scenarios.perform import Performance, Told, perform
from paxos_engine.scenarios.reading import ScenarioError, parse_scenario, read_scenario
from paxos_engine.scenarios.shipped import shipped_scenario, shipped_scenarios
from paxos_engine.scenarios.wrong_rules import WRONG_RULES, WrongRule
from paxos_engine.simulation.campaign import (
    BREAKS_OFF,
    LIVENESS,
    CampaignBroken,
    Failures,
    Tally,
    campaign,
    play_seeds,
)
from paxos_engine.simulation.coverage import Coverage
from paxos_engine.simulation.exhaustive import MAX_STATES, Search, Searched
from paxos_engine.simulation.failing import record_run, record_small, shrunken
from paxos_engine.simulation.moves import Bounds
from paxos_engine.simulation.patterns import PATTERNS
from paxos_engine.simulation.players import (
    Players,
    SchedulerError,
    dask_players,
    local_players,
    player_here,
    processors,
)
from paxos_engine.simulation.playing import play_path
from paxos_engine.simulation.shrink import Shrunk
from paxos_engine.simulation.situation import PHASES
from paxos_engine.simulation.story import story
from paxos_engine.storage.disk import StorageError
from paxos_engine.trace.jsonform import TraceFormatError
from paxos_engine.trace.messagelog import MessageLog
from paxos_engine.trace.milestones import instance_of, is_turn
from paxos_engine.trace.nodeview import NodeView
from paxos_engine.trace.reasons import why_kept, why_pending
from paxos_engine.trace.recorder import RecorderError, write_trace
from paxos_engine.trace.replay import Damage, EntryReader, Recording, read_trace
from paxos_engine.trace.tracefile import Place, TraceFile
from paxos_engine.trace.view import Cell, CellState, ClusterView, GapLine, LogLine
from paxos_engine.wire.pump import PortInUse

__all__ = [
    "BEYOND",
    "BREAKS_OFF",
    "LIVENESS",
    "MAX_STATES",
    "NEED_A_CRASH",
    "NOOP",
    "PATTERNS",
    "PHASES",
    "PROFILES",
    "RIGHT",
    "WRONG_RULES",
    "Bounds",
    "CampaignBroken",
    "Cell",
    "CellState",
    "Check",
    "ChosenCommand",
    "Cluster",
    "ClusterConfig",
    "ClusterView",
    "Command",
    "ConfigError",
    "Coverage",
    "Damage",
    "Entry",
    "EntryReader",
    "Event",
    "Failures",
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
    "Performance",
    "Place",
    "Players",
    "PortInUse",
    "ProposalNumber",
    "RecorderError",
    "Recording",
    "Reply",
    "Rules",
    "SafetyChecker",
    "Scenario",
    "ScenarioError",
    "SchedulerError",
    "Search",
    "Searched",
    "Shrunk",
    "StateReached",
    "StorageError",
    "Subscription",
    "Tally",
    "Told",
    "TraceFile",
    "TraceFormatError",
    "Value",
    "Violation",
    "WrongRule",
    "campaign",
    "check_linearizable",
    "dask_players",
    "explain",
    "instance_of",
    "is_turn",
    "judge_trace",
    "local_players",
    "parse_scenario",
    "perform",
    "play_path",
    "play_seeds",
    "player_here",
    "processors",
    "read_scenario",
    "read_trace",
    "record_run",
    "record_small",
    "shipped_scenario",
    "shipped_scenarios",
    "shrunken",
    "story",
    "tell",
    "why_kept",
    "why_pending",
    "why_waiting",
    "write_trace",
]
