"""A long trace is seen and heard while the survey of it goes on, however long that takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from paxos_engine import Damage, Entry, Header, Place, Violation
from paxos_engine.roles.events import Synced
from paxos_tui.replay import ReplayApp
from paxos_tui.screens.help import ViolationScreen
from tests.tui.driving import Replay

HEADER = Header(("A1", "A2", "A3"), ("L1",), (2, 2), "multi", 0, {})

MOST = 50_000_000
"""Events after which the trace ends: a survey of them takes longer than anybody here waits."""

CLAIM = Violation("a rule of theirs", (1,), "something happened")


class LongTrace:
    """A trace whose end nobody waits for; a claim of a violation comes when it is let in."""

    is_growing = False
    header = HEADER

    def __init__(self) -> None:
        self.start = Place(1, Entry(0, 0.0, "cluster", HEADER))
        self.lines = MOST
        self.claimed: int | None = None  # the line that claims a violation
        self.claims = False

    def look(self) -> bool:
        return False

    def read(self, place: Place) -> LongReading:
        return LongReading(self, place.line)

    def entry(self, line: int) -> Entry:
        if self.claims and self.claimed is None:
            self.claimed = line
        event = CLAIM if line == self.claimed else Synced(line, 1, 0)
        return Entry(line - 1, line * 0.01, "A1", event)


class LongReading:
    """Its events on their way in."""

    damage: Damage | None = None
    hole = ""

    def __init__(self, trace: LongTrace, line: int) -> None:
        self.line = line
        self._trace = trace

    def __next__(self) -> Entry:
        if self.line >= MOST:
            raise StopIteration
        self.line += 1
        return self._trace.entry(self.line)


@asynccontextmanager
async def opening(trace: LongTrace) -> AsyncIterator[Replay]:
    app = ReplayApp(trace, "paxos-tui replay long.jsonl.zst", fps=20)
    async with app.run_test(size=(120, 36)) as pilot:
        replay = Replay(app, pilot)
        await replay.until(lambda: app.main.is_whole and "event 0 of" in replay.progress())
        yield replay


async def test_the_first_event_is_on_the_screen_while_a_violation_is_looked_for() -> None:
    async with opening(LongTrace()) as replay:
        assert not replay.app.playback.is_surveyed
        assert "#0  cluster has 3 acceptors" in replay.progress()
        assert "! looking for a violation (" in replay.progress()
        assert "no primary" in replay.status()


async def test_keys_act_while_the_survey_goes_on() -> None:
    async with opening(LongTrace()) as replay:
        await replay.press("full_stop", "full_stop")
        assert replay.position == 2
        await replay.until(lambda: "! checked " in replay.progress())
        await replay.press("space")
        await replay.until(lambda: "▶ playing" in replay.progress())
        await replay.until(lambda: replay.position > 20)
        assert not replay.app.playback.is_surveyed


async def test_q_leaves_while_the_survey_goes_on() -> None:
    async with opening(LongTrace()) as replay:
        replay.press_at_once("q")
        await replay.until(lambda: not replay.app.is_running)
        assert not replay.app.playback.is_surveyed


@pytest.mark.parametrize("moved", [False, True], ids=["not moved", "moved"])
async def test_a_violation_that_is_found_is_gone_to_unless_the_person_has_moved(
    moved: bool,
) -> None:
    trace = LongTrace()
    async with opening(trace) as replay:
        if moved:
            await replay.press("full_stop")
        trace.claims = True
        await replay.until(lambda: replay.app.has_violation)
        if moved:
            await replay.until(lambda: "violation" in replay.footer())
            assert (replay.position, replay.app.screen) == (1, replay.app.main)
        else:
            await replay.until(lambda: isinstance(replay.app.screen, ViolationScreen))
            assert replay.app.playback.place.entry.event == CLAIM
