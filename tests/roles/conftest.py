"""The flag that rewrites the text scripts."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--rewrite-scripts`: write down what the cluster says now, to be read as a diff."""
    parser.addoption("--rewrite-scripts", action="store_true", default=False)
