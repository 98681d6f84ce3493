"""Whether a move is beyond what earlier windows of the same length show: days differ, and not by chance alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from mlops_tui.checks import words
from mlops_tui.core.finding import Status
from mlops_tui.core.window import Pair, Window
from mlops_tui.stats import usual as stats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mlops_tui.core.finding import Finding
    from mlops_tui.core.threshold import Threshold
    from mlops_tui.stats.onset import Onset

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

COMMON, RARE = 0.05, 0.01
"""p from which a move counts as the usual course, and from which it is no more than a warning."""
_LEVELS: tuple[Status, ...] = ("ok", "warn", "crit")
_DAY = timedelta(days=1)
_MOST = 60
_MOST_CELLS = 20_000_000
"""Hours by bins up to which the distances of earlier windows are looked at."""
Series = Sequence[tuple[datetime, int, int]]
"""Start of an hour, rows, and those of them that count; in order of time."""


def step_of(window: Window) -> timedelta:
    """How far windows of this length lie apart: whole days, and whole weeks for a window longer than a day."""
    return _DAY if window.length <= _DAY else 7 * _DAY * math.ceil(window.length / (7 * _DAY))


def earlier_pairs(pair: Pair, begin: datetime, until: datetime) -> Iterator[tuple[int, Window, Window | None]]:
    """The same question at earlier times, the latest first, between `begin` and `until`: season (days modulo a week), the
    window, and what it would have been held against (None: the reference)."""
    step = step_of(pair.current)
    back = None if pair.compare == "reference" else pair.current.start - pair.baseline.start
    for i in range(1, _MOST + 1):
        window = pair.current.shift(-i * step)
        against = None if back is None else window.shift(-back)
        if min(window, against or window).start < begin:
            return
        if window.end <= until:
            yield (i * step.days) % 7, window, against


def usual_rate(pair: Pair, series: Series, until: datetime, min_n: int) -> stats.Usual | None:
    """A rate (or its move since the day or week before) against those of earlier windows that end by `until`; None where
    too few of them have `min_n` rows."""
    if not series:
        return None

    def counts(window: Window) -> tuple[int, int]:
        inside = [(n, k) for at, n, k in series if window.start <= at < window.end]
        return sum(n for n, _ in inside), sum(k for _, k in inside)

    def value(window: Window, against: Window | None) -> tuple[float, float, float] | None:
        """The rate or its move; the rate alone; what multiplies p(1-p) in the variance that sampling gives the value."""
        sides = [counts(w) for w in (window, against) if w is not None]
        if min(n for n, _ in sides) < min_n:
            return None
        told = [(k + 0.5) / (n + 1) for n, k in sides]
        return told[0] - sum(told[1:]), told[0], sum(1 / (n + 1) for n, _ in sides)

    now = value(pair.current, None if pair.compare == "reference" else pair.baseline)
    held = [(season, v) for season, w, a in earlier_pairs(pair, series[0][0], until) if (v := value(w, a)) is not None]
    if now is None or not held:
        return None
    rate = median(v[1] for _, v in held)
    noise, noise_earlier = (math.sqrt(rate * (1 - rate) * share) for share in (now[2], median(v[2] for _, v in held)))
    return stats.usual(now[0], [(season, v[0]) for season, v in held], noise=noise, noise_earlier=noise_earlier)


def looked_into(
    finding: Finding,
    pair: Pair,
    series: Series,
    season: Callable[[datetime], int],
    thresholds: Sequence[Threshold],
    positives: int,
    min_n: int,
) -> Finding:
    """A rate's move that is a warning or worse, with its onset; `ok` where windows before the onset vary as much.

    What earlier windows do as well is no recovery either: a Monday does not recover from its Sunday.
    """
    from mlops_tui.stats.onset import onset

    point = onset(series, season=season, window=pair.current.start)
    if point is not None and (point.after - point.before) * (finding.change or 0.0) <= 0:
        point = None
    custom = usual_rate(pair, series, pair.baseline.start if finding.recovery else _until(pair, point), min_n)
    if finding.recovery:
        if custom is None or custom.log_p < math.log(COMMON):
            return finding
        seen = {"usual_p": math.exp(custom.log_p), "usual_windows": float(custom.samples)}
        return finding.but(recovery=False, measures=dict(finding.measures) | seen)
    return course(finding, point, custom, thresholds, (positives, finding.n))


def course(
    finding: Finding,
    point: Onset | None,
    custom: stats.Usual | None,
    thresholds: Sequence[Threshold],
    counts: tuple[int, int] | None = None,
) -> Finding:
    """A move that is a warning or worse with its onset, held against earlier windows (see `held_to_custom`)."""
    held = held_to_custom(finding, custom, thresholds, counts)
    return held if held.status == "ok" else held_to_custom(since(finding, point), custom, thresholds, counts)


def since(finding: Finding, point: Onset | None) -> Finding:
    """The finding with its onset, where a moment stands out."""
    if point is None:
        return finding
    bounds = {"onset_lo": point.lo.timestamp(), "onset_hi": point.hi.timestamp()}
    text = f"{finding.summary.rstrip('.')} since {words.moment(point.at)}."
    return finding.but(onset=point.at, summary=text, measures=dict(finding.measures) | bounds)


def _until(pair: Pair, point: Onset | None) -> datetime:
    """Until when windows are earlier ones: what still lasts since its onset is not the usual course of anything."""
    return pair.current.start if point is None else min(point.at, pair.current.start)


def usual_distance(
    psi: float, share: float, pair: Pair, hours: Ints, codes: Ints, bins: int, point: Onset | None, min_n: int
) -> stats.Usual | None:
    """A PSI against those of earlier windows, over the same bins; a smaller one is always usual.

    Roots are compared, since the root of a chi-squared variable varies by about 1/sqrt(2) whatever its degrees of freedom
    (R. A. Fisher, 1922); `share` is 1/n + 1/m, what turns chi-squared into PSI.

    `hours` (since 1970) and `codes` (the bin) are of the rows of the history. An earlier window is held against the rest
    of the history before the current one and before the onset, as it would be against the reference.
    """
    import numpy as np

    from mlops_tui.stats import distances

    if psi <= 0 or not len(hours):
        return None
    begin, end = int(hours.min()), int(hours.max()) + 1
    if (end - begin) * bins > _MOST_CELLS:
        return None
    table = np.bincount((hours - begin) * bins + codes, minlength=(end - begin) * bins).reshape(end - begin, bins)

    def counts(window: Window) -> Ints:
        rows = table[max(0, _hour(window.start) - begin) : max(0, _hour(window.end) - begin)]
        summed: Ints = rows.sum(axis=0, dtype=np.int64)
        return summed

    until = _until(pair, point)
    past = table[: max(0, _hour(until) - begin)].sum(axis=0, dtype=np.int64)
    earlier: list[tuple[int, float]] = []
    shares = []
    for season, window, against in earlier_pairs(pair, datetime.fromtimestamp(begin * 3600, UTC), until):
        here = counts(window)
        there = past - here if against is None else counts(against)
        n, m = int(here.sum()), int(there.sum())
        if min(n, m) >= min_n:
            earlier.append((season, math.sqrt(distances.psi(there, here))))
            shares.append(1 / n + 1 / m)
    if not earlier:
        return None
    noise, noise_earlier = (math.sqrt(share / 2) for share in (share, median(shares)))
    found = stats.usual(math.sqrt(psi), earlier, noise=noise, noise_earlier=noise_earlier)
    if found is None:
        return None
    # one-sided: no distance is too small to be usual
    return replace(found, log_p=found.log_p - math.log(2) if math.sqrt(psi) > found.middle else 0.0)


def usual_level(pair: Pair, hours: Ints, known: Floats, point: Onset | None, min_n: int) -> stats.Usual | None:
    """The median of a column against those of earlier windows: what PSI cannot say of values beyond all earlier ones.

    `known` are finite values, `hours` theirs.
    """
    import numpy as np

    order = np.argsort(hours, kind="stable")
    hours, known = hours[order], known[order]

    def middle(window: Window) -> float | None:
        low, high = np.searchsorted(hours, (_hour(window.start), _hour(window.end)))
        return float(np.median(known[low:high])) if high - low >= min_n else None

    now = middle(pair.current)
    if now is None or not len(hours):
        return None
    begin = datetime.fromtimestamp(int(hours[0]) * 3600, UTC)
    earlier = [(season, x) for season, w, _ in earlier_pairs(pair, begin, _until(pair, point)) if (x := middle(w)) is not None]
    return stats.usual(now, earlier, noise=0.0)


def _hour(at: datetime) -> int:
    return int(at.timestamp() // 3600)


def held_to_custom(
    finding: Finding, found: stats.Usual | None, thresholds: Sequence[Threshold], counts: tuple[int, int] | None
) -> Finding:
    """A move that is a warning or worse, held against earlier windows: `ok` where they vary as much, no worse than a warning
    where they nearly do. A bound on the value itself no custom excuses. As it was where too few earlier windows tell."""
    from mlops_tui.checks.judge import Evidence, judge

    if found is None or found.log_p < math.log(RARE):
        return finding
    usual = found.log_p >= math.log(COMMON)
    most: Status = "ok" if usual else "warn"
    bounds = [t for t in thresholds if t.measure == "value"]
    by_value, decisive = judge(bounds, Evidence({"value": finding.value}, counts=counts))
    if _LEVELS.index(by_value) >= _LEVELS.index(finding.status):
        return finding
    if _LEVELS.index(by_value) > _LEVELS.index(most):
        return finding.but(status=by_value, threshold=decisive)
    seen = {"usual_p": math.exp(found.log_p), "usual_windows": float(found.samples)}
    held = finding.but(status=min(finding.status, most, key=_LEVELS.index), measures=dict(finding.measures) | seen)
    return held.but(summary=as_usual(finding.summary, held))


def as_usual(summary: str, finding: Finding) -> str:
    """A sentence about a move, with what earlier windows say of it (of a Finding that was held against them)."""
    windows, p = finding.measures["usual_windows"], finding.measures["usual_p"]
    vary = "vary as much" if p is not None and p >= COMMON else "vary nearly as much"
    return f"{summary.rstrip('.')}; {words.plural(int(windows or 0), 'earlier window')} {vary}."
