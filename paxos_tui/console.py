"""The base of the console: its cluster and view, how it asks for a line and says one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from textual.notifications import Notify

from paxos_engine import Cluster, ClusterView
from paxos_tui.actions import Guide
from paxos_tui.keyboard import Keyboard
from paxos_tui.screens.main import MainScreen
from paxos_tui.screens.prompt import Asking, ConfirmScreen, PromptScreen

TOAST_SECONDS = 2.0
"""How long a word about what was done stays, over the panes that show it."""

WARNING_SECONDS = 4.0
"""How long a word about what cannot be done stays."""


class Console(Keyboard):
    """What every group of actions needs; `PaxosApp` puts the groups together.

    Args:
        cluster: what is acted on; None for a trace that is over.
        guide: what can be done.
    """

    guide: Guide
    cluster: Cluster | None = None
    view: ClusterView
    main: MainScreen
    _warned_at = 0.0

    def say(self, text: str, *, wrong: bool = False, news: bool = False) -> None:
        """Say one line in place of the last; never read as markup.

        Args:
            text: the line.
            wrong: it tells that something cannot be done.
            news: nobody has just pressed a key for it: a warning, which answers one, stays, and
                nothing is laid over a question.
        """
        now = time.monotonic()
        if news and (now - self._warned_at < TOAST_SECONDS or isinstance(self.screen, Asking)):
            return
        self._warned_at = now if wrong else 0.0
        severity = "warning" if wrong else "information"
        seconds = WARNING_SECONDS if wrong else TOAST_SECONDS
        self.notify(text, markup=False, severity=severity, timeout=seconds)  # type: ignore[arg-type]

    def _on_notify(self, event: Notify) -> None:
        """Let the newest word stand alone: a stack of them would cover what they speak of."""
        event.prevent_default()
        self._notifications.clear()
        super()._on_notify(event)

    def ask(
        self,
        question: str,
        then: Callable[[str], None],
        *,
        history: Sequence[str] = (),
        initial: str = "",
        refuse: Callable[[str], str] | None = None,
    ) -> None:
        """Ask for one line, and go on with it unless the person backs out.

        What `refuse` gives a reason against stays in the prompt, to be put right.
        """

        def answered(text: str | None) -> None:
            if text is not None:
                then(text)
            self.call_later(self.hand_on)

        self._clear_the_way()
        self.push_screen(PromptScreen(question, list(history), initial, refuse), answered)

    def confirm(self, tell: Callable[[], str], then: Callable[[], None]) -> None:
        """Say what is about to happen, as it is by then, and go on if the person presses enter."""

        def answered(yes: bool | None) -> None:
            if yes:
                then()
            self.call_later(self.hand_on)

        self._clear_the_way()
        self.push_screen(ConfirmScreen(tell), answered)

    def _clear_the_way(self) -> None:
        """Take words away that would lie over a question; none of them holds up its answer."""
        self.clear_notifications()
        self._warned_at = 0.0
