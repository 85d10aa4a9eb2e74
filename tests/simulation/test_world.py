"""One plan, one history: the simulated world is deterministic, safe and live."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest

from paxos_engine.roles.events import Entry
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import play
from paxos_engine.trace.jsonform import to_json


def trace_of(seed: int) -> str:
    """Return a digest of every line that a run's trace would have in a file."""
    digest = hashlib.sha256()

    def take(entry: Entry) -> None:
        digest.update(json.dumps(to_json(entry)).encode())

    play(draw(seed), (take,))
    return digest.hexdigest()


@pytest.mark.parametrize("part", range(4))
def test_whatever_befalls_a_cluster_it_stays_safe_and_answers_once_calm_returns(part: int) -> None:
    for seed in range(part * 60, part * 60 + 60):
        outcome = play(draw(seed))
        assert outcome.good, f"seed {seed}: {outcome.verdict}"


def test_a_seed_gives_the_same_trace_to_the_byte_in_another_process_under_another_hash_seed() -> (
    None
):
    program = (
        "from tests.simulation.test_world import trace_of\nfor s in range(12): print(trace_of(s))"
    )
    path = os.pathsep.join(sys.path)
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout.split() == [trace_of(seed) for seed in range(12)]
