"""What was submitted and is not answered: each command has a future, and each future one outcome.

Any thread submits; the client's own loop asks for what was submitted, many at once where many were,
and is told the answers.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError

from paxos_engine.roles.client import PaxosClient, check_value
from paxos_engine.roles.effects import Effects
from paxos_engine.roles.events import Answered
from paxos_engine.roles.messages import Reply
from paxos_engine.runtime.node import TAKE_AT_MOST


class OutcomeUnknown(Exception):
    """A command without an answer: it may or may not be chosen; nobody may call it failed."""


class Submissions:
    """The commands of one client that nobody has answered yet.

    Args:
        wake: called where something was submitted and `ask` is not due anyway.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._asked: deque[tuple[str | bytes, Future[Reply]]] = deque()  # the client has yet to see
        self._waiting: dict[int, Future[Reply]] = {}  # by the sequence of the command
        self._lock = threading.Lock()
        self._ended = False

    def submit(self, value: str | bytes) -> Future[Reply]:
        """Take a value; the future holds the reply once it is chosen and applied.

        Raises:
            ValueError: the value is too large for a datagram, in one line.
            TypeError: it is neither text nor bytes.
        """
        check_value(value)
        future: Future[Reply] = Future()
        with self._lock:
            if self._ended:
                future.set_exception(OutcomeUnknown("the cluster has stopped"))
                return future
            self._asked.append((value, future))
            is_first = len(self._asked) == 1
        if is_first:
            self._wake()
        return future

    def ask(self, client: PaxosClient, now: float) -> Effects:
        """Have the client ask for what was submitted; only its own loop may call this."""
        effects = Effects()
        with self._lock:
            count = min(len(self._asked), TAKE_AT_MOST)
            asked = [self._asked.popleft() for _ in range(count)]
            more = bool(self._asked)
        for value, future in asked:
            self._waiting[client.ask(value, now, effects)] = future
        if more:
            self._wake()
        return effects

    def give_up(self, client: PaxosClient, now: float) -> Effects:
        """End every command without an answer, seen by the client or not: its outcome is unknown.

        Only the client's own loop may call this.
        """
        for future in self._not_asked():
            _give_up(future, "given up before it was asked for")
        return client.give_up(now)

    def _not_asked(self) -> list[Future[Reply]]:
        """Return the futures of what the client has yet to see, which it then never will."""
        with self._lock:
            futures = [future for _, future in self._asked]
            self._asked.clear()
        return futures

    def answered(self, event: Answered) -> None:
        """Give a command its one outcome."""
        future = self._waiting.pop(event.sequence, None)
        if future is None:
            return
        try:
            if event.outcome == "chosen":
                reply = Reply(event.client, event.sequence, event.instance, event.result)
                future.set_result(reply)
            else:
                future.set_exception(OutcomeUnknown(f"outcome unknown: {event.result}"))
        except InvalidStateError:
            future.set_running_or_notify_cancel()  # cancelled: who waits for it is to know

    def end(self) -> None:
        """Take no more, and give up the rest; once the client's loop has ended."""
        with self._lock:
            self._ended = True
        for future in [*self._waiting.values(), *self._not_asked()]:
            _give_up(future, "the cluster stopped before the answer")


def _give_up(future: Future[Reply], why: str) -> None:
    """End a command without an answer, unless somebody has cancelled it already."""
    with contextlib.suppress(InvalidStateError):
        future.set_exception(OutcomeUnknown(why))
