"""The change feed: the true cause among a daily retrain, config edits, a campaign and work on machines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from mlops_tui.core.window import iso
from mlops_tui.simulate.story import Cause, Story

DEPLOY_AT: Final = time(0, 30, tzinfo=UTC)
TRAINED_DAYS: Final = 90
_ROUTINE: Final = (
    ("config", "credit-risk", "Log level of the scoring service set to info", "Tom Beck", "credit-ml"),
    ("infrastructure", "scoring", "Node pool of the scoring service replaced, image 1.31", "Mia Sand", "platform"),
    ("config", "collections-priority", "Calling hours end at 20:00 local", "Nora Weiss", "collections"),
    ("pipeline", "bank_feed", "Partition compaction of bank_feed moved to 02:00Z", "Ivo Lang", "payments-data"),
    ("campaign", "credit-risk", "Newsletter on working-capital loans", "Eva Moll", "marketing"),
    ("config", "credit-risk", "Dashboard colours of the approval board", "Ana Ruiz", "credit-ml"),
)


def version_of(day: date) -> str:
    """The version that the retrain of this day deploys: `2026.10.13`."""
    return f"{day:%Y.%m.%d}"


def trained_on(day: date) -> tuple[date, date]:
    """The rolling window of the retrain of this day: the 90 whole days before it, both ends included."""
    return day - timedelta(days=TRAINED_DAYS), day - timedelta(days=1)


def deployed(day: date) -> datetime:
    """When the version of this day goes live."""
    return datetime.combine(day, DEPLOY_AT)


def collections_version(moment: datetime) -> str:
    """The version of collections-priority: `2026.10`, live from the first of the month, 00:00Z."""
    return f"{moment:%Y.%m}"


def change_lines(story: Story) -> list[dict[str, Any]]:
    """Every line of `changes.jsonl`, oldest first: `ts kind target what who ref`, on deploys also `version trained_on`."""
    lines = [*_deploys(story), *_routine(story), *map(_line, (*_decoys(story), story.cause))]
    return sorted(lines, key=lambda line: (line["ts"], line["target"]))


def _line(cause: Cause) -> dict[str, Any]:
    return {
        "ts": iso(cause.at),
        "kind": cause.kind,
        "target": cause.target,
        "what": cause.what,
        "who": cause.who,
        "ref": cause.ref,
    }


def _deploys(story: Story) -> Iterator[dict[str, Any]]:
    days = story.calendar.days
    for day in (days[0] - timedelta(days=1), *days):
        if deployed(day) < story.calendar.end:
            yield _deploy("credit-risk", deployed(day), version_of(day), trained_on(day), f"retrain-{day:%Y%m%d}")
    months = {day.replace(day=1) for day in days}
    for month in sorted(months):
        moment = datetime.combine(month, time(0, tzinfo=UTC))
        version = collections_version(moment)
        yield _deploy("collections-priority", moment, version, trained_on(month), f"collections-{version}")


def _deploy(model: str, at: datetime, version: str, trained: tuple[date, date], ref: str) -> dict[str, Any]:
    dates = [day.isoformat() for day in trained]
    what = f"Retrain on {dates[0]} to {dates[1]} passed its gate and went live"
    return _line(Cause(at, "deploy", model, what, "retrain-bot", ref)) | {"version": version, "trained_on": dates}


def _routine(story: Story) -> Iterator[dict[str, Any]]:
    """One harmless change every five days or so, up to two days before the onset."""
    start = story.calendar.start
    for i in range(30):
        at = start + timedelta(days=5 * i + 1, hours=8 + (i * 5) % 9, minutes=(i * 17) % 60)
        kind, target, what, who, team = _ROUTINE[i % len(_ROUTINE)]
        if at < story.onset - timedelta(days=2):
            yield _line(Cause(at, kind, target, what, who, f"{team}#{1400 + 7 * i}"))


def _decoys(story: Story) -> tuple[Cause, ...]:
    """What else happened in the 48 hours around the onset, all of it innocent."""

    def at(hours: float) -> datetime:
        return story.onset + timedelta(hours=hours)

    return (
        Cause(
            at(-26.4), "campaign", "credit-risk", "Autumn campaign: 0.5 points off for first loans", "Eva Moll", "marketing#512"
        ),
        Cause(
            at(-19.2), "config", "credit-risk", "Timeout of the scoring service 80 ms to 100 ms", "Tom Beck", "credit-ml#866"
        ),
        Cause(at(-2.7), "infrastructure", "scoring", "Scoring pods moved to node pool b", "Mia Sand", "platform#1179"),
        Cause(at(1.9), "config", "credit-risk", "Alert channel renamed to #ml-incidents", "Ana Ruiz", "credit-ml#871"),
    )
