"""What the console's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.clock import Clock


@pytest.fixture(autouse=True)
def a_still_and_private_console(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No blinking, no colours from the environment, no files outside of the test."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("PAXOS_TUI_SCREENSHOTS", str(tmp_path))
    monkeypatch.setattr(Input, "_toggle_cursor", lambda self: None)


@pytest.fixture
def clock() -> Clock:
    """Return a clock that the test sets by hand."""
    return Clock()
