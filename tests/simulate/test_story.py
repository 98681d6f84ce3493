"""Stories: what a seed draws, and that every fault tells the same kind of story."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mlops_tui.simulate import faults
from mlops_tui.simulate.calendar import millis
from mlops_tui.simulate.changes import change_lines
from mlops_tui.simulate.days import Chain
from mlops_tui.simulate.story import Story, _cause, draw
from mlops_tui.simulate.truth import truth
from mlops_tui.simulate.world import LABELS


def told(story, rows=200_000):
    """The truth of a story of which only the last month is made."""
    chain = Chain(story, rows)
    for day in range(len(chain.calendar.days))[-31:]:
        chain.decisions(day)
    return truth(chain)


@pytest.mark.parametrize("region", ["ES", "NL"])
@pytest.mark.parametrize("fault", faults.CAN_BREAK, ids=lambda f: f"{f.feature}-{f.kind}")
def test_every_fault_takes_fifteen_points(fault, region):
    """With a tenth of the rows each fault is plain to see in its region, and no other region loses five points."""
    onset = datetime(2026, 10, 13, 7, tzinfo=UTC)
    what = told(Story(5, region, "small", onset, fault, _cause(fault, region, onset, 3)))
    for before in ("before", "reference"):
        assert what["approvals"]["last_day"]["rate"] < what["approvals"][before]["rate"] - 0.15
        for other in what["approvals_elsewhere"].values():
            assert other["last_day"]["rate"] > other[before]["rate"] - 0.05
    assert what["score_slice"]["since_onset"] < what["score_slice"]["reference"] - 0.2


@pytest.mark.parametrize("seed", [0, 7, 11])
def test_scores_fall_further_once_the_retrain_saw_the_broken_rows(seed):
    """In the slice the score falls at the onset, and again with the contaminated version."""
    chain = Chain(draw(seed), 2_000_000)
    last = len(chain.days) - 1
    region, size = chain.story.cell
    means = []
    for number in (last - 2, last - 1, last):
        day = chain.decisions(number)
        broken = day.times >= millis(chain.story.onset)
        here = (day.columns["region"] == region) & (day.columns["merchant_size"] == size)
        live = np.repeat([name for name, _ in day.versions], [rows for _, rows in day.versions])
        wanted = (live == chain.contaminated()[0]) if number == last else broken == (number == last - 1)
        means.append(day.columns["score"][here & wanted].mean())
    before, affected, baked = means
    assert before - 0.2 > affected > baked + 0.02


def test_the_source_shows_a_relabelling():
    """bank_feed carries the new labels from the onset on, in the hit slice only."""
    chain = Chain(draw(0), 2_000_000)
    day = chain.feed(len(chain.days) - 2)
    after = day.times >= millis(chain.story.onset)
    hit = (day.columns["region"] == 0) & (day.columns["merchant_size"] == 0)
    credit = day.columns["bank_label"] == LABELS.index("credit_line")
    assert credit[hit & after].mean() > 0.35
    assert credit[hit & ~after].mean() < 0.2 > credit[~hit].mean()


def test_the_source_stays_as_it_was_where_the_fault_was_made_later():
    """A fault made behind the source leaves the feed untouched."""
    onset = datetime(2026, 10, 13, 7, tzinfo=UTC)
    days = []
    for region in ("ES", "NL"):
        fault = faults.Fault("frozen", "chargebacks_90d")
        chain = Chain(Story(5, region, "small", onset, fault, _cause(fault, region, onset, 3)), 20_000)
        days.append(chain.feed(len(chain.days) - 1).columns)
    assert all(np.array_equal(days[0][name], days[1][name]) for name in days[0])


def test_seeds_differ_in_everything_that_is_drawn():
    """Forty seeds hit every region, every kind of fault, several features, days and hours."""
    stories = [draw(seed) for seed in range(40)]
    assert len({s.region for s in stories}) == 6
    assert len({s.fault.kind for s in stories}) == 4
    assert len({s.fault.feature for s in stories}) == 5
    assert len({s.onset.date() for s in stories}) > 5
    assert len({s.onset.hour for s in stories}) > 8


def test_every_seed_ends_with_one_contaminated_version():
    """A retrain always follows the onset within the log, and only it saw broken rows."""
    for seed in range(40):
        story = draw(seed)
        version = f"{story.onset + timedelta(days=1):%Y.%m.%d}"
        assert Chain(story, 1_000).contaminated() == (version,)


def test_the_cause_stands_among_innocent_changes():
    """In the two days before the onset there are other changes too; the cause is one of them, not after the onset."""
    for seed in range(10):
        story = draw(seed)
        lines = change_lines(story)
        assert [line["ts"] for line in lines] == sorted(line["ts"] for line in lines)
        causes = [line for line in lines if line["ref"] == story.cause.ref]
        assert len(causes) == 1
        assert story.onset - timedelta(minutes=10) <= datetime.fromisoformat(causes[0]["ts"]) <= story.onset
        near = [line for line in lines if abs(datetime.fromisoformat(line["ts"]) - story.onset) < timedelta(hours=48)]
        assert {line["kind"] for line in near} >= {"deploy", "campaign", "config", "infrastructure"}


def test_deploys_say_what_they_were_trained_on():
    """Each daily retrain names its version and 90 whole days that end the day before; no deploy lies after the log."""
    story = draw(0)
    deploys = [line for line in change_lines(story) if line["kind"] == "deploy" and line["target"] == "credit-risk"]
    assert len(deploys) == 158
    assert deploys[-1]["version"] == "2026.10.14"
    assert deploys[-1]["trained_on"] == ["2026-07-16", "2026-10-13"]
    assert datetime.fromisoformat(deploys[-1]["ts"]) < story.calendar.end


def test_lines_are_json_that_anybody_reads():
    """Every line has its six keys and survives a round trip."""
    for line in change_lines(draw(3)):
        assert set(line) >= {"ts", "kind", "target", "what", "who", "ref"}
        assert json.loads(json.dumps(line)) == line


def test_a_day_does_not_depend_on_the_days_made_before_it():
    """Days come from random streams of their own: made alone or in turn they are equal."""
    alone, turn = Chain(draw(2), 20_000), Chain(draw(2), 20_000)
    turn.decisions(9)
    first, second = alone.decisions(10), turn.decisions(10)
    assert np.array_equal(first.times, second.times)
    assert all(
        np.array_equal(first.columns[k], second.columns[k], equal_nan=first.columns[k].dtype.kind == "f") for k in first.columns
    )


def test_faults_leave_their_input_alone():
    """A fault gives a new column; rows outside the slice keep their values, and other columns are shared."""
    values = np.array([1.0, np.nan, 3.0])
    columns = {"avg_ticket_eur": values, "other": values}
    hit = np.array([True, True, False])
    served = faults.serve(faults.Fault("unit_change", "avg_ticket_eur"), columns, hit, np.zeros(3))
    assert np.array_equal(served["avg_ticket_eur"], [100.0, np.nan, 3.0], equal_nan=True)
    assert np.array_equal(values, [1.0, np.nan, 3.0], equal_nan=True)
    assert served["other"] is values


def test_a_missing_label_has_no_meaning_to_change():
    """Relabelling keeps missing values missing, and missing values can be made of codes and of numbers."""
    assert faults.relabelled(np.array([-1, 0], np.int8)).tolist() == [-1, 5]
    assert faults.missing(np.array([0, 1], np.int8), np.array([0.1, 0.99])).tolist() == [-1, 1]
    assert np.isnan(faults.missing(np.array([7.0]), np.array([0.1]))).all()


def test_a_stuck_feature_has_one_value():
    """A frozen column holds one value in every row, also where it was missing."""
    assert set(faults.frozen(np.array([1.0, np.nan]), 60.0)) == {60.0}
