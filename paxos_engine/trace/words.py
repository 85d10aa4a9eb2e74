"""A value as one word or a few, for a column: what clients asked for, without who they are."""

from __future__ import annotations

from collections.abc import Sequence

from paxos_engine.roles.values import Command, Value, commands_of


def words(value: Value) -> str | bytes:
    """Return what a value asks for, as it came from outside.

    That of one command is its content, that of several their number and their contents.
    """
    if isinstance(value, Command):
        return value.value
    commands = commands_of(value)
    if not commands:
        return "no-op"
    return words_of_many(commands)


def words_of_many(values: Sequence[Value]) -> str:
    """Return how many values there are, and what each asks for."""
    return f"{len(values)}: {', '.join(map(_text, values))}"


def _text(value: Value) -> str:
    said = words(value)
    return said.decode("utf-8", "backslashreplace") if isinstance(said, bytes) else said
