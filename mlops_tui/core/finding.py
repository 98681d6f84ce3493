"""A Finding: what was measured, where, against what, how sure, how bad."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, get_args

from mlops_tui.core.canonical import digest, plain
from mlops_tui.core.threshold import Threshold
from mlops_tui.core.window import Window, iso, parse_instant

Status = Literal["ok", "warn", "crit", "insufficient", "unknown"]
Plane = Literal["data", "feature", "model", "impact"]
Concern = Literal["evaluation", "monitoring", "governance"]
Direction = Literal["up", "down", "change"]
Kind = Literal[
    "decision_rate",
    "label_rate",
    "volume",
    "feature_drift",
    "data_quality",
    "score_drift",
    "performance",
    "contract",
    "cost",
    "latency",
    "parity",
    "governance",
]

STATUSES: tuple[Status, ...] = get_args(Status)
STATUS_WORDS: Mapping[Status, str] = {
    "ok": "OK",
    "warn": "WARN",
    "crit": "CRIT",
    "insufficient": "FEW",
    "unknown": "UNKNOWN",
}
"""The word for each status on a screen; no status is told by colour alone."""

_BADNESS: Mapping[str, int] = {
    "crit": 0,
    "warn": 1,
    "unknown": 2,
    "insufficient": 3,
    "ok": 4,
}


@dataclass(frozen=True, slots=True)
class Input:
    """A log that was read: its path as declared, relative to the project, a hash of its files' names and contents' sizes,
    how many files were read and which could not be."""

    path: str
    fingerprint: str
    files: int = 0
    unreadable: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The JSON form; `unreadable` only where there are any."""
        return {
            "path": self.path,
            "fingerprint": self.fingerprint,
            "files": self.files,
        } | ({"unreadable": list(self.unreadable)} if self.unreadable else {})


@dataclass(frozen=True, slots=True)
class Provenance:
    """How to get the number again: the query, what it read, the version of the summaries, the data's `now`."""

    query: str
    inputs: tuple[Input, ...] = ()
    summary_version: str | None = None
    as_of: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "query": self.query,
            "inputs": [i.as_json() for i in self.inputs],
            "summary_version": self.summary_version,
            "as_of": iso(self.as_of) if self.as_of else None,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One measured fact.

    `value`, `baseline` and `change` are in base units (fractions for rates, seconds for times); `unit` says how to
    show them (`pp`: rates as %, change in points; `%`: a share; `rows`: value and baseline are counts of rows, and
    `change` with its interval is relative to the baseline, shown in per cent; `psi`, `s`, `files`, `columns`).
    `interval` is the 95 % interval of `change` (of `value` where there is no baseline). `p_value` is of "nothing
    changed"; `measures` holds further numbers by name (`q_value`, `psi`, `psi_floor`, `psi_excess`, `js`, `ks`, ...).
    `score` ranks findings of one answer: the surprise in standard deviations. `recovery` marks a move back towards
    the reference: shown, never paged.
    """

    status: Status
    plane: Plane
    concern: Concern
    kind: Kind
    check_name: str
    model: str
    target: str
    slice: Mapping[str, str] = field(default_factory=dict)
    window: Window | None = None
    reference: Window | None = None
    value: float | None = None
    baseline: float | None = None
    change: float | None = None
    unit: str = ""
    direction: Direction = "change"
    interval: tuple[float, float] | None = None
    p_value: float | None = None
    n: int = 0
    n_reference: int = 0
    threshold: Threshold | None = None
    onset: datetime | None = None
    score: float = 0.0
    summary: str = ""
    measures: Mapping[str, float | None] = field(default_factory=dict)
    recovery: bool = False
    provenance: Provenance | None = None

    @property
    def id(self) -> str:
        """A content hash (12 hex digits): the same facts have the same id."""
        body = {k: v for k, v in self._body().items() if k != "provenance"}
        return digest(body)[:12]

    @property
    def rank(self) -> tuple[int, float, str, str, str]:
        """Sort key: the worst first, then the most surprising; ties by name, so that the order is fixed."""
        return (
            _BADNESS[self.status],
            -self.score,
            self.check_name,
            self.target,
            describe_slice(self.slice),
        )

    @property
    def bad(self) -> bool:
        """Whether a person should look: anything but `ok`."""
        return self.status != "ok"

    def _body(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "plane": self.plane,
            "concern": self.concern,
            "kind": self.kind,
            "check_name": self.check_name,
            "model": self.model,
            "target": self.target,
            "slice": dict(sorted(self.slice.items())),
            "window": self.window.as_json() if self.window else None,
            "reference": self.reference.as_json() if self.reference else None,
            "value": self.value,
            "baseline": self.baseline,
            "change": self.change,
            "unit": self.unit,
            "direction": self.direction,
            "interval": list(self.interval) if self.interval else None,
            "p_value": self.p_value,
            "n": self.n,
            "n_reference": self.n_reference,
            "threshold": self.threshold.as_json() if self.threshold else None,
            "onset": iso(self.onset) if self.onset else None,
            "score": self.score,
            "summary": self.summary,
            "measures": dict(sorted(self.measures.items())),
            "recovery": self.recovery,
            "provenance": self.provenance.as_json() if self.provenance else None,
        }

    def as_json(self) -> dict[str, Any]:
        """The one JSON form, with its `id` first."""
        out: dict[str, Any] = plain({"id": self.id} | self._body())
        return out

    def row(self, dimensions: Iterable[str]) -> dict[str, Any]:
        """The Finding as a row of a relation: scalars only, one text column per segment dimension (None = all)."""
        out: dict[str, Any] = {
            "id": self.id,
            "status": self.status,
            "plane": self.plane,
            "concern": self.concern,
            "kind": self.kind,
            "check_name": self.check_name,
            "model": self.model,
            "target": self.target,
            "value": self.value,
            "baseline": self.baseline,
            "change": self.change,
            "unit": self.unit,
            "direction": self.direction,
            "p_value": self.p_value,
            "n": self.n,
            "n_reference": self.n_reference,
            "onset": self.onset,
            "score": self.score,
            "recovery": self.recovery,
            "summary": self.summary,
            "window_start": self.window.start if self.window else None,
            "window_end": self.window.end if self.window else None,
        }
        return out | {d: self.slice.get(d) for d in dimensions if d not in out}

    def but(self, **changes: Any) -> Finding:
        """A copy with some fields changed."""
        return replace(self, **changes)


ROW_TYPES: Mapping[str, str] = {
    "id": "VARCHAR",
    "status": "VARCHAR",
    "plane": "VARCHAR",
    "concern": "VARCHAR",
    "kind": "VARCHAR",
    "check_name": "VARCHAR",
    "model": "VARCHAR",
    "target": "VARCHAR",
    "value": "DOUBLE",
    "baseline": "DOUBLE",
    "change": "DOUBLE",
    "unit": "VARCHAR",
    "direction": "VARCHAR",
    "p_value": "DOUBLE",
    "n": "BIGINT",
    "n_reference": "BIGINT",
    "onset": "TIMESTAMPTZ",
    "score": "DOUBLE",
    "recovery": "BOOLEAN",
    "summary": "VARCHAR",
    "window_start": "TIMESTAMPTZ",
    "window_end": "TIMESTAMPTZ",
}
"""The SQL types of `Finding.row`, without the segment dimensions (all VARCHAR)."""


def describe_slice(where: Mapping[str, str]) -> str:
    """`region=ES, channel=web`, or `all`."""
    return ", ".join(f"{k}={v}" for k, v in sorted(where.items())) or "all"


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, worst first."""
    return tuple(sorted(findings, key=lambda f: f.rank))


def from_json(data: Mapping[str, Any]) -> Finding:
    """A Finding from its JSON form (its id is computed again). Raises KeyError or ValueError on anything else."""

    def window(value: Mapping[str, str] | None) -> Window | None:
        return Window(parse_instant(value["start"]), parse_instant(value["end"])) if value else None

    def threshold(value: Mapping[str, str] | None) -> Threshold | None:
        from mlops_tui.core.threshold import Quantity

        if not value:
            return None
        bounds = {k: Quantity.parse(v) for k, v in value.items() if k != "measure"}
        return Threshold(value["measure"], **bounds)  # type: ignore[arg-type]

    origin = data.get("provenance")
    provenance = None
    if origin:
        inputs = tuple(
            Input(
                i["path"],
                i["fingerprint"],
                i.get("files", 0),
                tuple(i.get("unreadable", ())),
            )
            for i in origin["inputs"]
        )
        as_of = parse_instant(origin["as_of"]) if origin.get("as_of") else None
        provenance = Provenance(origin["query"], inputs, origin.get("summary_version"), as_of)
    same = {
        k: data[k]
        for k in (
            "status plane concern kind check_name model target value baseline change unit direction p_value n n_reference"
            " score summary measures recovery"
        ).split()
    }
    return Finding(
        **same,
        slice=dict(data["slice"]),
        window=window(data["window"]),
        reference=window(data["reference"]),
        interval=tuple(data["interval"]) if data["interval"] else None,
        threshold=threshold(data["threshold"]),
        onset=parse_instant(data["onset"]) if data["onset"] else None,
        provenance=provenance,
    )
