"""A scenario that was played, as the console tells it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from paxos_engine.scenarios import WRONG_RULES, Performance, Scenario, perform
from paxos_tui.playing import SPEEDS, Narration

PLAY_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Story:
    """What is told along a performance.

    Args:
        performance: what was played.
    """

    performance: Performance

    @property
    def scenario(self) -> Scenario:
        """What it is a performance of."""
        return self.performance.scenario

    @cached_property
    def narration(self) -> Narration:
        """The lines, each with the entry behind which it is true.

        A line tells also what its step does ("L1 dies"), so it waits for that, though never for
        what the next line tells.
        """
        lines = self.performance.narration
        next_seqs = [*(told.seq for told in lines[1:]), self.performance.entries[-1].seq + 1]
        return Narration(
            [
                (max(told.seq, min(told.done, following - 1)), told.text)
                for told, following in zip(lines, next_seqs, strict=True)
            ]
        )

    @property
    def title(self) -> str:
        """Which scenario: its id and its title."""
        return f"{self.scenario.id}  {self.scenario.title}"

    @property
    def rules(self) -> str:
        """The rules that it is played under, in a few words."""
        return f"wrong rule {self.scenario.wrong_rule}" if self.performance.wrong else "right rules"

    @property
    def about_rules(self) -> str:
        """The same, as a sentence."""
        if not self.scenario.wrong_rule:
            return "Played under the right rules; there is no wrong rule to it."
        rule = WRONG_RULES[self.scenario.wrong_rule]
        if self.performance.wrong:
            return f"Played under a wrong rule, {rule.name}: {rule.wrong}. Right: {rule.right}."
        return f"Played under the right rules. The wrong one, {rule.name}: {rule.wrong}."

    @property
    def expected(self) -> str:
        """What is expected of it."""
        return f"expected: {'; '.join(check.text for check in self.performance.checks)}"

    @property
    def outcome(self) -> str:
        """What it came to, and how many expectations were met."""
        checks = self.performance.checks
        met = sum(check.met for check in checks)
        return f"{self.performance.verdict}. {met} of {len(checks)} expectations met"

    @property
    def broken_at(self) -> int | None:
        """The `seq` of the last entry that shows what is broken; None if nothing is.

        What clients saw is judged at the end, so that no check names the moment.
        """
        violation = self.performance.violation
        if violation is None:
            return None
        return max(violation.evidence, default=self.performance.entries[-1].seq)

    @property
    def speed(self) -> float:
        """The highest speed at which the play takes some seconds, without the reading."""
        begins = self.performance.begins
        play = [entry.t for entry in self.performance.entries if entry.seq >= begins]
        taking = [speed for speed in SPEEDS if play[-1] - play[0] >= speed * PLAY_SECONDS]
        return max(taking, default=SPEEDS[0])

    def told_at(self, seq: int) -> tuple[int, str]:
        """Return how many lines were told after an entry, and the last of them, or the question."""
        count = self.narration.at(seq)
        return count, self.narration.lines[count - 1].text if count else self.scenario.question

    def under_other_rules(self) -> Story | None:
        """Return the same scenario under the wrong rule, or the right ones; None without any."""
        if not self.scenario.wrong_rule:
            return None
        return Story(perform(self.scenario, not self.performance.wrong))
