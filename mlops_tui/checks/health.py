"""Whether the logs themselves can be trusted: files, rows and columns that are not what they should be."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_tui.checks.upstream import settled
from mlops_tui.checks.words import moment, plural
from mlops_tui.core.errors import LogError
from mlops_tui.core.finding import Finding, Provenance, Status
from mlops_tui.core.leave import one_line
from mlops_tui.logs import measure
from mlops_tui.logs.log import Log
from mlops_tui.logs.places import misplaced
from mlops_tui.project.subject import Subject

CHECK_NAME = "log_health"
_MOST_NOTES = 3


def log_health(subject: Subject) -> list[Finding]:
    """Findings on the model's log and those of its sources; empty when all is well.

    Files passed over; files in the folder of another day; rows left out of damaged text files, without a time, later than
    the clock, or with an id that is there twice in the current window; columns that files of the windows lack or hold in
    another type. Always worth a look and never paging by themselves: status `warn`; `ok` for columns that the inventory does
    not name, and where most folders are not by the rows' time.
    """
    spec = subject.spec
    named = {*subject.features, spec.decision.column, *_columns(subject.log)}
    found = list(_health(subject, subject.log, named))
    if subject.future_rows:
        clock = moment(subject.windows.clock)
        text = f"{plural(subject.future_rows, 'row')} later than the clock ({clock}): left out of every window."
        found.append(_finding(subject, subject.log, "future_rows", subject.future_rows, 0, text))
    for name in subject.project.inventory.sources_of(subject.model):
        try:
            source = subject.source(name)
        except LogError:
            continue  # volume and freshness say that it cannot be read
        found += _health(subject, source, _columns(source))
    return found


def _columns(log: Log) -> set[str]:
    spec = log.spec
    score = spec.score.column if spec.score else None
    return {c for c in (spec.id, spec.version, score, spec.latency, spec.cost, *spec.segments) if c}


def _health(subject: Subject, log: Log, named: set[str]) -> Iterator[Finding]:
    bad = log.unreadable
    if bad:
        total = len(log.manifest.files) + len(bad)
        first = one_line(f"{bad[0].shown} ({bad[0].problem})", most=200)
        more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
        text = f"{len(bad)} of {plural(total, 'file')} unreadable: {first}{more}."
        yield _finding(subject, log, "files", len(bad), total, text)
    partial = log.manifest.partial
    if partial:
        lost = sum(f.rejected for f in partial)
        damaged = plural(len(partial), "damaged file")
        text = f"{plural(lost, 'row')} left out of {damaged}, such as {one_line(partial[0].shown)}."
        yield _finding(subject, log, "rows", lost, 0, text)
    untimed = log.untimed()
    if untimed:
        column = one_line(log.spec.time)
        text = (
            f"{plural(untimed, 'row')} of {log.name} without a time that can be read in {column!r}: left out of every window."
        )
        yield _finding(subject, log, "untimed_rows", untimed, 0, text)
    yield from _misplaced(subject, log)
    yield from _notes(subject, log, named)
    yield from _doubles(subject, log)


def _misplaced(subject: Subject, log: Log) -> Iterator[Finding]:
    """Rows in the folder of another day. Where most files are so, the folders are not by the rows' time: told, no warning."""
    found, judged = misplaced(log.manifest.files, log.facts())
    if found:
        most: Status = "ok" if len(found) * 2 > judged else "warn"
        one = found[0]
        span = f"rows from {moment(one.first)} to {moment(one.last)}"
        text = (
            f"{plural(len(found), 'file')} of {judged:,} in {log.name} hold rows of another day than their folder's, such as"
            f" {one_line(one.file, most=120)} ({span}): they count at their own time."
        )
        yield _finding(subject, log, "misplaced_files", len(found), judged, text, most)


def _notes(subject: Subject, log: Log, named: set[str]) -> Iterator[Finding]:
    windows = [subject.windows.current, subject.windows.reference]
    every = log.disagreements(windows)
    declared = [text for column, text in every if column in named]
    others = [text for column, text in every if column not in named]
    sides: tuple[tuple[str, list[str], Status], ...] = (("columns", declared, "warn"), ("other_columns", others, "ok"))
    for what, notes, status in sides:
        if notes:
            more = f"; and {len(notes) - _MOST_NOTES} more" if len(notes) > _MOST_NOTES else ""
            text = f"In {log.name}: {one_line('; '.join(notes[:_MOST_NOTES]), most=600)}{more}."
            yield _finding(subject, log, what, len(notes), len(log.columns), text, status)


def _doubles(subject: Subject, log: Log) -> Iterator[Finding]:
    if log.spec.id is None:
        return
    window = settled(subject, log, subject.pair("reference")).current
    asked = subject.once(("doubles", log.name, window), lambda: measure.doubles(log, log.spec.id or "", window))
    extra, rows = asked.value
    if extra:
        text = (
            f"{plural(extra, 'row')} of {rows:,} in {log.name} repeat an {one_line(log.spec.id)} of the current window:"
            " they count twice everywhere."
        )
        finding = _finding(subject, log, "doubled_rows", extra, rows, text)
        yield finding.but(window=window, provenance=Provenance(asked.query, (asked.inputs,), as_of=subject.windows.now))


def _finding(subject: Subject, log: Log, what: str, value: int, total: int, text: str, status: Status = "warn") -> Finding:
    return Finding(
        status=status,
        plane="data",
        concern="monitoring",
        kind="data_quality",
        check_name=CHECK_NAME,
        model=subject.model,
        target=f"{log.name}.{what}",
        value=float(value),
        unit="files" if what.endswith("files") else "columns" if what.endswith("columns") else "rows",
        direction="up",
        n=total,
        summary=text,
        provenance=Provenance("", (log.inputs,), as_of=subject.windows.now),
    )
