"""A checker at work beside a running cluster: a lossless reader on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from paxos_engine.roles.events import Entry, Violation
from paxos_engine.trace.hub import TraceReader

POLL_SECONDS = 0.05

CHUNK = 5_000
"""Entries taken at once, so that the backlog that others see is never far from the truth."""


class Checker(Protocol):
    """What can be watched with: `SafetyChecker`, or anything alike in a test."""

    @property
    def agreed(self) -> int:
        """How many instances have been seen chosen, each with one value."""

    @property
    def unchecked(self) -> str:
        """Why "safe" cannot be said; empty while everything was seen."""

    @property
    def events(self) -> int:
        """How many entries have been looked at."""

    @property
    def explanation(self) -> list[str]:
        """The first violation in plain words, line by line."""

    @property
    def violation(self) -> Violation | None:
        """The first violation."""

    def observe(self, entry: Entry) -> Violation | None:
        """Take one entry."""


class SafetyWatch:
    """Feeds a checker with everything that happens.

    Args:
        reader: a lossless reader.
        checker: the rules that are watched.
        on_violation: told once, on the watch's thread, when a rule is broken.
    """

    def __init__(
        self,
        reader: TraceReader,
        checker: Checker,
        on_violation: Callable[[Violation], None],
    ) -> None:
        self._reader = reader
        self._checker = checker
        self._on_violation = on_violation
        self._told = False
        self._failed = ""  # why nothing is looked at any more
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="paxos-watch", daemon=True)

    @property
    def agreed(self) -> int:
        """How many instances have been seen chosen, each with one value."""
        return self._checker.agreed

    @property
    def unchecked(self) -> str:
        """Why "safe" cannot be said; empty while everything was seen."""
        return self._failed or self._checker.unchecked

    @property
    def events(self) -> int:
        """How many entries have been looked at."""
        return self._checker.events

    @property
    def explanation(self) -> list[str]:
        """The first violation in plain words, line by line; empty while there is none."""
        return self._checker.explanation

    @property
    def backlog(self) -> int:
        """How many entries are not looked at yet."""
        return self._reader.backlog

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Look at what is left and end; a second time is harmless."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._reader.close()

    def _run(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            self._look()
        self._look()

    def _look(self) -> None:
        while entries := self._reader.drain(CHUNK):
            self._check(entries)
            violation = self._checker.violation
            if violation is not None and not self._told:
                self._told = True
                self._on_violation(violation)

    def _check(self, entries: Sequence[Entry]) -> None:
        """Have the checker look; a defect of ours ends that, and "safe" is then said no more.

        Entries are drained all the same: what nobody looks at must not hold commands back.
        """
        if self._failed:
            return
        try:
            for entry in entries:
                self._checker.observe(entry)
        except Exception as error:
            self._failed = f"the checker stopped: {type(error).__name__}: {error}"
