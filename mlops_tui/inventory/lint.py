"""What an inventory names that nobody declared or made, and what it says that cannot be meant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from mlops_tui.core.errors import Problem
from mlops_tui.inventory import lint_alerts, lint_models
from mlops_tui.inventory.inventory import Inventory
from mlops_tui.inventory.lint_book import Book

_NOTHING: Mapping[str, Collection[str]] = MappingProxyType({})


def lint(
    inventory: Inventory,
    *,
    checks: Collection[str],
    runbooks: Collection[str],
    reads: Mapping[str, Collection[str]] = _NOTHING,
) -> tuple[Problem, ...]:
    """Every cross reference that leads nowhere and every rule that a type cannot hold, in the order of the file.

    `checks` and `runbooks` are the names that exist, `reads` the keys of an alert that each check reads, where known. Log
    files are not looked for: they come and go.
    """
    book = Book(inventory)
    _teams(book)
    _sources(book)
    _features(book)
    for name, model in inventory.models.items():
        lint_models.model(book, name, model)
        lint_alerts.alerts(book, name, model, checks=checks, runbooks=runbooks, reads=reads)
    return book.problems


def _teams(book: Book) -> None:
    """Each login belongs to one person, since an approval is known by it."""
    owners: dict[str, tuple[str, int]] = {}
    for team, spec in book.file.teams.items():
        for i, member in enumerate(spec.members):
            if member.login is None:
                continue
            path = ("teams", team, "members", i, "login")
            name, line = owners.setdefault(member.login, (member.name, book.line(*path)))
            if name != member.name:
                book.add(f"the login {member.login!r} is also {name}'s, line {line}", "one login, one person", *path)


def _sources(book: Book) -> None:
    for name, source in book.file.sources.items():
        path = ("sources", name)
        book.relation(name, *path)
        book.owner(source.owner, *path)
        book.log(source.log, *path, "log")
        book.exists(source.contract, *path, "contract")


def _features(book: Book) -> None:
    for name, feature in book.file.features.items():
        path = ("features", name)
        book.owner(feature.owner, *path)
        book.known("source", feature.source, book.file.sources, *path, "source")
        book.exists(feature.definition, *path, "definition")
        for i, model in enumerate(feature.intended_use):
            book.known("model", model, book.file.models, *path, "intended_use", i)
        if feature.replaced_by == name:
            book.add("a feature cannot replace itself", "", *path, "replaced_by")
        book.known("feature", feature.replaced_by, book.file.features, *path, "replaced_by")
        if feature.checks is not None:
            book.bounds(feature.checks.missing, *path, "checks", "missing")
            if feature.checks.range is not None and feature.checks.range[0] > feature.checks.range[1]:
                book.add("the range ends before it begins", "", *path, "checks", "range")
