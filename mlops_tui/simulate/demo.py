"""`runbook demo`: a chain with an incident in it, written to a folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_tui.core.errors import RunbookError, UsageError
from mlops_tui.core.window import iso
from mlops_tui.simulate.files import prepare, put, put_lines, shipped

if TYPE_CHECKING:
    from mlops_tui.simulate.days import Chain

__all__ = ["DemoResult", "shipped", "write"]

LEAST_ROWS: Final = 1_000
MOST_ROWS: Final = 50_000_000

Say = Callable[[str, float], None]

_README: Final = """\
# A demo chain of mlops_tui

Written by `runbook demo` with seed {seed}: {rows:,} decisions of credit-risk, {first} to {last}, with one incident in them.

    runbook check --at {at}                # what moved?
    runbook run approval-drop --at {at}    # walk through the incident

The chain's data ends at {now}, so that is where its windows end; without `--at` its logs count as stale.
`logs/` holds the decisions, the outcomes and the upstream source; `inventory.yaml` says what they mean, `runbooks/` what to
do, `changes.jsonl` who changed what.
"""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """A demo that was written: its folder, its decisions (credit-risk), its days, data's `now`, and the seconds it took.

    `at` is the moment of the newest row: with `--at` of it the demo looks the same whatever the clock says. `kept` names the
    shipped files that a person had edited in an earlier demo there, and that were therefore left as they are.
    """

    root: Path
    decisions: int
    days: int
    until: datetime
    at: datetime
    seconds: float
    kept: tuple[str, ...] = ()


def write(target: Path, *, seed: int = 0, rows: int = 2_000_000, say: Say = lambda _text, _share: None) -> DemoResult:
    """Write the chain of `seed` with `rows` credit-risk decisions to `target`; the same seed and rows give the same bytes.

    `say(text, share)` is told how far it is, share in [0, 1]. UsageError for a folder that holds something else or
    numbers out of range, RunbookError for a folder that cannot be written.
    """
    if not LEAST_ROWS <= rows <= MOST_ROWS:
        raise UsageError(f"a demo has {LEAST_ROWS:,} to {MOST_ROWS:,} decisions, not {rows:,}", hint="try --rows 200000")
    if seed < 0:
        raise UsageError(f"a seed is a whole number from 0, not {seed}", hint="try --seed 7")
    begun = time.monotonic()
    try:
        kept, chain = _write(target, seed, rows, say)
    except OSError as error:
        reason = error.strerror or str(error)
        where = str(error.filename or target)
        hint = "name a folder that you may write, with room for about 60 bytes a decision"
        raise RunbookError(f"the demo cannot be written: {reason}", where=where, hint=hint) from error
    calendar = chain.calendar
    return DemoResult(target, rows, len(chain.days), calendar.now, calendar.end, time.monotonic() - begun, kept)


def _write(target: Path, seed: int, rows: int, say: Say) -> tuple[tuple[str, ...], Chain]:
    from mlops_tui.simulate.changes import change_lines
    from mlops_tui.simulate.days import Chain
    from mlops_tui.simulate.story import draw
    from mlops_tui.simulate.truth import truth

    chain = Chain(draw(seed), rows)
    # `at` is the moment of the newest row: with `--at` of it the demo looks the same whatever the clock says
    kept = prepare(target, {"made_by": "runbook demo", "seed": seed, "rows": rows, "at": iso(chain.calendar.end)})
    days = chain.days
    _logs(chain, target, say)
    put_lines(target / "changes.jsonl", change_lines(chain.story))
    (target / "truth.json").write_text(json.dumps(truth(chain), indent=2, ensure_ascii=False) + "\n", "utf-8")
    now = f"{chain.calendar.now:%Y-%m-%d %H:%M}Z"
    at = f"{chain.calendar.end:%Y-%m-%dT%H:%M}Z"
    about = _README.format(seed=seed, rows=rows, first=days[0], last=days[-1], now=now, at=at)
    (target / "README.md").write_text(about, "utf-8")
    say("done", 1.0)
    return kept, chain


def _logs(chain: Chain, target: Path, say: Say) -> None:
    """Every log, a file a day; outcomes last, since they come late and lie in the day they were observed."""
    from mlops_tui.simulate import tables

    days = chain.days
    for number, day in enumerate(days):
        say(f"{day}: decisions and bank_feed", 0.9 * number / len(days))
        put(target, "credit-risk", day, tables.decisions(chain.decisions(number)))
        put(target, "bank_feed", day, tables.feed(chain.feed(number)))
        put(target, "collections-priority", day, tables.collections(chain.collections(number)))
    say("outcomes", 0.9)
    for day, columns in chain.observed():
        put(target, "outcomes", day, tables.outcomes(columns))
