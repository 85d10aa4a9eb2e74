"""What is wrong with what was typed, in the words of who typed it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import click

_FORMS: Final = {"integer": "a whole number", "float": "a number"}
"""What the parser calls a form, and what a person does."""


def in_flags(error: Exception, command: click.Command) -> str:
    """Return what is wrong with a configuration, with the flag for the field.

    Args:
        error: of the library, whose text begins with the name of a field if it is about one.
        command: whose parameters carry these names.
    """
    field, blank, rest = str(error).partition(" ")
    return f"{_flags(command).get(field, field)}{blank}{rest}"


def plain(message: str) -> str:
    """Return a complaint of the parser of the command line without its words for types."""
    message = re.sub(
        r"is not a valid (integer|float)(?: range)?\b",
        lambda found: f"is not {_FORMS[found[1]]}",
        message,
    )
    message = re.sub(r"is not in the range (\S+)<=x<=(\S+?)\.?$", r"is not from \1 to \2.", message)
    return re.sub(r"is not in the range x>=(\S+?)\.?$", r"is less than \1.", message)


def _flags(command: click.Command) -> Mapping[str, str]:
    return {parameter.name: parameter.opts[0] for parameter in command.params if parameter.name}
