"""A trace that is measured has as many events as the table says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.trace import Enough, check, record, rewrite
from paxos_engine import Header, read_trace


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trace") / "trace.jsonl"
    record(path, 700)
    return path


def test_a_recording_has_exactly_so_many_events_the_header_among_them(recorded: Path) -> None:
    entries = list(read_trace(recorded))
    assert len(entries) == 700
    assert isinstance(entries[0].event, Header)


def test_it_is_whole_up_to_its_last_line_and_safe(recorded: Path) -> None:
    assert recorded.read_bytes().endswith(b"}\n")
    assert check(recorded) == 700


def test_a_tenth_is_a_tenth(recorded: Path, tmp_path: Path) -> None:
    rewrite(recorded, tmp_path / "tenth.jsonl", 70)
    assert check(tmp_path / "tenth.jsonl") == 70


@dataclass
class Asked:
    """What the recording knows of a cluster."""

    checked_events: int = 0
    checked: str = ""
    violation: object = None


@pytest.mark.parametrize(
    ("cluster", "more"),
    [
        (Asked(checked_events=99), True),
        (Asked(checked_events=100), False),
        (Asked(checked_events=99, violation="a rule was broken"), False),
        (Asked(checked_events=99, checked="the checker stopped"), False),
    ],
)
def test_commands_are_asked_until_enough_was_said_or_nothing_is_looked_at(
    cluster: Asked, more: bool
) -> None:
    assert Enough(cluster, 100).more() is more  # type: ignore[arg-type]
