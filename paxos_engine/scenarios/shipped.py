"""The scenarios that ship with the program."""

from __future__ import annotations

from importlib import resources
from typing import Final

from paxos_engine.scenarios.form import Scenario
from paxos_engine.scenarios.reading import parse_scenario

SUFFIX: Final = ".toml"


def shipped_scenarios() -> list[Scenario]:
    """Return every scenario that ships, by name, those of the museum last."""
    folder = resources.files("paxos_engine.scenarios") / "canon"
    files = [file for file in folder.iterdir() if file.name.endswith(SUFFIX)]
    texts = {file.name.removesuffix(SUFFIX): file.read_text(encoding="utf-8") for file in files}
    return [parse_scenario(texts[name], name) for name in sorted(texts, key=_order)]


def _order(name: str) -> tuple[bool, str]:
    return name.startswith("M"), name


def shipped_scenario(name: str) -> Scenario | None:
    """Return the scenario whose id is `name`, in any case; None if there is none."""
    return next((s for s in shipped_scenarios() if s.id.lower() == name.lower()), None)
