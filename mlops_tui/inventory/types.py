"""`inventory.yaml` as typed values: what runs, and who answers for it.

Field names are the file's keys. Every scalar of the file is text until one of these types reads it;
`Quantity`, `timedelta` (`20m`), `datetime` and the like are read by `mlops_tui.files`.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from mlops_tui.core.threshold import Quantity
from mlops_tui.core.window import Compare


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A mapping of the file: no unknown keys, immutable."""


class Member(_Part, frozen=True, kw_only=True):
    """A person of a team. `login` is the operating system's user name, `slack` the Slack user id."""

    name: str
    login: str | None = None
    slack: str | None = None


class Team(_Part, frozen=True, kw_only=True):
    """People who answer together; `slack` is a channel such as `#ml-incidents`."""

    members: list[Member]
    slack: str | None = None
    on_call_now: str | None = None


class Owner(_Part, frozen=True, kw_only=True):
    """Who answers for a thing: a team, and a person by name."""

    team: str
    name: str


class Score(_Part, frozen=True, kw_only=True):
    """The score's column, what a high score means, and where the decision is cut."""

    column: str
    means: str = ""
    approve_from: float | None = None
    approve_to: float | None = None


ENGINES = ("duckdb", "polars")
"""Engines that read files, by the names that a log gives them."""


class LogSpec(_Part, frozen=True, kw_only=True):
    """Where rows lie and what their columns mean. `path` is a glob below the project; `timezone` is the zone of naive times.

    `pairs` are segments that are summarised together beside each one alone: `[[region, channel]]`. `names` says how segment
    values read to people: `{region: {ES: Spain}}`. `engine` reads the files; beside a `table` it
    has the rows.
    """

    path: str | None = None
    engine: str | None = None
    table: str | None = None
    time: str
    timezone: str | None = None
    complete_after: timedelta = timedelta(minutes=20)
    id: str | None = None
    version: str | None = None
    score: Score | None = None
    latency: str | None = None
    cost: str | None = None
    segments: list[str] = []
    pairs: list[tuple[str, str]] = []
    sensitive: list[str] = []
    names: dict[str, dict[str, str]] = {}


class LabelSpec(_Part, frozen=True, kw_only=True):
    """Outcomes in a log of their own (or a column of the decision log): joined by `join`, late by up to `arrives_after`."""

    log: LogSpec | None = None
    join: str | None = None
    column: str
    positive: str = "true"
    arrives_after: timedelta | None = None
    only_when: str | None = None


class Bounds(_Part, frozen=True, kw_only=True):
    """The four bounds of a threshold, as written."""

    below: Quantity | None = None
    above: Quantity | None = None
    warn_below: Quantity | None = None
    warn_above: Quantity | None = None
    learned: Quantity | None = None


MeasureName = Literal["value", "change", "ratio", "psi", "js", "ks"]
Fire = dict[MeasureName, Bounds]


class FeatureChecks(_Part, frozen=True, kw_only=True):
    """Checks written beside a feature: the most that may be missing, and the range of its values."""

    missing: Bounds | None = None
    range: tuple[float, float] | None = None


class Budget(_Part, frozen=True, kw_only=True):
    """What a feature may cost: latency, and money for an amount of calls, such as `0.40 USD/million`."""

    latency: timedelta | None = None
    cost: str | None = None


class Feature(_Part, frozen=True, kw_only=True):
    """A feature as a versioned contract, not a column."""

    type: Literal["numeric", "categorical", "boolean", "text"]
    version: int
    owner: Owner
    description: str
    source: str | None = None
    definition: str | None = None
    intended_use: list[str] = []
    backfill: str | None = None
    checks: FeatureChecks | None = None
    budget: Budget | None = None
    status: Literal["active", "deprecated", "removed"] = "active"
    replaced_by: str | None = None
    removal: date | None = None


class Source(_Part, frozen=True, kw_only=True):
    """An upstream log that features are made of."""

    owner: Owner
    log: LogSpec
    contract: str | None = None
    description: str = ""
    links: dict[str, str] = {}


class Decision(_Part, frozen=True, kw_only=True):
    """The decision's column and the value that counts as positive, compared in the column's own type."""

    column: str
    positive: str


class Detect(_Part, frozen=True, kw_only=True):
    """Drift is noticed by alerts on the decisive features."""

    features: list[str] = []


class Absorb(_Part, frozen=True, kw_only=True):
    """Drift is tolerated up to a bound that rehearsal proves, or met by a fallback."""

    tolerance: str | None = None
    fallback: str | None = None


class Adapt(_Part, frozen=True, kw_only=True):
    """Drift is met by a retrain with a gate."""

    retrain: str
    gate: str | None = None


class DriftStrategy(_Part, frozen=True, kw_only=True):
    """What the model does about drift."""

    detect: Detect | None = None
    absorb: Absorb | None = None
    adapt: Adapt | None = None


class Span(_Part, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A fixed window: `{from: ..., to: ...}`."""

    from_: datetime
    to: datetime


QUARTER = re.compile(r"(\d{4})-Q([1-4])\Z")
"""A quarter of the calendar as a reference, such as `2026-Q2`."""


class WindowsSpec(_Part, frozen=True, kw_only=True):
    """How long the current window is, and the reference: a duration that ends where the current one begins, `training`,
    a quarter such as `2026-Q2`, or a fixed span."""

    current: timedelta = timedelta(days=7)
    reference: str | Span = "30d"


class Metric(_Part, frozen=True, kw_only=True):
    """A metric over rows: `sum`, `mean` or `count` of a row expression, or the `ratio` of two; `where` restricts the rows."""

    name: str
    sum: str | None = None
    mean: str | None = None
    count: str | None = None
    ratio: tuple[str, str] | None = None
    where: str | None = None


class TopSlice(_Part, frozen=True, kw_only=True):
    """The rows with the highest `by` in the reference window, such as the top decile."""

    top: Quantity
    by: str


class Alert(_Part, frozen=True, kw_only=True):
    """A check with a threshold, people to page and a runbook to run. Also the form of a guardrail."""

    id: str
    check: str
    by: str | None = None
    of: str | None = None
    feature: str | None = None
    metric: str | None = None
    slice: str | None = None
    where: dict[str, str | None] = {}
    compare: Compare | None = None
    current: timedelta | None = None
    fire: Fire = {}
    min_n: int | None = None
    for_: timedelta | None = msgspec.field(name="for", default=None)
    quiet: timedelta | None = None
    seasonality: bool = False
    severity: Literal["SEV1", "SEV2", "SEV3", "SEV4"] | None = None
    page: list[str] = []
    runbook: str | None = None
    auto: bool = False


class VersionSpec(_Part, frozen=True, kw_only=True):
    """A model version that neither the log nor the change feed tells all about."""

    id: str
    role: Literal["live", "previous", "canary", "shadow", "retired"] = "live"
    deployed: datetime | None = None
    by: str | None = None
    trained_on: tuple[date, date] | None = None


class Feed(_Part, frozen=True, kw_only=True):
    """Where changes are recorded: a git repository, or a JSONL file of `{ts, kind, target, what, who, ref}`."""

    git: str | None = None
    jsonl: str | None = None


class Scorer(_Part, frozen=True, kw_only=True):
    """A command that rescores rows on stdin."""

    argv: list[str]


class Model(_Part, frozen=True, kw_only=True):
    """A model in production: its people, its logs, what it promises and what watches it."""

    description: str
    owner: Owner
    on_call: list[str]
    downstream: list[str] = []
    inputs: list[str] = []
    features: list[str] = []
    decision: Decision
    drift_strategy: DriftStrategy | None = None
    log: LogSpec
    labels: LabelSpec | None = None
    protected: list[str] = []
    scorer: Scorer | None = None
    windows: WindowsSpec = WindowsSpec()
    business_metric: Metric | None = None
    risk_metric: Metric | None = None
    metrics: list[Metric] = []
    slices: dict[str, str | TopSlice] = {}
    alerts: list[Alert] = []
    guardrails: list[Alert] = []
    versions: list[VersionSpec] = []
    changes: list[Feed] = []

    @property
    def watched_by(self) -> tuple[Alert, ...]:
        """Its alerts, then its guardrails."""
        return (*self.alerts, *self.guardrails)


class Writeups(_Part, frozen=True, kw_only=True):
    """Where finished postmortems are published."""

    git: str
    path: str = "postmortems"


class InventoryFile(_Part, frozen=True, kw_only=True):
    """The whole of `inventory.yaml`."""

    version: Literal[1]
    organisation: str = ""
    timezone: str = "UTC"
    writeups: Writeups | None = None
    http_hosts: list[str] = []
    teams: dict[str, Team] = {}
    sources: dict[str, Source] = {}
    features: dict[str, Feature] = {}
    models: dict[str, Model] = {}
