"""Two windows of one column compared: what feature_drift and score_drift share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlops_tui.checks import values
from mlops_tui.core.finding import Direction
from mlops_tui.stats.tails import ks_sf, surprise

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from mlops_tui.stats.bins import Categories

    Floats = npt.NDArray[np.float64]

Shape = Literal["numbers", "lengths", "categories"]
_MOVERS = 2


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a column's values lie from the reference's, and how far they would by chance.

    `log_p` is of "nothing drifted"; `shown` tells the move in words (no values where `private`), `inside` says of raw
    values whether they lie in the bins that grew, so that the move can be dated.
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
    inside: Callable[[Any], npt.NDArray[np.bool_]]

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


def compare(
    current: pa.ChunkedArray, reference: pa.ChunkedArray, name: str, shape: Shape, *, private: bool = False
) -> Drift | str:
    """The drift of a column, or why it cannot be told. Raises LogError where numbers were declared and are not there."""
    if shape == "categories":
        return _categories(values.texts(current), values.texts(reference), private)

    def read(column: pa.ChunkedArray) -> Floats:
        return values.numbers(column, name) if shape == "numbers" else values.lengths(column)

    return _numbers(read(current), read(reference), read, "" if shape == "numbers" else "length ", private)


def _numbers(
    current: Floats, reference: Floats, read: Callable[[pa.ChunkedArray], Floats], noun: str, private: bool
) -> Drift | str:
    import numpy as np

    from mlops_tui.stats import bins

    if not np.isfinite(reference).any():
        return "the reference window has no value that is a number" if len(reference) else "the reference window is empty"
    edges = bins.quantile_edges(reference)
    before, now = bins.bin_counts(reference, edges), bins.bin_counts(current, edges)
    known, known_before = current[~np.isnan(current)], reference[~np.isnan(reference)]
    grown = _grown(now, before)
    direction: Direction = "change"
    shown = "all values are missing now"
    if len(known):
        middle, was = float(np.median(known)), float(np.median(known_before))
        direction = "up" if middle > was else "down" if middle < was else "change"
        shown = _median_text(noun, middle, was, known, known_before, private)
    return _drift(
        now,
        before,
        -1,
        ks=_ks(known_before, known),
        infinite=int(np.isinf(current).sum()),
        direction=direction,
        shown=shown,
        inside=lambda column: grown[bins.bin_codes(read(column), edges)],
    )


def _ks(reference: Floats, current: Floats) -> float | None:
    from mlops_tui.stats.distances import ks_two_sample

    return ks_two_sample(reference, current) if len(reference) and len(current) else None


def _median_text(noun: str, middle: float, was: float, known: Floats, known_before: Floats, private: bool) -> str:
    from mlops_tui.checks.words import number

    if private:
        return "values not shown"
    lo, hi = float(known.min()), float(known.max())
    if lo == hi and float(known_before.min()) == float(known_before.max()) == lo:
        return f"{noun}always {number(lo)} in both windows"
    if lo == hi:
        return f"{noun}always {number(lo)} now"
    if middle != was:
        return f"median {noun}{number(was)} to {number(middle)}"
    return f"median {noun}{number(middle)} in both, mean {number(float(known_before.mean()))} to {number(float(known.mean()))}"


def _categories(current: pa.ChunkedArray, reference: pa.ChunkedArray, private: bool) -> Drift | str:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from mlops_tui.stats.bins import category_counts

    counted = category_counts(values.frequencies(reference), values.frequencies(current))
    if not counted.labels:
        return "the reference window has no value" if len(reference) else "the reference window is empty"
    grown = _grown(counted.current, counted.reference)
    kept = {label for label, more in zip(counted.labels, grown, strict=False) if more}
    known, fresh, gone = set(counted.labels), bool(grown[-1]), bool(grown[-2])

    def inside(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
        text = values.texts(column)
        hit = pc.is_in(text, value_set=pa.array(sorted(kept), pa.string()))
        if fresh:
            new = pc.invert(pc.is_in(text, value_set=pa.array(sorted(known), pa.string())))
            hit = pc.or_(hit, pc.and_(new, pc.is_valid(text)))
        if gone:
            hit = pc.or_(hit, pc.is_null(text))
        return np.asarray(pc.fill_null(hit, False).to_numpy(), dtype=np.bool_)

    shown = "values not shown" if private else _movers(counted)
    return _drift(counted.current, counted.reference, -2, ks=None, infinite=0, direction="change", shown=shown, inside=inside)


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
    inside: Callable[[Any], npt.NDArray[np.bool_]],
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
        inside=inside,
    )
