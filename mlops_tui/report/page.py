"""The postmortem draft as one HTML page: opens from disk without a network, prints, light and dark, charts that answer."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mlops_tui.core import leave
from mlops_tui.inventory import Inventory
from mlops_tui.journal import Event
from mlops_tui.report.postmortem import LINE, clock_time, template, when
from mlops_tui.report.story import Picture, numbers, story
from mlops_tui.report.vega import DARK
from mlops_tui.report.web import Pressed, pressed

SECTIONS = (
    ("summary", "Summary"),
    ("impact", "Impact"),
    ("times", "Times"),
    ("timeline", "Timeline"),
    ("changed", "What changed"),
    ("evidence", "Evidence"),
    ("versions", "Versions"),
    ("factors", "Contributing factors"),
    ("lessons", "Lessons"),
    ("actions", "Action items"),
    ("queries", "Stored queries"),
)
"""The sections of the page, with their anchors."""


def page(
    events: Sequence[Event],
    facts: Mapping[str, Any],
    *,
    zone: ZoneInfo,
    inventory: Inventory,
    cache: Path | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> str:
    """The draft as a page that needs nothing else. It tells what the Markdown tells.

    Scripts run by their hash alone and nothing may be fetched, so that no text in it can do either. `cache` is a folder
    where the charts' runtime is kept. Raises RunbookError where the charts cannot be drawn, and Cancelled.
    """
    told = story(events, facts, zone=zone, inventory=inventory)
    pictures = [p for p in told["pictures"] if p.chart is not None]
    made = pressed([p.chart for p in pictures], cache=cache, cancelled=cancelled) if pictures else Pressed("", (), ())
    boot = template("page.js")
    runtime = made.runtime.replace("</script", r"<\/script").replace("<!--", r"<\!--")
    figures = [_figure(i, p, still) for i, (p, still) in enumerate(zip(pictures, made.still, strict=True))]
    lead = next((f for f in figures if f["kind"] == "decision_rate"), None)
    parts = {
        "sections": SECTIONS,
        "style": template("page.css"),
        "boot": boot,
        "runtime": runtime,
        "allowed": " ".join(_hash(text) for text in (runtime, boot)),
        "charts": _json({"charts": made.live, "dark": DARK}),
        "lead": lead,
        "figures": [f for f in figures if f is not lead],
        "undrawn": [p for p in told["pictures"] if p.chart is None],
    }
    text: str = _environment(zone).from_string(template("page.html")).render(told | parts)
    return text.strip() + "\n"


def _figure(at: int, picture: Picture, still: str) -> dict[str, Any]:
    chart = picture.chart
    assert chart is not None
    return {
        "at": at,
        "kind": chart.id.split("__")[0],
        "step": picture.step,
        "text": leave.one_line(f"{chart.title}. {chart.subtitle}. {chart.note}", most=800),
        "still": "data:image/svg+xml;base64," + base64.b64encode(still.encode()).decode(),
        "query": chart.query,
    }


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _json(value: Any) -> str:
    """JSON that may stand in a script element: no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028")


def _environment(zone: ZoneInfo) -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from markupsafe import Markup

    env = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=True)
    env.filters |= numbers() | {
        # the escaping itself is autoescape's: here go control and format characters
        "line": lambda v: leave.one_line(str(v), most=2000) if v not in (None, "") else "–",
        "short": lambda v: leave.one_line(str(v), most=LINE),
        "block": lambda v: leave.visible(str(v), most=20_000).strip(),
        "when": partial(when, zone),
        "clock": partial(clock_time, zone),
        "ours": Markup,  # only for texts that ship with the package or were made safe by `_json`
    }
    return env
