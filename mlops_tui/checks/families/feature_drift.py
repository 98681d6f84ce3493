"""`feature_drift`: do features still look like the world the model was trained for?"""

from __future__ import annotations

from mlops_tui.checks.ask import Ask
from mlops_tui.checks.comparison import column_of, hidden
from mlops_tui.checks.drifted import DEFAULT, MEASURES, Family, drifted
from mlops_tui.checks.registry import ON_ROWS, check
from mlops_tui.checks.scope import scope_of
from mlops_tui.core.finding import Finding
from mlops_tui.project.subject import Subject

_FAMILY = Family("feature_drift", "feature_drift", "feature", "feature")


@check("feature_drift", plane="feature", kind="feature_drift", measures=MEASURES, default=DEFAULT, keys=ON_ROWS | {"feature"})
def feature_drift(subject: Subject, ask: Ask) -> list[Finding]:
    """Did a feature's distribution move, missing and unseen values included?

    Types are the inventory's, never guessed; of free text the length is compared. Deprecated features are watched as long
    as they are read; removed ones only while the log still has them. A drift is a warning or worse only beyond what earlier
    windows of the same length show by themselves, before its onset.
    """
    chosen = subject.features if ask.feature is None else {ask.feature: subject.features[ask.feature]}
    private = hidden(subject)
    columns = [column_of(name, f, private) for name, f in chosen.items() if f.status != "removed" or subject.log.watches(name)]
    if not columns:
        base = Finding(
            status="unknown",
            plane="feature",
            concern="monitoring",
            kind="feature_drift",
            check_name="feature_drift",
            model=subject.model,
            target=subject.model,
            window=subject.windows.current,
        )
        return [base.but(summary=f"{subject.model} declares no features, so their drift cannot be told.")]
    return drifted(subject, ask, scope_of(subject, ask), _FAMILY, columns)
