"""Text from outside is shown as it is, and does nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from paxos_tui.text import LOOK_AT_MOST, counted, fit, visible


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("[red]x[/]", "[red]x[/]"),
        ("a\tb\nc", "a␉b␊c"),
        ("\x1b[31m", "␛[31m"),
        ("\x7f", "␡"),
        ("\u202eabc", "<202E>abc"),
        ("a\u200bb", "a<200B>b"),
        (b"ok", "ok"),
        (b"\xff\x00", "\\xff␀"),
        ("漢字", "漢字"),
        ("   ", "␣␣␣"),
        (" a b ", " a b "),
        ("", ""),
    ],
)
def test_every_character_can_be_seen_and_none_acts(value: str | bytes, shown: str) -> None:
    assert visible(value) == shown


@given(st.one_of(st.text(), st.binary()), st.integers(0, 60))
def test_what_is_shown_never_takes_more_cells_than_there_are(
    value: str | bytes, width: int
) -> None:
    assert cell_len(visible(value, width)) <= width


@given(st.text())
def test_nothing_that_controls_a_terminal_is_left(value: str) -> None:
    assert all(character.isprintable() for character in visible(value))


def test_a_value_of_64_kib_is_clipped_and_says_so() -> None:
    shown = visible("x" * 65_536)
    assert len(shown) == LOOK_AT_MOST + 1
    assert shown.endswith("…")


@given(st.text(alphabet="ab漢字x"), st.integers(0, 40))
def test_fit_gives_exactly_the_cells_asked_for(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 events"), (1, "1 event"), (2, "2 events"), (1_000, "1,000 events")]
)
def test_one_of_a_thing_is_told_without_an_s(number: int, said: str) -> None:
    assert counted(number, "event") == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 instances agree"), (1, "1 instance agrees"), (1_410, "1,410 instances agree")],
)
def test_one_thing_does_and_many_things_do(count: int, said: str) -> None:
    assert counted(count, "instance", "agree") == said
