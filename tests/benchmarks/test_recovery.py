"""Every way to come back stands beside its reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmarks import recovery
from benchmarks.harness import Sample
from benchmarks.scale import QUICK


def test_restarts_and_both_ways_of_a_snapshot_have_a_ratio_each() -> None:
    restarts, behind, snapshots = recovery.measure(replace(QUICK, commands=60), lambda what: None)
    for name in ("acceptor", "leader"):
        row = restarts.find(name)
        assert row is not None
        assert list(row.figures["instances/s"].ratios) == [recovery.BARE]
    assert [row.name for row in behind.rows] == ["chosen meanwhile", "caught up"]
    for case in (recovery.TAKEN, recovery.RESTORED):
        row = snapshots.find("history", case)
        assert row is not None
        assert list(row.figures["keys/s"].ratios) == ["bare json"]


@pytest.mark.parametrize("restart", [recovery.restart_acceptor, recovery.restart_leader])
def test_a_node_that_takes_back_its_log_forgets_nothing(
    restart: Callable[[int], Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = recovery.values(20)
    monkeypatch.setattr(recovery, "values", lambda count: known[:-1])
    with pytest.raises(RuntimeError, match="19 of 20 instances came back"):
        restart(20)
