"""Outcomes that are known, and at a moment of the past those that were known then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops_tui.summaries.counts import Counts
from mlops_tui.summaries.days import DAY
from mlops_tui.summaries.layout import Layout
from mlops_tui.summaries.summary import schema


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of a log, of as many units as there are. Every answer is by the time of the decision, not of its outcome.

    How old an outcome was is kept in whole days: at a moment of the past some may or may not have been known, and are told
    apart. A question of now has none of these.
    """

    layout: Layout
    table: pa.Table

    def known(self, at: int | None = None) -> Counts:
        """Outcomes that are known; at a minute (since 1970, UTC) those that surely were known before it.

        The answer counts them as rows with a decision: `decided` are outcomes, `positive` the positive ones.
        """
        if at is None:
            return self._counts(np.ones(self.table.num_rows, dtype=bool))
        _, latest = self._came()
        return self._counts(latest <= at)

    def unsure(self, at: int) -> Counts:
        """Outcomes of which the age in days does not tell whether they were known before that minute."""
        earliest, latest = self._came()
        return self._counts((earliest < at) & (latest > at))

    def _came(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The minutes from which on, and before which, the outcomes of each row became known."""
        at, span, age = (self.table.column(c).to_numpy().astype(np.int64) for c in ("at", "span", "age"))
        return at + age * DAY, at + span + (age + 1) * DAY

    def _counts(self, rows: npt.NDArray[np.bool_]) -> Counts:
        table = self.table if rows.all() else self.table.filter(pa.array(rows))
        wanted = schema("cells")
        columns = {f.name: table.column("n" if f.name == "decided" else f.name) for f in wanted}
        return Counts(self.layout, pa.table(columns))
