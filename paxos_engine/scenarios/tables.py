"""One table of a scenario file: its keys taken out by type, each mistake with its line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from paxos_engine.scenarios.lines import LineIndex, Path
from paxos_engine.scenarios.patterns import nearest


class Table:
    """A table, and where it stands.

    Args:
        raw: what the TOML reader made of it.
        path: its keys from the top of the file.
        lines: where everything stands.
        file: the file's name.
        error: the exception to raise.
    """

    def __init__(
        self,
        raw: Mapping[str, Any],
        path: Path,
        lines: LineIndex,
        file: str,
        error: type[ValueError],
    ) -> None:
        self.file = file
        self._raw = raw
        self._path = path
        self._lines = lines
        self._error = error

    def __contains__(self, key: str) -> bool:
        return key in self._raw

    @property
    def name(self) -> str:
        """The table as a person names it."""
        words = [str(key) for key in self._path if isinstance(key, str)]
        return f"[{'.'.join(words)}]" if words else "the scenario"

    def line(self) -> int:
        """Return the line on which it begins."""
        return self._lines.line(self._path)

    def error(self, key: str, text: str, word: str = "") -> ValueError:
        """Return the exception for a mistake.

        Args:
            key: where it is; empty for the table itself.
            text: what is wrong, and what was expected.
            word: the part of the value that is wrong.
        """
        line = self._lines.line((*self._path, key) if key else self._path, word)
        where = f"{key}: " if key else ""
        return self._error(f"{self.file}:{line}: {where}{text}")

    def only(self, *keys: str) -> None:
        """Refuse every key but these."""
        for key in self._raw:
            if key not in keys:
                raise self.error(key, f"no such key in {self.name}{nearest(key, keys)}")

    def text(self, key: str, *, needed: bool = False) -> str:
        """Return a text; empty if it is not there."""
        if key not in self._raw:
            if needed:
                raise self.error("", f'{self.name} lacks {key} = "..."')
            return ""
        value = self._raw[key]
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, f"a text is expected, not {value!r}")
        return " ".join(value.split())

    def texts(self, key: str) -> list[str]:
        """Return a list of texts; a single text is a list of one."""
        value = self._raw.get(key, [])
        items = value if isinstance(value, list) else [value]
        for item in items:
            if not isinstance(item, str) or not item.strip():
                raise self.error(key, f"a text or a list of texts is expected, not {value!r}")
        return items

    def number(self, key: str, default: int, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`."""
        if key not in self._raw:
            return default
        value = self._raw[key]
        if type(value) is not int or not least <= value <= most:
            raise self.error(key, f"a number from {least} to {most} is expected, not {value!r}")
        return value

    def seconds(self, key: str, default: float, most: float) -> float:
        """Return a number of seconds above 0, up to `most`."""
        value = self._raw.get(key, default)
        if type(value) not in (int, float) or not 0 < value <= most:
            raise self.error(key, f"seconds above 0 and up to {most:g} are expected, not {value!r}")
        return float(value)

    def flag(self, key: str) -> bool:
        """Return true or false; false if it is not there."""
        value = self._raw.get(key, False)
        if type(value) is not bool:
            raise self.error(key, f"true or false is expected, not {value!r}")
        return value

    def choice(self, key: str, default: str, choices: Iterable[str]) -> str:
        """Return one of some words."""
        value = self._raw.get(key, default)
        if value not in choices:
            raise self.error(key, f"one of {', '.join(choices)} is expected, not {value!r}")
        return str(value)

    def by_instance(self, key: str) -> dict[int, str]:
        """Return texts by instance."""
        value = self._raw.get(key, {})
        rows = value if isinstance(value, dict) else {"": value}
        for instance, text in rows.items():
            if not instance.isdecimal() or int(instance) < 1 or not isinstance(text, str):
                expected = '{ 3 = "X" }, an instance and its value'
                raise self.error(key, f"{expected} is expected, not {value!r}")
        return {int(instance): text for instance, text in rows.items()}

    def table(self, key: str, *, needed: bool = False) -> Table:
        """Return a table inside this one; an empty one if it is not there."""
        if needed and key not in self._raw:
            name = ".".join([*(str(k) for k in self._path), key])
            raise self.error("", f"{self.name} lacks [{name}]")
        value = self._raw.get(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"a table [{key}] is expected, not {value!r}")
        return self._inside(value, key)

    def tables(self, key: str) -> list[Table]:
        """Return an array of tables; an empty one if it is not there."""
        value = self._raw.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(key, f"tables are expected: [[{key}]]")
        return [self._inside(item, key, position) for position, item in enumerate(value)]

    def _inside(self, raw: Mapping[str, Any], *keys: str | int) -> Table:
        return Table(raw, (*self._path, *keys), self._lines, self.file, self._error)
