"""Findings and rows as tables that read well at 80 columns."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from mlops_tui.core.finding import Finding
from mlops_tui.core.window import Window
from mlops_tui.report import cells
from mlops_tui.report.tables import cell, findings_table, table


def finding(status="crit", check="decision_rate", kind="decision_rate", **more):
    """A Finding with what a test does not care about filled in."""
    given = {"plane": "model", "concern": "monitoring", "model": "credit-risk", "target": "approved"} | more
    return Finding(status=status, kind=kind, check_name=check, **given)


SPAIN = finding(
    slice={"region": "ES"},
    value=0.403,
    baseline=0.612,
    change=-0.209,
    unit="pp",
    interval=(-0.224, -0.194),
    n=2611,
    onset=datetime(2026, 10, 13, 9, tzinfo=UTC),
    score=21.0,
)
FRANCE = finding("ok", slice={"region": "FR"}, value=0.6, baseline=0.601, change=-0.001, unit="pp", interval=(-0.02, 0.018))
LABEL = finding("warn", "feature_drift", "feature_drift", target="bank_label", value=0.41, unit="psi", slice={"region": "ES"})
BLIND = finding("unknown", "volume", "volume", target="bank_feed", summary="bank_feed could not be read: no file matches")
FEW = finding("insufficient", slice={"region": "MT"}, n=4, summary="4 decisions of region=MT are too few (30 are needed).")


def test_findings_at_eighty_columns():
    """The worst stand first, with status in words, slice, what, change, interval and since; reasons where unmeasured."""
    assert findings_table([FRANCE, FEW, LABEL, SPAIN, BLIND]).split("\n") == [
        "STATUS   WHERE      WHAT                CHANGE           95%  SINCE",
        "CRIT     region=ES  decision rate      -20.9pp  -22.4..-19.4  10-13 09:00Z",
        "WARN     region=ES  drift bank_label  psi 0.41             -  -",
        "UNKNOWN  all        volume bank_feed         -             -  -",
        "         bank_feed could not be read: no file matches",
        "FEW      region=MT  decision rate            -             -  -",
        "         4 decisions of region=MT are too few (30 are needed).",
        "OK       region=FR  decision rate       -0.1pp    -2.0..+1.8  -",
    ]


def test_before_and_now_where_there_is_room():
    """From 100 columns on the two sides of the change are shown too."""
    text = findings_table([SPAIN], 100)
    assert "BEFORE" in text and "61.2%" in text and "40.3%" in text


def test_a_long_slice_keeps_its_values():
    """Where a slice is too long, its dimensions' names give way before their values do."""
    text = findings_table([finding(slice={"merchant_size_of_the_month": "small"}, change=-0.1, unit="pp"), SPAIN], 70)
    assert "…=small" in text and "region=ES" in text


def test_what_is_left_out_is_said():
    """A cut table says how many of each status are missing; an empty one says that too."""
    assert findings_table([SPAIN, FRANCE, LABEL], most=1).split("\n")[-1] == "… and 1 WARN, 1 OK more"
    assert findings_table([]) == "no findings"


def test_a_recovery_is_named():
    """A move back is marked as a recovery instead of an onset."""
    assert "recovery" in findings_table([finding("ok", change=0.2, unit="pp", recovery=True)])


def test_long_and_hostile_slices_fit():
    """Slices of any length are cut to the width, and control characters do not reach the screen."""
    evil = finding(slice={"merchant_segment_name": "x\x1b[31m" * 30, "region": "漢字" * 30}, change=-0.5, unit="pp")
    text = findings_table([evil, SPAIN], 80)
    assert "\x1b" not in text
    assert all(cells.wide(line) <= 80 for line in text.split("\n"))


def test_rows_of_a_query():
    """Numbers stand at the right, text at the left, NULL is a word, rows left out are counted."""
    rows = [("ES", 1200, 0.403, None), ("France", 7, 0.5, True)]
    assert table(["region", "n", "rate", "ok"], rows, more=3).split("\n") == [
        "region     n   rate  ok",
        "──────  ────  ─────  ────",
        "ES      1200  0.403  null",
        "France     7    0.5  true",
        "… and 3 more rows",
    ]
    assert table(["a"], []).endswith("(no rows)")


def test_too_many_columns_are_named():
    """Columns that do not fit are left out at the right and named."""
    names = [f"column_number_{i}" for i in range(20)]
    text = table(names, [["x" * 30] * 20], 80)
    assert all(cells.wide(line) <= 80 for line in text.split("\n"))
    assert "columns left out at this width: column_number_8" in text


def test_cells_of_every_kind():
    """Times are in UTC, decimals exact, floats short, NaN named, line breaks gone."""
    assert cell(datetime(2026, 10, 13, 9, 5, tzinfo=UTC)) == "2026-10-13 09:05Z"
    assert cell(datetime(2026, 10, 13, 9, 5, 7)) == "2026-10-13 09:05:07"
    assert cell(date(2026, 10, 13)) == "2026-10-13"
    assert cell(Decimal("1.10")) == "1.10"
    assert [cell(v) for v in (0.1 + 0.2, 1234.5, 2.0, 1e-7, float("nan"))] == ["0.3", "1234.5", "2.0", "1e-07", "nan"]
    assert cell("a\nb\x1b") == "a b�"


def test_rows_alike_say_what_they_were_held_against():
    """Without room for the column, two rows of one place and measure still tell the day before from the reference."""
    day, now = timedelta(days=1), datetime(2026, 10, 14, 3, tzinfo=UTC)
    current = Window(now - day, now)
    sides = (current.shift(-day), Window(now - 29 * day, now - day))
    rows = [finding(slice={"region": "ES"}, change=-0.2, unit="pp", window=current, reference=side) for side in sides]
    text = findings_table([*rows, FRANCE], 66)
    assert "decision rate (1d)" in text and "decision rate (ref)" in text
    assert "OK      region=FR  decision rate  " in text
    assert "(1d)" not in findings_table(rows, 120)


def test_nothing_is_cut_where_something_can_go():
    """At 80 and at 100 columns a long slice and a long measure stand whole: what they were held against gives way first."""
    day, now = timedelta(days=1), datetime(2026, 10, 14, 3, tzinfo=UTC)
    current = Window(now - day, now)
    sides = {"window": current, "reference": Window(now - 29 * day, now - day), "interval": (-0.125, -0.069)}
    small = finding(slice={"merchant_size": "small"}, value=0.574, baseline=0.671, change=-0.097, unit="pp", onset=now, **sides)
    fresh = finding(
        check="freshness", kind="volume", target="collections_feed", value=300.0, baseline=60.0, change=240.0, unit="s"
    )
    narrow, wide = findings_table([small, fresh], 80), findings_table([small, fresh], 100)
    for text in (narrow, wide):
        assert re.search(r"merchan\S+=small ", text) and "freshness collections_feed" in text
    assert "AGAINST" not in narrow and "-12.5..-6.9" in wide
    assert "AGAINST" in findings_table([small, fresh], 130)
    least = findings_table([finding(slice={"merchant_size": "v" * 30, "region": "ES"}, change=-0.1, unit="pp")], 80)
    assert "v" * 30 in least and "=ES" in least


def test_a_finding_about_the_log_has_its_sentence():
    """Files passed over are named below the row, on two lines where that is needed."""
    said = "2 of 157 files unreadable: logs/credit-risk/date=2026-10-12/part-0.parquet (truncated: no footer), and 1 more."
    text = findings_table([finding("warn", "log_health", "data_quality", target="log.files", value=2.0, summary=said)], 80)
    assert "date=2026-10-12" in text and "and 1 more" in text
    assert max(map(len, text.split("\n"))) <= 80
