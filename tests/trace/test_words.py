"""What a value is called in a column of the screen."""

from __future__ import annotations

from paxos_engine.roles.values import NOOP, Batch, Command
from paxos_engine.trace.words import words


def test_a_command_is_called_by_its_content() -> None:
    assert words(Command("C1", 4, "set k 1")) == "set k 1"
    assert words(Command("C1", 4, b"\xff")) == b"\xff"


def test_the_no_op_has_its_name() -> None:
    assert words(NOOP) == "no-op"


def test_several_commands_are_counted_and_named() -> None:
    batch = Batch((Command("C1", 1, "set k 1"), Command("C1", 2, b"\xffz"), Command("C2", 1, "x")))
    assert words(batch) == "3: set k 1, \\xffz, x"
