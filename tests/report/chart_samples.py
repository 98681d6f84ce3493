"""Charts made by hand that look like the real thing: six regions with one that drops, a score against its reference,
a category that changed meaning, an upstream log with a gap."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

from mlops_tui.report.chart import Band, Chart, Mark, Point, Series

NOW = datetime(2026, 10, 14, 3, tzinfo=UTC)
START = NOW - timedelta(days=10)
SAME = "the same hours of the 4 weeks before"
ONSET = datetime(2026, 10, 13, 9, tzinfo=UTC)
WINDOW = NOW - timedelta(days=1)


def _rate_points(rng: random.Random, level: float, n: int, hours: int, drop: float = 0.0) -> tuple[Point, ...]:
    points = []
    at = START
    while at < NOW:
        size = max(1, round(n * hours * (1 + 0.6 * math.sin((at.hour - 8) / 24 * 2 * math.pi))))
        p = level + 0.01 * math.sin(at.hour / 24 * 2 * math.pi) - (drop if at >= ONSET else 0.0)
        y = min(1.0, max(0.0, rng.gauss(p, math.sqrt(p * (1 - p) / size))))
        half = 1.96 * math.sqrt(y * (1 - y) / size)
        points.append(Point(at, y, at + timedelta(hours=hours), max(0.0, y - half), min(1.0, y + half), size))
        at += timedelta(hours=hours)
    return tuple(points)


def decision_rate(hours: int = 3) -> Chart:
    """Approval rate of six regions; Spain drops by 21 points."""
    rng = random.Random(3)
    levels = {"DE": 0.643, "FR": 0.601, "IT": 0.628, "NL": 0.655, "PT": 0.587}
    others = tuple(
        Series(name, "other", _rate_points(rng, level, 60, hours), f"{name} {level:.0%}") for name, level in levels.items()
    )
    worst = Series("ES", "worst", _rate_points(rng, 0.612, 100, hours, 0.21), "ES 40%")
    return Chart(
        id="decision_rate",
        form="lines",
        title="Approval rate fell in region=ES: 61.2% to 40.3% (-20.9 points)",
        subtitle="credit-risk, by region, 3-hour buckets, 2026-10-04 03:00Z to 2026-10-14 03:00Z, n = 105,210 decisions",
        x_title="decision time (UTC)",
        y_title="approved, share of decisions",
        unit="%",
        series=(*others, worst),
        band=Band(0.573, 0.648, "ES as usual: 5 to 95 % of 3-hour buckets, 2026-09-07 to 10-07"),
        marks=(Mark(ONSET, "onset 13 Oct 09:00Z", "onset"), Mark(WINDOW, "compared: last 24 h", "window")),
        note="Beside each line: the rate in the last 24 h.",
        query="select 1",
    )


def score_histogram(bins: int = 40) -> Chart:
    """A score that moved down against its reference."""
    edges = [i / bins for i in range(bins + 1)]

    def shares(mean: float, sd: float, low: float) -> list[float]:
        raw = [math.exp(-(((e + 0.5 / bins) - mean) ** 2) / (2 * sd * sd)) for e in edges[:-1]]
        raw = [r + low * math.exp(-(((e - 0.38) / 0.07) ** 2)) for r, e in zip(raw, edges[:-1], strict=True)]
        total = sum(raw)
        return [r / total for r in raw]

    def series(name: str, role: str, values: list[float]) -> Series:
        points = tuple(Point(edges[i], v, edges[i + 1], n=round(v * 10_000)) for i, v in enumerate(values))
        return Series(name, role, points)  # type: ignore[arg-type]

    return Chart(
        id="score_histogram",
        form="histogram",
        title="Scores of region=ES against the reference",
        subtitle="credit-risk score (probability of repayment); n = 2,611 now, 81,904 in the reference",
        x_title="score",
        y_title="share of decisions per bin",
        unit="%",
        series=(
            series("reference 2026-09-07 to 10-07", "reference", shares(0.6, 0.16, 0.0)),
            series("current 2026-10-13 03:00Z to 10-14 03:00Z", "current", shares(0.57, 0.17, 0.9)),
        ),
        marks=(Mark(0.55, "approved from 0.55", "cut"),),
        zero=True,
        note="PSI 0.41, noise floor 0.01, JS distance 0.29. Missing scores: 0.0% before, 0.0% now.",
    )


def bank_label() -> Chart:
    """A categorical feature whose labels changed meaning, with the missing and the unseen bins named."""
    shares = {
        "card_settlement": (0.342, 0.351),
        "transfer_in": (0.221, 0.048),
        "payroll": (0.148, 0.139),
        "direct_debit": (0.121, 0.118),
        "instant_transfer": (0.087, 0.161),
        "fee": (0.042, 0.041),
        "cash": (0.031, 0.012),
        "(missing)": (0.008, 0.021),
        "(not in the reference)": (0.0, 0.109),
    }
    reference = tuple(Point(k, v[0], n=round(v[0] * 81_904)) for k, v in shares.items())
    current = tuple(
        Point(k, v[1], lo=max(0.0, v[1] - 0.012), hi=v[1] + 0.012, n=round(v[1] * 2_611)) for k, v in shares.items()
    )
    return Chart(
        id="top_features__bank_label",
        form="bars",
        title="bank_label moved most of 6 features, region=ES (PSI 0.62)",
        subtitle="share of decisions by value; n = 2,611 now, 81,904 in the reference",
        x_title="bank_label",
        y_title="share of decisions",
        unit="%",
        series=(
            Series("reference 2026-09-07 to 10-07", "reference", reference),
            Series("current 2026-10-13 03:00Z to 10-14 03:00Z", "current", current),
        ),
        highlight=("transfer_in", "(not in the reference)"),
        zero=True,
        note="Not in the reference: psd3_credit, psd3_sweep.",
    )


def upstream_volume() -> Chart:
    """An upstream log with a gap of nine hours, against the same hours of the weeks before."""
    rng = random.Random(5)
    now, usual = [], []
    for h in range(240):
        at = START + timedelta(hours=h)
        level = 900 * (1 + 0.55 * math.sin((at.hour - 8) / 24 * 2 * math.pi)) * (0.7 if at.weekday() > 4 else 1.0)
        end = at + timedelta(hours=1)
        usual.append(Point(at, level, end, level * 0.9, level * 1.1))
        gone = datetime(2026, 10, 11, 6, tzinfo=UTC) <= at < datetime(2026, 10, 11, 15, tzinfo=UTC)
        now.append(Point(at, 0.0 if gone else float(round(rng.gauss(level, 28))), end))
    return Chart(
        id="upstream_volume__bank_feed",
        form="lines",
        title="Rows of source bank_feed per hour",
        subtitle="2026-10-04 03:00Z to 2026-10-14 03:00Z, n = 202,113 rows",
        x_title="received_at (UTC)",
        y_title="rows per hour",
        unit="rows",
        series=(
            Series(f"{SAME}, the middle", "reference", tuple(usual), f"{SAME}, lowest to highest"),
            Series("bank_feed", "current", tuple(now)),
        ),
        marks=(Mark(WINDOW, "compared: last 24 h", "window"), Mark(ONSET, "onset 13 Oct 09:00Z", "onset")),
        zero=True,
        note="9 hours without a row: 2026-10-11 06:00Z to 15:00Z.",
    )


def score_heatmap(buckets: int = 40, n: int = 200) -> Chart:
    """Ten rows of a score whose mass moves from the top to the bottom at the onset."""
    hours = 240 // buckets
    rows = []
    for i in range(10):
        points = []
        for b in range(buckets):
            at = START + timedelta(hours=hours * b)
            high = math.exp(-(((i - 9) / 3) ** 2)) if at < ONSET else math.exp(-((i / 2) ** 2))
            total = sum(math.exp(-(((k - 9) / 3) ** 2)) if at < ONSET else math.exp(-((k / 2) ** 2)) for k in range(10))
            count = round(n * high / total)
            points.append(Point(at, count / n, at + timedelta(hours=hours), i / 10, (i + 1) / 10, count))
        rows.append(Series(f"{i / 10:.1f} to {(i + 1) / 10:.1f}", "current", tuple(points)))
    return Chart(
        id="score_heatmap",
        form="heat",
        title="Scores of region=ES over time",
        subtitle="credit-risk, probability of repayment, 2026-10-04 03:00Z to 10-14 03:00Z, n = 8,000 decisions",
        x_title="decision time (UTC)",
        y_title="score",
        unit="%",
        series=tuple(rows),
        marks=(
            Mark(ONSET, "onset 13 Oct 09:00Z", "onset"),
            Mark(WINDOW, "compared: last 24 h", "window"),
            Mark(0.55, "approved from 0.55", "cut"),
        ),
        note="Each column adds up to 100%.",
    )


def drift_ranking() -> Chart:
    """PSI by feature, beside what chance alone gives."""
    psi = {"bank_label": 0.84, "score": 0.39, "refund_rate": 0.03, "avg_ticket_eur": 0.011, "chargebacks_90d": 0.008}
    return Chart(
        id="drift_ranking",
        form="bars",
        title="bank_label, score drifted from the reference, region=ES",
        subtitle="credit-risk, last 24 h against 28 days; n = 2,611 now, 81,904 in the reference",
        x_title="",
        y_title="PSI",
        unit="psi",
        series=(
            Series("by chance alone", "reference", tuple(Point(k, 0.02) for k in psi)),
            Series("PSI", "current", tuple(Point(k, v) for k, v in psi.items())),
        ),
        marks=(Mark(0.25, "CRIT from 0.25", "cut"),),
        highlight=("bank_label", "score"),
        zero=True,
    )


ALL = (decision_rate, score_histogram, bank_label, upstream_volume, score_heatmap, drift_ranking)
