"""`runbook init`: a project from a folder of logs."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from mlops_tui.core.canonical import pretty
from mlops_tui.core.errors import Problem, RunbookError, UsageError, did_you_mean
from mlops_tui.core.settings import Clock

if TYPE_CHECKING:
    from mlops_tui.govern.draft import Draft
    from mlops_tui.govern.guess import Guess
    from mlops_tui.govern.guesses import Guesses
    from mlops_tui.logs.undeclared import UndeclaredLog

INVENTORY = "inventory.yaml"
_OLD = timedelta(hours=26)
"""A log whose newest row is older than this is looked at as of its end."""
_PLAIN = re.compile(r"[^a-z0-9]+")
_NO_NAME = re.compile(
    r"(?:(?:logs?|data|decisions?|part|file|output|out|exports?|predictions?|preds?|inference|scores?|raw|main|train|test|sample"
    r"|prod|tmp|parquet|csv|jsonl?|x|d|log|v)[-0-9a-f]*)+\Z"
)


@dataclass(frozen=True, slots=True)
class InitReport:
    """What was written: the project's folder, its files relative to it, the guesses by role, and the moment to look from
    (None for a log that is still written). `problems` are lint's: there should be none."""

    root: Path
    files: tuple[str, ...]
    model: str
    runbook: str
    guesses: Guesses
    rows: int | None
    first: datetime | None
    newest: datetime | None
    at: str | None
    problems: tuple[Problem, ...] = ()

    @property
    def roles(self) -> dict[str, Guess[Any] | None]:
        """Every single role with its guess."""
        g = self.guesses
        return {
            "time": g.time,
            "timezone": g.zone,
            "id": g.id,
            "version": g.version,
            "decision": g.decision,
            "positive": g.meaning.positive,
            "score": g.score,
            "means": g.meaning.means,
            "label": g.label,
            "label positive": g.meaning.good,
            "latency": g.latency,
            "cost": g.cost,
        }

    @property
    def unsure(self) -> tuple[str, ...]:
        """What to look at first: the roles whose reason is weak."""
        return tuple(name for name, guess in self.roles.items() if guess is not None and not guess.sure)

    def commands(self, project: str) -> tuple[str, str]:
        """The arguments of the next two commands after `runbook`, `project` as it is typed (`.`: not at all)."""
        at = f" --at {self.at}" if self.at else ""
        where = "" if project == "." else f"--project {project} "
        return f"{where}check{at}", f"{where}run {self.runbook}{at}"

    def as_json(self) -> dict[str, Any]:
        """`runbook/init/1`."""
        g = self.guesses

        def told(guess: Guess[Any]) -> dict[str, Any]:
            return {"value": guess.value, "why": guess.why, "sure": guess.sure}

        return {
            "schema": "runbook/init/1",
            "root": str(self.root),
            "files": list(self.files),
            "model": self.model,
            "runbook": self.runbook,
            "rows": self.rows,
            "at": self.at,
            "roles": {name: told(guess) if guess else None for name, guess in self.roles.items()},
            "score_high_is_good": g.meaning.high_is_good,
            "segments": {n: told(v) for n, v in g.rest.segments.items()},
            "features": {n: told(v) for n, v in g.rest.features.items()},
            "protected": {n: told(v) for n, v in g.rest.protected.items()},
            "sensitive": {n: told(v) for n, v in g.sensitive.items()},
            "ignored": dict(g.rest.ignored),
            "problems": [str(p) for p in self.problems],
        }


def init(
    pattern: str,
    target: Path,
    *,
    clock: Clock,
    environ: Mapping[str, str],
    login: str,
    model: str | None = None,
    zone: str | None = None,
    force: bool = False,
) -> InitReport:
    """Reads the log that `pattern` matches (a glob, a folder or one file, relative to the working folder) and writes a
    project for it into `target`: an inventory whose every guess says why, a first runbook, the schemas for editors.

    `login` is the person who asks; `zone` overrides the guessed one. Raises UsageError where the pattern is empty, there is an
    inventory already and not `force`, or no such zone; LogError where the log cannot be read or tells no time.
    """
    from mlops_tui.govern.guesses import guess
    from mlops_tui.govern.profile import take
    from mlops_tui.logs.undeclared import UndeclaredLog

    if not pattern.strip():
        raise UsageError(
            "init needs a log to read, and its name is empty", hint="is the variable set? a folder is named: --from ."
        )
    _refuse(target, force, zone)
    log = UndeclaredLog.look(pattern, root=Path.cwd(), environ=environ)
    try:
        guesses = guess(log, take(log), now=clock(), here=_here(environ), zone=zone)
    finally:
        log.close()
    name = _slug(model) if model else _name(log)
    draft = _draft(log, guesses, target, name, clock(), environ, login)
    files = _write(target, draft)
    return _report(target, draft, files, clock())


def _refuse(target: Path, force: bool, zone: str | None) -> None:
    if (target / INVENTORY).exists() and not force:
        raise UsageError(
            "there is an inventory already, and nothing was written",
            where=str(target / INVENTORY),
            hint="name another folder with --out DIR, or write it anew with --force (a copy of the old one is kept)",
        )
    if target.exists() and not target.is_dir():
        raise UsageError("this is no folder", where=str(target), hint="--out names the folder that the project goes into")
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise UsageError(
                f"unknown timezone {zone!r}", hint=did_you_mean(zone, available_timezones()) or "write it like Europe/Madrid"
            ) from None


def _draft(
    undeclared: UndeclaredLog, g: Guesses, target: Path, name: str, now: datetime, environ: Mapping[str, str], login: str
) -> Draft:
    """The draft with what the opened log says of its days: windows and thresholds."""
    from mlops_tui.govern import history
    from mlops_tui.govern.draft import Draft
    from mlops_tui.logs.log import Log

    path, note = _path(undeclared, target)
    log = Log.open(
        g.spec(path),
        root=target,
        zone=ZoneInfo(g.zone.value),
        name="log",
        required=[g.declared.column],
        features={n: f.value for n, f in g.rest.features.items()},
        environ=environ,
    )
    try:
        span = history.span_of(log, now)
        current, reference = history.windows(span)
        rate = psi = None
        if span is not None and g.decision is not None:
            by = sorted(g.rest.segments, key=lambda n: (len(g.profile.columns[n].frequencies) > 12, _order(g, n)))
            rate = history.learn_rate(log, g.declared, span, by, current.value, reference.value)
        if span is not None and g.score is not None:
            sample = g.profile.columns[g.score.value].numbers
            psi = history.learn_psi(log, g.score.value, sample, span, current.value, reference.value)
    finally:
        log.close()
    runbook = "decisions-moved" if g.decision else "log-moved"
    return Draft(g, span, current, reference, rate, psi, path, note, name, runbook, login)


def _order(g: Guesses, name: str) -> int:
    return list(g.rest.segments).index(name)


def _write(target: Path, draft: Draft) -> tuple[str, ...]:
    """Write every file; an inventory that is written anew leaves a copy, a runbook that is there is kept."""
    from mlops_tui.govern.first_runbook import runbook_text
    from mlops_tui.govern.scaffold import inventory_text
    from mlops_tui.session.lint import schema

    text = inventory_text(draft)
    runbook = f"runbooks/{draft.runbook}.yaml"
    written = [INVENTORY]
    try:
        (target / "runbooks").mkdir(parents=True, exist_ok=True)
        if (target / INVENTORY).exists():
            copy = _free(target / f"{INVENTORY}.before")
            (target / INVENTORY).replace(copy)
            written.append(copy.name)
        (target / INVENTORY).write_text(text, "utf-8")
        if not (target / runbook).exists():
            (target / runbook).write_text(runbook_text(draft), "utf-8")
            written.append(runbook)
        (target / "schema").mkdir(exist_ok=True)
        for what in ("inventory", "runbook"):
            (target / "schema" / f"{what}.json").write_text(pretty(schema(what)), "utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RunbookError(
            f"the project cannot be written: {reason}",
            where=str(error.filename or target),
            hint="name another folder: --out DIR",
        ) from error
    return tuple(written)


def _free(path: Path) -> Path:
    """The path, or the first one after it that nobody has."""
    number = 2
    free = path
    while free.exists():
        free = path.with_name(f"{path.name}.{number}")
        number += 1
    return free


def _report(target: Path, draft: Draft, files: tuple[str, ...], now: datetime) -> InitReport:
    from mlops_tui.govern.draft import moment_after
    from mlops_tui.session.lint import lint

    span = draft.span
    old = span is not None and now - span.newest > _OLD
    at = moment_after(span.newest, ZoneInfo(draft.guesses.zone.value)) if span is not None and old else None
    return InitReport(
        root=target,
        files=files,
        model=draft.model,
        runbook=draft.runbook,
        guesses=draft.guesses,
        rows=draft.guesses.profile.total_rows,
        first=span.first if span else None,
        newest=span.newest if span else None,
        at=at,
        problems=lint(target).problems,
    )


def _path(log: UndeclaredLog, target: Path) -> tuple[str, str]:
    """The log's path as the inventory says it, and a word on it: below the project where it lies there, else absolute."""
    pattern = log.manifest.pattern
    variables = "a variable such as ${LOGS} may stand in it"
    if "${" in pattern:
        if Path(pattern).is_absolute() or pattern.startswith("${"):
            return pattern, "as you said it; the variable is read from the environment"
        return str(Path.cwd() / pattern), "from the working folder that you were in"
    whole = Path(os.path.abspath(pattern))  # noqa: PTH100 - links stay as they were named
    if whole.is_dir():
        kinds = Counter(f.path.name.removeprefix(f.path.name.split(".", 1)[0]) for f in log.manifest.files)
        whole = whole / "**" / f"*{next(iter(kinds))}" if len(kinds) == 1 else whole
    for root in (Path(os.path.abspath(target)), target.resolve()):  # noqa: PTH100
        if whole.is_relative_to(root):
            return whole.relative_to(root).as_posix(), f"below this folder; {variables}"
    return whole.as_posix(), f"where it lies on this machine; {variables}"


def _name(log: UndeclaredLog) -> str:
    """A model's name from the log's own: the file's or the nearest folder's that says something."""
    path = log.manifest.base
    names = [*reversed(path.parts)]
    if len(log.manifest.files) == 1:
        names.insert(0, log.manifest.files[0].path.name.split(".", 1)[0])
    for name in names:
        slug = _slug(name)
        if slug and "=" not in name and not _NO_NAME.match(slug) and re.search(r"[a-z]{2}", slug):
            return slug
    return "model"


def _slug(text: str) -> str:
    from mlops_tui.govern.words import folded

    return _PLAIN.sub("-", folded(text)).strip("-")[:40].strip("-")


def _here(environ: Mapping[str, str]) -> str | None:
    """This machine's zone, where it says one by name."""
    named = environ.get("TZ", "").lstrip(":")
    if not named:
        link = Path("/etc/localtime")
        target = os.path.realpath(link) if link.is_symlink() else ""
        named = target.partition("/zoneinfo/")[2]
    return named if named in available_timezones() else None
