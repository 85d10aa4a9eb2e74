"""Text from outside, made visible and harmless: what a person submits is shown, never obeyed."""

from __future__ import annotations

import unicodedata
from typing import Final

from rich.cells import cell_len, set_cell_size

LOOK_AT_MOST: Final = 300
"""Characters or bytes of a value that are looked at, however long it is."""

BLANK: Final = "\u2423"
"""What a blank is shown as where there are only blanks."""

# Categories of Unicode whose characters are shown by their code. Cc: other controls; Cf: marks
# that turn or hide text; Cs: half a character; Co, Cn: no glyph; Zl, Zp, Zs: line ends and blanks
# that are no space; Mn, Me: marks that climb onto their neighbour.
_HIDDEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs", "Mn", "Me"))


def visible(value: str | bytes, width: int | None = None, *, whole: bool = False) -> str:
    """Return `value` so that every character of it can be seen and none acts.

    Control characters become their pictures, and so do blanks where there is nothing else; marks
    that turn or hide text become their code, bytes that are no UTF-8 become escapes.

    Args:
        value: text or bytes from outside.
        width: the most cells it may take; what is longer ends in an ellipsis.
        whole: look at all of it, where there is room to read however much it is.
    """
    cut = len(value) > LOOK_AT_MOST and not whole
    head = value[:LOOK_AT_MOST] if cut else value
    text = head.decode("utf-8", "backslashreplace") if isinstance(head, bytes) else head
    if not text.strip(" "):
        text = BLANK * len(text)
    shown = "".join(map(_visible, text)) + ("…" if cut else "")
    if width is not None and cell_len(shown) > width:
        return set_cell_size(shown, max(0, width - 1)).rstrip() + "…" if width > 0 else ""
    return shown


def counted(count: int, thing: str, verb: str = "") -> str:
    """Return so many of a thing, and what they do: "1 instance agrees", "2 instances agree"."""
    one = count == 1
    does = f" {verb}{'s' if one else ''}" if verb else ""
    return f"{count:,} {thing}{'' if one else 's'}{does}"


def each_chosen(instances: int) -> str:
    """Return in how many instances one value was seen chosen."""
    if not instances:
        return "none with a chosen value"
    return f"{instances:,}{', each' if instances > 1 else ''} with one chosen value"


def fit(text: str, width: int) -> str:
    """Return `text`, which is safe already, in exactly `width` cells."""
    if cell_len(text) > width > 0:
        return set_cell_size(text, width - 1) + "…"
    return set_cell_size(text, max(0, width))


def picture(character: str) -> str:
    """Return one character that can be seen in the place of `character`, and does nothing."""
    shown = _visible(character)
    return shown if len(shown) == 1 else "·"


def _visible(character: str) -> str:
    code = ord(character)
    if character == "\x7f":
        return "\u2421"
    if code < 0x20:
        return chr(0x2400 + code)
    if character == " ":
        return character
    category = unicodedata.category(character)
    if category in _HIDDEN:
        return f"<{code:04X}>"
    return character
