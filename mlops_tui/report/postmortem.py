"""The postmortem draft as Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from importlib.resources import files
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from mlops_tui.core import leave
from mlops_tui.core.window import both_zones, parse_instant
from mlops_tui.inventory import Inventory
from mlops_tui.journal import Event
from mlops_tui.report.facts import gather
from mlops_tui.report.story import numbers, story

__all__ = ["draft", "gather"]

LINE = 240
"""The most characters of an entry of the timeline; the whole text stands under Evidence or in the outbox."""


def draft(events: Sequence[Event], facts: Mapping[str, Any], *, zone: ZoneInfo, inventory: Inventory) -> str:
    """The draft as Markdown. `facts` are those of `gather`; the events are the incident's.

    Every number cites the step that measured it; causes and lessons are left as named blanks (`[TO FILL: name]`).
    """
    told = story(events, facts, zone=zone, inventory=inventory)
    text = _environment(zone).from_string(template("default.md")).render(told)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def template(name: str) -> str:
    """The text of a template that ships."""
    return files("mlops_tui.report").joinpath("templates", f"{name}.j2").read_text("utf-8")


def clock_time(zone: ZoneInfo, value: datetime) -> str:
    """A moment within a day that is named already: `13:57:02Z (14:57 CET)`."""
    utc = f"{value:%H:%M:%S}Z"
    return utc if zone.key in ("UTC", "Etc/UTC") else f"{utc} ({value.astimezone(zone):%H:%M %Z})"


def when(zone: ZoneInfo, value: Any) -> str:
    """A moment or its text in UTC and the project's zone; `–` for none."""
    if value in (None, ""):
        return "–"
    return both_zones(value if isinstance(value, datetime) else parse_instant(str(value)), zone)


def _environment(zone: ZoneInfo) -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Markdown, not HTML: every value from data goes through the `md` filter, and autoescape would write &#39; into prose.
    env = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    env.filters |= numbers() | {
        "md": lambda v: leave.markdown(str(v)) if v not in (None, "") else "–",
        "short": lambda v: leave.one_line(str(v), most=LINE),
        "when": partial(when, zone),
        "clock": partial(clock_time, zone),
        "file": lambda v: quote(str(v)),
        "fenced": lambda v: leave.visible(str(v), most=20_000).strip().replace("```", "'''"),
    }
    return env
