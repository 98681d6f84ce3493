"""A chain, day by day: who applies, what is served, what the models decide, what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import numpy as np

from mlops_tui.simulate import people, scorer, source
from mlops_tui.simulate.calendar import Calendar, millis
from mlops_tui.simulate.changes import collections_version, deployed, trained_on, version_of
from mlops_tui.simulate.faults import serve
from mlops_tui.simulate.story import Story
from mlops_tui.simulate.world import Array, Columns, applicants, spread_regions

FEED_SHARE: Final = 0.25
"""Transactions of `bank_feed` for each credit-risk decision."""
COLLECTIONS_SHARE: Final = 0.05
"""Decisions of collections-priority for each of credit-risk."""
_STREAMS: Final = {
    name: i for i, name in enumerate(("counts", "training", "credit-risk", "outcomes", "bank_feed", "collections"), 10)
}


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one log: `first` numbers its first row, `times` are in ms, `versions` are `(id, rows)` in order of time."""

    first: int
    times: Array
    columns: Columns
    versions: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What the truth is counted from, for the rows of one day."""

    times: Array
    region: Array
    size: Array
    score: Array
    approved: Array
    deserved: Array


@dataclass(slots=True)
class Chain:
    """A story told for `rows` decisions. Days are made in order, each from random streams of its own.

    `kept` and `outcomes` grow with each `decisions(day)`.
    """

    story: Story
    rows: int
    kept: list[Kept] = field(default_factory=list)
    outcomes: list[Columns] = field(default_factory=list)
    calendar: Calendar = field(init=False)
    days: tuple[date, ...] = field(init=False)
    _counts: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.calendar = self.story.calendar
        self.days = self.calendar.days
        totals = (("credit-risk", 1.0), ("bank_feed", FEED_SHARE), ("collections", COLLECTIONS_SHARE))
        for number, (name, share) in enumerate(totals):
            rng = self._rng("counts", number)
            self._counts[name] = self.calendar.counts(rng, max(1, round(self.rows * share)))

    def contaminated(self) -> tuple[str, ...]:
        """The versions of credit-risk that were trained on rows of the onset's day or later."""
        days = (day for day in self.days if deployed(day) < self.calendar.end)
        return tuple(version_of(day) for day in days if trained_on(day)[1] >= self.story.onset.date())

    def decisions(self, day: int) -> Day:
        """The credit-risk log of a day: features as served, score, decision, and what people did about it."""
        rng, times, first = self._begin("credit-risk", day)
        true = self._applicants(rng, times)
        effect = scorer.effects(true)
        served, hit = self._served(rng, times, true)
        served_effect = scorer.effects(served) if hit.any() else effect
        score, versions = np.empty(len(times)), []
        for version, rows in self._live(day, times):
            score[rows] = scorer.probability(scorer.log_odds(version, _cut(served, rows), served_effect[rows]))
            versions.append((version.id, rows.stop - rows.start))
        approved = score >= scorer.APPROVE_FROM
        odds = scorer.log_odds(_TRUE, true, effect)
        should = scorer.probability(odds) >= scorer.APPROVE_FROM
        deserved = np.where(hit, should, approved)
        told = people.reactions(rng, times, approved, deserved, odds, millis(self.calendar.end))
        columns = {**served, "score": score, "approved": approved, **told, **people.service(rng, len(times))}
        columns["applicant"] = 64 * served["region"].astype(np.int16) + rng.integers(0, 64, len(times)).astype(np.int16)
        self.kept.append(Kept(times, served["region"], served["merchant_size"], score, approved, deserved))
        numbers = first + np.arange(len(times))
        later = self._rng("outcomes", day)
        amount = served["amount"]
        self.outcomes.append(people.outcomes(later, numbers, times, amount, approved, odds, millis(self.calendar.end)))
        return Day(first, times, columns, tuple(versions))

    def feed(self, day: int) -> Day:
        """The bank_feed log of a day."""
        rng, times, first = self._begin("bank_feed", day)
        return Day(first, times, source.transactions(rng, times, self.story, millis(self.story.onset)))

    def collections(self, day: int) -> Day:
        """The collections-priority log of a day: the same features, `score` of paying late, `call` where it is high."""
        rng, times, first = self._begin("collections", day)
        true = self._applicants(rng, times)
        served, _ = self._served(rng, times, true)
        moment = datetime.combine(self.days[day], time(0, tzinfo=UTC))
        month = moment.date().replace(day=1)
        version = scorer.train(collections_version(moment), trained_on(month), self._rng("training", 1_000 + month.month))
        score = scorer.late_payment(scorer.log_odds(version, served, scorer.effects(served)))
        columns = {**served, "score": score, "call": score >= scorer.CALL_FROM, **people.service(rng, len(times))}
        columns["days_late"] = rng.integers(1, 60, len(times)).astype(np.float64)
        return Day(first, times, columns, ((version.id, len(times)),))

    def observed(self) -> Iterator[tuple[date, Columns]]:
        """The outcomes of all days made so far, by the day on which they were observed."""
        columns = {name: np.concatenate([part[name] for part in self.outcomes]) for name in self.outcomes[0]}
        order = np.lexsort((columns["row"], columns["observed_at"]))
        columns = {name: values[order] for name, values in columns.items()}
        starts = [millis(datetime.combine(day, time(0, tzinfo=UTC))) for day in self.days]
        cuts = np.append(np.searchsorted(columns["observed_at"], starts), len(order))
        for number, day in enumerate(self.days):
            yield day, {name: values[cuts[number] : cuts[number + 1]] for name, values in columns.items()}

    def _rng(self, stream: str, number: int) -> np.random.Generator:
        return np.random.default_rng([self.story.seed, _STREAMS[stream], number])

    def _begin(self, log: str, day: int) -> tuple[np.random.Generator, Array, int]:
        rng, counts = self._rng(log, day), self._counts[log]
        return rng, self.calendar.times(rng, counts, day), int(counts[: 24 * day].sum())

    def _applicants(self, rng: np.random.Generator, times: Array) -> Columns:
        moment = datetime.fromtimestamp(times[0] / 1000, UTC) if len(times) else self.calendar.start
        hour = times // 3_600_000 % 24
        columns = applicants(rng, hour, moment.weekday() >= 5)
        columns["region"] = np.zeros(len(times), np.int8)
        quality = scorer.log_odds(_TRUE, columns, scorer.effects(columns))
        columns["region"] = spread_regions(rng, hour, quality)
        return columns

    def _served(self, rng: np.random.Generator, times: Array, true: Columns) -> tuple[Columns, Array]:
        region, size = self.story.cell
        hit = (times >= millis(self.story.onset)) & (true["region"] == region) & (true["merchant_size"] == size)
        return serve(self.story.fault, true, hit, rng.random(len(times))), hit

    def _live(self, day: int, times: Array) -> list[tuple[scorer.Version, slice]]:
        """The versions that decide on a day, with their rows: yesterday's until the deploy, then today's."""
        today = self.days[day]
        cut = int(np.searchsorted(times, millis(deployed(today))))
        parts = ((day - 1, slice(0, cut)), (day, slice(cut, len(times))))
        return [(self._version(number), rows) for number, rows in parts if rows.stop > rows.start]

    def _version(self, number: int) -> scorer.Version:
        day = self.days[0] + timedelta(days=number)
        trained = trained_on(day)
        broken = self.story.cell if trained[1] >= self.story.onset.date() else None
        return scorer.train(version_of(day), trained, self._rng("training", number + 1), broken=broken)


_TRUE: Final = scorer.nature()


def _cut(columns: Columns, rows: slice) -> Columns:
    return {name: columns[name][rows] for name in ("region", "merchant_size")}
