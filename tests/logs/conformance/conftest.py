"""Every engine of the registry, asked the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from mlops_tui.logs.engines import ENGINES, Engine, open_engine

if TYPE_CHECKING:
    from mlops_tui.logs.engines import Relations


@pytest.fixture(params=sorted(ENGINES))
def opened(request: pytest.FixtureRequest) -> Iterator[Callable[[Relations], Engine]]:
    """Opens relations with an engine, and closes it after the test."""
    engines: list[Engine] = []

    def open_one(relations: Relations) -> Engine:
        engines.append(open_engine(request.param, relations))
        return engines[-1]

    yield open_one
    for engine in engines:
        engine.close()
