"""A value as one word or a few, for a column: what clients asked for, without who they are."""

from __future__ import annotations

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
    return f"{len(commands)}: {', '.join(map(_content, commands))}"


def _content(command: Command) -> str:
    content = command.value
    return content.decode("utf-8", "backslashreplace") if isinstance(content, bytes) else content
