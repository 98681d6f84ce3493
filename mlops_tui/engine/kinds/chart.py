"""`chart`: graphs of the incident, on the screen and as PNG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mlops_tui.core import errors
from mlops_tui.core.errors import LogError, RunbookError, did_you_mean
from mlops_tui.core.finding import Finding, ranked
from mlops_tui.core.headline import headline
from mlops_tui.engine.kinds.base import Call, Cancelled, Emit, Kind, Names, Note
from mlops_tui.engine.runbook import Step
from mlops_tui.engine.types import Artefact, Outcome, Output, Progress


class ChartKind(Kind):
    """Draws the named charts for the slice that the findings so far point to."""

    name = "chart"
    params = list[str] | str

    def lint(self, step: Step, names: Names) -> Iterable[Note]:
        """Every chart exists."""
        for chart in _names(step):
            if chart not in names.charts:
                yield Note("chart", f"unknown chart {chart!r}", did_you_mean(chart, names.charts))

    def perform(self, call: Call, emit: Emit, cancelled: Cancelled) -> Outcome:
        """Build each chart; one that cannot be made is named, and does not take the others with it."""
        from mlops_tui.report import Chart, build, draw, publish

        findings = findings_so_far(call)
        where = place(findings)
        charts: list[Chart] = []
        missing: list[str] = []
        asked = _names(call.step)
        for at, name in enumerate(asked):
            emit(Progress(call.step.id, at, len(asked), name))
            if cancelled():
                raise errors.Cancelled
            try:
                charts.extend(build(name, call.subject, findings=findings, where=where))
            except LogError as error:
                missing.append(f"{name}: {error}")
        for chart in charts:
            emit(Output(call.step.id, draw(chart, 78, 18), "chart"))
        for line in missing:
            emit(Output(call.step.id, line, "err"))
        # files go along with messages and drafts: what few rows stand behind is on this screen only
        drawn = call.painter.draw([publish.chart(c) for c in charts], cancelled=cancelled)
        artefacts: list[Artefact] = []
        for chart, data in zip(charts, drawn, strict=True):
            artefacts.append(call.keep(data, "png", f"{chart.id}.png", chart.title))
        if not charts:
            raise RunbookError("no chart could be made", where=call.where, hint="; ".join(missing))
        text = f"{len(charts)} chart{'s' * (len(charts) != 1)}" + (f"; not made: {'; '.join(missing)}" if missing else "")
        extra = {"charts": [c.as_json() for c in charts], "missing": missing}
        return Outcome("attention" if missing else "ok", artefacts=tuple(artefacts), text=text, extra=extra)


def _names(step: Step) -> list[str]:
    given = step.params
    return [given] if isinstance(given, str) else list(given)


def findings_so_far(call: Call) -> tuple[Finding, ...]:
    """The Findings of all earlier steps, worst first."""
    return ranked(f for record in call.state.steps.values() for f in record.findings)


def place(findings: Sequence[Finding]) -> Mapping[str, str]:
    """Where it moved: the slice of what the findings (worst first) are about."""
    about = headline(findings)
    return dict(about.slice) if about is not None else {}


KIND = ChartKind()
