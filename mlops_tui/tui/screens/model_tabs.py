"""The four tabs of a model as values: lines to list, what is told of each, and the runbook that it starts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mlops_tui.core.finding import STATUS_WORDS, describe_slice
from mlops_tui.core.leave import one_line
from mlops_tui.tui.doc import STATUS_TONES, Doc
from mlops_tui.tui.rows import Cell, Column, Row

if TYPE_CHECKING:
    from mlops_tui.alerts import AlertResult
    from mlops_tui.core.finding import Finding
    from mlops_tui.inventory.types import Feature
    from mlops_tui.session.check import ModelCheck
    from mlops_tui.session.models import ModelReport
    from mlops_tui.session.runbooks import RunbookLine


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of a model so far: its checks, its chain, the runbooks that apply."""

    check: ModelCheck | None
    chain: ModelReport | None
    books: tuple[RunbookLine, ...]

    def same(self, other: Known | None) -> bool:
        """Whether the other holds the very same values; asks nothing of their contents."""
        return other is not None and self.check is other.check and self.chain is other.chain and self.books == other.books

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The checks' findings, worst first."""
        return self.check.findings if self.check else ()

    @property
    def alerts(self) -> tuple[AlertResult, ...]:
        """The alerts, as the checks left them."""
        return self.check.alerts if self.check else ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a tab: its row, what is told of it (the flag asks for the query behind it), the runbook that enter starts."""

    row: Row
    tell: Callable[[Doc, bool], object]
    starts: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab: its columns, what stands there while it has no line, its count, its lines."""

    name: str
    columns: tuple[Column, ...]
    empty: str
    count: Callable[[Known], str]
    lines: Callable[[Known], list[Line]]


_AGAINST = {"day before": "1d", "week before": "7d", "reference": "ref"}


def _keys(findings: Iterable[Finding]) -> list[str]:
    """A key for each finding that stays when its numbers move: what was asked, not what was measured. (A Finding's id is a
    hash of all it says, too dear to make for every row between a key press and the screen.)"""
    from mlops_tui.report import words

    seen: dict[str, int] = {}
    keys = []
    for f in findings:
        asked = "|".join((f.check_name, f.target, describe_slice(f.slice), words.against(f)))
        seen[asked] = seen.get(asked, 0) + 1
        keys.append(f"{asked}|{seen[asked]}")
    return keys


def _findings(known: Known) -> list[Line]:
    keyed = zip(_keys(known.findings), known.findings, strict=True)
    return [Line(_finding_row(key, f), partial(_finding, f)) for key, f in keyed]


def _alerts(known: Known) -> list[Line]:
    return [Line(_alert_row(a), partial(_alert, a), a.runbook or "") for a in known.alerts]


def _features(known: Known) -> list[Line]:
    worst: dict[str, Finding] = {}
    for f in known.findings:
        worst.setdefault(f.target, f)
    features: Mapping[str, Feature] = known.chain.features if known.chain else {}
    return [Line(_feature_row(name, f, worst.get(name)), partial(_feature, name, f)) for name, f in features.items()]


def _books(known: Known) -> list[Line]:
    called = {a.runbook for a in known.alerts if a.fired}
    return [Line(_book_row(b, called), partial(_book, b), b.name) for b in known.books]


def _bad(known: Known) -> str:
    return f"{sum(f.bad for f in known.findings)} of {len(known.findings)}" if known.check else "…"


def _fired(known: Known) -> str:
    fired = sum(a.fired for a in known.alerts)
    return f"{len(known.alerts)}" + (f", {fired} fire" if fired else "") if known.check else "…"


def _finding_row(key: str, finding: Finding) -> Row:
    from mlops_tui.report import words

    return Row(
        key,
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


def _finding(finding: Finding, doc: Doc, query: bool) -> None:
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


def _alert(alert: AlertResult, doc: Doc, _query: bool) -> None:
    doc.head(alert.alert_id).prose(alert.reason).blank()
    doc.facts([("pages", ", ".join(alert.page)), ("severity", alert.severity or ""), ("runbook", alert.runbook or "")])
    bad = (*alert.firing, *alert.recoveries, *alert.unmeasured)
    if bad:
        doc.blank().findings(bad, most=12)
    if alert.runbook:
        doc.blank().line((f"enter starts {alert.runbook}", "ask"))


def _feature_row(name: str, feature: Feature, own: Finding | None) -> Row:
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


def _feature(name: str, feature: Feature, doc: Doc, _query: bool) -> None:
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


def _book(book: RunbookLine, doc: Doc, _query: bool) -> None:
    doc.head(book.title).prose(" ".join(book.description.split()) or book.problem).blank()
    doc.facts(
        [("for alerts", ", ".join(book.alerts)), ("inputs", ", ".join(i.name for i in book.inputs)), ("steps", str(book.steps))]
    )
    doc.blank().line((f"enter starts {book.name}", "ask"))


TABS = (
    Tab(
        "Findings",
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
        "its checks run now",
        _bad,
        _findings,
    ),
    Tab(
        "Alerts",
        (
            Column("STATE"),
            Column("ALERT", shrink=True),
            Column("CHECK", shrink=True),
            Column("RUNBOOK", shrink=True),
            Column("PAGES", shrink=True, from_width=70),
        ),
        "no alert is declared",
        _fired,
        _alerts,
    ),
    Tab(
        "Features",
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
        "no feature is declared",
        lambda known: str(len(known.chain.features)) if known.chain else "…",
        _features,
    ),
    Tab(
        "Runbooks",
        (
            Column("RUNBOOK", shrink=True, least=12),
            Column("SEV"),
            Column("STEPS", right=True),
            Column("CALLED", from_width=50),
            Column("TITLE", shrink=True, least=12),
        ),
        "no runbook applies",
        lambda known: str(len(known.books)),
        _books,
    ),
)
"""A model's tabs, in order."""
