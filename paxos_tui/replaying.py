"""The actions that move through a trace: by events, by milestones, in time, by what is told."""

from __future__ import annotations

import re
from typing import Final

from paxos_tui.console import Console
from paxos_tui.playback import Playback
from paxos_tui.playing import Player
from paxos_tui.screens.help import ViolationScreen
from paxos_tui.screens.replay import StoryScreen
from paxos_tui.story import Story
from paxos_tui.text import visible

SEEK: Final = "Go to event 48, to instance i7, or to a time 1.5s"

_PLACE: Final = re.compile(
    r"#?(?P<event>[\d,]{1,20})|(?:i|instance|slot)\s*(?P<instance>[\d,]{1,20})|(?P<time>\d{1,9}(?:\.\d{0,9})?)\s*s"
)


class Replaying(Console):
    """Everything that is done with a trace that is over."""

    playback: Playback
    player: Player
    story: Story | None = None
    _opening = True  # whether the place to begin with is not reached, nor another chosen
    _to_tell = False  # whether the violation is told once the cursor has reached it

    def show_moved(self) -> None:
        """Go where the cursor is to go, and paint."""
        raise NotImplementedError

    def load(self, story: Story) -> None:
        """Look at another story from now on."""
        raise NotImplementedError

    # --- keys ----------------------------------------------------------------------------

    def action_play(self) -> None:
        """Play, or pause."""
        self._begin_to_move(playing=True)
        self.player.toggle()
        self.player.stop_at = self.line_of_violation()
        if self.player.playing and self.playback.is_at_end and not self.playback.source.is_growing:
            self.player.toggle()
            self.say("This is the end: home goes back to the start.", wrong=True)
        self.show_moved()

    def action_speed(self, steps: int) -> None:
        """Play faster or slower."""
        self.player.change_speed(steps)
        self.show_moved()

    def action_step(self, step: int) -> None:
        """Go one event forward or back."""
        self._begin_to_move()
        moved = self.playback.step() if step > 0 else self.playback.back()
        if not moved:
            self.say("This is the end." if step > 0 else "This is the start.", wrong=True)
        self.show_moved()

    def action_milestone(self, step: int) -> None:
        """Go to the next milestone, or to the one before."""
        self._begin_to_move()
        self.playback.go_to_milestone(step)
        self.show_moved()

    def action_go_home(self) -> None:
        """Go to the start."""
        self._begin_to_move()
        self.playback.go_home()
        self.show_moved()

    def action_go_to_end(self) -> None:
        """Go to the end."""
        self._begin_to_move()
        self.playback.go_to_end()
        self.show_moved()

    def action_violation(self) -> None:
        """Go to the violation, and tell about it."""
        self._begin_to_move()
        self.go_to_violation()
        self.show_moved()

    def action_seek(self) -> None:
        """Ask where to go."""
        self.ask(SEEK, self._seek)

    def action_narration(self, step: int) -> None:
        """Go to the next line that is told, or to the one before."""
        assert self.story is not None
        self._begin_to_move()
        seq = self.playback.place.entry.seq
        narration = self.story.narration
        if step > 0:
            line = narration.following(seq)
        else:
            told = narration.at(seq)
            line = narration.before(narration.lines[told - 1].seq) if told else None
        if line is not None:
            self.playback.go_to_event(line.seq)
        elif step > 0:
            self.playback.go_to_end()
        else:
            self.playback.go_to_event(self.story.performance.begins)
        self.show_moved()

    def action_other_rules(self) -> None:
        """Play the same under the wrong rule, or under the right ones."""
        assert self.story is not None
        other = self.story.under_other_rules()
        if other is None:
            self.say(f"{self.story.scenario.id} has no wrong rule.", wrong=True)
        else:
            self.load(other)

    def action_scenario(self) -> None:
        """Tell all about the scenario."""
        assert self.story is not None
        self.push_screen(StoryScreen(self.story))

    # --- inside --------------------------------------------------------------------------

    def _begin_to_move(self, *, playing: bool = False) -> None:
        """Let the person choose the place from now on; only playing goes on by itself."""
        self._opening = self._to_tell = False
        if self.player.playing and not playing:
            self.player.toggle()

    def _seek(self, text: str) -> None:
        found = _PLACE.fullmatch(text.strip().lower())
        self._begin_to_move()
        if found is None:
            self.say(
                f"{visible(text, 20)!r} is no event (48), instance (i7) or time (1.5s).", wrong=True
            )
        elif found["event"]:
            self.playback.go_to_event(_number(found["event"]))
        elif found["instance"]:
            self.playback.go_to_instance(_number(found["instance"]))
        else:
            self.playback.go_to_time(float(found["time"]))
        self.show_moved()

    def go_to_violation(self) -> None:
        """Go to the violation that matters, and tell about it there."""
        self._to_tell = True
        broken, rule = self.playback.survey.broken, self._rule()
        if self.story is not None and self.story.broken_at is not None and rule not in broken:
            self.playback.go_to_event(self.story.broken_at)
        else:
            self.playback.go_to_violation(rule)

    def tell_violation(self) -> None:
        """Tell how a rule was broken."""
        self._to_tell = False
        story = self.story
        told = list(story.performance.explanation) if story else self.playback.survey.explanation
        self.push_screen(ViolationScreen(told))

    def _rule(self) -> str:
        violation = self.story.performance.violation if self.story else None
        return violation.rule if violation else ""

    def line_of_violation(self) -> int | None:
        """Return the line at which the rule that matters was broken, as far as is known."""
        broken = self.playback.survey.broken
        rule = self._rule()
        return broken.get(rule) if rule else min(broken.values(), default=None)


def _number(digits: str) -> int:
    return min(int(digits.replace(",", "") or "0"), 2**62)
