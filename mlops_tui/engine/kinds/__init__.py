"""Step kinds: one file each, one registry."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from mlops_tui.engine.kinds.base import Kind

BUILT_IN = ("ask", "assert", "chart", "check", "confirm", "end", "note", "notify", "postmortem", "query", "run")


@cache
def kinds() -> Mapping[str, Kind]:
    """Every step kind by name. A kind is the `KIND` of the module that has its name."""
    found: dict[str, Kind] = {}
    for name in BUILT_IN:
        module = import_module(f"{__name__}.{name}_" if name == "assert" else f"{__name__}.{name}")
        found[name] = module.KIND
    return found


def params_types() -> dict[str, object]:
    """The type of each kind's parameters, as `parse_runbook` wants them."""
    return {name: kind.params for name, kind in kinds().items()}
