"""A terminal that may go away at any moment, and a console that ends all the same.

Textual's driver reads and writes on threads of its own. When the terminal dies, their errors would
fill the queue to the writer, or spin on an end of file that never ends.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import IO, Any, Final

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

PATIENCE: Final = 5.0
"""Seconds that a console has to leave in order, once it was asked to."""

HUNG_UP: Final = 128 + signal.SIGHUP
"""The exit code when the terminal is gone, with or without a signal."""


class Output:
    """The terminal as a file: what cannot be written any more is dropped.

    Args:
        file: the terminal.
        gone: called once, when writing fails.
    """

    def __init__(self, file: IO[str], gone: Callable[[], None]) -> None:
        self._file = file
        self._gone = gone
        self._dead = False

    def write(self, text: str) -> None:
        """Write, while there is a terminal."""
        if not self._dead:
            try:
                self._file.write(text)
            except OSError:
                self._give_up()

    def flush(self) -> None:
        """Flush, while there is a terminal."""
        if not self._dead:
            try:
                self._file.flush()
            except OSError:
                self._give_up()

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._file.fileno()

    def _give_up(self) -> None:
        self._dead = True
        # What is left in buffers would fail once more, with a message, when the process ends.
        with contextlib.suppress(OSError), open(os.devnull, "w", encoding="ascii") as nothing:
            os.dup2(nothing.fileno(), self._file.fileno())
        self._gone()


class SteadyDriver(LinuxDriver):
    """Textual's driver, for terminals that die: the app is told once, and leaves."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        assert sys.__stderr__ is not None
        self._file = Output(sys.__stderr__, self._lost)  # type: ignore[assignment]

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except OSError:
            self._lost()

    def _sigcont_application(self, *_: object) -> None:
        """Come back after a stop, once the loop has time for it.

        The signal may have come while the loop held the lock of what is written: to stop the
        writer here would wait for that lock for ever.
        """
        self._loop.call_soon_threadsafe(self._come_back)

    def _come_back(self) -> None:
        """Take the terminal again, with its modes and our threads as before the stop."""
        if is_gone(self.fileno):
            return  # SIGCONT comes with a hang-up too
        # Nothing was put in order before a SIGSTOP: what begins anew must not begin twice.
        if self._writer_thread is not None and self._writer_thread.is_alive():
            self.suspend_application_mode()
        super()._sigcont_application()

    def _lost(self) -> None:
        leave = getattr(self._app, "leave", None)
        if leave is not None:
            leave(HUNG_UP)


def is_gone(descriptor: int) -> bool:
    """Say whether a terminal that was there has been closed at its other end."""
    try:
        os.get_terminal_size(descriptor)
        termios.tcgetattr(descriptor)
    except (OSError, termios.error):
        return True
    return False


class LastResort:
    """Ends the process when leaving in order takes too long, whatever hangs.

    Args:
        stop: stops the cluster; given up after `patience` as well.
        patience: seconds to wait before, and seconds that `stop` may take.
    """

    def __init__(self, stop: Callable[[], None], patience: float = PATIENCE) -> None:
        self._stop = stop
        self._patience = patience
        self._asked: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._attributes: list[Any] | None = None
        with contextlib.suppress(termios.error, OSError, ValueError):
            self._attributes = termios.tcgetattr(0)
        self._thread = threading.Thread(target=self._watch, name="paxos-last-resort", daemon=True)
        self._thread.start()

    def ask(self, code: int) -> None:
        """Begin to count; may be called from a signal handler."""
        self._asked.put(code)

    def close(self) -> None:
        """Say that everything ended in order."""
        self._over.set()
        self._asked.put(None)
        self._thread.join()

    def _watch(self) -> None:
        code = self._asked.get()
        if code is None or self._over.wait(self._patience):
            return
        helper = threading.Thread(target=self._stop, name="paxos-stop", daemon=True)
        helper.start()
        helper.join(self._patience)
        if self._attributes is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(0, termios.TCSANOW, self._attributes)
        os._exit(code)


@contextlib.contextmanager
def leaving_by_signal(leave: Callable[[int], None]) -> Iterator[None]:
    """Have SIGTERM, SIGHUP and SIGINT ask the console to leave, while this lasts.

    Args:
        leave: takes the exit code; it must be safe to call from a signal handler.
    """

    def asked(number: int, frame: FrameType | None) -> None:
        leave(128 + number)

    before = {
        number: signal.signal(number, asked)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
