"""Two windows of one column compared: what feature_drift and score_drift share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_tui.checks import values
from mlops_tui.checks.sheet import Column, Labels, Numbers, Side, floats
from mlops_tui.core.finding import Direction
from mlops_tui.stats.tails import ks_sf, surprise

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from mlops_tui.stats.bins import Categories

    Floats = npt.NDArray[np.float64]

_MOVERS = 2


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
    """The drift of a column from `before` to `now`, or why it cannot be told. Both sides are of the column's shape."""
    if isinstance(now, Labels):
        assert isinstance(before, Labels)
        return _categories(now, before, column)
    assert isinstance(before, Numbers)
    return _numbers(now, before, column)


def _numbers(now: Numbers, before: Numbers, column: Column) -> Drift | str:
    import numpy as np

    from mlops_tui.stats import bins
    from mlops_tui.stats.distances import ks_sorted

    edges = bins.sorted_edges(before.known)
    if not len(edges):
        return "the reference window has no value that is a number" if before.n else "the reference window is empty"
    counts_before, counts = (bins.sorted_counts(s.known, s.missing, edges) for s in (before, now))
    grown = _grown(counts, counts_before)
    direction: Direction = "change"
    shown = "no value is a finite number now" if len(now.known) else "all values are missing now"
    known, was_known = _finite(now.known), _finite(before.known)
    if len(known):
        middle, was = _median(known), _median(was_known)
        direction = "up" if middle > was else "down" if middle < was else "change"
        shown = _median_text("" if column.shape == "numbers" else "length ", middle, was, known, was_known, column.private)
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


def _median_text(noun: str, middle: float, was: float, known: Floats, known_before: Floats, private: bool) -> str:
    from mlops_tui.checks.words import number

    if private:
        return "values not shown"
    lo, hi = float(known[0]), float(known[-1])
    if lo == hi and float(known_before[0]) == float(known_before[-1]) == lo:
        return f"{noun}always {number(lo)} in both windows"
    if lo == hi:
        return f"{noun}always {number(lo)} now"
    if middle != was:
        return f"median {noun}{number(was)} to {number(middle)}"
    return f"median {noun}{number(middle)} in both, mean {number(float(known_before.mean()))} to {number(float(known.mean()))}"


def _categories(now: Labels, before: Labels, column: Column) -> Drift | str:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from mlops_tui.stats.bins import category_counts

    counted = category_counts(before.counts, now.counts)
    if not counted.labels:
        return "the reference window has no value" if before.n else "the reference window is empty"
    labels = pa.array(counted.labels, pa.string())

    def codes(raw: pa.ChunkedArray) -> npt.NDArray[np.int64]:
        text = values.texts(raw)
        place = pc.fill_null(pc.index_in(text, value_set=labels), len(labels) + 1)
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
