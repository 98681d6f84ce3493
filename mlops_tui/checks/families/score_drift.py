"""`score_drift`: does the model still score the world as it did?"""

from __future__ import annotations

from mlops_tui.checks.ask import Ask
from mlops_tui.checks.drifted import DEFAULT, MEASURES, Family, drifted
from mlops_tui.checks.registry import check
from mlops_tui.checks.scope import scope_of
from mlops_tui.checks.sheet import Column
from mlops_tui.core.errors import LogError
from mlops_tui.core.finding import Finding
from mlops_tui.project.subject import Subject

_FAMILY = Family("score_drift", "score_drift", "model", "score")


@check("score_drift", plane="model", kind="score_drift", measures=MEASURES, default=DEFAULT)
def score_drift(subject: Subject, ask: Ask) -> list[Finding]:
    """Did the distribution of scores move (PSI on reference deciles, JS, KS), overall or in a segment?"""
    score = subject.spec.log.score
    if score is None:
        raise LogError("the log declares no score", where=subject.model, hint="write score: {column: ...}")
    return drifted(subject, ask, scope_of(subject, ask), _FAMILY, [Column(score.column, "numbers")])
