"""Runs without the children that draw, for tests that are about something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mlops_tui.core.canonical import canonical
from mlops_tui.report.chart import Chart
from mlops_tui.report.png import Painter


@pytest.fixture
def unpainted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts are built and drawn as text; their PNGs are their values, and the draft's page a few bytes."""

    def draw(self: Painter, charts: Sequence[Chart], **_: Any) -> list[bytes]:
        return [canonical(c.as_json()) for c in charts]

    monkeypatch.setattr(Painter, "warm", lambda self: None)
    monkeypatch.setattr(Painter, "draw", draw)
    monkeypatch.setattr("mlops_tui.report.page.page", lambda *_, **__: "<html></html>")
