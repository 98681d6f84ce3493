"""Lint: every name that leads nowhere, and every rule that a type cannot hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_tui.inventory import Inventory, lint

Make = Callable[..., Inventory]
CHECKS, RUNBOOKS = ("decision_rate", "volume"), ("approval-drop",)


def found(inventory: Inventory) -> list[str]:
    return [str(p) for p in lint(inventory, checks=CHECKS, runbooks=RUNBOOKS)]


def test_a_sound_inventory_has_no_problem(make: Make) -> None:
    """Nothing is said where nothing is wrong; log files are not looked for."""
    assert found(make()) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("on_call: [ml, risk]", "on_call: [ml, rsk]", "20:19: unknown team 'rsk' (did you mean 'risk'?)"),
        ("on_call: [ml, risk]", "on_call: []", "20:14: nobody is on call (name at least one team)"),
        ("owner: {team: ml, name: Ana", "owner: {team: mll, name: Ana", "8:19: unknown team 'mll' (did you mean 'ml'?)"),
        (
            "owner: {team: risk, name: Lea Vogt}",
            "owner: {team: risk, name: Ana Ruiz}",
            "15:68: unknown member of risk 'Ana Ruiz'",
        ),
        (
            "{name: Lea Vogt, login: lvogt}",
            "{name: Lea Vogt, login: aruiz}",
            "5:44: the login 'aruiz' is also Ana Ruiz's, line 4",
        ),
        ("inputs: [bank_feed]", "inputs: [bankfeed]", "21:14: unknown source 'bankfeed' (did you mean 'bank_feed'?)"),
        ("source: ledger", "source: leger", "14:98: unknown source 'leger' (did you mean 'ledger'?)"),
        ("features: [age, label]", "features: [age, labl]", "22:21: unknown feature 'labl' (did you mean 'label'?)"),
        ("features: [age, label]", "features: [age, age]", "22:21: the feature 'age' is there twice (first on line 22)"),
        (
            "description: Label.",
            "description: L, intended_use: [credit-risk, scoring]",
            "15:123: unknown model 'scoring' (known: credit-risk)",
        ),
        (
            "description: Label.",
            "description: L, status: removed, replaced_by: age",
            "22:21: the feature 'label' is removed (replaced by 'age')",
        ),
        ("description: Label.", "description: L, replaced_by: label", "15:108: a feature cannot replace itself"),
        ("description: Label.", "description: L, definition: sql/l.sql", "15:107: there is no file 'sql/l.sql'"),
        ("description: Label.", "description: L, checks: {range: [2, 1]}", "15:111: the range ends before it begins"),
        (
            "  ledger:\n",
            "  x-y:\n    owner: {team: ml, name: Ana Ruiz}\n    log: {path: x, time: t}\n  ledger:\n",
            "10:3: 'x-y' cannot be named in SQL",
        ),
        (
            "  ledger:\n",
            "  log:\n    owner: {team: ml, name: Ana Ruiz}\n    log: {path: x, time: t}\n  ledger:\n",
            "10:3: 'log' is a relation that is always there",
        ),
        ("check: decision_rate", "check: decision_rat", "30:16: unknown check 'decision_rat' (did you mean 'decision_rate'?)"),
        ("by: region", "by: regions", "31:13: unknown segment 'regions' (did you mean 'region'?)"),
        ("by: region", "where: {regions: ES}", "31:26: unknown segment 'regions' (did you mean 'region'?)"),
        ("by: region", "feature: ages", "31:18: unknown feature 'ages' (did you mean 'age'?)"),
        ("by: region", "metric: overturn", "31:17: unknown metric 'overturn' (did you mean 'overturned'?)"),
        ("by: region", "slice: news", "31:16: unknown slice 'news' (did you mean 'new'?)"),
        ("by: region", "min_n: 0", "31:16: min_n is at least 1"),
        ("page: [ml]", "page: [mll]", "33:16: unknown team 'mll' (did you mean 'ml'?)"),
        (
            "runbook: approval-drop",
            "runbook: aproval-drop",
            "34:18: unknown runbook 'aproval-drop' (did you mean 'approval-drop'?)",
        ),
        ("        runbook: approval-drop\n", "", "29:9: the alert 'approval-drop' has no runbook"),
        ("{below: -10pp, above: 10pp}", "{}", "32:24: a threshold without a bound"),
        ("{below: -10pp, above: 10pp}", "{below: 10pp, above: -10pp}", "32:24: every value is below or above"),
        ("{below: -10pp, above: 10pp}", "{above: 5pp, warn_above: 8pp}", "32:49: it fires before it warns"),
        ("reference: 30d", "reference: 30", "25:39: '30' is no window (write 30d, training, 2026-Q2 or {from: ..., to: ...})"),
        ("reference: 30d", "reference: {from: 2026-07-01, to: 2026-06-01}", "25:39: the reference ends before it begins"),
        ("current: 7d", "current: 5m", "25:24: the current window is shorter than an hour"),
        ('mean: "overturned::int"', "where: reviewed", "26:15: a metric is one of sum, mean, count and ratio, not none"),
        (
            "slices: {new: age < 30}",
            "slices: {new: {top: 10, by: score}}",
            "27:25: top 10 is no share of the rows (write it like 10%)",
        ),
        ("sensitive: [who]", "sensitive: [region]", "24:62: the segment 'region' is sensitive"),
        ("sensitive: [who]", "pairs: [[new, regio]]", "24:85: unknown segment 'regio' (did you mean 'region'?)"),
        ("sensitive: [who]", "pairs: [[region, region]]", "24:79: 'region' is paired with itself (write two segments)"),
        ("{path: logs/credit-risk/*.csv, time: ts", "{time: ts", "24:10: the log has no place"),
        ("{path: logs/credit-risk/*.csv, time: ts", "{path: a, engine: b, table: c, time: ts", "24:10: the log has two places"),
        (
            "{path: logs/credit-risk/*.csv, time: ts",
            "{path: a, engine: polar, time: ts",
            "24:28: unknown engine 'polar' (did you mean 'polars'?)",
        ),
        ("versions: []", "versions: [{id: a}, {id: a}]", "35:25: the version 'a' is there twice (first on line 35)"),
        (
            "versions: []",
            "versions: [{id: a, trained_on: [2026-02-01, 2026-01-01]}]",
            "35:36: the training rows end before they begin",
        ),
        ("versions: []", "drift_strategy: {}", "35:21: no strategy is named (write detect:, absorb: or adapt:)"),
        ("versions: []", "scorer: {argv: []}", "35:20: the scorer has no command"),
        (
            "versions: []",
            "labels: {log: {path: a, time: b}, column: c}",
            "35:13: labels of another log need a column to join by",
        ),
        ("changes: [{jsonl: changes.jsonl}]", "changes: [{}]", "36:15: a feed has one place (write git: or jsonl:)"),
    ],
)
def test_each_rule_names_its_place(make: Make, old: str, new: str, problem: str) -> None:
    """One wrong line gives one problem, at its line and column, with the nearest name where there is one."""
    problems = found(make((old, new)))
    assert len(problems) == 1, problems
    assert problems[0].startswith(f"inventory.yaml:{problem}")


def test_all_problems_come_at_once_in_the_order_of_the_file(make: Make) -> None:
    """The second problem does not wait for the first to be mended."""
    problems = lint(make(("inputs: [bank_feed]", "inputs: [x]"), ("page: [ml]", "page: [x]")), checks=(), runbooks=())
    assert [p.line for p in problems] == [21, 30, 33, 34]


def test_a_feature_is_read_only_where_it_is_meant_to_be(make: Make) -> None:
    """A feature with an intended use names every model that reads it."""
    more = "\n  other:\n    description: O.\n    owner: {team: ml, name: Ana Ruiz}\n    on_call: [ml]\n"
    more += "    features: [label]\n    decision: {column: d, positive: 1}\n    log: {path: x.csv, time: t}\nmodels_end"
    inventory = make(
        ("description: Label.", "description: L, intended_use: [credit-risk]"),
        ("changes: [{jsonl: changes.jsonl}]\n", "changes: []" + more.removesuffix("models_end")),
    )
    assert [p.split(": ", 1)[1] for p in found(inventory)] == [
        "the feature 'label' is not meant for other (its intended_use says who may read it)"
    ]


def test_files_that_are_there_are_no_problem(make: Make, tmp_path: Path) -> None:
    """A contract in the project is found; a name that no file can have is only missing."""
    (tmp_path / "contract.yaml").touch()
    assert found(make(("time: at}", "time: at}\n    contract: contract.yaml"))) == []
    assert "there is no file" in found(make(("time: at}", f"time: at}}\n    contract: {'x' * 5000}")))[0]


READS = {"decision_rate": {"by", "where", "slice", "compare", "current", "min_n", "seasonality"}, "volume": {"of"}}


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        ("by: region\n        auto: true", "32:15: `auto` is not performed yet (no runbook is started by itself)"),
        ("by: region\n        seasonality: true", "32:22: `seasonality` is of day_over_day alone"),
        (
            "by: region\n        compare: week_over_week\n        seasonality: true",
            "33:22: `seasonality` is of day_over_day alone",
        ),
        ("by: region\n        compare: day_over_day\n        seasonality: true", ""),
        ("feature: age", "31:18: the check 'decision_rate' does not read `feature` (it reads by, compare, current, min_n,"),
        ("metric: overturned", "31:17: the check 'decision_rate' does not read `metric`"),
        ("of: sources", "31:13: the check 'decision_rate' does not read `of`"),
        ("by: region\n        for: 30m\n        quiet: 4h", ""),
    ],
)
def test_nothing_an_alert_says_is_passed_over(make: Make, new: str, problem: str) -> None:
    """A key that nothing performs, or that the alert's check does not read, is a problem at its place; the others are none."""
    inventory = make(("by: region", new))
    found = [str(p) for p in lint(inventory, checks=CHECKS, runbooks=RUNBOOKS, reads=READS)]
    assert len(found) == bool(problem) and all(p.startswith(f"inventory.yaml:{problem}") for p in found), found


def test_a_learned_bound_is_named_since_nothing_measures_it(make: Make) -> None:
    """`learned: 3sd` would make the alert's answer unknown for ever: lint says so."""
    inventory = make(("{below: -10pp, above: 10pp}", "{above: 10pp, learned: 3sd}"))
    (problem,) = found(inventory)
    assert problem.startswith("inventory.yaml:32:47: `learned` bounds are not measured yet (the answer is unknown")


def test_a_learned_bound_beside_a_feature_is_named_too(make: Make) -> None:
    """What is written beside a feature is held to the same."""
    (problem,) = found(make(("description: Age.", "checks: {missing: {learned: 3sd}}, description: Age.")))
    assert "`learned` bounds are not measured yet" in problem
