"""The application: it drains the trace at frame rate, paints, and carries out what is asked."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.screen import Screen
from textual.theme import Theme

from paxos_engine import PROFILES, Cluster, OutcomeUnknown, Reply
from paxos_tui.actions import ACTIONS
from paxos_tui.feed import Feed, LiveFeed
from paxos_tui.screens.help import HelpScreen, ViolationScreen
from paxos_tui.screens.main import MainScreen
from paxos_tui.screens.prompt import PromptScreen
from paxos_tui.text import visible
from paxos_tui.themes import DEFAULT_VARIABLES, load_shipped, stylesheet
from paxos_tui.widgets.message_log import MessageLog

BURST_CHUNK = 400
"""Values of a burst handed over at each frame, so that keys are answered in between."""

FOLD_SECONDS = 0.07
"""The part of a frame that may go into folding events; what is left over waits for the next."""

LOOK_FOR_TERMINAL = 1.0
"""Seconds between two looks whether the terminal is still there."""


class PaxosApp(App[None]):
    """The console over one cluster.

    Args:
        cluster: not started yet; the app starts it once it is on screen, and stops it. None for
            a feed of its own, with nothing to control.
        feed: where events come from, if not from the cluster.
        theme: the name of the theme to begin with.
        extra_themes: themes of the user's own.
        fps: frames a second; 0 for a still picture.
    """

    CSS = stylesheet()
    BINDINGS: ClassVar = [action.binding for action in ACTIONS]
    TITLE = "paxos-tui"
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        cluster: Cluster | None = None,
        *,
        feed: Feed | None = None,
        theme: str = "paxos-dark",
        extra_themes: Sequence[Theme] = (),
        fps: int = 10,
    ) -> None:
        super().__init__()
        for each in (*load_shipped(), *extra_themes):
            self.register_theme(each)
        self.theme = theme
        self.cluster = cluster
        if feed is None:
            if cluster is None:
                raise ValueError("a console needs a cluster or a feed")
            feed = LiveFeed(cluster)
        self.feed = feed
        self.view = feed.new_view()
        self.main = MainScreen()
        self._theme_names = [each.name for each in (*load_shipped(), *extra_themes)]
        self._fps = fps
        self._frozen = False
        self._asked: list[Future[Reply]] = []
        self._history: list[str] = []
        self._burst_left = 0
        self._burst_number = 0
        self._rate = 20.0
        self._working_since: float | None = None
        self._worked = 0
        self._told_violation = False

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give the names of our own colours a value in every theme."""
        return DEFAULT_VARIABLES

    def get_default_screen(self) -> Screen[None]:
        """Open the main screen."""
        return self.main

    def on_mount(self) -> None:
        """Start the cluster, now that there is a screen to see it on."""
        if self.cluster is not None:
            self.cluster.start()
        self.call_after_refresh(self.frame)
        if self._fps:
            self.set_interval(1 / self._fps, self.frame)
        if not self.is_headless:
            self.set_interval(LOOK_FOR_TERMINAL, self._leave_with_terminal)

    def on_unmount(self) -> None:
        """Stop the cluster: threads joined, sockets closed, recording complete."""
        if self.cluster is not None:
            self.cluster.stop()

    def _leave_with_terminal(self) -> None:
        """Leave when the terminal is gone: one that does not control us dies without a signal."""
        try:
            os.get_terminal_size(sys.__stdin__.fileno() if sys.__stdin__ else 0)
        except OSError:
            self.exit()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer every action in the command palette."""
        yield from super().get_system_commands(screen)
        for action in ACTIONS:
            if action.name not in ("palette", "quit"):
                callback = partial(self.run_action, action.name)
                yield SystemCommand(action.title, f"{action.help} ({action.shown})", callback)

    # --- frames --------------------------------------------------------------------------

    def frame(self) -> None:
        """Do what is due, fold what has come, and paint it."""
        if not self.main.is_whole:
            return  # not composed yet, or being taken down
        self._work()
        self._tell_answers()
        self.feed.pump(self.view, FOLD_SECONDS)
        self._watch_violation()
        if not self._frozen:
            self.main.show(self.view, self.feed, self._notes())

    def _notes(self) -> list[str]:
        notes = []
        if self._burst_left:
            notes.append(f"burst: {self._burst_left} to go")
        if self._working_since is not None:
            notes.append(f"workload {self._rate:g}/s")
        if not self.main.pane().follow:
            notes.append("not following (o)")
        return notes

    def _work(self) -> None:
        if self.cluster is None:
            return
        for _ in range(min(self._burst_left, BURST_CHUNK)):
            self._burst_number += 1
            self.cluster.submit(f"burst-{self._burst_number}")
            self._burst_left -= 1
        if self._working_since is not None:
            due = int((time.monotonic() - self._working_since) * self._rate)
            for _ in range(min(due - self._worked, BURST_CHUNK)):
                self._worked += 1
                self.cluster.submit(f"work-{self._worked}")

    def _tell_answers(self) -> None:
        for future in [future for future in self._asked if future.done()]:
            self._asked.remove(future)
            with contextlib.suppress(OutcomeUnknown):
                reply = future.result()
                self.say(f"Command {reply.sequence} is chosen in instance {reply.instance}.")

    def _watch_violation(self) -> None:
        found = self.view.violation or self.feed.verdict.broken
        if found is not None and not self._told_violation:
            self._told_violation = True
            self.main.show(self.view, self.feed, ["VIOLATION"])
            self._frozen = True
            self.push_screen(ViolationScreen(self.feed.explain(found)))

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Say one line; never read as markup."""
        self.notify(text, markup=False, severity="warning" if wrong else "information", timeout=3)

    # --- submitting ----------------------------------------------------------------------

    def action_submit(self) -> None:
        """Ask for a value and submit it."""
        self._ask("Submit a value", self._submit, history=self._history)

    def _submit(self, value: str) -> None:
        if self.cluster is None or not value:
            return
        try:
            future = self.cluster.submit(value)
        except ValueError as error:
            self.say(str(error), wrong=True)
            return
        self._history.append(value)
        self._asked.append(future)

    def action_burst(self) -> None:
        """Ask how many values to submit at once."""
        self._ask("How many values?", self._burst, initial="100")

    def _burst(self, text: str) -> None:
        if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
            self.say(f"{visible(text, 20)!r} is no number from 1 to 1,000,000.", wrong=True)
            return
        self._burst_left += int(text)

    def action_workload(self) -> None:
        """Start or stop submitting values steadily."""
        if self._working_since is None:
            self._working_since, self._worked = time.monotonic(), 0
        else:
            self._working_since = None

    def action_workload_rate(self) -> None:
        """Ask for the workload's rate."""
        self._ask("Values a second", self._set_rate, initial=f"{self._rate:g}")

    def _set_rate(self, text: str) -> None:
        try:
            rate = float(text)
        except ValueError:
            rate = 0.0
        if not 0.1 <= rate <= 5_000:
            self.say(f"{visible(text, 20)!r} is no rate from 0.1 to 5000 a second.", wrong=True)
            return
        self._rate = rate
        self._working_since, self._worked = time.monotonic(), 0

    # --- failures ------------------------------------------------------------------------

    def action_toggle_node(self, node: str) -> None:
        """Fail a node, or let it recover."""
        cluster = self.cluster
        if cluster is None:
            return
        if node not in cluster.nodes:
            self.say(f"There is no {node} in this cluster.", wrong=True)
        elif cluster.is_failed(node):
            if self._recover(node):
                self.say(f"{node} recovers. {self._standing()}")
        else:
            cluster.fail(node)
            self.say(f"{node} failed. {self._standing()}")

    def _recover(self, node: str) -> bool:
        """Bring a node back; say why where that cannot be."""
        assert self.cluster is not None
        try:
            self.cluster.recover(node)
        except ValueError as error:
            self.say(str(error), wrong=True)
            return False
        return True

    def action_crash(self, kind: str) -> None:
        """Crash the node in focus, after saying what it will forget."""
        cluster, node = self.cluster, self.main.node_in_focus
        if cluster is None:
            return
        if cluster.status(node) == "crashed":
            self.say(f"{node} is down; f brings it back.", wrong=True)
            return

        def answered(text: str) -> None:
            if text.strip().lower() == "yes":
                cluster.crash(node, kind)
                self.say(f"{node}: {kind}. f brings it back. {self._standing()}")

        question = f"{kind} of {node} forgets {cluster.forgets(node, kind)}: yes?"
        self._ask(question, answered, initial="" if kind == "wipe" else "yes")

    def action_pause_node(self) -> None:
        """Make the node in focus stand still, or let it go on."""
        cluster, node = self.cluster, self.main.node_in_focus
        if cluster is not None and cluster.status(node) == "paused":
            cluster.recover(node)
            self.say(f"{node} goes on.")
        elif cluster is not None:
            cluster.pause(node)
            self.say(f"{node} stands still; v lets it go on.")

    def action_slow_disks(self) -> None:
        """Make every sync take half a second, or none."""
        if self.cluster is not None:
            slow = self.cluster.faults.disk_delay > 0
            self.cluster.faults.set_disk_delay(0.0 if slow else 0.5)
            self.say("Disks are fast again." if slow else "Every sync takes half a second now.")

    def action_give_up(self) -> None:
        """Stop asking for commands without an answer."""
        if self.cluster is not None:
            self.cluster.give_up()
            self.say("Gave up: what was pending may be chosen or not, its outcome is unknown.")

    def _standing(self) -> str:
        assert self.cluster is not None
        up = sum(not self.cluster.is_failed(name) for name in self.cluster.acceptors)
        count, needed = len(self.cluster.acceptors), self.cluster.quorums.phase2
        return f"{up} of {count} acceptors are up, {needed} needed."

    def action_toggle_focus(self) -> None:
        """Fail or recover the node in focus."""
        self.action_toggle_node(self.main.node_in_focus)

    def action_toggle_primary(self) -> None:
        """Fail the primary."""
        primaries = self.view.primaries
        if primaries:
            self.action_toggle_node(primaries[-1])
        else:
            self.say("No leader is primary now; r recovers every failed node.", wrong=True)

    def action_recover_all(self) -> None:
        """Recover every failed node."""
        if self.cluster is not None:
            for node in self.cluster.nodes:
                if self.cluster.is_failed(node):
                    self._recover(node)
            self.say(f"Every node is up again. {self._standing()}")

    # --- the network ---------------------------------------------------------------------

    def action_adversary(self) -> None:
        """Switch between a calm and a hostile network."""
        if self.cluster is not None:
            calm = self.cluster.faults.profile == "calm"
            self._set_profile("hostile" if calm else "calm")

    def action_next_profile(self) -> None:
        """Step to the next fault profile."""
        if self.cluster is not None:
            names = list(PROFILES)
            now = self.cluster.faults.profile
            position = names.index(now) if now in names else -1
            self._set_profile(names[(position + 1) % len(names)])

    def _set_profile(self, name: str) -> None:
        assert self.cluster is not None
        self.cluster.faults.set_profile(name)
        self.say(f"The network is {name} now.")

    def action_isolate(self) -> None:
        """Cut the primary off with a minority of the acceptors."""
        cluster = self.cluster
        if cluster is None:
            return
        primary = (self.view.primaries or cluster.leaders)[-1]
        minority = cluster.acceptors[: len(cluster.acceptors) - cluster.quorums.phase2]
        inside = {primary, *minority}
        self._cut([inside, {node for node in cluster.nodes if node not in inside}])

    def action_partition(self) -> None:
        """Ask for the groups of a partition."""
        self._ask("Groups, e.g. L1,A1,A2 | L2,A3,A4,A5", self._partition)

    def _partition(self, text: str) -> None:
        cluster = self.cluster
        if cluster is None:
            return
        groups = [{n.strip().upper() for n in g.split(",") if n.strip()} for g in text.split("|")]
        unknown = sorted({node for group in groups for node in group} - set(cluster.nodes))
        if unknown:
            self.say(f"There is no {visible(unknown[0], 20)} in this cluster.", wrong=True)
        else:
            self._cut(groups)

    def _cut(self, groups: list[set[str]]) -> None:
        assert self.cluster is not None
        try:
            self.cluster.faults.partition(groups)
        except ValueError as error:
            self.say(str(error), wrong=True)
            return
        self.say("Partition: " + " | ".join(",".join(sorted(group)) for group in groups))

    def action_heal(self) -> None:
        """End every partition."""
        if self.cluster is not None:
            self.cluster.faults.heal()
            self.say("Every partition is healed.")

    def action_fill_gaps(self) -> None:
        """Fill gaps now."""
        if self.cluster is not None:
            self.cluster.fill_gaps()
            count = len(self.view.open_gaps)
            self.say(f"Filling gaps: {count} known as open." if count else "No gap is open.")

    # --- the view ------------------------------------------------------------------------

    def action_freeze(self) -> None:
        """Pause or resume painting; the cluster runs on."""
        self._frozen = not self._frozen
        if self._frozen:
            self.main.show(self.view, self.feed, ["PAUSED (space resumes)"])

    def action_follow(self) -> None:
        """Follow the newest row in the pane in use, or stay where it is."""
        pane = self.main.pane()
        if pane.follow:
            pane.follow = False
        else:
            pane.action_newest()
            pane.follow = True

    def action_filter(self) -> None:
        """Let the person type a filter for the log."""
        self.main.open_filter()

    def action_clear(self) -> None:
        """Clear the message log."""
        self.view.messages.clear()
        self.main.query_one(MessageLog).show(self.view)

    def action_zoom(self) -> None:
        """Give the pane in use the whole screen, or end that."""
        self.main.zoom()

    def action_next_node(self, step: int) -> None:
        """Look at the next or previous node."""
        names = [node.name for node in (*self.view.leaders, *self.view.acceptors)]
        if names:
            now = self.main.node_in_focus
            position = names.index(now) if now in names else 0
            self.main.look_at(names[(position + step) % len(names)])

    def action_picture(self) -> None:
        """Save the screen as an SVG file in the present folder."""
        folder = Path(os.environ.get("PAXOS_TUI_SCREENSHOTS", "."))
        try:
            path = self.save_screenshot(path=str(folder))
        except OSError as error:
            self.say(f"The screenshot cannot be saved: {error.strerror}.", wrong=True)
            return
        self.say(f"Saved {Path(path).name} in {folder.resolve().name or folder}.")

    def action_next_theme(self) -> None:
        """Change to the next theme."""
        names = self._theme_names
        position = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(position + 1) % len(names)]
        self.say(f"Theme {self.theme}.")

    def action_help(self) -> None:
        """Explain keys and glyphs."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_palette(self) -> None:
        """Open the command palette."""
        self.action_command_palette()

    def _ask(
        self,
        question: str,
        then: Callable[[str], None],
        *,
        history: Sequence[str] = (),
        initial: str = "",
    ) -> None:
        def answered(text: str | None) -> None:
            if text is not None:
                then(text)

        self.push_screen(PromptScreen(question, list(history), initial), answered)
