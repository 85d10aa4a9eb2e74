"""Themes are data, checked before they are used."""

from __future__ import annotations

from pathlib import Path

import pytest

from paxos_tui.themes import DEFAULT_VARIABLES, ThemeError, load_shipped, load_theme

GOOD = 'name = "mine"\ndark = true\n[colors]\nprimary = "#112233"\n'


def test_four_themes_ship_and_each_sets_every_colour() -> None:
    themes = load_shipped()
    names = [theme.name for theme in themes]
    assert names == ["paxos-contrast", "paxos-dark", "paxos-light", "paxos-safe"]
    for theme in themes:
        assert set(theme.variables) == set(DEFAULT_VARIABLES)
    assert [theme.name for theme in themes if not theme.dark] == ["paxos-light"]


def test_a_theme_of_ones_own_needs_only_a_name_and_one_colour(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    theme = load_theme(path)
    assert (theme.name, theme.primary) == ("mine", "#112233")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "is no TOML"),
        (f"name = {'9' * 5000}", "is no TOML"),
        (f"name = {'[' * 5000}", "is no TOML"),
        ('dark = true\n[colors]\nprimary = "#112233"', "name: give"),
        (GOOD.replace("true", '"yes"'), "dark: write true or false"),
        (GOOD.replace("#112233", "greenish"), "colors.primary: 'greenish' is no colour"),
        (GOOD + 'mood = "#112233"', "colors.mood: unknown"),
        (GOOD + "[variables]\nstate-chosen = 7", "variables.state-chosen: write a colour"),
        (GOOD + '[variables]\nstate-foo = "#112233"', "variables.state-foo: unknown"),
        ('shape = "round"\n' + GOOD, "unknown key 'shape'"),
        ('name = "mine"', "colors.primary is missing"),
    ],
)
def test_what_is_wrong_with_a_theme_is_one_line_that_names_file_and_key(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ThemeError) as caught:
        load_theme(path)
    said = str(caught.value)
    assert words in said
    assert "mine.toml" in said
    assert "\n" not in said


def test_a_theme_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ThemeError, match="cannot be read"):
        load_theme(tmp_path / "none.toml")
