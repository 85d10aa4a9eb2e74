"""Where the keys of a TOML file stand: the standard library's reader does not tell."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys from the outermost on; a number is the position in an array of tables, from 0."""

_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]\]?")
_KEY: Final = re.compile(r"""\s*(?:([\w-]+)|"([^"]*)")\s*=""")
_LONG: Final = ('"' * 3, "'" * 3)


class LineIndex:
    """Finds the line of a table, or of a key in one.

    It reads what scenario files are made of: headers, keys, strings over several lines. Of what it
    does not understand it gives the line of the table around it.

    Args:
        text: the file.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {(): 1}
        self._text = text.splitlines()
        counts: Counter[str] = Counter()
        table: Path = ()
        ends = ""  # what ends the long string that we are in
        for number, line in enumerate(self._text, 1):
            if ends:
                ends = "" if ends in line else ends
                continue
            ends = next((mark for mark in _LONG if line.count(mark) % 2), "")
            if header := _HEADER.match(line):
                table = tuple(header[2].split("."))
                for length in range(1, len(table) + 1):
                    self._lines.setdefault(table[:length], number)
                if header[1] == "[[":
                    table = (*table, counts[header[2]])
                    counts[header[2]] += 1
                self._lines[table] = number
            elif key := _KEY.match(line):
                self._lines.setdefault((*table, key[1] or key[2]), number)

    def line(self, path: Path, word: str = "") -> int:
        """Return the line of a key, or of the innermost table around it that is known.

        Args:
            path: the key.
            word: text inside its value: where that stands on a later line, this is the line.
        """
        while path not in self._lines:
            path = path[:-1]
        line = self._lines[path]
        if word:
            end = min((n for n in self._lines.values() if n > line), default=len(self._text) + 1)
            for number in range(line, end):
                if word in self._text[number - 1]:
                    return number
        return line
