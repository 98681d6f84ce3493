"""The tiny chain, and runs of it without the child that draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.front import ANA

from mlops_tui.core.canonical import canonical
from mlops_tui.core.settings import Actor
from mlops_tui.project import Project, open_project
from mlops_tui.report.chart import Chart
from mlops_tui.report.png import Painter

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


@pytest.fixture
def unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts are built and drawn as text; their PNGs are their values, and the draft's page a few bytes."""

    def draw(self: Painter, charts: Sequence[Chart], **_: Any) -> list[bytes]:
        return [canonical(c.as_json()) for c in charts]

    monkeypatch.setattr(Painter, "warm", lambda self: None)
    monkeypatch.setattr(Painter, "draw", draw)
    monkeypatch.setattr("mlops_tui.report.page.page", lambda *_, **__: "<html></html>")
