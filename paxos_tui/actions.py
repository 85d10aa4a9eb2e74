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
        title: a few words, for the palette, and for the footer if `short` is empty.
        help: one line, a sentence of its own.
        footer: its place in the footer, from 1; 0 keeps it out.
        short: a word for the footer.
    """

    name: str
    keys: str
    shown: str
    title: str
    help: str
    footer: int = 0
    short: str = ""

    @property
    def binding(self) -> Binding:
        """The binding of this action.

        It has priority: what is pressed acts in the order in which it was pressed, before any
        widget has seen it, so that no key acts on a screen that the one before it has covered.
        """
        title = self.short or self.title
        shown = bool(self.footer)
        return Binding(
            self.keys, self.name, title, show=shown, key_display=self.shown, priority=True
        )


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

READ_INSTANCE: Final = Action(
    *("read_instance", "enter", "enter", "read instance"),
    "Read the instance under the cursor: values and votes",
)
"""The one action whose key a widget may need for itself."""

ACTIONS: Final = (
    Action("submit", "s", "s", "submit", "Submit a value; up and down recall earlier ones", 5),
    Action("burst", "b", "b", "burst", "Submit n values at once", 8),
    Action("workload", "w", "w", "workload", "Submit values steadily, on or off"),
    Action("workload_rate", "W", "W", "workload rate", "Set the workload's rate and start it"),
    Action("give_up", "u", "u", "give up", "Give up what is pending: its outcome stays unknown"),
    Action(
        "toggle_focus", "f", "f", "fail node", "Fail the node in focus, or bring it back", 9, "fail"
    ),
    *_ONE_BY_ONE,
    Action(
        *("toggle_primary", "p", "p", "fail primary"),
        "Fail the leader that is primary; again: let it recover",
        10,
    ),
    Action(
        *("toggle_node('L1')", "left_square_bracket", "[", "fail or recover L1"),
        "Fail leader L1, or let it recover",
    ),
    Action(
        *("toggle_node('L2')", "right_square_bracket", "]", "fail or recover L2"),
        "Fail leader L2, or let it recover",
    ),
    Action("crash('crash')", "C", "C", "crash node", "Crash the node in focus: its memory is lost"),
    Action(
        *("crash('power cut')", "K", "K", "power cut"),
        "Cut the power of the node in focus: what is not synced is lost too",
    ),
    Action(
        *("crash('wipe')", "D", "D", "wipe disk"),
        "Wipe the disk of the node in focus for good; asks for a typed yes",
    ),
    Action(
        *("write_off", "F", "F", "write off leader"),
        "Wait no more for snapshots of the leader in focus, which is gone for good; asks first",
    ),
    Action("pause_node", "v", "v", "pause node", "Let the node in focus stand still, or go on"),
    Action("slow_disks", "d", "d", "slow disks", "Let every sync take half a second, or no time"),
    Action("recover_all", "r", "r", "recover all", "Bring back every node that can come back", 2),
    Action("adversary", "a", "a", "adversary", "Switch a hostile network on or off", 11),
    Action(
        *("next_profile", "A", "A", "next fault profile"),
        "Step through the networks: calm, jittery, lossy, hostile",
    ),
    Action("isolate", "x", "x", "partition", "Put the primary into a minority partition", 12),
    Action(
        *("partition", "X", "X", "partition by groups"),
        "Type the groups of a partition: L1,A1,A2 | L2,A3,A4,A5",
    ),
    Action("heal", "h", "h", "heal", "End every partition", 3),
    Action("fill_gaps", "g", "g", "fill gaps", "Fill gaps now instead of waiting", 4),
    READ_INSTANCE,
    Action("freeze", "space", "space", "pause", "Pause or resume the view; the cluster runs on"),
    Action("follow", "o", "o", "follow", "Follow the newest row in the pane in focus, or stay"),
    Action("filter", "slash", "/", "filter", "Filter the message log by typing; escape clears"),
    Action("clear", "c", "c", "clear", "Clear the message log"),
    Action("zoom", "z", "z", "zoom", "Give the pane in focus all the room, or end that"),
    Action("next_node(1)", "n", "n", "next node", "Look at the next node"),
    Action("next_node(-1)", "N", "N", "previous node", "Look at the previous node"),
    Action("picture", "P", "P", "screenshot", "Save the screen as an SVG file"),
    Action("next_theme", "t", "t", "theme", "Change to the next theme"),
    Action("help", "question_mark,f1", "?", "help", "Explain every key, glyph and colour", 1),
    Action("palette", "colon", ":", "commands", "Find any command by its name", 6),
    Action("quit", "q", "q", "quit", "Stop the cluster and leave; ctrl+q and ctrl+c do too", 7),
)
"""In the order in which help shows them."""

LEAVING: Final = (Binding("ctrl+q,ctrl+c", "leave_now", "Quit", show=False, priority=True),)
"""What leaves from every screen, whatever is open."""

MOVING: Final = (
    ("up down j k", "Move in a table by one row"),
    ("pgup pgdn", "Move in a table by one screen"),
    ("home", "Go to the newest row and follow"),
    ("end G", "Go to the oldest row"),
    ("tab", "Go to the next pane; shift+tab to the one before"),
    ("escape", "End zooming, filtering or asking"),
    ("mouse", "Click a node, a row, a tab, the footer; click a pane's title or twice to zoom"),
)
"""Keys of widgets and screens."""


class Guide(NamedTuple):
    """What a console is for, and what can be done in it.

    Args:
        intro: what is looked at.
        actions: in the order in which help shows them.
        moving: further keys, with what they do.
        pasted: said when text is pasted where nothing asks for any.
        in_focus: what the node in focus is for, if that is not what the legend says.
    """

    intro: str
    actions: tuple[Action, ...]
    moving: tuple[tuple[str, str], ...]
    pasted: str
    in_focus: str = ""

    @property
    def footer(self) -> dict[str, int]:
        """The place of each action that the footer may show."""
        return {action.name: action.footer for action in self.actions if action.footer}

    def key_of(self, name: str) -> str:
        """Return the key of an action as people write it."""
        return next(action.shown for action in self.actions if action.name == name)


LIVE: Final = Guide(
    "A real Paxos cluster: leaders (L) propose, acceptors (A) vote. Each instance (slot) of the"
    " history gets one value: it is chosen once a majority of acceptors accepted it under one"
    " number. Break what you like: the history stays one.",
    ACTIONS,
    MOVING,
    "Pasted text does nothing here: press s first.",
)
"""The console over a running cluster."""
