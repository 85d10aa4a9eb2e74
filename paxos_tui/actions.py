"""Everything a person can do, as data: keys, footer, command palette and help are made of it."""

from __future__ import annotations

from typing import Final, NamedTuple

from textual.binding import Binding


class Action(NamedTuple):
    """One thing to do.

    Args:
        name: the method `action_<name>` of the app, with its arguments.
        keys: the keys, as Textual names them, separated by commas.
        shown: the key as people write it.
        title: a few words, for footer and palette.
        help: one line.
        footer: whether the footer shows it.
    """

    name: str
    keys: str
    shown: str
    title: str
    help: str
    footer: bool = False

    @property
    def binding(self) -> Binding:
        """The binding of this action."""
        return Binding(self.keys, self.name, self.title, show=self.footer, key_display=self.shown)


_ONE_BY_ONE = tuple(
    Action(
        f"toggle_node('A{n}')",
        str(n),
        str(n),
        f"fail or recover A{n}",
        f"Fail acceptor A{n}, or let it recover",
    )
    for n in range(1, 10)
)

ACTIONS: Final = (
    Action("submit", "s", "s", "submit", "Submit a value; up and down recall earlier ones", True),
    Action("burst", "b", "b", "burst", "Submit n values at once", True),
    Action("workload", "w", "w", "workload", "Submit values steadily, on or off"),
    Action("workload_rate", "W", "W", "workload rate", "Set the workload's rate, values a second"),
    Action("toggle_focus", "f", "f", "fail node", "Fail or recover the node in focus", True),
    *_ONE_BY_ONE,
    Action("toggle_primary", "p", "p", "fail primary", "Fail the leader that is primary", True),
    Action("toggle_node('L1')", "left_square_bracket", "[", "fail or recover L1", "Leader L1"),
    Action("toggle_node('L2')", "right_square_bracket", "]", "fail or recover L2", "Leader L2"),
    Action("crash('crash')", "C", "C", "crash node", "The node in focus loses its memory"),
    Action("crash('power cut')", "K", "K", "power cut", "It loses what is not synced as well"),
    Action("crash('wipe')", "D", "D", "wipe disk", "It loses its disk; asks first"),
    Action("pause_node", "v", "v", "pause node", "The node in focus stands still, or goes on"),
    Action("slow_disks", "d", "d", "slow disks", "Every sync takes half a second, or none"),
    Action("give_up", "u", "u", "give up", "Stop asking: outcome unknown"),
    Action("recover_all", "r", "r", "recover all", "Recover every failed node"),
    Action("adversary", "a", "a", "adversary", "Hostile network on or off", True),
    Action("next_profile", "A", "A", "next fault profile", "calm, jittery, lossy, hostile"),
    Action("isolate", "x", "x", "partition", "Put the primary into a minority partition", True),
    Action("partition", "X", "X", "partition by groups", "Type groups: L1,A1,A2 | L2,A3,A4,A5"),
    Action("heal", "h", "h", "heal", "End every partition", True),
    Action("fill_gaps", "g", "g", "fill gaps", "Fill gaps now instead of waiting"),
    Action("freeze", "space", "space", "pause", "Pause or resume the view; the cluster runs on"),
    Action("follow", "o", "o", "follow", "Follow the newest row in the pane in focus, or stay"),
    Action("filter", "slash", "/", "filter", "Filter the message log by typing; escape clears"),
    Action("clear", "c", "c", "clear", "Clear the message log"),
    Action("zoom", "z", "z", "zoom", "Give the pane in focus the whole screen, or end that"),
    Action("next_node(1)", "n", "n", "next node", "Look at the next node"),
    Action("next_node(-1)", "N", "N", "previous node", "Look at the previous node"),
    Action("picture", "P", "P", "screenshot", "Save the screen as an SVG file"),
    Action("next_theme", "t", "t", "theme", "Change to the next theme"),
    Action("help", "question_mark,f1", "?", "help", "Explain every key, glyph and colour", True),
    Action("palette", "colon", ":", "commands", "All commands, by name"),
    Action("quit", "q,ctrl+q,ctrl+c", "q", "quit", "Stop the cluster and leave", True),
)
"""In the order in which help shows them."""
