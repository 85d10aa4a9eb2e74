"""All that is known of one instance: its whole value, who accepted what, and who learned it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from paxos_engine import Batch, Cell, CellState, ClusterView, Command, Value
from paxos_tui.screens.closing import ClosesOnce
from paxos_tui.text import counted, visible
from paxos_tui.widgets.instance_matrix import NOT_SEEN, look_of
from paxos_tui.widgets.paint import Look, Painter

READ_AGAIN = 0.5
"""Seconds between two looks whether something has changed meanwhile."""


class Holder(NamedTuple):
    """What one node holds for the instance, and how that is shown."""

    node: str
    is_leader: bool
    cell: Cell
    look: Look


class Facts(NamedTuple):
    """What a view tells of one instance.

    Args:
        state: how far the instance has come, in words.
        values: every value that a node holds for it; the chosen one first, or else that of the
            highest vote.
        is_chosen: whether the first of them is chosen.
        holders: every node, with what it holds.
    """

    state: str
    values: tuple[Value, ...] = ()
    is_chosen: bool = False
    holders: tuple[Holder, ...] = ()


def facts_of(view: ClusterView, instance: int) -> Facts:
    """Gather what `view` tells of `instance`."""
    if not view.is_kept(instance):
        return Facts("no longer kept")
    chosen = view.chosen_value(instance)
    if chosen is None and instance <= view.before_trace:
        return Facts(NOT_SEEN)
    holders = tuple(
        Holder(name, is_leader, view.cell(name, instance), look_of(view, name, instance))
        for is_leader, nodes in ((True, view.leaders), (False, view.acceptors))
        for name in (node.name for node in nodes)
    )
    first = chosen if chosen is not None else view.candidate(instance)
    values = [] if first is None else [first]
    for held in (holder.cell.value for holder in holders):
        if held is not None and held not in values:
            values.append(held)
    return Facts(_state(view, instance), tuple(values), chosen is not None, holders)


def _state(view: ClusterView, instance: int) -> str:
    number = view.chosen_number(instance)
    if number is not None:
        knows = f"{view.known_by(instance)} of {len(view.leaders)} leaders"
        return f"chosen under {number}; {knows} learned it"
    if view.candidate(instance) is not None:
        return "voted on, and not known as chosen"
    return "nothing is voted on yet"


class InstanceText(Painter, Static):
    """What is known of an instance, written anew when more is.

    Args:
        facts: gathers what is known now.
    """

    def __init__(self, facts: Callable[[], Facts]) -> None:
        super().__init__(markup=False)
        self._facts = facts
        self._written: Facts | None = None

    def on_mount(self) -> None:
        """Write it, and look again from time to time."""
        self._write()
        self.set_interval(READ_AGAIN, self._write)

    def _write(self) -> None:
        facts = self._facts()
        if facts != self._written:
            self._written = facts
            self.update(self.text(facts))

    def text(self, facts: Facts) -> Text:
        """Return state, nodes and values; each command of a value begins a line."""
        text = Text()
        self._head(text, "state", facts.state)
        if facts.holders:
            text.append("\n")
            self._head(text, "nodes")
        several = len(facts.values) > 1
        for holder in facts.holders:
            value = holder.cell.value
            said = f"value {facts.values.index(value) + 1}" if several and value else ""
            self._holder(text, holder, said)
        for count, value in enumerate(facts.values, 1):
            text.append("\n")
            self._value(text, value, f" {count}" if several else "", facts, first=count == 1)
        return text

    def _head(self, text: Text, words: str, more: str = "") -> None:
        text.append(words, self.paint("head"))
        text.append(f"  {more}\n" if more else "\n")

    def _holder(self, text: Text, holder: Holder, value: str) -> None:
        cell = holder.cell
        text.append(f"  {holder.node:<4}", self.paint("strong"))
        text.append(f"{holder.look.glyph} {_does(holder):<26} ", self.paint(holder.look.paint))
        text.append(f"{cell.number or ''!s:<8} {value}".rstrip() + "\n")

    def _value(self, text: Text, value: Value, name: str, facts: Facts, *, first: bool) -> None:
        chosen = first and facts.is_chosen
        standing = "chosen" if chosen else "of the highest vote" if first else "not chosen"
        self._head(text, f"value{name}, {standing}", _kind(value))
        for line in lines_of(value):
            text.append(f"  {line}\n", self.paint("chosen" if chosen else "accepted"))


def _does(holder: Holder) -> str:
    """Say what a node holds; an acceptor has voted for what is chosen, and learns nothing."""
    state = holder.cell.state
    voted = not holder.is_leader and state in (CellState.CHOSEN, CellState.NOOP)
    said = "accepted what is chosen" if voted else _WORDS.get(state, state.value)
    return f"{said}, not on disk yet" if holder.look.paint == "fault" else said


_WORDS = {
    CellState.CHOSEN: "learned",
    CellState.NOOP: "learned the no-op",
    CellState.EMPTY: "nothing",
}


def _kind(value: Value) -> str:
    if isinstance(value, Batch):
        return counted(len(value.commands), "command")
    return "1 command" if isinstance(value, Command) else "no-op"


def lines_of(value: Value) -> Iterator[str]:
    """Yield a value in full, a line for each of its commands: whose it is, and what it asks."""
    commands = value.commands if isinstance(value, Batch) else (value,)
    for command in commands:
        if isinstance(command, Command):
            asked = (
                "opens a session" if command.opens_session else visible(command.value, whole=True)
            )
            yield f"{command.client}#{command.sequence}  {asked}"
        else:
            yield "no-op: the instance is decided, and does nothing"


class InstanceScreen(ClosesOnce, ModalScreen[None]):
    """Shows all of one instance; scrolls where that is long.

    Args:
        instance: which one.
        view: gives the view as it is now.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q", "dismiss", "Close")]

    def __init__(self, instance: int, view: Callable[[], ClusterView]) -> None:
        super().__init__()
        self._instance = instance
        self._view = view

    def compose(self) -> ComposeResult:
        """Show the text."""
        with VerticalScroll(id="instance") as scroll:
            scroll.border_title = f"instance {self._instance}"
            scroll.border_subtitle = "up down pgup pgdn: scroll   escape: close"
            yield InstanceText(lambda: facts_of(self._view(), self._instance))
