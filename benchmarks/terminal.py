"""A program in a terminal of its own, a real pty: keys go in, and what it paints is looked at."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PATIENCE: Final = 60.0
SIZE: Final = (40, 120)
"""Rows and columns."""

ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")

TICKS: Final = os.sysconf("SC_CLK_TCK")


class Terminal:
    """The outer end of a pty, and the program at the inner one.

    Args:
        outer: its descriptor.
        program: what runs in it.
    """

    def __init__(self, outer: int, program: subprocess.Popen[bytes]) -> None:
        self._outer = outer
        self._program = program
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._outer, keys.encode())

    def until(self, text: str) -> float:
        """Read until `text` is painted; return the seconds that it took.

        Raises:
            RuntimeError: it never is.
        """
        began = time.perf_counter()
        seen = ""
        while True:
            now = time.perf_counter()
            if text in ESCAPES.sub("", seen):
                return now - began
            if now - began > PATIENCE or self._program.poll() is not None:
                said = ESCAPES.sub("", seen)[-200:].strip()
                raise RuntimeError(f"{text!r} was not painted, but: {said!r}")
            seen = seen[-4_096:] + self._read(0.5)

    def rest(self, seconds: float) -> None:
        """Take what is painted for a while, as a terminal does."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)

    def until_it_ends(self) -> None:
        """Take what is painted until the program ends.

        Raises:
            RuntimeError: it never does.
        """
        end = time.perf_counter() + PATIENCE
        while self._program.poll() is None:
            if time.perf_counter() > end:
                raise RuntimeError("the program does not end")
            self.rest(0.05)

    def cpu_share(self, seconds: float) -> float:
        """Return the part of a core that the program takes, while nothing is pressed."""
        before, began = self._cpu(), time.perf_counter()
        self.rest(seconds)
        return (self._cpu() - before) / (time.perf_counter() - began)

    def memory(self) -> int:
        """Return the bytes of memory that the program has."""
        text = Path(f"/proc/{self._program.pid}/status").read_text(encoding="ascii")
        line = next(line for line in text.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    def _cpu(self) -> float:
        stat = Path(f"/proc/{self._program.pid}/stat").read_text(encoding="utf-8")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def _read(self, seconds: float) -> str:
        ready, _, _ = select.select([self._outer], [], [], seconds)
        if not ready:
            return ""
        try:
            return self._decoder.decode(os.read(self._outer, 65_536))
        except OSError:  # the program has closed its end
            return ""


@contextmanager
def started(command: Sequence[str]) -> Iterator[Terminal]:
    """Start a program in a new terminal, and end it."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    program = subprocess.Popen(
        command, stdin=inner, stdout=inner, stderr=inner, env=environment, start_new_session=True
    )
    os.close(inner)
    terminal = Terminal(outer, program)
    try:
        yield terminal
    finally:
        program.terminate()
        end = time.monotonic() + 10
        while program.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError):
                terminal.rest(0.05)  # it must not wait for a terminal that reads nothing
        program.kill()
        program.wait()
        os.close(outer)
