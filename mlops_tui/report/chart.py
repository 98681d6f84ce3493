"""A chart as a value: what is shown, in which units, against what. Renderings are made from it and from nothing else.

`lines` has time on x, `histogram` has numbers (bins from `x` to `x2`), `bars` has categories, `heat` has time on x and a
series for each row, the lowest first (`y` is the shade, `lo` to `hi` the stretch of the y axis that it fills).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from mlops_tui.core.canonical import digest, plain
from mlops_tui.core.window import parse_instant

Form = Literal["lines", "bars", "histogram", "heat"]
Role = Literal["worst", "other", "current", "reference"]
MarkRole = Literal["onset", "window", "cut"]
X = datetime | float | str


@dataclass(frozen=True, slots=True)
class Point:
    """One value. `x2` is the end of the bucket or bin that starts at `x`; `y` is None where nothing was measured.

    `lo` and `hi` are the interval of `y`; `n` is the number of rows behind it: all of a bucket's for `lines`, those in the
    bin, category or cell for the other forms. A `hi` without a `y` is all that may be told: less than that.
    """

    x: X
    y: float | None
    x2: X | None = None
    lo: float | None = None
    hi: float | None = None
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Points under one name. `role` says how loud they are: `worst` is highlighted, `other` is greyed, `reference` is
    what the others are held against (its `lo`/`hi` are its usual range). `label` is what stands beside it."""

    name: str
    role: Role
    points: tuple[Point, ...]
    label: str = ""

    @property
    def shown(self) -> str:
        """The label, or the name where there is none."""
        return self.label or self.name


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of y that is usual, with the words for it."""

    lo: float
    hi: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A place that matters: on x the onset, the start of a window, a bound; a number on a heat map is a place on y."""

    x: datetime | float
    label: str
    role: MarkRole = "window"


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart. `unit` is `%` (values are fractions) or a word such as `rows`; `zero` makes y start at zero.

    `highlight` names the categories of `bars` that moved most; `note` is said below; `query` is the SQL behind it.
    """

    id: str
    form: Form
    title: str
    subtitle: str
    x_title: str
    y_title: str
    unit: str
    series: tuple[Series, ...]
    band: Band | None = None
    marks: tuple[Mark, ...] = ()
    highlight: tuple[str, ...] = ()
    zero: bool = False
    note: str = ""
    query: str = ""

    def of(self, role: Role) -> tuple[Series, ...]:
        """The series with this role."""
        return tuple(s for s in self.series if s.role == role)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return all(p.y is None for s in self.series for p in s.points)

    @property
    def sha256(self) -> str:
        """The hash of the chart's canonical JSON: the same chart has the same hash."""
        return digest(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """The JSON form: times as UTC text, absent parts left out, floats to 10 significant digits."""
        out: dict[str, Any] = plain(
            {
                "id": self.id,
                "form": self.form,
                "title": self.title,
                "subtitle": self.subtitle,
                "x_title": self.x_title,
                "y_title": self.y_title,
                "unit": self.unit,
                "zero": self.zero,
                "series": [
                    {"name": s.name, "role": s.role, "label": s.label, "points": [_point(p) for p in s.points]}
                    for s in self.series
                ],
                "band": {"lo": self.band.lo, "hi": self.band.hi, "label": self.band.label} if self.band else None,
                "marks": [{"x": m.x, "label": m.label, "role": m.role} for m in self.marks],
                "highlight": list(self.highlight),
                "note": self.note,
                "query": self.query,
            }
        )
        return out


def _point(point: Point) -> dict[str, Any]:
    optional = {"x2": point.x2, "lo": point.lo, "hi": point.hi, "n": point.n}
    return {"x": point.x, "y": point.y} | {k: v for k, v in optional.items() if v is not None}


def from_json(data: Mapping[str, Any]) -> Chart:
    """A Chart from its JSON form. Raises KeyError, TypeError or ValueError on anything else."""
    form: Form = data["form"]

    def at(value: Any) -> Any:
        if value is None or form == "bars":
            return value
        # the cut of a score stands on the other axis of a heat map
        return parse_instant(value) if form in ("lines", "heat") and isinstance(value, str) else float(value)

    def point(value: Mapping[str, Any]) -> Point:
        return Point(at(value["x"]), value["y"], at(value.get("x2")), value.get("lo"), value.get("hi"), value.get("n"))

    return Chart(
        id=data["id"],
        form=form,
        title=data["title"],
        subtitle=data["subtitle"],
        x_title=data["x_title"],
        y_title=data["y_title"],
        unit=data["unit"],
        series=tuple(Series(s["name"], s["role"], tuple(point(p) for p in s["points"]), s["label"]) for s in data["series"]),
        band=Band(**data["band"]) if data["band"] else None,
        marks=tuple(Mark(at(m["x"]), m["label"], m["role"]) for m in data["marks"]),
        highlight=tuple(data["highlight"]),
        zero=data["zero"],
        note=data["note"],
        query=data["query"],
    )


def cleaned(chart: Chart) -> Chart:
    """The chart with every text in it on one line and without control characters: what a renderer may draw."""
    from mlops_tui.core.leave import one_line

    def x(value: Any) -> Any:
        return one_line(value, most=120) if isinstance(value, str) else value

    def tidy(series: Series) -> Series:
        points = tuple(replace(p, x=x(p.x)) for p in series.points) if chart.form == "bars" else series.points
        return Series(one_line(series.name, most=60), series.role, points, one_line(series.label, most=80))

    return replace(
        chart,
        title=one_line(chart.title, most=120),
        subtitle=one_line(chart.subtitle),
        x_title=one_line(chart.x_title, most=80),
        y_title=one_line(chart.y_title, most=80),
        unit=one_line(chart.unit, most=20),
        series=tuple(tidy(s) for s in chart.series),
        band=replace(chart.band, label=one_line(chart.band.label, most=120)) if chart.band else None,
        marks=tuple(replace(m, label=one_line(m.label, most=60)) for m in chart.marks),
        highlight=tuple(x(h) for h in chart.highlight),
        note=one_line(chart.note, most=400),
    )
