"""The deterministic driver: the same roles on a virtual clock, a seeded network and disk.

This is its public face: campaigns over many seeds, and searches through every state.
"""

from paxos_engine.simulation.campaign import (
    BREAKS_OFF,
    LIVENESS,
    CampaignBroken,
    Failures,
    Tally,
    play_campaign,
    play_seeds,
)
from paxos_engine.simulation.coverage import Coverage
from paxos_engine.simulation.exhaustive import Search, Searched
from paxos_engine.simulation.failing import (
    record_run,
    record_small,
    record_stuck,
    shrunken_plan,
    smallest_of,
)
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
from paxos_engine.simulation.story import tell_path
from paxos_engine.simulation.stuck import Stuck

__all__ = [
    "BREAKS_OFF",
    "LIVENESS",
    "PATTERNS",
    "PHASES",
    "Bounds",
    "CampaignBroken",
    "Coverage",
    "Failures",
    "Players",
    "SchedulerError",
    "Search",
    "Searched",
    "Shrunk",
    "Stuck",
    "Tally",
    "dask_players",
    "local_players",
    "play_campaign",
    "play_path",
    "play_seeds",
    "player_here",
    "processors",
    "record_run",
    "record_small",
    "record_stuck",
    "shrunken_plan",
    "smallest_of",
    "tell_path",
]
