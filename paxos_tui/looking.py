"""The actions that change what is seen, and never the cluster."""

from __future__ import annotations

import os
from pathlib import Path

from paxos_tui.console import Console
from paxos_tui.screens.closing import OneCommandPalette
from paxos_tui.screens.help import HelpScreen
from paxos_tui.screens.instance import InstanceScreen
from paxos_tui.widgets.instance_matrix import InstanceTable
from paxos_tui.widgets.message_log import MessageLog


class Looking(Console):
    """Everything about the view."""

    theme_names: tuple[str, ...] = ()

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
        """Give the pane in use all the room of the panes, or end that."""
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
        self.say(f"Saved {Path(path).resolve()}")

    def action_next_theme(self) -> None:
        """Change to the next theme."""
        names = self.theme_names
        position = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(position + 1) % len(names)]
        self.say(f"Theme {self.theme}.")

    def action_read_instance(self) -> None:
        """Show all of the instance under the cursor, in a pane that lists instances."""
        pane = self.main.pane()
        if not isinstance(pane, InstanceTable):
            self.say("Enter reads an instance: tab goes to the panes that list them.", wrong=True)
        elif pane.instance_at_cursor:
            self.push_screen(InstanceScreen(pane.instance_at_cursor, lambda: self.view))

    def action_help(self) -> None:
        """Explain keys and glyphs."""
        self.push_screen(HelpScreen(self.guide))

    def action_palette(self) -> None:
        """Open the command palette."""
        self.action_command_palette()

    def action_command_palette(self) -> None:
        """Open the command palette: its own key comes here too."""
        if not isinstance(self.screen, OneCommandPalette):
            self.push_screen(OneCommandPalette(id="--command-palette"))
