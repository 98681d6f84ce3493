"""Whether the logs themselves can be trusted: files that cannot be read, rows from the future."""

from __future__ import annotations

from mlops_tui.checks.words import moment, plural
from mlops_tui.core.finding import Finding, Provenance, Status
from mlops_tui.core.leave import one_line
from mlops_tui.logs.log import Log
from mlops_tui.project.subject import Subject

CHECK_NAME = "log_health"


def log_health(subject: Subject) -> list[Finding]:
    """Findings for files passed over, rows left out of damaged text files, rows after the clock; empty when all is well.

    These are always worth a look and never page by themselves: status `warn`.
    """
    log, found = subject.log, []
    bad = log.unreadable
    if bad:
        total = len(log.manifest.files) + len(bad)
        first = one_line(f"{bad[0].shown} ({bad[0].problem})", most=200)
        more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
        text = f"{len(bad)} of {plural(total, 'file')} unreadable: {first}{more}."
        found.append(_finding(subject, log, "files", len(bad), total, text))
    partial = log.manifest.partial
    if partial:
        lost = sum(f.rejected for f in partial)
        text = (
            f"{plural(lost, 'row')} left out of {plural(len(partial), 'damaged file')}, such as {one_line(partial[0].shown)}."
        )
        found.append(_finding(subject, log, "rows", lost, 0, text))
    if subject.future_rows:
        clock = moment(subject.windows.clock)
        text = f"{plural(subject.future_rows, 'row')} later than the clock ({clock}): left out of every window."
        found.append(_finding(subject, log, "future_rows", subject.future_rows, 0, text))
    return found


def _finding(subject: Subject, log: Log, what: str, value: int, total: int, text: str) -> Finding:
    status: Status = "warn"
    return Finding(
        status=status,
        plane="data",
        concern="monitoring",
        kind="data_quality",
        check_name=CHECK_NAME,
        model=subject.model,
        target=f"{log.name}.{what}",
        value=float(value),
        unit="files" if what == "files" else "rows",
        direction="up",
        n=total,
        summary=text,
        provenance=Provenance("", (log.inputs,), as_of=subject.windows.now),
    )
