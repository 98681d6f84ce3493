"""One model: what its checks found, its alerts, its features with their owners, the runbooks that apply."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.containers import Container
from textual.widget import Widget

from mlops_tui.core.finding import STATUS_WORDS
from mlops_tui.core.leave import one_line
from mlops_tui.tui.doc import STATUS_TONES, Doc
from mlops_tui.tui.page import Page, bindings
from mlops_tui.tui.parts import Crumbs, Pane
from mlops_tui.tui.rows import Cell, Column, Row, Rows
from mlops_tui.tui.screens.fleet import told
from mlops_tui.tui.screens.tabs import Tabs

if TYPE_CHECKING:
    from mlops_tui.alerts import AlertResult
    from mlops_tui.core.finding import Finding
    from mlops_tui.inventory.types import Feature
    from mlops_tui.session.runbooks import RunbookLine

NAMES = ("Findings", "Alerts", "Features", "Runbooks")
COLUMNS = (
    (
        Column("STATUS"),
        Column("WHERE", shrink=True, least=12),
        Column("WHAT", shrink=True, least=10),
        Column("VS"),
        Column("BEFORE", right=True, from_width=96),
        Column("NOW", right=True, from_width=84),
        Column("CHANGE", right=True),
        Column("95%", right=True, from_width=90),
        Column("SINCE"),
    ),
    (
        Column("STATE"),
        Column("ALERT", shrink=True),
        Column("CHECK", shrink=True),
        Column("RUNBOOK", shrink=True),
        Column("PAGES", shrink=True, from_width=70),
    ),
    (
        Column("STATUS"),
        Column("FEATURE", shrink=True, least=18),
        Column("TYPE"),
        Column("V", right=True),
        Column("OWNER", shrink=True),
        Column("TEAM", shrink=True, from_width=70),
        Column("SOURCE", from_width=90),
        Column("LIFE"),
    ),
    (
        Column("RUNBOOK", shrink=True, least=12),
        Column("SEV"),
        Column("STEPS", right=True),
        Column("CALLED", from_width=50),
        Column("TITLE", shrink=True, least=12),
    ),
)
_AGAINST = {"day before": "1d", "week before": "7d", "reference": "ref"}
EMPTY = ("its checks run now", "no alert is declared", "no feature is declared", "no runbook applies")


class ModelPage(Page):
    """Four tabs over one list, and what is under its cursor."""

    NAME = "model"
    BINDINGS = bindings("model")

    def __init__(self, name: str) -> None:
        super().__init__()
        self._model = name
        self._with_query = False

    def body(self) -> Iterable[Widget]:
        """Tabs, list, detail."""
        yield Tabs(NAMES, id="tabs")
        yield Container(Rows(COLUMNS[0], empty=EMPTY[0], id="list"), Pane(id="detail"), classes="split")

    def on_mount(self) -> None:
        """Read its chain."""
        super().on_mount()
        self.own.describe(self._model)
        self.own.check_missing(self._model)

    def models(self) -> tuple[str, ...]:
        """The models that this screen shows."""
        return (self._model,)

    # -- what it shows

    def render_state(self) -> None:
        """The open tab."""
        state = self.own.state
        check = state.checks.get(self._model)
        tabs = self.query_one("#tabs", Tabs)
        chain = state.chains.get(self._model)
        findings = check.findings if check else ()
        alerts = check.alerts if check else ()
        bad = sum(f.bad for f in findings)
        fired = sum(a.fired for a in alerts)
        books = state.runbooks_of(self._model)
        features = chain.features if chain else {}
        tabs.count(
            f"{bad} of {len(findings)}" if check else "…",
            f"{len(alerts)}" + (f", {fired} fire" if fired else "") if check else "…",
            str(len(features)) if chain else "…",
            str(len(books)),
        )
        self._crumbs()
        rows = (
            [_finding_row(f) for f in findings],
            [_alert_row(a) for a in alerts],
            [_feature_row(n, f, findings) for n, f in features.items()],
            [_book_row(r, {a.runbook for a in alerts if a.fired}) for r in books],
        )[tabs.at]
        problem = "; ".join(check.problems) if check and not findings else state.failed.get(f"check {self._model}", "")
        self.query_one("#list", Rows).fill(rows, columns=COLUMNS[tabs.at], empty=problem or EMPTY[tabs.at])
        self._show_detail()

    def _crumbs(self) -> None:
        from mlops_tui.core.window import both_zones, format_duration

        state = self.own.state
        check, incident = state.checks.get(self._model), state.open_incident(self._model)
        side = short = ""
        if check and check.windows and state.project:
            old = f", newest row {format_duration(check.age)} old" if check.age is not None else ""
            side = f"data until {both_zones(check.windows.now, state.project.zone)}{old}"
            short = f"data until {both_zones(check.windows.now, state.project.zone)}"
        self.query_one("#crumbs", Crumbs).show("fleet", self._model, incident.id if incident else "", side=side, short=short)

    def on_rows_moved(self) -> None:
        """Another row."""
        self._show_detail(top=True)

    def _show_detail(self, *, top: bool = False) -> None:
        state, key = self.own.state, self.query_one("#list", Rows).key
        check, chain = state.checks.get(self._model), state.chains.get(self._model)
        at, pane = self.query_one("#tabs", Tabs).at, self.query_one("#detail", Pane)

        def draw(doc: Doc) -> None:
            if at == 0 and check:
                found = next((f for f in check.findings if f.id == key), None)
                if found is not None:
                    _finding(doc, found, self._with_query)
                else:
                    told(doc, check, "")
            elif at == 1 and check:
                for alert in check.alerts:
                    if alert.alert_id == key:
                        _alert(doc, alert)
            elif at == 2 and chain and key in chain.features:
                _feature(doc, key, chain.features[key])
            elif at == 3:
                for book in state.runbooks_of(self._model):
                    if book.name == key:
                        _book(doc, book)

        pane.show(draw, top=top)

    # -- what it does

    def _tab(self, at: int) -> None:
        if self.query_one("#tabs", Tabs).go(at):
            self.query_one("#list", Rows).cursor = 0
            self.render_state()

    def action_tab_1(self) -> None:
        """Findings."""
        self._tab(0)

    def action_tab_2(self) -> None:
        """Alerts."""
        self._tab(1)

    def action_tab_3(self) -> None:
        """Features."""
        self._tab(2)

    def action_tab_4(self) -> None:
        """Runbooks."""
        self._tab(3)

    def action_next_tab(self) -> None:
        """The next one."""
        self._tab(self.query_one("#tabs", Tabs).at + 1)

    def action_last_tab(self) -> None:
        """The one before."""
        self._tab(self.query_one("#tabs", Tabs).at - 1)

    def on_rows_chosen(self) -> None:
        """Clicked."""
        self.action_open()

    def action_open(self) -> None:
        """An alert or a runbook starts it; anything else has its details shown already."""
        from mlops_tui.tui.screens.start import choose

        key, at = self.query_one("#list", Rows).key, self.query_one("#tabs", Tabs).at
        check = self.own.state.checks.get(self._model)
        if at == 3 and key:
            choose(self.own, self._model, key)
        elif at == 1 and check:
            alert = next((a for a in check.alerts if a.alert_id == key), None)
            if alert is not None and alert.runbook:
                choose(self.own, self._model, alert.runbook)
            else:
                self.own.tell("this alert names no runbook")
        else:
            self.action_zoom()

    def action_run(self) -> None:
        """Choose a runbook."""
        from mlops_tui.tui.screens.start import choose

        choose(self.own, self._model)

    def action_zoom(self) -> None:
        """The whole screen for the details."""
        self.toggle_class("-zoom")

    def action_back(self) -> None:
        """Out of the details first."""
        if self.has_class("-zoom"):
            self.remove_class("-zoom")
        else:
            super().action_back()

    def action_query(self) -> None:
        """The query behind the finding."""
        self._with_query = not self._with_query
        self._show_detail()


def _finding_row(finding: Finding) -> Row:
    from mlops_tui.report import words

    return Row(
        finding.id,
        (
            Cell(STATUS_WORDS[finding.status], STATUS_TONES[finding.status]),
            Cell(words.where(finding.slice)),
            Cell(words.what(finding)),
            Cell(_AGAINST.get(words.against(finding), "-"), "muted"),
            Cell(words.value(finding.baseline, finding.unit)),
            Cell(words.value(finding.value, finding.unit)),
            Cell(words.change(finding)),
            Cell(words.interval(finding), "muted"),
            Cell("recovery" if finding.recovery else words.moment(finding.onset)),
        ),
    )


def _finding(doc: Doc, finding: Finding, query: bool) -> None:
    from mlops_tui.report import words

    doc.line(
        (STATUS_WORDS[finding.status], STATUS_TONES[finding.status]), f" {words.where(finding.slice)} · {words.what(finding)}"
    )
    doc.prose(finding.summary).blank()
    limits = finding.threshold.as_json() if finding.threshold else {}
    doc.facts(
        [
            ("before, now", f"{words.value(finding.baseline, finding.unit)}, {words.value(finding.value, finding.unit)}"),
            (
                "change",
                f"{words.change(finding)} (95% {words.interval(finding)})" if finding.interval else words.change(finding),
            ),
            ("window", words.span(finding.window) if finding.window else ""),
            ("against", f"{words.against(finding)}, {words.span(finding.reference)}" if finding.reference else ""),
            ("rows", f"{finding.n:,} now, {finding.n_reference:,} before"),
            ("threshold", ", ".join(f"{k} {v}" for k, v in limits.items())),
            ("distances", words.measures(finding)),
            ("plane", finding.plane),
        ]
    )
    if query and finding.provenance:
        doc.blank().line(("the query behind it", "muted")).prose(finding.provenance.query)


def _alert_row(alert: AlertResult) -> Row:
    return Row(
        alert.alert_id,
        (
            Cell("FIRED", "crit") if alert.fired else Cell("quiet", "muted"),
            Cell(alert.alert_id),
            Cell(alert.check),
            Cell(alert.runbook or "-"),
            Cell(", ".join(alert.page)),
        ),
    )


def _alert(doc: Doc, alert: AlertResult) -> None:
    doc.head(alert.alert_id).prose(alert.reason).blank()
    doc.facts([("pages", ", ".join(alert.page)), ("severity", alert.severity or ""), ("runbook", alert.runbook or "")])
    bad = (*alert.firing, *alert.recoveries, *alert.unmeasured)
    if bad:
        doc.blank().findings(bad, most=12)
    if alert.runbook:
        doc.blank().line((f"enter starts {alert.runbook}", "ask"))


def _feature_row(name: str, feature: Feature, findings: tuple[Finding, ...]) -> Row:
    own = next((f for f in findings if f.target == name), None)
    status = Cell(STATUS_WORDS[own.status], STATUS_TONES[own.status]) if own else Cell("-", "muted")
    owner = feature.owner
    life = Cell(feature.status, "muted" if feature.status == "active" else "warn")
    return Row(
        name,
        (
            status,
            Cell(one_line(name)),
            Cell(feature.type, "muted"),
            Cell(str(feature.version)),
            Cell(one_line(owner.name)),
            Cell(owner.team, "muted"),
            Cell(feature.source or "-", "muted"),
            life,
        ),
    )


def _feature(doc: Doc, name: str, feature: Feature) -> None:
    doc.head(f"{name} v{feature.version}").prose(feature.description).blank()
    budget = feature.budget
    doc.facts(
        [
            ("owner", f"{feature.owner.name} ({feature.owner.team})"),
            ("type", feature.type),
            ("source", feature.source or ""),
            ("definition", feature.definition or ""),
            ("for", ", ".join(feature.intended_use)),
            ("backfill", feature.backfill or ""),
            ("budget", budget.cost or "" if budget else ""),
            ("replaced by", feature.replaced_by or ""),
            ("removal", str(feature.removal or "")),
        ]
    )


def _book_row(book: RunbookLine, called: set[str | None]) -> Row:
    calls = Cell("now", "crit") if book.name in called else Cell("-", "muted")
    title = Cell(one_line(book.problem), "unsure") if book.problem else Cell(one_line(book.title))
    return Row(book.name, (Cell(one_line(book.name)), Cell(book.severity), Cell(str(book.steps)), calls, title))


def _book(doc: Doc, book: RunbookLine) -> None:
    doc.head(book.title).prose(" ".join(book.description.split()) or book.problem).blank()
    doc.facts(
        [("for alerts", ", ".join(book.alerts)), ("inputs", ", ".join(i.name for i in book.inputs)), ("steps", str(book.steps))]
    )
    doc.blank().line((f"enter starts {book.name}", "ask"))
