"""The definition of the trace file names everything that a trace can hold."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from paxos_engine.roles.events import ALL_EVENTS, Event

DOCUMENT = (Path(__file__).parents[2] / "docs" / "trace-format.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: event.name)
def test_an_event_and_each_of_its_fields_are_defined(event: type[Event]) -> None:
    row = next(line for line in DOCUMENT.splitlines() if line.startswith(f"| `{event.name}` |"))
    for field in fields(event):
        name = field.name.rstrip("_")
        assert name == "body" or f"`{name}`" in row
