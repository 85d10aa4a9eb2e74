"""What a person can do with a trace, as data; beside it stands what it shares with a cluster."""

from __future__ import annotations

from typing import Final

from paxos_tui.actions import ACTIONS, MOVING, Action, Guide

_LIVE: Final = {action.name: action for action in ACTIONS}

_MOVING_IN_TIME: Final = (
    Action("play", "space", "space", "play", "Play or pause, in the recording's own time", 2),
    Action("step(1)", "full_stop,right", ".", "step", "Go one event forward; → does too", 3),
    Action("step(-1)", "comma,left", ",", "back", "Go one event back; ← does too", 4),
    Action(
        *("milestone(1)", "greater_than_sign", ">", "next milestone"),
        "Go on until a phase 1 begins, an instance is chosen, the primary changes or a node breaks",
        *(6, "next"),
    ),
    Action(
        *("milestone(-1)", "less_than_sign", "<", "previous milestone"),
        "Go back to the milestone before",
    ),
    Action("speed(1)", "plus,equals_sign", "+", "faster", "Play faster"),
    Action("speed(-1)", "minus", "-", "slower", "Play slower"),
    Action("go_home", "home", "home", "start", "Go to the start of the trace"),
    Action("go_to_end", "end", "end", "end", "Go to the end of the trace"),
    Action(
        *("violation", "v", "v", "violation"),
        "Go to the event by which a rule was broken, and tell about it",
        5,
    ),
    Action(
        *("seek", "slash", "/", "go to"),
        "Go to an event (48), an instance (i7) or a time (1.5s)",
        7,
    ),
)

_NARRATION: Final = (
    Action(
        *("narration(1)", "n", "n", "next line", "Go to the next line of the narration", 1, "next"),
    ),
    Action(
        *("narration(-1)", "N", "N", "line before"),
        "Go to the line of the narration before",
    ),
    Action(
        *("other_rules", "w", "w", "wrong or right rules"),
        "Play the same under the wrong rule, or under the right ones again",
        *(8, "rules"),
    ),
    Action(
        *("scenario", "i", "i", "scenario"),
        "Read the question, the answer, and which expectations were met",
        *(9, "about"),
    ),
)

_LOOKING: Final = (
    _LIVE["read_instance"],
    _LIVE["follow"],
    Action("filter", "f", "f", "filter", "Filter the message log by typing; escape clears"),
    _LIVE["zoom"],
    Action("next_node(1)", "right_square_bracket", "]", "next node", "Look at the next node"),
    Action(
        *("next_node(-1)", "left_square_bracket", "[", "previous node"), "Look at the previous node"
    ),
    _LIVE["picture"],
    _LIVE["next_theme"],
    _LIVE["help"],
    _LIVE["palette"]._replace(footer=10),
    Action("quit", "q", "q", "quit", "Leave; ctrl+q and ctrl+c do too", 11),
)

_MOVING: Final = tuple(
    ("G", meaning) if keys == "end G" else (keys, meaning)
    for keys, meaning in MOVING
    if keys != "home"
)

LIVE_KEYS: Final = {key: action for action in ACTIONS for key in action.keys.split(",")}
"""Keys of the console over a cluster: whoever knows it presses them here too."""


def why_not(live: Action, guide: Guide) -> str:
    """Say why a key of the live console does nothing here, or which one does the same.

    Args:
        live: what it does there.
        guide: what can be done here.
    """
    here = next((action for action in guide.actions if action.name == live.name), None)
    if here is not None:
        return f"{live.shown} is {here.shown} here: {here.title}."
    return f"A recording cannot be changed: {live.shown} ({live.title}) needs a running cluster."


_NO_ROOM: Final = ("step(-1)", "milestone(1)", "seek")


def _without_footer(action: Action) -> Action:
    """Leave an action out of the footer where the narration needs the room."""
    return action._replace(footer=0) if action.name in _NO_ROOM else action


_IN_FOCUS: Final = "the node in focus, which the node pane shows"

REPLAY: Final = Guide(
    "A recorded trace of a Paxos cluster: what happened is shown as it was seen live, event by"
    " event, and can be gone through forwards and backwards.",
    (*_MOVING_IN_TIME, *_LOOKING),
    _MOVING,
    "Pasted text does nothing here: press / first.",
    _IN_FOCUS,
)
"""The console over a recorded trace."""

SCENARIO: Final = Guide(
    "A scenario: a situation that shows why a rule of Paxos matters, played by the real roles on a"
    " virtual clock. What is told belongs to the event at which the cursor stands.",
    (*_NARRATION, *map(_without_footer, _MOVING_IN_TIME), *_LOOKING),
    _MOVING,
    REPLAY.pasted,
    _IN_FOCUS,
)
"""The console over a scenario."""
