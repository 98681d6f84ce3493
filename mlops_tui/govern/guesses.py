"""Everything that a log tells about itself: each role with the column that has it, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mlops_tui.core.errors import LogError
from mlops_tui.core.leave import one_line
from mlops_tui.govern import dimensions, outcome, purposes, times, zones
from mlops_tui.govern.guess import Guess, listed
from mlops_tui.govern.meaning import Meaning, meaning
from mlops_tui.govern.profile import Profile
from mlops_tui.govern.times import Moments
from mlops_tui.govern.together import known_only_for
from mlops_tui.govern.words import TIME_NOUNS
from mlops_tui.inventory.types import Decision, LogSpec, Score
from mlops_tui.logs.literals import ident
from mlops_tui.logs.undeclared import UndeclaredLog


@dataclass(frozen=True, slots=True)
class Guesses:
    """The roles of a log's columns. A role without a column is None; `stand_in` is a column that only fills the decision's
    place where no column could be it. `notes` are faults that a person should know of."""

    pattern: str
    profile: Profile
    time: Guess[str]
    zone: Guess[str]
    moments: Moments
    id: Guess[str] | None
    version: Guess[str] | None
    score: Guess[str] | None
    decision: Guess[str] | None
    label: Guess[str] | None
    meaning: Meaning
    latency: Guess[str] | None
    cost: Guess[str] | None
    sensitive: Mapping[str, Guess[str]]
    rest: dimensions.Rest
    stand_in: Decision | None = None

    @property
    def declared(self) -> Decision:
        """The decision as it is declared: the guessed one, or the stand-in."""
        if self.decision is not None and self.meaning.positive is not None:
            return Decision(column=self.decision.value, positive=self.meaning.positive.value)
        assert self.stand_in is not None
        return self.stand_in

    def spec(self, path: str) -> LogSpec:
        """The log as it is declared, its zone aside."""
        return LogSpec(
            path=path,
            time=self.time.value,
            id=self.id.value if self.id else None,
            version=self.version.value if self.version else None,
            score=Score(column=self.score.value) if self.score else None,
            latency=self.latency.value if self.latency else None,
            cost=self.cost.value if self.cost else None,
            segments=list(self.rest.segments),
            sensitive=list(self.sensitive),
        )


def guess(log: UndeclaredLog, profile: Profile, *, now: datetime, here: str | None, zone: str | None) -> Guesses:
    """The roles of the log's columns, from its profile and one more look at its times.

    `now` is the clock's moment, `here` this machine's zone where it is known, `zone` the one that a person named.
    Raises LogError where no column can be read as the time of the decision.
    """
    import numpy as np

    found = times.choose(profile, now)
    if found is None:
        raise _no_time(profile, log.manifest.pattern)
    moments, time, other_times = found
    sensitive = {n: Guess(n, why) for n, c in profile.columns.items() if n != time.value and (why := purposes.personal(c))}
    taken = [time.value, *(m.column.name for m in other_times), *sensitive]
    order = np.argsort(np.where(moments.read, moments.micros, np.iinfo(np.int64).max), kind="stable")
    id_ = purposes.choose_id(profile, taken)
    taken += [id_.value] if id_ else []
    version = purposes.choose_version(profile, taken, order)
    taken += [version.value] if version else []
    latency = purposes.choose_latency(profile, taken)
    cost = purposes.choose_cost(profile, taken)
    taken += [g.value for g in (latency, cost) if g]
    trio = outcome.find(profile, taken)
    chosen = {r: c for r in ("score", "decision", "label") if (c := getattr(trio, r)) is not None}
    roles = {r: Guess(c.name, trio.evidence[r].told(), trio.evidence[r].weight > 0.5) for r, c in chosen.items()}
    taken += [c.name for c in chosen.values()]
    afterwards = _known_afterwards(profile, trio, taken)
    rest = dimensions.sort_out(profile, [*taken, *afterwards])
    hourly = by_hour(log, moments) if zone is None and moments.form not in ("aware", "unix") else {}
    return Guesses(
        pattern=log.manifest.pattern,
        profile=profile,
        time=time,
        zone=Guess(zone, "as you said") if zone else zones.guess_zone(moments, hourly, here),
        moments=moments,
        id=id_,
        version=version,
        score=roles.get("score"),
        decision=roles.get("decision"),
        label=roles.get("label"),
        meaning=meaning(trio),
        latency=latency,
        cost=cost,
        sensitive=sensitive,
        rest=_with(rest, afterwards | {m.column.name: "another time than the decision's" for m in other_times}),
        stand_in=None if "decision" in roles else _stand_in(profile, roles, time.value),
    )


def by_hour(log: UndeclaredLog, moments: Moments) -> dict[datetime, int]:
    """Rows by the hour as written (as if in UTC)."""
    from mlops_tui.govern.times import instant_sql
    from mlops_tui.logs.log import moment

    step = 3_600_000_000
    micros = f"epoch_us({instant_sql(moments.column)})"
    query = (
        f"SELECT {micros} // {step} * {step} AS us, count(*) FROM {ident(log.name)} GROUP BY 1 HAVING us IS NOT NULL ORDER BY 1"  # noqa: S608
    )
    return {moment(us): n for us, n in log.rows(query)}


def _with(rest: dimensions.Rest, ignored: Mapping[str, str]) -> dimensions.Rest:
    return dimensions.Rest(rest.segments, rest.features, rest.protected, dict(rest.ignored) | dict(ignored))


def _known_afterwards(profile: Profile, trio: outcome.Trio, taken: Sequence[str]) -> dict[str, str]:
    """Columns that are known only with one value of the decision: they were said after it, so the model cannot read them."""
    if trio.decision is None:
        return {}
    found = {}
    for name, c in profile.columns.items():
        if name not in taken and c.kind not in ("nested", "other"):
            value = known_only_for(trio.decision, c)
            if value is not None:
                found[name] = f"known only where {trio.decision.name} is {value}: said after the decision, so no input of it"
    return found


def _stand_in(profile: Profile, roles: Mapping[str, Guess[str]], time: str) -> Decision:
    """A column that fills the decision's place, so that everything else can be looked at: the label, else one of few values."""
    if "label" in roles:
        chosen = profile.columns[roles["label"].value]
    else:
        others = [
            c for c in profile.columns.values() if c.name != time and c.kind in ("boolean", "text", "number") and c.present
        ]
        if not others:
            raise LogError("no column of this log can be the decision: it has only times", where=time)
        chosen = min(others, key=lambda c: (c.constant, c.kind == "number" and not c.whole, c.partition, c.distinct))
    return Decision(column=chosen.name, positive=next(iter(chosen.frequencies), "1"))


def _no_time(profile: Profile, pattern: str) -> LogError:
    named = [
        f"{c.name} (such as {one_line(next(iter(c.frequencies), ''), most=40)!r})"
        for c in profile.columns.values()
        if set(c.words) & TIME_NOUNS and c.kind in ("text", "number")
    ]
    read = times.moments(profile)
    if read:
        same = [m.column.name for m in read if m.first == m.last]
        why = (
            f"every row has the same {one_line(same[0], most=40)}"
            if same
            else f"{listed([one_line(m.column.name, most=40) for m in read])} can be read as times, but do not look like it"
        )
        hint = "name more days in --from" if same else "give the column a name that says so, such as ts or decided_at"
        return LogError(f"no column of this log tells when decisions were made: {why}", where=pattern, hint=hint)
    hint = "runbook reads ISO 8601 such as 2026-10-14T03:00:00Z, Unix seconds or milliseconds, and timestamps"
    if named:
        return LogError(f"no column can be read as times, though {listed(named)} sounds like one", where=pattern, hint=hint)
    columns = listed([one_line(n, most=40) for n in profile.columns], 12)
    return LogError(f"no column of this log holds times; its columns are {columns}", where=pattern, hint=hint)
