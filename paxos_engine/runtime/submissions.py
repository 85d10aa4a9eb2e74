"""What was submitted and is not answered: whoever submits a command is told one outcome of it.

Any thread submits; the client's own loop asks for what was submitted, many at once where many were,
and is told the answers.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, InvalidStateError
from functools import partial
from typing import TypeAlias

from paxos_engine.roles.client import PaxosClient, check_value
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.events import Answered
from paxos_engine.roles.messages import Reply
from paxos_engine.runtime.node import TAKE_AT_MOST

_log = logging.getLogger(__name__)


class OutcomeUnknown(Exception):
    """A command without an answer: it may or may not be chosen; nobody may call it failed."""


Told: TypeAlias = Callable[[Reply | OutcomeUnknown], None]
"""Is told the one outcome of a command: the reply, or that there is none."""


class Submissions:
    """The commands of one client that nobody has answered yet.

    Args:
        wake: called where something was submitted and `ask` is not due anyway.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._asked: deque[tuple[str | bytes, Told]] = deque()  # the client has yet to see
        self._waiting: dict[int, Told] = {}  # by the sequence of the command
        self._lock = threading.Lock()
        self._ended = False

    @property
    def unanswered(self) -> int:
        """How many commands have no outcome yet."""
        return len(self._asked) + len(self._waiting)

    def submit(self, value: str | bytes) -> Future[Reply]:
        """Take a value as `submit_then` does; the future holds the outcome."""
        future: Future[Reply] = Future()
        self.submit_then(value, partial(_settle, future))
        return future

    def submit_then(self, value: str | bytes, told: Told) -> None:
        """Take a value; `told` is called once, when it is chosen and applied or given up.

        Raises:
            ValueError: the value is too large for a datagram, in one line.
            TypeError: it is neither text nor bytes.
        """
        check_value(value)
        with self._lock:
            ended = self._ended
            if not ended:
                self._asked.append((value, told))
            is_first = len(self._asked) == 1
        if ended:
            _tell(told, OutcomeUnknown("the cluster has stopped"))
        elif is_first:
            self._wake()

    def ask(self, client: PaxosClient, now: float) -> Effects:
        """Have the client ask for what was submitted; only its own loop may call this."""
        with self._lock:
            count = min(len(self._asked), TAKE_AT_MOST)
            asked = [self._asked.popleft() for _ in range(count)]
            more = bool(self._asked)
        sequences, effects = client.submit_all([value for value, _ in asked], now)
        self._waiting.update(zip(sequences, [told for _, told in asked], strict=True))
        if more:
            self._wake()
        return effects

    def give_up(self, client: PaxosClient, now: float) -> Effects:
        """End every command without an answer, seen by the client or not: its outcome is unknown.

        Only the client's own loop may call this.
        """
        _give_up(self._not_asked(), "given up before it was asked for")
        return client.give_up(now)

    def answered(self, event: Answered) -> None:
        """Give a command its one outcome."""
        told = self._waiting.pop(event.sequence, None)
        if told is None:
            return
        if event.outcome == "chosen":
            _tell(told, Reply(event.client, event.sequence, event.instance, event.result))
        else:
            _tell(told, OutcomeUnknown(f"outcome unknown: {event.result}"))

    def end(self) -> None:
        """Take no more, and give up the rest; once the client's loop has ended."""
        with self._lock:
            self._ended = True
        waiting, self._waiting = self._waiting, {}  # so that nobody is told twice
        why = "the cluster stopped before the answer"
        _give_up([*waiting.values(), *self._not_asked()], why)

    def _not_asked(self) -> list[Told]:
        """Return who waits for what the client has yet to see, which it then never will."""
        with self._lock:
            waiting = [told for _, told in self._asked]
            self._asked.clear()
        return waiting


def _give_up(waiting: Iterable[Told], why: str) -> None:
    for told in waiting:
        _tell(told, OutcomeUnknown(why))


def _tell(told: Told, outcome: Reply | OutcomeUnknown) -> None:
    """Tell an outcome; a caller's defect must not take the client of all others down."""
    try:
        told(outcome)
    except Exception:
        _log.exception("who was told the outcome of a command has failed")


def _settle(future: Future[Reply], outcome: Reply | OutcomeUnknown) -> None:
    """Give a future its outcome, unless somebody has cancelled it already."""
    try:
        if isinstance(outcome, Reply):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)
    except InvalidStateError:
        future.set_running_or_notify_cancel()  # cancelled: who waits for it is to know
