"""Interested parties: each is a cursor on the history, told every chosen command in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from paxos_engine.roles.log import ReplicatedLog
from paxos_engine.roles.values import commands_of


class ChosenCommand(NamedTuple):
    """One command of the history, at the instance where it had its effect."""

    instance: int
    value: str | bytes


class StateReached(NamedTuple):
    """The state after `instance`, in place of commands that are dropped already."""

    instance: int
    state: bytes


class Subscription:
    """A cursor on the ordered history: it neither blocks the cluster nor skips a command.

    Iterate over it, or call `get`; no-ops and second copies of a retried command are left out.
    Where the history is dropped it delivers a `StateReached`, and goes on from there.

    Args:
        logs: returns the leaders' histories; the longest one is read.
        from_instance: the first instance of interest.
        callback: called with each command, in order, on a thread of the subscription's own.
    """

    def __init__(
        self,
        logs: Callable[[], list[ReplicatedLog]],
        from_instance: int = 1,
        callback: Callable[[ChosenCommand | StateReached], None] | None = None,
    ) -> None:
        if from_instance < 1:
            raise ValueError(f"from_instance is {from_instance}: instances begin at 1")
        self._logs = logs
        self._next = (from_instance, 0)  # instance, and place among its commands
        self._news = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None
        if callback is not None:
            self._thread = threading.Thread(
                target=self._tell, args=(callback,), name="paxos-subscription", daemon=True
            )
            self._thread.start()

    def get(self, timeout: float | None = None) -> ChosenCommand | StateReached | None:
        """Return the next command; None after `timeout` seconds without one, or once closed."""
        end = None if timeout is None else time.monotonic() + timeout
        with self._news:
            while not self._closed:
                found = self._advance()
                if found is not None:
                    return found
                # News that are not for us must not begin the time anew.
                left = None if end is None else end - time.monotonic()
                if (left is not None and left <= 0) or not self._news.wait(left):
                    return None
        return None

    def __iter__(self) -> Iterator[ChosenCommand | StateReached]:
        while (found := self.get()) is not None:
            yield found

    def notify(self) -> None:
        """Say that a history may have grown."""
        with self._news:
            self._news.notify_all()

    def close(self) -> None:
        """End the subscription; waiting readers return."""
        with self._news:
            self._closed = True
            self._news.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _advance(self) -> ChosenCommand | StateReached | None:
        log = max(self._logs(), key=lambda log: log.applied_up_to)
        while self._next[0] <= log.applied_up_to:
            base, rows, silent = log.tail
            instance, place = at = self._next
            if instance <= base and log.snapshot is not None:
                snapshot = log.snapshot
                self._next = (snapshot.applied + 1, 0)
                return StateReached(snapshot.applied, snapshot.machine)
            commands = commands_of(rows[instance - base - 1].value)
            self._next = (instance, place + 1) if place + 1 < len(commands) else (instance + 1, 0)
            if commands and at not in silent:
                return ChosenCommand(instance, commands[place].value)
        return None

    def _tell(self, callback: Callable[[ChosenCommand | StateReached], None]) -> None:
        for command in self:
            callback(command)
