"""Long campaigns: `make soak` runs them, `make test` holds smaller versions of each."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from paxos_engine import Cluster, ClusterConfig
from paxos_engine.simulation import local_players, play_campaign, processors
from tests.roles.stage import Stage
from tests.roles.test_properties import ACTS, prefixes_are_identical, tell

pytestmark = pytest.mark.soak

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("workload", ["opaque", "kv"])
def test_a_million_commands_end_with_the_memory_and_the_disks_of_half_a_million(
    tmp_path: Path, workload: str
) -> None:
    command = [sys.executable, "-m", "paxos_tui", "run", "--commands", "1000000", "--json"]
    command += ["--workload", workload, "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert report["good"], report["missing"]
    early, half, end = report["growth"]
    assert end["commands"] == 1_000_000
    assert end["memory_mib"] < 1.1 * half["memory_mib"]
    assert end["disk_mib"] < 1.5 * early["disk_mib"]


def test_twenty_runs_of_the_pictures_are_the_same() -> None:
    for _ in range(20):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        path = "tests/tui/test_snapshots.py"
        done = subprocess.run(
            [*command, path], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("classic", [False, True])
@pytest.mark.parametrize("part", range(4))
def test_thousands_of_stories_keep_agreement_and_end_in_answers(part: int, classic: bool) -> None:
    for seed in range(part * 1_000, part * 1_000 + 1_000):
        rng = random.Random(seed)
        story = [(rng.choice((*ACTS, "lead")), rng.randrange(10**6)) for _ in range(250)]
        stage = Stage(acceptors=3, leaders=2, classic=classic, seed=seed)
        tell(stage, story)
        assert prefixes_are_identical(stage), f"seed {seed}"
        for node in list(stage.failed):
            stage.recover(node)
        stage.run(20.0, step=0.05)
        answered = len(stage.happened("answered"))
        assert answered == len(stage.happened("submitted")), f"seed {seed}"


@pytest.mark.parametrize("profile", ["calm", "jittery", "lossy", "hostile"])
def test_five_thousand_commands_with_nodes_that_come_and_go(profile: str) -> None:
    rng = random.Random(profile)
    with Cluster(ClusterConfig(profile=profile)) as cluster:
        futures = []
        for number in range(50):
            futures += [cluster.submit(f"{number}.{n}") for n in range(100)]
            node = rng.choice(cluster.nodes)
            cluster.fail(node)
            futures[-100].result(300)
            cluster.recover(node)
        for future in futures:
            future.result(600)
        assert cluster.violation is None
    assert cluster.agreed >= 5_000


def test_ten_thousand_simulated_runs_are_safe_and_end_and_see_everything() -> None:
    with local_players(processors()) as players:
        tally = play_campaign(range(10_000), players.executor, players.workers)
    assert tally.runs == 10_000
    assert tally.sorted_failures() == []
    unseen = tally.coverage.unseen()
    assert unseen["events"] == []
    assert unseen["patterns"] == []
    assert unseen["pairs"] == []
