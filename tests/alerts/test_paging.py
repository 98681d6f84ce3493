"""When an alert that fires pages, and when everybody knows already."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_tui.alerts import evaluate
from mlops_tui.alerts.held import baseline
from mlops_tui.alerts.paging import QUIET, WORSE, decide
from mlops_tui.core.finding import Finding
from mlops_tui.core.window import Window
from mlops_tui.incidents.paging import Page, Paging, Sighting, sighted
from mlops_tui.inventory.types import Alert

NOW = datetime(2026, 10, 14, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ALERT = Alert(id="drop", check="decision_rate")


def moved(change: float = -0.2, region: str = "ES", **more: Any) -> Finding:
    """A crit Finding whose interval reaches three points to each side."""
    made = Finding(
        status="crit",
        plane="model",
        concern="monitoring",
        kind="decision_rate",
        check_name="decision_rate",
        model="m",
        target="decision",
        slice={"region": region},
        unit="pp",
        change=change,
        direction="down" if change < 0 else "up",
        interval=(change - 0.03, change + 0.03),
        summary="It moved.",
    )
    return replace(made, **more)


def known(*found: Finding, ago: timedelta = HOUR, firing: bool = True) -> Paging:
    """What an incident knows after these were paged."""
    seen = {sighted(f): Sighting.of(f) for f in found}
    return Paging(firing, NOW - ago, NOW - ago, (Page("p", "t"),), seen, None, found)


def act(paging: Paging, *found: Finding, alert: Alert = ALERT, **more: Any) -> str:
    return decide(alert, evaluate(alert, found), paging, now=NOW, **more).act


def test_the_first_time_it_pages() -> None:
    """Nothing is known: the teams are told."""
    assert act(Paging(), moved()) == "page"


def test_quiet_stays_quiet() -> None:
    """Nothing fires and nothing did."""
    assert act(Paging(), moved(status="ok")) == "quiet"


def test_it_pages_again_after_its_quiet_period() -> None:
    """The alert's own, or four hours."""
    assert act(known(moved(), ago=QUIET - HOUR), moved()) == "hold"
    assert act(known(moved(), ago=QUIET), moved()) == "page"
    own = Alert(id="drop", check="decision_rate", quiet=2 * HOUR)
    assert act(known(moved(), ago=2 * HOUR), moved(), alert=own) == "page"
    never = Alert(id="drop", check="decision_rate", quiet=timedelta(0))
    assert act(known(moved(), ago=timedelta(0)), moved(), alert=never) == "page"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (moved(-0.2), "hold"),
        (moved(-0.29), "hold"),
        (moved(-0.31), "page"),
        (moved(-0.2, "FR"), "page"),
        (moved(0.2), "page"),
        (moved(-0.2, target="other"), "page"),
    ],
    ids=["same", "a little", "half again", "elsewhere", "the other way", "another thing"],
)
def test_worse_is_news(now: Finding, expected: str) -> None:
    """Half as large again, another place, another direction; a wobble is none of these."""
    assert act(known(moved(-0.2)), now) == expected


def test_what_the_interval_allowed_is_not_worse() -> None:
    """A small first number with a wide interval may turn out larger without being news."""
    wide = moved(-0.1, interval=(-0.3, 0.1))
    assert act(known(wide), moved(-0.29)) == "hold"
    assert act(known(wide), moved(-0.31)) == "page"


def test_drift_gets_worse_by_its_distance() -> None:
    """PSI has no direction and no interval."""
    drift = moved(check_name="feature_drift", unit="psi", value=0.4, change=0.39, direction="change")
    assert act(known(drift), replace(drift, value=0.59)) == "hold"
    assert act(known(drift), replace(drift, value=0.61)) == "page"


def test_flapping_is_written_down_and_not_paged() -> None:
    """Quiet and firing again within the quiet period is the same incident: noted once."""
    assert act(known(moved(), firing=False), moved()) == "note"
    assert act(known(moved(), firing=False, ago=QUIET), moved()) == "page"


def test_recoveries_and_warnings_never_page() -> None:
    """Neither a move back nor a warning, whatever its size."""
    for harmless in (moved(0.4, recovery=True), moved(status="warn"), moved(status="insufficient"), moved(status="unknown")):
        assert act(Paging(), harmless) in ("quiet", "blind")


def test_silence_is_not_health() -> None:
    """What fired and cannot be measured stays as it is; what is measured and well is quiet again."""
    assert act(known(moved()), moved(status="unknown")) == "blind"
    assert act(known(moved()), moved(status="ok")) == "resolve"


def test_the_frozen_baseline_has_the_last_word() -> None:
    """Quiet by its own comparison, and still off against the time before the incident: it fires."""
    calm, frozen = moved(status="ok"), evaluate(ALERT, [moved()])
    assert act(known(moved()), calm, held=frozen) == "hold"
    assert act(known(moved(), ago=QUIET), calm, held=frozen) == "page"
    assert act(known(moved()), calm, held=evaluate(ALERT, [moved(status="unknown")])) == "blind"
    assert act(known(moved()), calm, held=evaluate(ALERT, [calm])) == "resolve"


def test_for_lets_it_last() -> None:
    """Nobody is paged before the fault is as old as `for`; without a known onset nobody waits."""
    patient = Alert(id="drop", check="decision_rate", for_=2 * HOUR)
    assert act(Paging(), moved(onset=NOW - HOUR), alert=patient) == "pending"
    assert act(Paging(), moved(onset=NOW - 2 * HOUR), alert=patient) == "page"
    assert act(Paging(), moved(), alert=patient) == "page"


def test_closing_counts_as_a_word() -> None:
    """After a person closed it while it fired the quiet period begins anew; once it was quiet, the next fault pages."""
    paged = known(moved(), ago=2 * QUIET)
    assert act(paged, moved(), closed=NOW - HOUR) == "hold"
    assert act(paged, moved(), closed=NOW - QUIET) == "page"
    assert act(paged, moved(region="FR"), closed=NOW - HOUR) == "page"
    assert act(replace(paged, firing=False), moved(), closed=NOW - HOUR) == "page"


def test_a_clock_that_goes_back_pages_nobody() -> None:
    """A page from the future is a page that was sent."""
    assert act(known(moved(), ago=-5 * DAY), moved()) == "hold"


@given(st.floats(0.1, 0.5), st.floats(0.1, 0.5))
def test_once_paged_the_same_or_less_is_never_worse(first: float, second: float) -> None:
    """Whatever the numbers: below one and a half times the paged one there is nothing new."""
    wanted = "page" if second >= WORSE * first and second > first + 0.03 else "hold"
    assert act(known(moved(-first)), moved(-second)) in {wanted, "hold" if second <= WORSE * first * 1.0001 else wanted}


def test_a_baseline_ends_before_the_onset() -> None:
    """The compared day is moved back by whole days, a reference is cut, and nothing is touched that is clean already."""
    today, yesterday = Window(NOW - DAY, NOW), Window(NOW - 2 * DAY, NOW - DAY)
    found = moved(window=today, reference=yesterday, onset=NOW - 10 * HOUR)
    assert baseline(found) == yesterday
    assert baseline(replace(found, onset=NOW - 30 * HOUR)) == yesterday.shift(-DAY)
    assert baseline(replace(found, onset=NOW - 49 * HOUR)) == yesterday.shift(-2 * DAY)
    long = Window(NOW - 29 * DAY, NOW - DAY)
    assert baseline(replace(found, reference=long, onset=NOW - 3 * DAY)) == Window(long.start, NOW - 3 * DAY)
    assert baseline(replace(found, reference=long, onset=NOW - 28 * DAY)) == long
    assert baseline(replace(found, onset=None)) == yesterday
    assert baseline(replace(found, check_name="volume")) is None
    assert baseline(replace(found, reference=None)) is None
