"""Charts from logs: the numbers drawn are those of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_tui.core.errors import LogError, NoRows, UnknownName
from mlops_tui.core.finding import Finding
from mlops_tui.core.window import Window, Windows
from mlops_tui.inventory.types import Decision, Feature, LogSpec, Model, Owner, Score
from mlops_tui.logs.log import Log
from mlops_tui.report import CHARTS, build, draw, vega_lite

NOW = datetime(2026, 10, 14, 3, tzinfo=UTC)
ONSET = NOW - timedelta(hours=18)
OWNER = Owner(team="t", name="n")
ES = {"region": "ES"}


@dataclass
class Fake:
    """What the builders read of a Subject."""

    model: str
    spec: Model
    log: Log
    windows: Windows
    features: dict
    dimensions: tuple
    sources: dict

    def source(self, name):
        if name not in self.sources:
            raise LogError("no file matches", where=name)
        return self.sources[name]


def decisions(hours=24 * 40):
    """Ten decisions an hour and region; half are approved, in ES none after the onset, when its labels change too."""
    rows = []
    for h in range(hours):
        at = NOW - timedelta(hours=h + 1)
        for region in ("ES", "FR"):
            broken = region == "ES" and at >= ONSET
            for i in range(10):
                yes = i < 5 and not broken
                rows.append(
                    {
                        "ts": at + timedelta(minutes=i),
                        "region": region,
                        "decision": "approved" if yes else "rejected",
                        "score": (0.7 if yes else 0.3) + i / 100,
                        "label": None if i == 9 else "new" if broken else "old" if i < 6 else "other",
                        "amount": float(i * 10 + h % 13),
                    }
                )
    return rows


def written(folder, name, rows):
    """The rows as one Parquet file, opened as a log."""
    (folder / name).mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / name / "a.parquet")
    return f"{name}/*.parquet"


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    spec = LogSpec(
        path=written(root, "d", decisions()),
        time="ts",
        score=Score(column="score", means="probability", approve_from=0.55),
        segments=["region"],
    )
    gone = {NOW - timedelta(hours=h) for h in range(30, 35)}
    feed = [
        {"at": NOW - timedelta(hours=h), "v": 1}
        for h in range(1, 24 * 40)
        for _ in range(3)
        if NOW - timedelta(hours=h) not in gone
    ]
    feed_spec = LogSpec(path=written(root, "s", feed), time="at")
    zone = ZoneInfo("UTC")
    features = {
        "label": Feature(type="categorical", version=1, owner=OWNER, description="d", source="feed"),
        "amount": Feature(type="numeric", version=1, owner=OWNER, description="d", source="lost"),
    }
    model = Model(
        description="d",
        owner=OWNER,
        on_call=["t"],
        inputs=["feed"],
        features=list(features),
        decision=Decision(column="decision", positive="approved"),
        log=spec,
        slices={"low": "score < 0.5"},
    )
    return Fake(
        "credit-risk",
        model,
        Log.open(spec, root=root, zone=zone, name="log"),
        Windows.at(NOW, NOW, timedelta(days=1), timedelta(days=28)),
        features,
        ("region",),
        {"feed": Log.open(feed_spec, root=root, zone=zone, name="feed")},
    )


def drop(subject):
    day = Window(NOW - timedelta(days=1), NOW)
    return Finding(
        "crit", "model", "monitoring", "decision_rate", "decision_rate", "credit-risk", "approved", ES, day,
        day.shift(-timedelta(days=1)), value=0.125, baseline=0.5, change=-0.375, unit="pp", onset=ONSET, score=9.0,
    )  # fmt: skip


def drift(name, score, status="crit"):
    return Finding(
        status, "feature", "monitoring", "feature_drift", "feature_drift", "credit-risk", name, ES, value=0.4, unit="psi",
        measures={"psi": 0.4, "psi_floor": 0.01, "js": 0.2}, score=score,
    )  # fmt: skip


def test_decision_rate_highlights_the_slice(subject):
    """The slice is the loud line, the others are grey, the band is its usual range, onset and window are marked."""
    (chart,) = build("decision_rate", subject, findings=[drop(subject)], where=ES)
    (worst,) = chart.of("worst")
    assert worst.name == "ES"
    assert [s.name for s in chart.of("other")] == ["FR"]
    assert worst.points[-1].y == 0.0 and worst.points[0].y == 0.5
    assert worst.shown == "ES 12.5%" and chart.of("other")[0].shown == "FR 50.0%"
    assert chart.band is not None and chart.band.lo == chart.band.hi == 0.5
    assert {m.role: m.x for m in chart.marks} == {"onset": ONSET, "window": NOW - timedelta(days=1)}
    assert chart.title == "Share approved in region=ES fell from 50.0% (day before) to 12.5%"
    assert "from" in chart.query.lower()


def test_buckets_are_whole_and_end_now(subject):
    """Every bucket is complete: the last one ends at `now`, and all are equally long."""
    (chart,) = build("decision_rate", subject, findings=[drop(subject)], where=ES)
    points = chart.series[0].points
    assert points[-1].x2 == NOW
    assert len({p.x2 - p.x for p in points}) == 1
    assert all(a.x2 == b.x for a, b in pairwise(points))


def test_decision_rate_without_a_slice(subject):
    """Without a slice all decisions together are the loud line, among the values of the first segment."""
    (chart,) = build("decision_rate", subject)
    (whole,) = chart.of("current")
    assert whole.name == "all" and whole.points[0].y == 0.5
    assert {s.name for s in chart.of("other")} == {"ES", "FR"}
    assert chart.band is not None


def test_declared_slices_are_cut_by_their_expression(subject):
    """A declared slice restricts the rows by its own expression."""
    (chart,) = build("decision_rate", subject, where={"slice": "low"})
    assert all(p.y in (0.0, None) for s in chart.series for p in s.points)
    assert "slice=low" in chart.title


def test_score_histogram_adds_up(subject):
    """Shares of each side add up to one, the cut is marked, what is missing is said."""
    (chart,) = build("score_histogram", subject, findings=[drop(subject)], where=ES)
    for series in chart.series:
        assert sum(p.y for p in series.points) == pytest.approx(1.0)
    assert [m.x for m in chart.marks] == [0.55]
    assert "Missing: 0.0% before, 0.0% now." in chart.note
    assert chart.series[1].points[0].n is not None


def test_top_features_follow_the_findings(subject):
    """The features drawn are the findings' worst, in their order, the categorical one as bars with all its bins named."""
    label, amount = build("top_features", subject, findings=[drift("amount", 2.0), drift("label", 8.0)], where=ES)
    assert (label.id, label.form) == ("top_features__label", "bars")
    assert (amount.id, amount.form) == ("top_features__amount", "histogram")
    now = {p.x: p.y for p in label.of("current")[0].points}
    assert list(now)[-2:] == ["(missing)", "(not in the reference)"]
    assert now["(missing)"] == pytest.approx(0.1)
    assert now["(not in the reference)"] > 0.6
    assert label.highlight[0] == "(not in the reference)"
    assert "Not in the reference: new." in label.note
    assert "PSI 0.40 (0.01 by chance alone), JS 0.2." in label.note


def test_top_features_do_not_guess(subject):
    """Without a drift finding the chart says what to run first."""
    with pytest.raises(LogError, match="feature_drift"):
        build("top_features", subject, findings=[drop(subject)], where=ES)


def test_upstream_volume_shows_the_gap(subject):
    """Hours without a row are zeros and are named; a source that cannot be read is said, not fatal."""
    (chart,) = build("upstream_volume", subject, findings=[drop(subject)], where=ES)
    (now,) = chart.of("current")
    assert sum(p.y == 0 for p in now.points) == 5
    assert "Without a row: 2026-10-12 17:00Z to 10-12 22:00Z." in chart.note
    assert "lost" in chart.note
    (usual,) = chart.of("reference")
    assert {(p.lo, p.y, p.hi) for p in usual.points} == {(3.0, 3.0, 3.0)}


def test_score_heatmap_adds_up(subject):
    """Each bucket's shares add up to one, rows go from low to high, the mass moves down at the onset."""
    (chart,) = build("score_heatmap", subject, findings=[drop(subject)], where=ES)
    columns = list(zip(*(s.points for s in chart.series), strict=True))
    assert all(sum(p.y for p in column) == pytest.approx(1.0) for column in columns)
    assert [s.points[0].lo for s in chart.series] == [i / 10 for i in range(10)]
    top = [p.y for p in chart.series[7].points]
    assert top[0] > 0.4 and top[-1] == 0.0
    assert [m.x for m in chart.marks if m.role == "cut"] == [0.55]


def test_score_heatmap_counts_every_score(subject):
    """A score on an edge is in the bin that starts there, as many as there are decisions."""
    (chart,) = build("score_heatmap", subject)
    hours = (chart.series[0].points[-1].x2 - chart.series[0].points[0].x) / timedelta(hours=1)
    assert sum(p.n for s in chart.series for p in s.points) == hours * 20


def test_drift_ranking_orders_the_features(subject):
    """The furthest drifted stands first, chance beside it, those beyond their threshold are marked."""
    findings = [drift("label", 8.0), drift("amount", 0.1, "ok").but(value=0.02)]
    (chart,) = build("drift_ranking", subject, findings=findings, where=ES)
    assert [(p.x, p.y) for p in chart.of("current")[0].points] == [("label", 0.4), ("amount", 0.02)]
    assert [p.y for p in chart.of("reference")[0].points] == [0.01, 0.01]
    assert chart.highlight == ("label",) and chart.title == "label drifted from the reference, region=ES"
    with pytest.raises(LogError, match="feature_drift"):
        build("drift_ranking", subject, findings=[drop(subject)], where=ES)


def test_missing_rate_compares_and_dates(subject):
    """Bars hold each column's share now against the reference; a finding that moved is drawn over time too."""
    day = Window(NOW - timedelta(days=1), NOW)
    moved = Finding(
        "crit", "data", "monitoring", "data_quality", "missing_rate", "credit-risk", "label", ES, day, value=0.1, unit="pp",
        onset=ONSET,
    )  # fmt: skip
    bars, lines = build("missing_rate", subject, findings=[moved], where=ES)
    assert {p.x: p.y for p in bars.of("current")[0].points}["label"] == pytest.approx(0.1)
    (worst,) = lines.of("worst")
    assert worst.name == "label" and all(p.y == pytest.approx(0.1) for p in worst.points)
    assert len(build("missing_rate", subject, where=ES)) == 1


def test_every_chart_has_a_builder_and_renders(subject):
    """Each registered chart builds and renders; an unknown name names the nearest."""
    findings = [drop(subject), drift("label", 8.0)]
    for name in CHARTS:
        for chart in build(name, subject, findings=findings, where=ES):
            assert draw(chart) and vega_lite(chart)["layer"]
    with pytest.raises(UnknownName, match="decision_rate"):
        build("decision_rates", subject)


def test_nobody_there(subject):
    """A slice without rows is NoRows, not an empty picture."""
    with pytest.raises(NoRows):
        build("score_histogram", subject, where={"region": "XX"})
