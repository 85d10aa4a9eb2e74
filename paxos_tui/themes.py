"""Themes are data: files that ship with the program, and one that a person may bring.

A theme is checked completely before Textual sees it, since one bad colour would end the running
program.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from textual.color import Color, ColorParseError
from textual.theme import Theme

DEFAULT_VARIABLES: Final = {
    "state-chosen": "#5fd787",
    "state-accepted": "#ffd75f",
    "state-promised": "#5fafff",
    "state-proposed": "#af87ff",
    "state-noop": "#87afaf",
    "state-gap": "#ff8700",
    "node-up": "#5fd787",
    "node-down": "#ff5f5f",
    "node-primary": "#5fd7ff",
    "fate-delivered": "#87af87",
    "fate-lost": "#ff5f5f",
    "fate-delayed": "#ffd75f",
    "fault": "#ff8700",
    "dim": "#808890",
}
"""Our own colours, for a theme that leaves some of them out."""

_COLOURS: Final = (
    *("primary", "secondary", "warning", "error", "success", "accent"),
    *("foreground", "background", "surface", "panel"),
)


class ThemeError(ValueError):
    """A theme file that cannot be used; one line: file, key, what is wrong, what to do."""


def load_shipped() -> list[Theme]:
    """Return the themes that come with the program, by name."""
    files = [file for file in _data().iterdir() if file.name.endswith(".toml")]
    return [
        parse_theme(file.read_text(encoding="utf-8"), file.name)
        for file in sorted(files, key=lambda file: file.name)
    ]


def load_theme(path: Path) -> Theme:
    """Return a person's own theme.

    Raises:
        ThemeError: it cannot be read, or something in it is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ThemeError(f"theme {path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ThemeError(f"theme {path}: is no UTF-8 text") from error
    return parse_theme(text, str(path))


def parse_theme(text: str, source: str) -> Theme:
    """Return the theme that a TOML text describes; ThemeError says what is wrong with it."""
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number too long is no TOMLDecodeError
        raise ThemeError(f"theme {source}: is no TOML: {error}") from error
    unknown = sorted(set(raw) - {"name", "dark", "colors", "variables"})
    if unknown:
        raise ThemeError(f"theme {source}: unknown key {unknown[0]!r}: remove it")
    name, dark = raw.get("name"), raw.get("dark", True)
    if not isinstance(name, str) or not name:
        raise ThemeError(f"theme {source}: name: give the theme a name in quotes")
    if not isinstance(dark, bool):
        raise ThemeError(f"theme {source}: dark: write true or false")
    colours = _colours(raw.get("colors", {}), _COLOURS, f"{source}: colors")
    variables = _colours(raw.get("variables", {}), tuple(DEFAULT_VARIABLES), f"{source}: variables")
    if "primary" not in colours:
        raise ThemeError(f"theme {source}: colors.primary is missing: give it a colour")
    return Theme(name=name, dark=dark, variables={**DEFAULT_VARIABLES, **variables}, **colours)


def stylesheet() -> str:
    """Return the one stylesheet."""
    return (_data() / "paxos.tcss").read_text(encoding="utf-8")


def _colours(raw: Any, known: tuple[str, ...], where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ThemeError(f"theme {where}: must be a table of colours")
    for key, value in raw.items():
        if key not in known:
            raise ThemeError(f"theme {where}.{key}: unknown: choose from {', '.join(known)}")
        try:
            if not isinstance(value, str):
                raise ThemeError(f"theme {where}.{key}: write a colour in quotes, like '#5fd787'")
            Color.parse(value)
        except ColorParseError as error:
            raise ThemeError(
                f"theme {where}.{key}: {value!r} is no colour: write one like '#5fd787'"
            ) from error
    return raw


def _data() -> Traversable:
    """Return the folder of themes: in the package when installed, else in the checkout."""
    packaged = resources.files("paxos_tui") / "themes"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "themes"
