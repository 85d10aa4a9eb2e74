"""What is said cannot be changed afterwards: the type checker sees to that, not the run."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

from paxos_engine.roles.frozen import frozen
from paxos_engine.roles.messages import CatchUpRequest, Nack, SnapshotRequest
from paxos_engine.roles.values import ProposalNumber

CHANGES_WHAT_WAS_SAID = """
from paxos_engine.roles.messages import Nack
from paxos_engine.roles.values import ProposalNumber

nack = Nack(ProposalNumber(1, 1), 7, ProposalNumber(2, 2))
nack.instance = 8
"""


def test_an_assignment_to_what_was_said_is_refused_where_it_is_written(tmp_path: Path) -> None:
    source = tmp_path / "changes.py"
    source.write_text(CHANGES_WHAT_WAS_SAID)
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'Property "instance" defined in "Nack" is read-only' in checked.stdout


def test_what_says_the_same_is_equal_and_has_one_place_in_a_set() -> None:
    said = [Nack(ProposalNumber(1, 1), 7, ProposalNumber(2, 2)) for _ in range(2)]
    assert len(set(said)) == 1
    assert not hasattr(said[0], "__dict__")


def test_what_says_something_else_or_is_of_another_kind_is_not_equal() -> None:
    nack = Nack(ProposalNumber(1, 1), 7, ProposalNumber(2, 2))
    assert nack != Nack(ProposalNumber(1, 1), 8, ProposalNumber(2, 2))
    assert CatchUpRequest(1, 2) != SnapshotRequest(1, 2)
    assert Anything() == Anything()
    assert CatchUpRequest(1, 2) != (1, 2)


def test_it_prints_as_the_text_that_makes_it() -> None:
    request = CatchUpRequest(1, 2)
    assert repr(request) == "CatchUpRequest(first=1, last=2)"
    assert eval(repr(request)) == request


def test_it_survives_the_way_to_another_process() -> None:
    nack = Nack(ProposalNumber(1, 1), 7, ProposalNumber(2, 2))
    assert pickle.loads(pickle.dumps(nack)) == nack


@frozen
class Anything:
    """What has no fields."""
