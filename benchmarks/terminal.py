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
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PATIENCE: Final = 60.0
SIZE: Final = (40, 120)
"""Rows and columns."""

ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")

TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Watched:
    """What a program did while nothing was pressed.

    Args:
        share: the part of a core that it took.
        a_second: how fast the number that it paints has risen; 0 where none was asked for.
    """

    share: float
    a_second: float = 0.0


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

    def watch(self, seconds: float, number: re.Pattern[str] | None = None) -> Watched:
        """Return what the program does for a while, in which nothing is pressed.

        Args:
            seconds: how long; longer where the number is not painted twice within them.
            number: finds a number that is painted again and again, as its only group.

        Raises:
            RuntimeError: the number is not painted twice.
        """
        before, began = self._cpu(), time.perf_counter()
        seen = ""
        readings: list[tuple[float, int]] = []
        while (now := time.perf_counter()) - began < seconds or (number and len(readings) < 2):
            if now - began > PATIENCE:
                said = ESCAPES.sub("", seen)[-200:].strip()
                raise RuntimeError(f"no number was painted twice, but: {said!r}")
            seen = seen[-4_096:] + self._read(0.05)
            if number and (found := number.findall(ESCAPES.sub("", seen))):
                readings.append((time.perf_counter(), int(found[-1].replace(",", ""))))
                seen = ""
        share = (self._cpu() - before) / (time.perf_counter() - began)
        return Watched(share, rise(readings) if number else 0.0)

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


def rise(readings: Sequence[tuple[float, int]]) -> float:
    """Return how fast a number rose a second from the first to the last of its readings.

    Args:
        readings: (moment in seconds, number), at least two.
    """
    (first, low), (last, high) = readings[0], readings[-1]
    return (high - low) / (last - first)


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
