"""docs/capture.md does what it says."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_tui.capture import Around, DecisionLog, Kind, OneOf, units
from mlops_tui.capture.rows import FIXED
from mlops_tui.checks.comparison import comparison
from mlops_tui.core.errors import LogError
from mlops_tui.core.finding import Finding
from mlops_tui.project import open_project
from mlops_tui.session.check import check
from mlops_tui.session.lint import lint

PAGE = (Path(__file__).parents[2] / "docs" / "capture.md").read_text()
AT = datetime(2026, 10, 14, 3, tzinfo=UTC)

INVENTORY = """\
version: 1
organisation: Acme Credit
timezone: Europe/Madrid
teams: {{credit-ml: {{members: [{{name: Ana Ruiz, login: aruiz}}]}}}}
features:
  amount: {{type: numeric, version: 1, owner: {{team: credit-ml, name: Ana Ruiz}}, description: What is asked for.}}
  bank_label: {{type: categorical, version: 1, owner: {{team: credit-ml, name: Ana Ruiz}}, description: The bank's own label.}}
models:
  credit-risk:
    description: Approves or rejects loans.
    owner: {{team: credit-ml, name: Ana Ruiz}}
    on_call: [credit-ml]
    features: [amount, bank_label]
    decision: {{column: decision, positive: approved}}
    windows: {{current: 1d, reference: 2d}}
{log}"""


def fences(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_the_example_is_read_by_the_lines_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code runs as it stands; the inventory lints without a problem; what was decided is what `check` counts."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    exec(compile(fences("python")[0], "docs/capture.md", "exec"), names)
    log = names["log"]
    assert isinstance(log, DecisionLog)
    for hour in range(96):
        for i in range(20):
            log.write(
                {"amount": 5.0 * i, "bank_label": "invoice"},
                score=0.05 * i,
                decision="approved" if i >= 11 else "rejected",
                segments={"region": ("ES", "FR")[i % 2]},
                version="2026.10",
                latency_ms=3.5,
                ts=AT - timedelta(hours=hour, minutes=i + 1),
            )
    log.close()
    assert log.stats.written == 1 + 96 * 20
    Path("inventory.yaml").write_text(INVENTORY.format(log=fences("yaml")[0]))
    assert [str(p) for p in lint(tmp_path).problems] == []
    report = check(open_project(tmp_path, clock=lambda: AT + timedelta(minutes=20), environ={}), ["credit-risk"])
    rate = next(f for f in report.findings if f.check_name == "decision_rate" and not f.slice)
    assert (rate.n, rate.value) == (480, 0.45)


def test_the_private_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And writes what the page says: rows without the columns, and counts beside them."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    exec(compile(fences("python")[1], "docs/capture.md", "exec"), names)
    log = names["private"]
    assert isinstance(log, DecisionLog)
    assert (log.stats.written, log.stats.unsummarised, log.stats.failures) == (1, 0, 0)
    found, bad = units.found(tmp_path / "logs" / "collections")
    assert bad == ()
    assert [c.name for u in found for c in u.layout.columns] == ["income", "plan", "diagnosis", "note"]


def test_the_page_tells_every_column_and_default() -> None:
    """The table of columns is complete, and the numbers are those of the code."""
    import inspect

    assert set(FIXED) <= set(re.findall(r"`(\w+)`", PAGE))
    told = inspect.signature(DecisionLog).parameters
    assert (told["flush_rows"].default, told["flush_seconds"].default) == (100_000, 60.0)
    assert (told["flush_bytes"].default, told["most_bytes"].default) == (64 << 20, 256 << 20)
    assert [p for p in told if p not in PAGE] == []


def served(log: DecisionLog, hours: int = 96) -> None:
    """Forty decisions an hour; in the last day amounts in ES are higher, more of them missing, and fewer are approved there."""
    pick = random.Random(3)
    for hour in range(hours):
        for i in range(40):
            region = ("ES", "FR")[i % 2]
            moved = region == "ES" and hour < 24
            amount = None if moved and pick.random() < 0.3 else pick.gauss(180 if moved else 100, 30)
            score = pick.random() * (0.7 if moved else 1.0)
            log.write(
                {"amount": amount, "bank_label": pick.choice(["invoice", "card", "else"])},
                score=score,
                decision="approved" if score >= 0.5 else "rejected",
                segments={"region": region},
                version="1",
                latency_ms=3.5,
                ts=AT - timedelta(hours=hour, minutes=i + 1),
            )
    log.close()
    assert (log.stats.written, log.stats.lost, log.stats.unsummarised, log.stats.failures) == (hours * 40, 0, 0, 0)


def told(root: Path) -> dict[tuple[str, ...], Finding]:
    """What `check` finds, by check, target and slice."""
    (root / "inventory.yaml").write_text(INVENTORY.format(log=fences("yaml")[0]))
    project = open_project(root, clock=lambda: AT + timedelta(minutes=20), environ={})
    return {(f.check_name, f.target, *f.slice.values()): f for f in check(project, ["credit-risk"]).findings}


def test_a_private_feature_is_told_without_a_value(tmp_path: Path) -> None:
    """Drift and missing values of a feature that no row has, as a whole and by segment, next to those of a feature that rows
    have; what moved is found, and no value is shown."""
    log = DecisionLog(
        tmp_path / "logs" / "credit-risk",
        model="credit-risk",
        types={"amount": "number", "bank_label": "text"},
        summarise={"amount": Around(100, 50), "bank_label": OneOf("invoice", "card")},
        segments=["region"],
    )
    served(log)
    found = told(tmp_path)
    drift = found["feature_drift", "amount", "ES"]
    assert (drift.status, drift.n, drift.n_reference) == ("crit", 480, 960)
    assert "180" not in drift.summary
    assert drift.measures["ks"] > 0.6
    assert found["feature_drift", "amount", "FR"].status == "ok"
    assert found["feature_drift", "bank_label"].status == "ok"
    missing = found["missing_rate", "amount", "ES"]
    assert missing.status in ("warn", "crit")
    assert missing.value == pytest.approx(0.3, abs=0.07)
    assert missing.baseline == 0.0
    assert drift.provenance is not None
    assert "is in no row" in drift.provenance.query
    project = open_project(tmp_path, clock=lambda: AT + timedelta(minutes=20), environ={})
    pair = comparison(project.subject("credit-risk"), ["region"])
    rows = {(c.column, *c.slice.values()): c for c in pair.columns}
    assert rows["amount", "ES"].ks == pytest.approx(drift.measures["ks"], abs=0.02)
    assert rows["bank_label", "FR"].n == 480


def test_decisions_that_are_only_counted_are_told(tmp_path: Path) -> None:
    """Without a single row: what `check` says of rates, volumes, scores, features and missing values is what it says of rows,
    to the width of a bin."""
    types: dict[str, Kind] = {"amount": "number", "bank_label": "text"}
    (tmp_path / "rows").mkdir()
    served(DecisionLog(tmp_path / "rows" / "logs" / "credit-risk", model="credit-risk", types=types))
    counts = tmp_path / "counts"
    counts.mkdir()
    served(
        DecisionLog(
            counts / "logs" / "credit-risk",
            model="credit-risk",
            types=types,
            summarise={"amount": Around(100, 50), "bank_label": OneOf("invoice", "card", "else")},
            segments=["region"],
            rows=False,
            positive="approved",
        )
    )
    assert list(counts.glob("**/*.parquet")) == []
    by_rows, by_counts = told(tmp_path / "rows"), told(counts)
    assert by_rows.keys() == by_counts.keys()
    assert len(by_rows) > 25
    for key, rows in by_rows.items():
        counted = by_counts[key]
        if key[0] == "freshness":
            assert (counted.status, counted.value) == (
                "insufficient",
                rows.value,
            )  # how old rows usually are needs each row's time
            continue
        assert (counted.status, counted.n, counted.n_reference) == (rows.status, rows.n, rows.n_reference), key
        exact = key[0] not in ("feature_drift", "score_drift")
        assert counted.value == (rows.value if exact else pytest.approx(rows.value, abs=0.005, rel=0.01)), key
    assert by_counts["decision_rate", "decision", "ES"].onset == by_rows["decision_rate", "decision", "ES"].onset


def test_writers_and_inventory_mean_the_same_decision(tmp_path: Path) -> None:
    """What was counted as positive cannot be counted anew: another word in the inventory is refused, with both."""
    log = DecisionLog(tmp_path / "logs" / "credit-risk", model="credit-risk", rows=False, positive="yes", segments=["region"])
    served(log, hours=2)
    (tmp_path / "inventory.yaml").write_text(INVENTORY.format(log=fences("yaml")[0]))
    with pytest.raises(LogError, match="its writers counted 'yes' as the positive decision, and the inventory says 'approved'"):
        open_project(tmp_path, environ={}).log("credit-risk")
