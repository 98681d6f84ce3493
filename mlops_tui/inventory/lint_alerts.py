"""Lint of a model's alerts and guardrails: what they check, where, whom they page and what runs then."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mlops_tui.inventory.lint_book import Book
from mlops_tui.inventory.lint_models import metrics_of
from mlops_tui.inventory.types import Alert, Model


def alerts(
    book: Book,
    name: str,
    model: Model,
    *,
    checks: Collection[str],
    runbooks: Collection[str],
    reads: Mapping[str, Collection[str]],
) -> None:
    """Every rule of every alert and guardrail of a model."""
    seen: dict[str, int] = {}
    for key, found in (("alerts", model.alerts), ("guardrails", model.guardrails)):
        for i, alert in enumerate(found):
            path = ("models", name, key, i)
            book.unique("alert", alert.id, seen, *path, "id")
            book.known("check", alert.check, checks, *path, "check")
            _performed(book, alert, reads.get(alert.check), *path)
            _where(book, alert, model, *path)
            _then(book, alert, runbooks, *path)


def _performed(book: Book, alert: Alert, reads: Collection[str] | None, *path: str | int) -> None:
    """Nothing that an alert says is silently passed over: neither keys of later issues, nor those its check does not read."""
    if alert.auto:
        book.add("`auto` is not performed yet", "no runbook is started by itself", *path, "auto")
    if alert.seasonality and alert.compare != "day_over_day":
        hint = "week_over_week is the same hours already; a reference of whole weeks holds every weekday"
        book.add("`seasonality` is of day_over_day alone", hint, *path, "seasonality")
    if reads is None:
        return
    given = ("by", "of", "feature", "metric", "slice", "compare", "current", "min_n")
    said = [key for key in given if getattr(alert, key) is not None]
    said += [key for key, there in (("where", alert.where), ("seasonality", alert.seasonality)) if there]
    for key in said:
        if key not in reads:
            hint = f"it reads {', '.join(sorted(reads))}" if reads else "it reads no such key"
            book.add(f"the check {alert.check!r} does not read `{key}`", hint, *path, key)


def _where(book: Book, alert: Alert, model: Model, *path: str | int) -> None:
    segments = (*model.log.segments, *model.protected)
    book.known("segment", alert.by, segments, *path, "by")
    for column in alert.where:
        if column not in segments:
            book.known("segment", column, segments, *path, "where", column)
    book.known("feature", alert.feature, model.features, *path, "feature")
    book.known("metric", alert.metric, metrics_of(model), *path, "metric")
    book.known("slice", alert.slice, model.slices, *path, "slice")
    if alert.current is not None and alert.current.total_seconds() <= 0:
        book.add("the current window has no length", "", *path, "current")
    if alert.min_n is not None and alert.min_n < 1:
        book.add("min_n is at least 1", "", *path, "min_n")


def _then(book: Book, alert: Alert, runbooks: Collection[str], *path: str | int) -> None:
    for measure, bounds in alert.fire.items():
        book.bounds(bounds, *path, "fire", measure)
    for i, team in enumerate(alert.page):
        book.known("team", team, book.file.teams, *path, "page", i)
    if alert.runbook is None:
        book.add(f"the alert {alert.id!r} has no runbook", "say what to do when it fires: runbook: NAME", *path)
    else:
        book.known("runbook", alert.runbook, runbooks, *path, "runbook")
