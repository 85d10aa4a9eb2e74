"""The actions that submit: one value, a burst, a workload; and the answers that come back."""

from __future__ import annotations

import time
from concurrent.futures import Future

from paxos_engine import OutcomeUnknown, Reply, check_value
from paxos_tui.answers import answer_text
from paxos_tui.console import Console
from paxos_tui.text import visible

BURST_CHUNK = 400
"""Values of a burst handed over at each frame, so that keys are answered in between."""

MOST_WAITING = 10_000
"""Commands without an answer beyond which nothing is submitted by itself: a cluster that is asked
for more than it can do would only let everybody wait longer and longer."""


class Submitting(Console):
    """Everything that makes commands."""

    def __init__(self, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self._asked: list[tuple[str, Future[Reply]]] = []
        self._history: list[str] = []
        self._burst_left = 0
        self._burst_number = 0
        self._rate = 20.0
        self._working_since: float | None = None
        self._worked = 0  # over all runs of the workload, so that no value comes twice
        self._worked_before = 0
        self._held_back = False  # the workload asks for more than is answered

    def work_notes(self) -> list[str]:
        """Return what is being submitted by itself, in words."""
        notes = []
        if self._burst_left:
            notes.append(f"burst: {self._burst_left} to go")
        if self._working_since is not None:
            held_back = ", held back" if self._held_back else ""
            notes.append(f"workload {self._rate:g}/s{held_back}")
        return notes

    def work(self) -> None:
        """Submit what is due by now, as far as the cluster keeps up."""
        cluster = self.cluster
        if cluster is None:
            return
        room = max(0, MOST_WAITING - cluster.unanswered)
        for _ in range(min(self._burst_left, BURST_CHUNK, room)):
            self._burst_number += 1
            cluster.submit(f"burst-{self._burst_number}")
            self._burst_left -= 1
        if self._working_since is not None:
            elapsed = time.monotonic() - self._working_since
            due = self._worked_before + int(elapsed * self._rate) - self._worked
            for _ in range(min(due, BURST_CHUNK, room)):
                self._worked += 1
                cluster.submit(f"work-{self._worked}")
            self._held_back = due > room
            if self._held_back:
                self._worked_before -= due - room  # left out: it would come at once later

    def tell_answers(self) -> None:
        """Say what came of the values that a person submitted."""
        done = [pair for pair in self._asked if pair[1].done()]
        for value, future in done:
            self._asked.remove((value, future))
            try:
                reply = future.result()
            except OutcomeUnknown:
                unknown = "outcome unknown, it may be chosen or not."
                self.say(f"{visible(value, 30)}: {unknown}", news=True)
            else:
                answer = answer_text(value, reply.outcome, reply.result)
                self.say(f"{answer}, in instance {reply.instance}", news=True)

    def action_submit(self) -> None:
        """Ask for a value and submit it."""
        self.ask("Submit a value", self._submit, history=self._history, refuse=no_value)

    def _submit(self, value: str) -> None:
        if self.cluster is None:
            return
        if not value:
            self.say("Nothing is submitted: the value is empty.", wrong=True)
            return
        self._history.append(value)
        self._asked.append((value, self.cluster.submit(value)))

    def action_burst(self) -> None:
        """Ask how many values to submit at once."""
        self.ask("How many values?", self._burst, initial="100", refuse=no_count)

    def _burst(self, text: str) -> None:
        self._burst_left += int(text)

    def action_workload(self) -> None:
        """Start or stop submitting values steadily."""
        if self._working_since is None:
            self._start_working()
        else:
            self._working_since = None

    def action_workload_rate(self) -> None:
        """Ask for the workload's rate."""
        now = f"{self._rate:g}"
        self.ask("Values a second", self._set_rate, initial=now, refuse=no_rate)

    def _set_rate(self, text: str) -> None:
        self._rate = float(text)
        self._start_working()

    def _start_working(self) -> None:
        self._working_since, self._worked_before = time.monotonic(), self._worked

    def action_give_up(self) -> None:
        """Stop asking for commands without an answer, and for what a burst has yet to submit."""
        if self.cluster is None:
            return
        if not self.view.pending and not self._asked and not self._burst_left:
            self.say("No command is pending.", wrong=True)
            return
        self._burst_left = 0
        self.cluster.give_up()
        self.say("Gave up: the outcome of what was pending is unknown, it may be chosen or not.")


def no_value(text: str) -> str:
    """Say why `text` cannot be submitted; nothing if it can."""
    try:
        check_value(text)
    except ValueError as error:
        return str(error)
    return ""


def no_count(text: str) -> str:
    """Say why `text` is no number of values; nothing if it is one."""
    if text.strip().isdecimal() and 1 <= int(text) <= 1_000_000:
        return ""
    return f"{visible(text, 20)!r} is no number from 1 to 1,000,000."


def no_rate(text: str) -> str:
    """Say why `text` is no rate; nothing if it is one."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if 0.1 <= rate <= 5_000:
        return ""
    return f"{visible(text, 20)!r} is no rate from 0.1 to 5000 a second."
