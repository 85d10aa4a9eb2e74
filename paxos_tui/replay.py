"""The console over a trace: a recording, or a scenario that was played."""

from __future__ import annotations

import time
from typing import Any, ClassVar, Final

from textual import events
from textual.widgets import Input

from paxos_engine import Violation
from paxos_tui.feed import Verdict
from paxos_tui.playback import Playback
from paxos_tui.playing import Narration, Player
from paxos_tui.replay_actions import LIVE_KEYS, REPLAY, SCENARIO, why_not
from paxos_tui.replaying import Replaying
from paxos_tui.screens.replay import ReplayScreen
from paxos_tui.sentences import sentence
from paxos_tui.story import Story
from paxos_tui.survey import ListedTrace, Source
from paxos_tui.widgets.play_line import Moment, Telling
from paxos_tui.window import Window

WORK_SECONDS: Final = 0.05
"""Seconds of work for a key before what it does is painted: what is near is reached at once."""

SLICE_SECONDS: Final = 0.02
"""Seconds of work between two looks at the keyboard."""

BREATH_SECONDS: Final = 0.005
"""Seconds between two slices of work, for keys, timers and paint. Without them the work's own
messages would follow each other so closely that nothing else came to its turn."""

CHUNK: Final = 200
"""Entries between two looks at the clock."""

LONGEST_FRAME: Final = 0.5
"""Seconds that a frame lets pass at the most: after a stop, time does not jump."""


_OF_AN_INPUT_TOO: Final = frozenset({"step", "go_home", "go_to_end"})


class ReplayApp(Replaying, Window):
    """The console over a recording.

    Args:
        source: the trace.
        title: what it is called.
        narration: what is told along it.
        speed: at which it plays first.
        options: see `Window`.
    """

    BINDINGS: ClassVar = [action.binding for action in REPLAY.actions]
    guide = REPLAY

    def __init__(
        self,
        source: Source,
        title: str,
        narration: Narration | None = None,
        speed: float = 1.0,
        **options: Any,
    ) -> None:
        screen = ReplayScreen(self.guide, title, told=self.story is not None)
        super().__init__(main=screen, **options)
        self._screen = screen
        self._working = False
        self._painted: tuple[Moment, Telling | None] | None = None
        self._last_frame = time.monotonic()
        self._open(source, narration or Narration(), speed)

    def _open(self, source: Source, narration: Narration, speed: float) -> None:
        self.playback = Playback(source)
        self.player = Player(self.playback, narration, speed)
        self.view = self.playback.view
        self._opening = True

    async def on_event(self, event: events.Event) -> None:
        """Answer keys that act on a cluster only, instead of doing nothing at all."""
        if isinstance(event, events.Key) and self._is_foreign(event.key):
            self.say(why_not(LIVE_KEYS[event.key], self.guide), wrong=True)
        else:
            await super().on_event(event)

    def _is_foreign(self, key: str) -> bool:
        """Say whether a key is one of the live console, and none that does anything here."""
        main = self.main
        if not main.is_whole or self.screen is not main or main.is_too_small:
            return False
        ours = (each for action in self.guide.actions for each in action.keys.split(","))
        return key in LIVE_KEYS and key not in ours and not isinstance(self.focused, Input)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the arrows and the like to the filter while one is typed."""
        if action in _OF_AN_INPUT_TOO and isinstance(self.focused, Input):
            return False
        return super().check_action(action, parameters)

    # --- frames --------------------------------------------------------------------------

    def frame(self) -> None:
        """Let time pass, do what is due, and paint."""
        now = time.monotonic()
        passed, self._last_frame = min(now - self._last_frame, LONGEST_FRAME), now
        if not self.main.is_whole:
            return  # not composed yet, or being taken down
        if self.player.playing:
            self._play(passed)
        if not self._working:
            self._work()
        self._paint()

    def show_moved(self) -> None:
        """Go where the cursor is to go, at once if that is near, and paint."""
        end = time.monotonic() + WORK_SECONDS
        while self.playback.goal is not None and time.monotonic() < end:
            self._work_once()
        self._go_on(self.playback.goal is not None)
        self._paint()

    def _play(self, passed: float) -> None:
        self.player.stop_at = stop = self.line_of_violation()
        end = time.monotonic() + WORK_SECONDS
        while self.player.advance(passed, CHUNK):
            passed = 0.0
            if time.monotonic() > end:
                self.player.catch_up()
                break
        if stop == self.playback.place.line and not self.player.playing:
            self.tell_violation()

    def _work(self) -> None:
        """Work for a while; if more is left, go on when the keys that came were heard."""
        end = time.monotonic() + SLICE_SECONDS
        left = True
        while left and time.monotonic() < end:
            left = self._work_once()
        self._go_on(left)

    def _go_on(self, left: bool) -> None:
        if left and not self._working:
            self._working = True
            self.set_timer(BREATH_SECONDS, self._work_on)

    def _work_on(self) -> None:
        self._working = False
        if self.main.is_whole:
            was_going = self.playback.goal is not None
            self._work()
            if not self._working or (was_going and self.playback.goal is None):
                self._paint()

    def _work_once(self) -> bool:
        """Do a small part of what is to be done; return whether more may be left."""
        playback = self.playback
        if self._opening and playback.goal is None:
            self._opening = self._choose_beginning()
        left = playback.work(CHUNK)
        if playback.goal is None:
            self._arrive()
        return left or self._opening

    def _arrive(self) -> None:
        if self.playback.missed:
            missed = self.playback.missed.removeprefix("a ")
            self.say(f"There is no {missed} in this trace.", wrong=True)
            self._to_tell, self.playback.missed = False, ""
        elif self._to_tell:
            self.tell_violation()

    def _choose_beginning(self) -> bool:
        """Set out for the place to begin with; return whether that has to wait."""
        if self.playback.survey.violation is not None:
            self.go_to_violation()
            return False
        return not self.playback.is_surveyed

    # --- painting ------------------------------------------------------------------------

    def _paint(self) -> None:
        """Paint the moment at which the cursor stands; on the way to another, only the way."""
        if self.playback.goal is None:
            self.view = self.playback.view
        screen, painted = self._screen, (self.moment, self.telling)
        if painted != self._painted:
            self._painted = painted
            screen.forget_painted()
            screen.show_moment(*painted)
            screen.has_violation = self.has_violation
            self.offer()
        if self.playback.goal is None:
            screen.show(self.view, self.verdict, [])

    @property
    def verdict(self) -> Verdict:
        """What the checks say of all that has happened up to the cursor."""
        playback, survey = self.playback, self.playback.survey
        first = min(survey.broken.values(), default=None)
        if first is not None and playback.place.line >= first:
            return Verdict(broken=survey.violation)
        missed_at = survey.missed_at
        is_missing = missed_at is not None and playback.place.line >= missed_at
        unchecked = survey.unchecked if is_missing else ""
        if playback.damage and playback.is_at_end:
            unchecked = playback.damage
        agreed, events, rules = self.view.chosen_count, playback.place.line, survey.rules
        return Verdict(agreed, events, unchecked, rules=rules)

    @property
    def has_violation(self) -> bool:
        """Whether there is one to go to, as far as is known."""
        return self.playback.survey.violation is not None

    @property
    def moment(self) -> Moment:
        """Where in the trace the cursor stands."""
        playback = self.playback
        entry = playback.place.entry
        return Moment(
            position=playback.position,
            count=playback.count,
            so_far=playback.source.is_growing,
            t=playback.view.now,
            total=max(playback.survey.view.now, playback.view.now),
            speed=self.player.speed,
            playing=self.player.playing,
            told=f"#{entry.seq}  {entry.node} {sentence(entry.event)}",
            broken=self.verdict.broken is not None,
            notes=tuple(self._notes()),
        )

    @property
    def telling(self) -> Telling | None:
        """What is told of it."""
        return None

    def _notes(self) -> list[str]:
        playback, survey = self.playback, self.playback.survey
        passed = f"{100 * survey.place.line // max(1, playback.source.lines)} %"
        notes = []
        if playback.goal is not None:
            notes.append(f"going to {playback.goal.words} ({passed} read)")
        elif self._opening and not playback.is_surveyed:
            notes.append(f"looking for a violation ({passed} read)")
        elif not playback.is_surveyed:
            notes.append(f"checked {passed}")
        if playback.damage:
            notes.append(playback.damage)
        return notes


class StoryApp(ReplayApp):
    """The console over a scenario that was played.

    Args:
        story: the scenario.
        options: see `Window`.
    """

    BINDINGS: ClassVar = [action.binding for action in SCENARIO.actions]
    guide = SCENARIO

    def __init__(self, story: Story, **options: Any) -> None:
        self.story: Story = story
        trace = ListedTrace(story.performance.entries)
        title = f"paxos-tui play {story.scenario.id}"
        super().__init__(trace, title, story.narration, story.speed, **options)

    def load(self, story: Story) -> None:
        """Look at another story from now on."""
        self.story = story
        self._open(ListedTrace(story.performance.entries), story.narration, story.speed)
        self.say(f"The same under the {story.rules}.")
        self.show_moved()

    def _choose_beginning(self) -> bool:
        self.playback.go_to_event(self.story.performance.begins)
        return False

    @property
    def has_violation(self) -> bool:
        """Whether something was broken, in a check along the way or at the end."""
        return self.story.broken_at is not None

    @property
    def verdict(self) -> Verdict:
        """What the checks say up to the cursor, those at the end included.

        Of several broken rules the one that the scenario is about is named, once it is broken.
        """
        violation = self.story.performance.violation
        if violation is not None and self._has_passed(violation):
            return Verdict(broken=violation)
        return super().verdict

    def _has_passed(self, violation: Violation) -> bool:
        """Say whether the cursor is where this was found broken, or where it shows at the end."""
        line = self.playback.survey.broken.get(violation.rule)
        if line is not None:
            return self.playback.place.line >= line
        shown = self.story.broken_at
        return shown is not None and self.playback.place.entry.seq >= shown

    @property
    def telling(self) -> Telling:
        """What is told at the cursor, and how it came out once that is seen."""
        story = self.story
        at, text = story.told_at(self.playback.place.entry.seq)
        outcome, good = "", None
        if self.playback.is_at_end:
            outcome, good = f"{story.outcome} (i reads them)", story.performance.good
        elif at == 0:
            outcome = story.expected
        return Telling(
            title=story.title,
            rules=story.rules,
            wrong=story.performance.wrong,
            at=at,
            count=len(story.narration.lines),
            text=text,
            outcome=outcome,
            good=good,
        )
