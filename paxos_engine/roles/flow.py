"""How much a client has under way, and how long it waits for an answer: both learned from answers.

A wait that is too short sends everything twice, a window that is too large only makes a queue
longer, and either grows worse the slower the cluster is. So both follow what is seen, by the rules
that keep the internet from collapse (Jacobson, "Congestion Avoidance and Control", 1988).

What no answer could tell in time is how much fits the buffers on the way: what they cannot hold is
lost, all at once, and sent again by everybody. So bytes have a bound too, that of the buffers.
"""

from __future__ import annotations

from typing import Final

from paxos_engine.roles.patience import Patience

LEAST_WINDOW: Final = 128
"""Commands. A lost message makes a client wait as a long queue does, and all behind it too, since
answers come in order: fewer under way would leave a lossy network idle."""

FIRST_WINDOW: Final = 128

MOST_WINDOW: Final = 1024
"""Commands; what one client gains by more than a thousand under way is only a longer queue."""

ROOM: Final = 2 * 1024 * 1024
"""Bytes under way, where nothing else is known."""

OVERHEAD: Final = 512
"""Bytes that a datagram takes of a buffer beside its own: a short one takes several times its
length."""

FORGET: Final = 0.99
"""What is left, after each answer, of how long answers are thought to be."""

ENOUGH: Final = 8
"""Answers that say what is usual. The first ones come late, since nobody leads yet: who went by
them would wait as long for the answer of a primary that has failed."""


class Flow:
    """The window and the patience of one client.

    Args:
        least_wait: seconds; no answer is missed sooner than this.
        most_window: commands under way at the most.
        room: bytes under way at the most, by what each command costs; one always may be.
    """

    def __init__(self, least_wait: float, most_window: int = MOST_WINDOW, room: int = ROOM) -> None:
        self._least_wait = least_wait
        self._least_window = min(LEAST_WINDOW, most_window)
        self._most_window = most_window
        self._window = float(min(FIRST_WINDOW, most_window))
        self._threshold = float(most_window)  # up to here every answer widens the window by one
        self._patience = Patience(least_wait)
        self._measured = 0  # answers whose latency is known
        self._narrowed_at = 0  # what was sent up to then says nothing about the narrower window
        self.room: Final = room
        self._long_answer = 0.0  # bytes of the longest answer of late

    @property
    def window(self) -> int:
        """How many commands may be under way."""
        return int(self._window)

    @property
    def wait(self) -> float:
        """Seconds after which an answer is missed."""
        return self._patience.wait if self._measured >= ENOUGH else self._least_wait

    def cost(self, size: int) -> int:
        """Return the bytes that a command of `size` bytes takes on its way, or its answer may."""
        return max(size, int(self._long_answer)) + OVERHEAD

    def answered(self, seconds: float | None, size: int = 0) -> None:
        """Widen the window: by one for each answer at first, later by one for each windowful.

        Args:
            seconds: how long the answer took; None if that says nothing (Karn's rule).
            size: of the answer, in bytes: what is asked next may have one like it.
        """
        self._long_answer = max(float(size), self._long_answer * FORGET)
        step = 1.0 if self._window < self._threshold else 1.0 / self._window
        self._window = min(self._window + step, float(self._most_window))
        if seconds is not None:
            self._measured += 1
            self._patience.took(seconds)

    def missed(self, sequence: int, newest: int) -> None:
        """Halve the window, once for all that was under way when it was last halved.

        Args:
            sequence: of the command that has no answer.
            newest: the last one that was sent.
        """
        if sequence > self._narrowed_at:
            self._threshold = max(self._window / 2.0, float(self._least_window))
            self._window = self._threshold
            self._narrowed_at = newest
