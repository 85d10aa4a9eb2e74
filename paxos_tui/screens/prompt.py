"""A question at the foot of the screen, with what was answered before."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class PromptScreen(ModalScreen[str | None]):
    """Asks for one line; None when the person backs out.

    Args:
        question: what is asked.
        history: earlier answers, oldest first; up and down recall them.
        initial: what stands there at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel"),
        Binding("up", "recall(-1)", "Earlier", priority=True),
        Binding("down", "recall(1)", "Later", priority=True),
    ]

    def __init__(self, question: str, history: list[str], initial: str = "") -> None:
        super().__init__()
        self._question = question
        self._history = [*history, initial]
        self._at = len(history)

    def compose(self) -> ComposeResult:
        """Show the question over the input."""
        with Vertical(id="prompt"):
            yield Static(self._question, markup=False)
            yield Input(self._history[-1])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer."""
        self.dismiss(event.value)

    def action_cancel(self) -> None:
        """Back out."""
        self.dismiss(None)

    def action_recall(self, step: int) -> None:
        """Put an earlier or later answer into the input."""
        self._at = max(0, min(len(self._history) - 1, self._at + step))
        field = self.query_one(Input)
        field.value = self._history[self._at]
        field.cursor_position = len(field.value)
