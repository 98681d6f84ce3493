"""Questions answered from summaries are answered as rows answer them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from mlops_tui.core.window import Window
from mlops_tui.inventory.types import Decision
from mlops_tui.logs import measure
from mlops_tui.logs.summed import Summed, stretches
from mlops_tui.summaries.counts import Counts
from mlops_tui.summaries.layout import LEAF, Dimension, Layout, joined
from mlops_tui.summaries.summary import schema

START = datetime(2026, 10, 1, tzinfo=UTC)
APPROVED = Decision(column="decision", positive="approved")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WHOLE = Window(START, START + timedelta(days=30))
WINDOWS = (WHOLE, Window(START + timedelta(hours=30), START + timedelta(hours=100)), Window(START, START))


def log_rows(count=4000):
    rng = np.random.default_rng(3)
    regions = [("ES", "FR", None, "DE")[i] for i in rng.integers(0, 4, count)]
    decisions = [("approved", "rejected", "rejected", None)[i] for i in rng.integers(0, 4, count)]
    seconds = np.sort(rng.integers(0, 30 * 86_400, count))
    return [
        {"ts": START + timedelta(seconds=int(s)), "region": r, "decision": d if r != "DE" else None, "big": bool(b)}
        for s, r, d, b in zip(seconds, regions, decisions, rng.random(count) < 0.3, strict=True)
    ]


def summed(rows):
    layout = Layout("UTC", (Dimension("region", "segment", '"region"'), Dimension("large", "slice", "big")))
    cells = {}
    for r in rows:
        at = int((r["ts"] - EPOCH) // timedelta(hours=1)) * 60
        n, decided, positive = cells.get((at, joined([r["region"], "yes" if r["big"] else "no"])), (0, 0, 0))
        told = (n + 1, decided + (r["decision"] is not None), positive + (r["decision"] == "approved"))
        cells[at, joined([r["region"], "yes" if r["big"] else "no"])] = told
    columns = zip(*((at, 60, LEAF, value, *sums) for (at, value), sums in sorted(cells.items())), strict=True)
    table = pa.table([pa.array(c) for c in columns], schema=schema("cells"))
    return Summed(layout, Counts(layout, table), rows[0]["ts"], rows[-1]["ts"], "decision")


@pytest.fixture
def both(write, opened):
    rows = log_rows()
    write("logs/a.parquet", rows)
    plain, quick = opened(segments=["region"]), opened(segments=["region"])
    quick.attach(lambda: summed(rows))
    return plain, quick


@pytest.mark.parametrize("by", [(), ("region",)])
@pytest.mark.parametrize("where", [{}, {"region": "ES"}, {"region": None}])
@pytest.mark.parametrize("rows", [None, "big"])
def test_rates_and_volumes_are_those_of_the_rows(both, by, where, rows):
    """Every window, group, restriction and declared slice: the same value, and the same query to give it again."""
    for ask in (lambda log: measure.rates(log, APPROVED, WINDOWS, by=by, where=where, rows=rows),
                lambda log: measure.volumes(log, WINDOWS, by=by, where=where, rows=rows)):  # fmt: skip
        slow, fast = (ask(log) for log in both)
        assert (fast.value, list(fast.value), fast.query) == (slow.value, list(slow.value), slow.query)
        assert (slow.source, fast.source) == ("rows", "summaries")


@pytest.mark.parametrize("grain", ["hour", "day"])
def test_series_are_those_of_the_rows(both, grain):
    """By hours and by days from the window's start, as a whole and by region, all or some."""
    window = Window(START + timedelta(hours=5), START + timedelta(days=20, hours=5))
    asks = [
        lambda log: measure.rate_series(log, APPROVED, window, grain=grain),
        lambda log: measure.rate_series(log, APPROVED, window, by="region", grain=grain),
        lambda log: measure.rate_series(log, APPROVED, window, by="region", only=["ES", "nowhere"], grain=grain),
        lambda log: measure.volume_series(log, window, where={"region": "FR"}, grain=grain),
    ]
    for ask in asks:
        slow, fast = (ask(log) for log in both)
        assert fast.value == slow.value
        assert list(fast.value) == list(slow.value)
        assert fast.source == "summaries"


@pytest.mark.parametrize("zone", [None, ZoneInfo("Europe/Madrid")])
@pytest.mark.parametrize("by", [None, "region"])
def test_cycles_are_those_of_the_rows(both, zone, by):
    """The same stretch on earlier days, by the clock on the wall where a zone is named."""
    window = Window(START + timedelta(days=28, hours=3), START + timedelta(days=28, hours=9))
    slow, fast = (measure.volume_cycles(log, window, timedelta(days=1), 20, by=by, zone=zone) for log in both)
    assert fast.value == slow.value
    assert fast.source == "summaries"


def test_cycles_keep_their_hours_where_the_clocks_change():
    """Six in the morning in Madrid is four in UTC before the end of summer time, and five after it."""
    madrid = ZoneInfo("Europe/Madrid")
    window = Window(datetime(2026, 10, 26, 5, tzinfo=UTC), datetime(2026, 10, 26, 8, tzinfo=UTC))
    found = list(stretches(window, timedelta(days=1), 2, madrid))
    assert [(w.start.hour, w.end.hour) for w in found] == [(5, 8), (5, 8), (4, 7)]


def test_times_and_values_are_those_of_the_rows(both):
    """The newest row before any moment, the oldest, those after the clock, and how often each region occurs."""
    slow, fast = both
    for moment in (START + timedelta(days=3, seconds=7), WHOLE.end):
        assert fast.newest(moment) == slow.newest(moment)
        assert fast.after(moment) == slow.after(moment)
    assert fast.oldest() == slow.oldest()
    assert measure.values(fast, "region", WHOLE).value == measure.values(slow, "region", WHOLE).value


def test_what_summaries_cannot_tell_is_asked_of_the_rows(both):
    """Half an hour, a condition nobody declared, a column that is no dimension, another decision."""
    half = Window(START + timedelta(minutes=30), START + timedelta(hours=9))
    for ask in (
        lambda log: measure.volumes(log, [half]),
        lambda log: measure.volumes(log, [WHOLE], rows="region = 'ES'"),
        lambda log: measure.volumes(log, [WHOLE], by=["big"]),
        lambda log: measure.rates(log, Decision(column="region", positive="ES"), [WHOLE]),
    ):
        slow, fast = (ask(log) for log in both)
        assert (fast.value, fast.source) == (slow.value, "rows")


def test_summaries_are_made_once_and_only_when_asked_for(write, opened, some_rows):
    """Opening a log builds nothing; two questions build once."""
    write("logs/a.parquet", some_rows(5))
    log, made = opened(), []
    log.attach(lambda: made.append(1))
    assert not made
    assert measure.volumes(log, [WHOLE]).value == measure.volumes(log, [WHOLE]).value == {(0, ()): 5}
    assert made == [1]
