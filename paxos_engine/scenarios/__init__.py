"""Situations that show why each rule matters, and the wrong rules that they break under.

This is its public face: reading scenarios and playing them, and the table of wrong rules.
"""

from paxos_engine.scenarios.expectations import Check
from paxos_engine.scenarios.fitting import BEYOND, NEED_A_CRASH
from paxos_engine.scenarios.form import Scenario
from paxos_engine.scenarios.performance import Performance, Told, perform
from paxos_engine.scenarios.reading import ScenarioError, parse_scenario, read_scenario
from paxos_engine.scenarios.shipped import shipped_scenario, shipped_scenarios
from paxos_engine.scenarios.wrong_rules import WRONG_RULES, WrongRule

__all__ = [
    "BEYOND",
    "NEED_A_CRASH",
    "WRONG_RULES",
    "Check",
    "Performance",
    "Scenario",
    "ScenarioError",
    "Told",
    "WrongRule",
    "parse_scenario",
    "perform",
    "read_scenario",
    "shipped_scenario",
    "shipped_scenarios",
]
