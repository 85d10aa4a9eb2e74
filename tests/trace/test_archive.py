"""Older history: what the view lets go is read back from the recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from paxos_engine import Cluster, ClusterConfig, ClusterView, read_trace
from paxos_engine.trace import archive, matrix
from tests.runtime.test_cluster import submit_all, until


@pytest.fixture
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "KEPT", 40)
    monkeypatch.setattr(archive, "BLOCK", 16)


def played(path: Path, count: int) -> tuple[Cluster, ClusterView]:
    """Run a recorded cluster through `count` commands; return it, stopped, and what a view saw."""
    cluster = Cluster(ClusterConfig(record=path))
    reader, view = cluster.trace.reader(), cluster.new_view()
    with cluster:
        submit_all(cluster, [f"v{n}" for n in range(count)])
        until(lambda: len({cluster.applied(leader) for leader in cluster.leaders}) == 1)
    view.apply_all(reader.drain())
    return cluster, view


@pytest.mark.usefixtures("short_memory")
def test_rows_that_the_view_let_go_are_found_in_the_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, view = played(tmp_path / "trace", 300)
    assert view.matrix.oldest > 200
    monkeypatch.setattr(matrix, "KEPT", 10_000)
    whole = ClusterView()
    whole.apply_all(read_trace(tmp_path / "trace"))
    for instance in range(2, 302):
        assert view.is_kept(instance)
        assert view.chosen_value(instance) == whole.chosen_value(instance)
        assert view.known_by(instance) == whole.known_by(instance)
        for node in cluster.nodes:
            assert view.cell(node, instance) == whole.cell(node, instance), (node, instance)
    assert "read from the recording" in view.scope


@pytest.mark.usefixtures("short_memory")
def test_without_a_recording_the_view_says_that_older_rows_are_gone(tmp_path: Path) -> None:
    _, view = played(tmp_path / "trace", 200)
    (tmp_path / "trace").unlink()  # as good as none
    assert not view.is_kept(2)
    assert view.is_kept(view.highest_instance)
    bare = ClusterView()
    bare.matrix = view.matrix
    assert not bare.is_kept(2)
    assert "a plain --record keeps them" in bare.scope


def test_a_view_that_holds_everything_says_nothing_of_its_scope() -> None:
    assert ClusterView().scope == ""
