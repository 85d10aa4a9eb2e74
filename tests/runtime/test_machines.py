"""Any class with the three methods of the protocol can be the state machine."""

from __future__ import annotations

import json
from pathlib import Path

from paxos_engine import Cluster, ClusterConfig, StateReached
from paxos_engine.roles.machine import Outcome
from tests.runtime.test_cluster import PATIENCE, until


class Stack:
    """A stack: `push word`, `pop`."""

    def __init__(self) -> None:
        self._words: list[str] = []

    def apply(self, value: str | bytes) -> Outcome:
        """Apply one command."""
        match str(value).split():
            case ["push", word]:
                self._words.append(word)
                return Outcome(str(len(self._words)))
            case ["pop"] if self._words:
                return Outcome(self._words.pop())
        return Outcome("error")

    def snapshot(self) -> bytes:
        """Return the words."""
        return json.dumps(self._words).encode()

    def restore(self, snapshot: bytes) -> None:
        """Take the words back."""
        self._words = json.loads(snapshot)


def test_a_machine_of_ones_own_answers_and_outlives_restarts_and_snapshots(tmp_path: Path) -> None:
    config = ClusterConfig(
        machine=Stack,
        data_dir=tmp_path / "data",
        snapshot_every=10,
        election_timeout=0.5,
        heartbeat_every=0.05,
    )
    with Cluster(config) as cluster:
        pushed = [cluster.submit(f"push {n}").result(PATIENCE).result for n in range(25)]
        assert pushed == [str(n) for n in range(1, 26)]
        until(lambda: cluster._log("L2").compacted >= 20)
        state = cluster.subscribe().get(PATIENCE)
        assert isinstance(state, StateReached)
        assert json.loads(state.state)[:10] == [str(n) for n in range(10)]
    with Cluster(config) as again:
        popped = [again.submit("pop").result(PATIENCE).result for _ in range(26)]
        assert popped == [*(str(n) for n in reversed(range(25))), "error"]
        until(lambda: again.applied("L1") == again.applied("L2"))
        assert again.violation is None
