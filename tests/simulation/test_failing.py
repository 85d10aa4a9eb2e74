"""Failing runs as traces: whole or small, ended by what they break, the same to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from paxos_engine import judge_trace, read_trace
from paxos_engine.roles.assembly import RIGHT, Rules
from paxos_engine.roles.events import Applied, Entry, Submitted, Violation
from paxos_engine.scenarios.wrong_rules import WRONG_RULES
from paxos_engine.simulation.campaign import BREAKS_OFF, LIVENESS
from paxos_engine.simulation.failing import RunWriter, record_run, record_small, shrunken
from paxos_engine.simulation.swarm import draw
from paxos_engine.simulation.trial import play
from paxos_engine.trace.files import file_lines
from paxos_engine.trace.jsonform import to_line
from tests.simulation.test_campaign import Deaf, Falls

OWN_VALUE = WRONG_RULES["own-value"].rules


def entries(path: Path) -> list[Entry]:
    return list(read_trace(path))


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz", "run.jsonl.zst"])
def test_a_run_is_written_as_it_is_played_and_the_same_again(tmp_path: Path, name: str) -> None:
    again = tmp_path / f"again-{name}"
    tally = record_run(5, tmp_path / name, RIGHT, "paxos-tui explore")
    record_run(5, again, RIGHT, "paxos-tui explore")
    played: list[Entry] = []
    play(draw(5), (played.append,), "paxos-tui explore")
    assert list(file_lines(tmp_path / name)) == [to_line(entry) for entry in played]
    assert (tmp_path / name).read_bytes() == again.read_bytes()
    assert tally.runs == 1
    assert tally.failed == 0
    assert read_trace(again).header.command == "paxos-tui explore"
    assert judge_trace(again).verdict == "safe"


def test_an_unsafe_run_ends_with_what_it_breaks(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    tally = record_run(3, path, OWN_VALUE)
    last = entries(path)[-1]
    assert isinstance(last.event, Violation)
    assert last.node == "checker"
    assert [last.event.rule] == [*tally.failures]
    judgement = judge_trace(path)
    assert judgement.violations[0].rule == last.event.rule
    assert not judgement.reported, "the rules find it themselves"


def test_what_is_made_small_breaks_the_same_rule_and_is_the_same_again(tmp_path: Path) -> None:
    first, second = tmp_path / "1.jsonl.gz", tmp_path / "2.jsonl.gz"
    (broken,) = record_run(3, tmp_path / "whole.jsonl", OWN_VALUE).failures
    for path in (first, second):
        small = shrunken(3, OWN_VALUE)
        assert small is not None
        assert record_small(small, path, "again").violation.rule == broken
    assert first.read_bytes() == second.read_bytes()
    judgement = judge_trace(first)
    assert judgement.violations[0].rule == broken
    assert judgement.header.command == "again"
    assert judgement.entries < len(entries(tmp_path / "whole.jsonl"))
    assert isinstance(entries(first)[-1].event, Violation)


def test_a_run_that_breaks_nothing_is_not_made_small() -> None:
    assert shrunken(0) is None


def test_a_run_that_does_not_end_is_kept_whole_and_names_what_has_no_answer(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.jsonl"
    tally = record_run(0, path, Rules(client=Deaf))
    *run, last = entries(path)
    assert isinstance(last.event, Violation)
    assert last.event.rule == LIVENESS
    assert last.event.text == tally.failures[LIVENESS].text
    asked = {entry.seq for entry in run if isinstance(entry.event, Submitted)}
    assert set(last.event.evidence) == asked, "nothing at all was answered"
    judgement = judge_trace(path)
    assert judgement.verdict == "violated"
    assert judgement.reported, "no safety rule is broken: only the trace says so"


def test_a_run_that_breaks_off_is_kept_up_to_there(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    record_run(0, path, Rules(acceptor=Falls))
    *run, last = entries(path)
    assert isinstance(last.event, Violation)
    assert last.event.rule == BREAKS_OFF
    assert last.event.evidence == (run[-1].seq,)
    assert "ValueError" in last.event.text


def test_where_all_is_answered_the_evidence_is_how_far_each_leader_got(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "t.jsonl") as writer:
        for seq, (leader, instance) in enumerate([("L1", 1), ("L2", 1), ("L1", 2)], 1):
            writer.take(Entry(seq, 0.1, leader, Applied(instance, None, None, "s")))
        assert writer.unfinished == (2, 3)


def test_a_file_that_cannot_be_written_is_no_failure_of_the_run(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cannot record to"):
        record_run(0, tmp_path / "missing" / "t.jsonl")
