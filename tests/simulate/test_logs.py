"""What the logs say, asked by DuckDB as the tool will ask."""

import json
from datetime import UTC, datetime

import duckdb
import pytest

SEEDS = (0, 7, 11)


@pytest.fixture
def ask(demos):
    """`ask(seed, sql)`: rows of a query over the seed's logs as `log`, `feed`, `cases`, `outcomes`, and `$onset`, `$now`."""

    def query(seed, sql):
        folder, truth = demos(seed), json.loads((demos(seed) / "truth.json").read_text())
        with duckdb.connect() as con:
            con.execute("set TimeZone='UTC'")
            places = {"log": "credit-risk", "feed": "bank_feed", "cases": "collections-priority", "outcomes": "outcomes"}
            for name, place in places.items():
                con.execute(
                    f"create view {name} as from read_parquet('{folder}/logs/{place}/**/*.parquet', hive_partitioning=true)"
                )
            for name in ("region", "merchant_size"):
                con.execute(f"set variable {name} = '{truth[name]}'")
            for name in ("onset", "now"):
                con.execute(f"set variable {name} = timestamptz '{truth[name]}'")
            return con.execute(sql).fetchall()

    return query


@pytest.fixture
def truth(demos):
    """`truth(seed)`: what really happened."""
    return lambda seed: json.loads((demos(seed) / "truth.json").read_text())


def test_columns_are_those_that_the_inventory_speaks_of(ask):
    """The decision log has its columns in order, text as text, and the time in UTC."""
    columns = {name: kind for name, kind, *_ in ask(0, "describe log")}
    assert list(columns) == (
        "application_id ts model_version region merchant_size channel age_band applicant_name amount score decision"
        " merchant_age_days bank_label avg_ticket_eur refund_rate chargebacks_90d session_count_30m overridden complained"
        " reviewed overturned latency_ms cost_usd date"
    ).split(" ")
    assert columns["ts"] == "TIMESTAMP WITH TIME ZONE"
    assert (columns["model_version"], columns["bank_label"], columns["decision"]) == ("VARCHAR",) * 3
    assert (columns["overturned"], columns["merchant_age_days"]) == ("BOOLEAN", "INTEGER")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_calendar_is_fixed_by_the_onset(ask, truth, seed):
    """At least 150 days, every row in its day's file, the newest just before now + 20 minutes, ids unique."""
    rows = ask(
        seed,
        """select count(*), count(distinct application_id), count(distinct date), bool_and(ts::date = date),
                  max(ts) >= getvariable('now') and max(ts) < getvariable('now') + interval 20 minute,
                  epoch(getvariable('now') - getvariable('onset')) from log""",
    )
    assert rows == [(60_000, 60_000, 157, True, True, 20 * 3600.0)]
    assert ask(seed, "select max(received_at) >= getvariable('now') from feed") == [(True,)]
    assert ask(seed, "select max(ts) >= getvariable('now') from cases") == [(True,)]


def test_the_default_story_is_spain(truth):
    """Seed 0: bank_label changes its meaning for Spanish small merchants at 07:00Z on 13 October."""
    told = truth(0)
    assert (told["region"], told["merchant_size"], told["feature"], told["fault"]) == (
        "ES",
        "small",
        "bank_label",
        "label_meaning",
    )
    assert (told["onset"], told["now"]) == ("2026-10-13T07:00:00Z", "2026-10-14T03:00:00Z")
    assert told["versions_contaminated"] == ["2026.10.14"]


@pytest.mark.parametrize("seed", SEEDS)
def test_approvals_fall_in_the_region_and_nowhere_else(ask, truth, seed):
    """The last day falls by 15 points and more in the hit region; the log and the truth count the same rows."""
    rows = ask(
        seed,
        """select region, ts >= getvariable('now') - interval 24 hour as late, count(*),
                  sum((decision = 'approved')::int)::int
           from log where ts >= getvariable('now') - interval 29 day and ts < getvariable('now') group by all""",
    )
    rates = {(region, late): (n, k) for region, late, n, k in rows}
    told, here = truth(seed), truth(seed)["region"]
    for late, span in ((True, "last_day"), (False, "reference")):
        assert rates[here, late] == (told["approvals"][span]["n"], told["approvals"][span]["approved"])
    change = {
        region: rates[region, True][1] / rates[region, True][0] - k / n for (region, late), (n, k) in rates.items() if not late
    }
    assert change.pop(here) < -0.15
    assert all(abs(moved) < 0.12 for moved in change.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_decision_is_the_score_cut(ask, seed):
    """Every row's decision follows from its score."""
    assert ask(seed, "select bool_and((score >= 0.55) = (decision = 'approved')) from log") == [(True,)]


def test_only_the_slice_is_broken(ask):
    """Labels of Spanish small merchants change their mix at the onset; everybody else's stay."""
    rows = ask(
        0,
        """select region = 'ES' and merchant_size = 'small' as hit, ts >= getvariable('onset') as after,
                  avg((bank_label = 'credit_line')::int)
           from log where ts >= getvariable('now') - interval 29 day group by all""",
    )
    share = {(hit, after): value for hit, after, value in rows}
    assert share[True, True] > 0.35
    assert all(value < 0.1 for key, value in share.items() if key != (True, True))


def test_the_second_model_moves_too(ask):
    """collections-priority calls far more Spanish small merchants from the onset on."""
    before, after = ask(
        0,
        """select avg((decision = 'call')::int) filter (where ts < getvariable('onset')),
                  avg((decision = 'call')::int) filter (where ts >= getvariable('onset'))
           from cases where region = 'ES' and merchant_size = 'small'""",
    )[0]
    assert after > before + 0.2


def test_versions_change_half_past_midnight(ask):
    """A row's version is the one that was last deployed before it, as text."""
    sql = "select bool_and(model_version = strftime(ts - interval 30 minute, '%Y.%m.%d')) from log"
    assert ask(0, sql) == [(True,)]


def test_outcomes_are_late_and_only_for_approved_loans(ask):
    """None comes for a rejection, none is later than 45 days or than the log; young loans are mostly unknown yet."""
    rows = ask(
        0,
        """select bool_and(decision = 'approved'), min(observed_at - ts) > interval 9 day,
                  max(observed_at - ts) <= interval 45 day,
                  max(observed_at) < getvariable('now') + interval 20 minute, avg(repaid::int) between 0.75 and 0.95,
                  count(*) = count(distinct application_id), bool_and(o.date = observed_at::date)
           from outcomes o join log using (application_id)""",
    )
    assert rows == [(True,) * 7]


def test_people_review_a_few_rejections(ask):
    """About 3% of rejections are reviewed, no approval is; `overturned` is known exactly where somebody looked."""
    approved, share, known, usual, broken = ask(
        0,
        """select count(*) filter (where reviewed and decision = 'approved'),
                  avg(reviewed::int) filter (where decision = 'rejected'),
                  bool_and(reviewed = (overturned is not null)),
                  avg(overturned::int) filter (where ts < getvariable('onset')),
                  avg(overturned::int) filter (where ts >= getvariable('onset') and region = 'ES' and merchant_size = 'small')
           from log""",
    )[0]
    assert (approved, known) == (0, True)
    assert 0.02 < share < 0.04
    assert usual < 0.08
    assert broken is None or broken > usual


def test_volumes_have_a_mild_season(ask):
    """Nights and Sundays are quieter, and no day is empty."""
    day = dict(ask(0, "select isodow(ts), count(*) from log group by 1"))
    hour = dict(ask(0, "select hour(ts), count(*) from log group by 1"))
    assert 0.75 < day[7] / day[2] < 0.95
    assert hour[3] < 0.3 * hour[10]


def test_nobody_is_named_who_lives_elsewhere(ask):
    """The sensitive column is filled, with made-up names of the region."""
    assert ask(0, "select count(*) from log where applicant_name is null") == [(0,)]
    assert ask(0, "select count(distinct applicant_name) > 40 from log where region = 'NL'") == [(True,)]


def test_truth_counts_the_harm(ask, truth):
    """The affected decisions of the truth are those of the log."""
    sql = """select count(*) from log where ts >= getvariable('onset') and region = getvariable('region')
             and merchant_size = getvariable('merchant_size')"""
    for seed in SEEDS:
        told = truth(seed)
        assert ask(seed, sql) == [(told["affected"],)]
        assert told["wrongly_rejected"] > 0.3 * told["affected"]
        assert datetime.fromisoformat(told["onset"]).tzinfo == UTC
