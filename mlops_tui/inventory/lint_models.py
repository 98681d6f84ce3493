"""Lint of one model: its people, what it reads, its logs, metrics, slices, versions and feeds."""

from __future__ import annotations

from pathlib import PurePath

from mlops_tui.core.window import parse_duration
from mlops_tui.inventory.lint_book import Book
from mlops_tui.inventory.types import QUARTER, Metric, Model, Span, TopSlice, WindowsSpec

_SCRIPTS = {".py", ".sh", ".R", ".jl"}
_NAMED = {"business_metric", "risk_metric"}


def metrics_of(model: Model) -> dict[str, tuple[str | int, ...]]:
    """The names of a model's metrics, and where each stands below the model."""
    single = [(key, getattr(model, key)) for key in sorted(_NAMED)]
    found: dict[str, tuple[str | int, ...]] = {m.name: (key,) for key, m in single if m is not None}
    for i, metric in enumerate(model.metrics):
        found.setdefault(metric.name, ("metrics", i))
    return found


def model(book: Book, name: str, spec: Model) -> None:
    """Every rule of a model, its alerts aside."""
    path = ("models", name)
    book.owner(spec.owner, *path)
    for i, team in enumerate(spec.on_call):
        book.known("team", team, book.file.teams, *path, "on_call", i)
    if not spec.on_call:
        book.add("nobody is on call", "name at least one team", *path, "on_call")
    for i, source in enumerate(spec.inputs):
        book.known("source", source, book.file.sources, *path, "inputs", i)
    _features(book, name, spec)
    _strategy(book, name, spec)
    _logs(book, name, spec)
    _windows(book, spec.windows, *path, "windows")
    _metrics(book, name, spec)
    _slices(book, name, spec)
    _versions(book, name, spec)
    for i, feed in enumerate(spec.changes):
        if (feed.git is None) == (feed.jsonl is None):
            book.add("a feed has one place", "write git: or jsonl:", *path, "changes", i)
    if spec.scorer is not None:
        _scorer(book, spec.scorer.argv, *path, "scorer", "argv")


def _features(book: Book, name: str, spec: Model) -> None:
    path = ("models", name, "features")
    seen: dict[str, int] = {}
    for i, feature in enumerate(spec.features):
        book.unique("feature", feature, seen, *path, i)
        if not book.known("feature", feature, book.file.features, *path, i):
            continue
        declared = book.file.features[feature]
        if declared.status == "removed":
            book.add(f"the feature {feature!r} is removed", _instead(declared.replaced_by), *path, i)
        if declared.intended_use and name not in declared.intended_use:
            book.add(f"the feature {feature!r} is not meant for {name}", "its intended_use says who may read it", *path, i)


def _instead(replaced_by: str | None) -> str:
    return f"replaced by {replaced_by!r}" if replaced_by else ""


def _strategy(book: Book, name: str, spec: Model) -> None:
    strategy = spec.drift_strategy
    if strategy is None:
        return
    path = ("models", name, "drift_strategy")
    if strategy.detect is None and strategy.absorb is None and strategy.adapt is None:
        book.add("no strategy is named", "write detect:, absorb: or adapt:", *path)
    for i, feature in enumerate(strategy.detect.features if strategy.detect else ()):
        book.known("feature", feature, spec.features, *path, "detect", "features", i)
    if strategy.absorb is not None and strategy.absorb.tolerance is None and strategy.absorb.fallback is None:
        book.add("absorb needs a bound", "write tolerance: or fallback:", *path, "absorb")


def _logs(book: Book, name: str, spec: Model) -> None:
    path = ("models", name)
    cuts = [*([spec.log.version] if spec.log.version else []), *spec.protected]
    book.log(spec.log, *path, "log", cuts=cuts + [name for name, cut in spec.slices.items() if isinstance(cut, str)])
    score = spec.log.score
    if score is not None and score.approve_from is not None and score.approve_to is not None:
        book.add("the decision is cut twice", "write approve_from: or approve_to:", *path, "log", "score")
    if spec.labels is not None and spec.labels.log is not None:
        book.log(spec.labels.log, *path, "labels", "log")
        if spec.labels.join is None:
            book.add("labels of another log need a column to join by", "write join:", *path, "labels")
    for i, column in enumerate(spec.protected):
        if column in spec.log.sensitive:
            book.add(f"the group {column!r} is sensitive", "a group is shown everywhere", *path, "protected", i)


def _windows(book: Book, windows: WindowsSpec, *path: str | int) -> None:
    if windows.current.total_seconds() < 3600:
        book.add("the current window is shorter than an hour", "logs are read by the hour", *path, "current")
    reference = windows.reference
    if isinstance(reference, Span):
        if reference.from_ >= reference.to:
            book.add("the reference ends before it begins", "", *path, "reference")
    elif reference != "training" and not QUARTER.match(reference):
        try:
            good = parse_duration(reference).total_seconds() > 0
        except (ValueError, OverflowError):
            good = False
        if not good:
            book.add(f"{reference!r} is no window", "write 30d, training, 2026-Q2 or {from: ..., to: ...}", *path, "reference")


def _metrics(book: Book, name: str, spec: Model) -> None:
    path = ("models", name)
    found = [((key,), m) for key in sorted(_NAMED) if (m := getattr(spec, key)) is not None]
    found += [(("metrics", i), m) for i, m in enumerate(spec.metrics)]  # type: ignore[misc]
    seen: dict[str, int] = {}
    for below, metric in found:
        book.unique("metric", metric.name, seen, *path, *below)
        if len(_forms(metric)) != 1:
            said = " and ".join(_forms(metric)) or "none"
            book.add(f"a metric is one of sum, mean, count and ratio, not {said}", "", *path, *below)


def _forms(metric: Metric) -> list[str]:
    return [form for form in ("sum", "mean", "count", "ratio") if getattr(metric, form) is not None]


def _slices(book: Book, name: str, spec: Model) -> None:
    for slice_name, rows in spec.slices.items():
        path = ("models", name, "slices", slice_name)
        if isinstance(rows, TopSlice) and not 0 < rows.top.value < 1:
            book.add(f"top {rows.top} is no share of the rows", "write it like 10%", *path, "top")


def _versions(book: Book, name: str, spec: Model) -> None:
    seen: dict[str, int] = {}
    for i, version in enumerate(spec.versions):
        path = ("models", name, "versions", i)
        book.unique("version", version.id, seen, *path)
        if version.trained_on is not None and version.trained_on[0] > version.trained_on[1]:
            book.add("the training rows end before they begin", "", *path, "trained_on")


def _scorer(book: Book, argv: list[str], *path: str | int) -> None:
    if not argv:
        book.add("the scorer has no command", "write argv: [python, score.py]", *path)
    for i, word in enumerate(argv):
        if PurePath(word).suffix in _SCRIPTS:
            book.exists(word, *path, i)
