"""Two windows of one column compared: what feature_drift and score_drift share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_tui.checks import values
from mlops_tui.checks.sheet import OTHER_KNOWN, Column, Labels, Numbers, Side, floats
from mlops_tui.core.finding import Direction
from mlops_tui.stats.tails import ks_sf, surprise

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from mlops_tui.stats.bins import Categories
    from mlops_tui.summaries.histogram import Histogram

    Floats = npt.NDArray[np.float64]

_MOVERS = 2
_NOTHING, _EMPTY = "the reference window has no value that is a number", "the reference window is empty"


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a column's values lie from the reference's, and how far they would by chance.

    `log_p` is of "nothing drifted"; `shown` tells the move in words (no values where `private`). `codes` gives the bin of
    raw values and `grown` the bins whose share grew, so that the move can be dated and held against earlier windows.
    """

    n: int
    n_reference: int
    psi: float
    floor: float
    js: float
    kl: float
    ks: float | None
    log_p: float
    bins: int
    missing: float
    missing_reference: float
    infinite: int
    direction: Direction
    shown: str
    codes: Callable[[Any], npt.NDArray[np.int64]]
    grown: npt.NDArray[np.bool_]

    @property
    def excess(self) -> float:
        """PSI beyond what no drift would give."""
        return max(0.0, self.psi - self.floor)

    @property
    def score(self) -> float:
        """The surprise in standard deviations."""
        return surprise(self.log_p)

    @property
    def measures(self) -> Mapping[str, float | None]:
        """The further numbers of the Finding."""
        return {
            "psi": self.psi,
            "psi_floor": self.floor,
            "psi_excess": self.excess,
            "js": self.js,
            "kl": self.kl,
            "ks": self.ks,
            "ks_p": None if self.ks is None else ks_sf(self.ks, self.n_reference, self.n),
            "bins": float(self.bins),
            "missing": self.missing,
            "missing_reference": self.missing_reference,
            "infinite": float(self.infinite),
        }


def compare(now: Side, before: Side, column: Column) -> Drift | str:
    """The drift of a column from `before` to `now`, or why it cannot be told. Both sides are of one kind."""
    if isinstance(now, Labels):
        assert isinstance(before, Labels)
        return _categories(now, before, column)
    if isinstance(now, Numbers):
        assert isinstance(before, Numbers)
        return _numbers(now, before, column)
    assert not isinstance(before, Labels | Numbers)
    return _histograms(now, before, column)


def _histograms(now: Histogram, before: Histogram, column: Column) -> Drift | str:
    from mlops_tui.stats import bins
    from mlops_tui.summaries.histogram import ks

    edges = before.edges()
    if not len(edges):
        return _NOTHING if before.n else _EMPTY
    counts_before, counts = before.binned(edges), now.binned(edges)
    middle, was = now.quantile(0.5), before.quantile(0.5)
    direction: Direction = "change"
    shown = "no value is a finite number now" if now.known else "all values are missing now"
    if middle is not None and was is not None:
        direction = "up" if middle > was else "down" if middle < was else "change"
        sides = _Spread(middle, now.low, now.high, now.mean), _Spread(was, before.low, before.high, before.mean)
        shown = _median_text("" if column.shape == "numbers" else "length ", *sides, column.private)
    return _drift(
        counts,
        counts_before,
        -1,
        ks=ks(before, now) if now.known else None,
        infinite=now.infinite,
        direction=direction,
        shown=shown,
        codes=lambda raw: bins.bin_codes(floats(raw, column), edges),
        grown=_grown(counts, counts_before),
    )


@dataclass(frozen=True, slots=True)
class _Spread:
    """Where values lie: their median, the least and the largest (None: not known), their mean."""

    middle: float
    low: float | None
    high: float | None
    mean: float | None

    @property
    def only(self) -> float | None:
        """The one value that all of them are, if they are."""
        return self.low if self.low == self.high else None


def _numbers(now: Numbers, before: Numbers, column: Column) -> Drift | str:
    import numpy as np

    from mlops_tui.stats import bins
    from mlops_tui.stats.distances import ks_sorted

    edges = bins.sorted_edges(before.known)
    if not len(edges):
        return _NOTHING if before.n else _EMPTY
    counts_before, counts = (bins.sorted_counts(s.known, s.missing, edges) for s in (before, now))
    grown = _grown(counts, counts_before)
    direction: Direction = "change"
    shown = "no value is a finite number now" if len(now.known) else "all values are missing now"
    known, was_known = _finite(now.known), _finite(before.known)
    if len(known):
        here, there = _spread(known), _spread(was_known)
        direction = "up" if here.middle > there.middle else "down" if here.middle < there.middle else "change"
        shown = _median_text("" if column.shape == "numbers" else "length ", here, there, column.private)
    return _drift(
        counts,
        counts_before,
        -1,
        ks=ks_sorted(before.known, now.known) if len(now.known) else None,
        infinite=int(np.isinf(now.known).sum()),
        direction=direction,
        shown=shown,
        codes=lambda raw: bins.bin_codes(floats(raw, column), edges),
        grown=grown,
    )


def _finite(known: Floats) -> Floats:
    """Values in ascending order without the infinities at their ends."""
    import numpy as np

    return known[np.searchsorted(known, -np.inf, "right") : np.searchsorted(known, np.inf, "left")]


def _median(known: Floats) -> float:
    """Of values in ascending order, of which there are some."""
    low, high = float(known[(len(known) - 1) // 2]), float(known[len(known) // 2])
    return low if low == high else low / 2 + high / 2


def _spread(known: Floats) -> _Spread:
    """Of finite values in ascending order, of which there are some."""
    return _Spread(_median(known), float(known[0]), float(known[-1]), float(known.mean()))


def _median_text(noun: str, now: _Spread, before: _Spread, private: bool) -> str:
    from mlops_tui.checks.words import number

    if private:
        return "values not shown"
    if now.only is not None:
        both = now.only == before.only
        return f"{noun}always {number(now.only)}{' in both windows' if both else ' now'}"
    if now.middle != before.middle:
        return f"median {noun}{number(before.middle)} to {number(now.middle)}"
    means = "" if now.mean is None or before.mean is None else f", mean {number(before.mean)} to {number(now.mean)}"
    return f"median {noun}{number(now.middle)} in both{means}"


def _categories(now: Labels, before: Labels, column: Column) -> Drift | str:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from mlops_tui.stats.bins import category_counts

    counted = category_counts(before.counts, now.counts)
    if not counted.labels:
        return "the reference window has no value" if before.n else _EMPTY
    labels = pa.array(counted.labels, pa.string())

    def codes(raw: pa.ChunkedArray) -> npt.NDArray[np.int64]:
        text = values.texts(raw)
        elsewhere = counted.labels.index(OTHER_KNOWN) if OTHER_KNOWN in counted.labels else len(labels) + 1
        place = pc.fill_null(pc.index_in(text, value_set=labels), elsewhere)
        place = pc.if_else(pc.is_null(text), pa.scalar(len(labels), pa.int32()), place)
        return np.asarray(place.to_numpy(), dtype=np.int64)

    shown = "values not shown" if column.private else _movers(counted)
    grown = _grown(counted.current, counted.reference)
    return _drift(
        counted.current, counted.reference, -2, ks=None, infinite=0, direction="change", shown=shown, codes=codes, grown=grown
    )


def _grown(current: npt.NDArray[np.int64], reference: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """The bins whose share is larger now."""
    out: npt.NDArray[np.bool_] = current * max(1, int(reference.sum())) > reference * max(1, int(current.sum()))
    return out


def _movers(counted: Categories) -> str:
    """The categories that moved most, and those that are new, in words."""
    from mlops_tui.checks.words import percent
    from mlops_tui.core.leave import one_line

    n, m = max(1, int(counted.current.sum())), max(1, int(counted.reference.sum()))
    names = [*(f"'{one_line(label, most=40)}'" for label in counted.labels), "missing"]
    moved = [(c / n - r / m, name, r / m, c / n) for name, r, c in zip(names, counted.reference, counted.current, strict=False)]
    moved.sort(key=lambda x: (-abs(x[0]), x[1]))
    parts = [f"{name} {percent(was)} to {percent(now)}" for change, name, was, now in moved[:_MOVERS] if change]
    if counted.unseen:
        share = percent(int(counted.current[-1]) / n)
        more = f" and {len(counted.unseen) - 1} more" if len(counted.unseen) > 1 else ""
        parts.append(f"new '{one_line(counted.unseen[0], most=40)}'{more}: {share}")
    return ", ".join(parts) or "the same shares"


def _drift(
    now: npt.NDArray[np.int64],
    before: npt.NDArray[np.int64],
    missing_bin: int,
    *,
    ks: float | None,
    infinite: int,
    direction: Direction,
    shown: str,
    codes: Callable[[Any], npt.NDArray[np.int64]],
    grown: npt.NDArray[np.bool_],
) -> Drift:
    from mlops_tui.stats import distances

    n, m = int(now.sum()), int(before.sum())
    filled = int(((now + before) > 0).sum())
    return Drift(
        n=n,
        n_reference=m,
        psi=distances.psi(before, now),
        floor=distances.psi_noise(filled, m, n),
        js=distances.js(before, now),
        kl=distances.kl(now, before),
        ks=ks,
        log_p=distances.psi_log_p(before, now),
        bins=filled,
        missing=int(now[missing_bin]) / n if n else 0.0,
        missing_reference=int(before[missing_bin]) / m if m else 0.0,
        infinite=infinite,
        direction=direction,
        shown=shown,
        codes=codes,
        grown=grown,
    )
