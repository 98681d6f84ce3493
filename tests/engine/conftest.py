"""The tiny chain, and runs of it without the child that draws."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support import tiny
from support.drawing import unpainted
from support.front import ANA

from mlops_tui.core.settings import Actor
from mlops_tui.project import Project, open_project

__all__ = ["AT", "Open", "opened", "root", "unpainted"]

AT = datetime(2026, 10, 14, 3, 20, tzinfo=UTC)
Open = Callable[..., Project]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The tiny chain, for this test alone."""
    return tiny.write(tmp_path / "tiny")


@pytest.fixture
def opened(root: Path) -> Open:
    """Opens the project at twenty past three, as Ana or whom the test says."""

    def open_(where: Path = root, actor: Actor = ANA, **environ: str) -> Project:
        return open_project(where, clock=lambda: AT, actor=actor, environ={"PATH": "/usr/bin:/bin", **environ})

    return open_
