"""What serving code imports to log its decisions: as rows, or as summaries of private values. It never raises there."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_tui.capture.decisions import DecisionLog
    from mlops_tui.capture.kinds import Kind
    from mlops_tui.capture.private import Around, How, OneOf
    from mlops_tui.capture.trouble import CaptureWarning, Stats

__all__ = ["Around", "CaptureWarning", "DecisionLog", "How", "Kind", "OneOf", "Stats"]

_PLACES = {
    "DecisionLog": "decisions",
    "Kind": "kinds",
    "Around": "private",
    "How": "private",
    "OneOf": "private",
    "CaptureWarning": "trouble",
    "Stats": "trouble",
}


def __getattr__(name: str) -> Any:
    """The names above, loaded when they are first asked for: who only reads what was captured writes nothing."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
