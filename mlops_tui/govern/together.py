"""What columns say of one another: how a score parts two groups, what is known with what, what goes together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_tui.govern.guess import percent
from mlops_tui.govern.profile import Column

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Cut:
    """How a score parts two groups: `auc` is the chance that one of the group scores higher than one that is not in it,
    `at` the best cut, `right` the share of rows on their side of it, `above` whether the group lies above, `next` the nearest
    score on the other side."""

    auc: float
    at: float
    right: float
    above: bool
    next: float

    @property
    def simple(self) -> str:
        """The cut as the shortest number that parts the same scores."""
        slack = 1e-6 * max(1.0, abs(self.at))  # single precision
        for digits in range(-3, 7):
            step = 10.0**-digits
            if self.above:
                near = math.floor((self.at + slack) / step) * step
                fits = self.next + slack < near
            else:
                near = math.ceil((self.at - slack) / step) * step
                fits = near < self.next - slack
            if fits:
                return f"{near:.{max(0, digits)}f}"
        return f"{self.at:.7g}"


def code_values(c: Column) -> tuple[str, ...]:
    """The values of a column of few, in order."""
    return tuple(sorted(c.frequencies))


def mask(c: Column, value: str) -> npt.NDArray[np.bool_]:
    """The rows of the sample that hold the value."""
    inside: npt.NDArray[np.bool_] = c.codes == c.code(value)
    return inside


def known(c: Column) -> npt.NDArray[np.bool_]:
    """The rows of the sample that hold any value."""
    return c.codes >= 0


def cut_of(score: Column, inside: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> Cut | None:
    """How the score parts the rows `inside` from the others `among` which they are; None where a side has under 20 rows."""
    import numpy as np

    use = among & np.isfinite(score.numbers)
    x, y = score.numbers[use], inside[use]
    n, m = int(y.sum()), int((~y).sum())
    if min(n, m) < 20:
        return None
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    values, starts = np.unique(x, return_index=True)
    inside_up_to = np.concatenate([[0], np.cumsum(y)])[np.append(starts[1:], len(x))]
    up_to = np.append(starts[1:], len(x))
    below_in = np.concatenate([[0], inside_up_to[:-1]])
    below_out = np.concatenate([[0], (up_to - inside_up_to)[:-1]])
    here_in, here_out = np.diff(np.append(below_in, n)), np.diff(np.append(below_out, m))
    auc = float(np.sum(here_in * (below_out + here_out / 2)) / (n * m))
    # the cut is the lowest score of a group that lies above, the highest of one that lies below
    right_above = ((n - below_in) + below_out) / (n + m)
    right_below = (below_in + (m - below_out)) / (n + m)
    i, j = int(np.argmax(right_above)), int(np.argmax(right_below))
    above = bool(right_above[i] >= right_below[j])
    k = i if above else j
    here, there = (k, k - 1) if above else (k - 1, k)
    at, beyond = float(values[max(here, 0)]), float(values[max(there, 0)])
    return Cut(auc, at, float(max(right_above[i], right_below[j])), above, beyond)


def known_only_for(decision: Column, label: Column) -> str | None:
    """The one value of the decision with which the label is known, where it is never known with another."""
    if label.missing < 0.01:
        return None
    there = known(label)
    shares = {}
    for value in code_values(decision):
        rows = mask(decision, value)
        if rows.sum() >= 20:
            shares[value] = float(there[rows].mean())
    with_label = [v for v, share in shares.items() if share > 0.005]
    if len(with_label) == 1 and len(shares) > 1 and shares[with_label[0]] > 0.2:
        return with_label[0]
    return None


def agreement(a: Column, a_value: str, b: Column, b_value: str) -> float | None:
    """The phi coefficient of two columns' values; None where it cannot be told."""
    import numpy as np

    both = known(a) & known(b)
    x, y = mask(a, a_value)[both], mask(b, b_value)[both]
    if len(x) < 50 or x.all() or y.all() or not x.any() or not y.any():
        return None
    return float(np.corrcoef(x, y)[0, 1])


def share(c: Column, value: str) -> str:
    """How often a value stands in the sample, for people."""
    return percent(c.frequencies.get(value, 0) / max(1, sum(c.frequencies.values())))
