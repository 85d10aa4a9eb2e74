"""A question at the foot of the screen, with what was answered before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from paxos_tui.screens.closing import ClosesOnce
from paxos_tui.text import picture

Answer = TypeVar("Answer")

ASK_AGAIN = 0.2
"""Seconds between two looks at what a confirmation would do."""


class ValueInput(Input):
    """An input that keeps every character pasted into it, and shows those that would act."""

    @property
    def _value(self) -> Text:
        return Text("".join(map(picture, self.value)), no_wrap=True, overflow="ignore", end="")

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            # At once: as a binding it would come after the keys that were pressed after it.
            event.stop()
            event.prevent_default()
            await self.action_submit()
        else:
            await super()._on_key(event)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if self.selection.is_empty:
            self.insert_text_at_cursor(event.text)
        else:
            self.replace(event.text, *self.selection)


class Asking(ClosesOnce, ModalScreen[Answer]):
    """A screen that is answered: what is typed waits until it can take it, or has gone."""

    class Ready(Message):
        """What was typed meanwhile may come now."""

    def __init__(self) -> None:
        super().__init__()
        self.is_busy = False  # it cannot be typed into yet, or has an answer to take

    def expect(self, event: events.Event) -> None:
        """Note that what is typed next may end this screen."""
        self.is_busy = isinstance(event, events.Key) and event.key in ("enter", "escape")

    def go_on(self) -> None:
        """Take what is typed from now on."""
        self.is_busy = False
        self.post_message(self.Ready())

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Go, with an answer; one that is covered stays, and can be answered later."""
        if not self.is_on_top:
            self.go_on()
        return super().dismiss(result)


class PromptScreen(Asking[str | None]):
    """Asks for one line; None when the person backs out.

    Args:
        question: what is asked.
        history: earlier answers, oldest first; up and down recall them.
        initial: what stands there at first.
        refuse: returns why an answer is none, or nothing; it may then be put right.
    """

    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("enter", "answer", "Answer"),
        Binding("up", "recall(-1)", "Earlier", priority=True),
        Binding("down", "recall(1)", "Later", priority=True),
    ]

    def __init__(
        self,
        question: str,
        history: list[str],
        initial: str = "",
        refuse: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__()
        self._refuse = refuse
        self._question = question
        self._history = [*history, initial]
        self._at = len(history)
        self.is_busy = True

    def compose(self) -> ComposeResult:
        """Show the question over the input."""
        with Vertical(id="prompt"):
            yield Static(self._question, markup=False)
            yield ValueInput(self._history[-1])

    def on_mount(self) -> None:
        """Give the input the focus, and then what was typed while it was made."""
        self.set_focus(self.query_one(Input))
        self.go_on()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer, or say why that is no answer."""
        reason = self._refuse(event.value) if self._refuse is not None and self.is_on_top else ""
        if reason:
            self.query_one(Static).update(f"{reason}\n{self._question}")
            self.go_on()
        else:
            self.dismiss(event.value)

    async def action_answer(self) -> None:
        """Answer with what stands there, wherever the focus is."""
        await self.query_one(Input).action_submit()

    def action_cancel(self) -> None:
        """Back out."""
        self.dismiss(None)

    def action_recall(self, step: int) -> None:
        """Put an earlier or later answer into the input."""
        self._at = max(0, min(len(self._history) - 1, self._at + step))
        field = self.query_one(Input)
        field.value = self._history[self._at]
        field.cursor_position = len(field.value)


class ConfirmScreen(Asking[bool]):
    """Says what is about to happen; enter goes on, escape does not.

    Args:
        tell: says what is about to happen; it is asked again while the question stands.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "dismiss(True)", "Go on"),
        Binding("escape", "dismiss(False)", "Leave it"),
    ]

    def __init__(self, tell: Callable[[], str]) -> None:
        super().__init__()
        self._tell = tell

    def compose(self) -> ComposeResult:
        """Show the text and the two ways on."""
        with Vertical(id="prompt"):
            yield Static(self._tell(), markup=False)
            yield Static("enter: go on    escape: leave it as it is", markup=False)

    def on_mount(self) -> None:
        """Follow what would happen: a disk that is slow is done while one reads."""
        self.set_interval(ASK_AGAIN, lambda: self.query(Static).first().update(self._tell()))
