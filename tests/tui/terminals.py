"""A program on a terminal of its own, and what a person at it can type and read."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

PROGRAM = (sys.executable, "-m", "paxos_tui")

PATIENCE = 120.0
"""Seconds after which something that was to appear is called missing."""

_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def _take_terminal() -> None:
    """Make standard input the controlling terminal, whose death is a SIGHUP."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A pseudo terminal with a program on it.

    Args:
        command: the program and its arguments.
        size: columns and rows.
        controls: whether it is the controlling terminal, so that its end is a signal.
        output: where standard output goes, if not to the terminal.
        cwd: where the program runs.
        environment: variables beside those of the test.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (100, 30),
        controls: bool = True,
        output: IO[bytes] | None = None,
        cwd: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        self._ours, self._theirs = pty.openpty()
        self.resize(*size)
        kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
        kept |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})}
        self.modes = self._modes()
        self.raw = b""
        self._hung_up = False
        self.child = subprocess.Popen(
            command, stdin=self._theirs, stderr=self._theirs,
            stdout=self._theirs if output is None else output, env=kept, cwd=cwd,
            start_new_session=True, preexec_fn=_take_terminal if controls else None,
        )  # fmt: skip

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait(PATIENCE)
        self.hang_up()

    @property
    def text(self) -> str:
        """Everything that was said so far, without what steers the terminal."""
        return _ESCAPES.sub(b"", self.raw).decode("utf-8", "replace")

    @property
    def gave_back(self) -> bool:
        """Whether the terminal is as it was before the program began."""
        return self._modes() == self.modes

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size; a program on it is told."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Type keys."""
        os.write(self._ours, keys.encode())

    def see(self, *words: str) -> None:
        """Read until all of `words` have appeared since the last look; fail if they never do."""
        seen = len(self.text)
        end = time.monotonic() + PATIENCE
        while not all(each in self.text[seen:] for each in words):
            assert time.monotonic() < end, f"no {words!r} in {self.text[seen:][-2000:]!r}"
            assert self._read() or self.child.poll() is None, f"it ended: {self.text[-2000:]!r}"

    def see_raw(self, sequence: bytes) -> None:
        """Read until a sequence of bytes has appeared since the beginning."""
        end = time.monotonic() + PATIENCE
        while sequence not in self.raw:
            assert time.monotonic() < end, f"no {sequence!r}"
            assert self._read() or self.child.poll() is None, f"it ended: {self.text[-2000:]!r}"

    def end(self) -> int:
        """Read until the program is gone; return its exit code."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            gone = self.child.poll() is not None
            if not self._read() and gone:
                return self.child.wait()
        raise AssertionError(f"it does not end: {self.text[-2000:]!r}")

    def wait(self) -> int:
        """Wait for the end of a program whose terminal nobody reads; return its exit code."""
        return self.child.wait(PATIENCE)

    def hang_up(self) -> None:
        """Let the terminal die."""
        if not self._hung_up:
            self._hung_up = True
            os.close(self._theirs)
            os.close(self._ours)

    def _read(self) -> bool:
        """Take what has come within a moment; say whether it was anything."""
        if not select.select([self._ours], [], [], 0.1)[0]:
            return False
        self.raw += os.read(self._ours, 65_536)
        return True

    def _modes(self) -> list[object]:
        """Return the modes; the flag that output waits for its input is the kernel's."""
        return list(termios.tcgetattr(self._theirs)[:4])
