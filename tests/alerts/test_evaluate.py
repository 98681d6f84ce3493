from mlops_tui.alerts import evaluate
from mlops_tui.core.finding import Finding
from mlops_tui.inventory.types import Alert

ALERT = Alert(id="approval-drop", check="decision_rate", page=["ml"], runbook="approval-drop", severity="SEV2")


def finding(status, region, score=1.0, **more):
    return Finding(
        status=status,
        plane="model",
        concern="monitoring",
        kind="decision_rate",
        check_name="decision_rate",
        model="risk",
        target="decision",
        slice={"region": region},
        score=score,
        summary=f"{region} is {status}.",
        **more,
    )


def test_a_fire_fires_with_the_worst_as_its_reason():
    """The most surprising of those beyond the threshold is the reason, the others are counted."""
    got = evaluate(ALERT, [finding("crit", "DE", 2), finding("crit", "ES", 9), finding("ok", "FR")])
    assert got.fired and [f.slice["region"] for f in got.firing] == ["ES", "DE"]
    assert got.reason == "ES is crit. (1 more beyond the threshold)"
    assert (got.alert_id, got.runbook, got.page, got.severity) == ("approval-drop", "approval-drop", ("ml",), "SEV2")


def test_a_warning_never_fires():
    """A warning is shown by the check, not paged by the alert."""
    assert not evaluate(ALERT, [finding("warn", "ES", 9)]).fired


def test_a_recovery_never_fires():
    """Whatever its size and status, a move back is not paged; the reason says so."""
    got = evaluate(ALERT, [finding("ok", "ES", 9, recovery=True), finding("crit", "DE", 3, recovery=True)])
    assert not got.fired and len(got.recoveries) == 2 and "recovery" in got.reason.lower()


def test_what_could_not_be_measured_is_not_health():
    """Too few rows or an unknown does not fire, and is named in the reason."""
    got = evaluate(ALERT, [finding("insufficient", "ES"), finding("unknown", "DE")])
    assert not got.fired and len(got.unmeasured) == 2 and got.reason.startswith("Nothing could be measured")
    mixed = evaluate(ALERT, [finding("ok", "FR"), finding("insufficient", "ES")])
    assert "1 could not be measured" in mixed.reason


def test_no_findings_say_so():
    """A check without an answer is told as such."""
    got = evaluate(ALERT, [])
    assert not got.fired and "no findings" in got.reason


def test_the_json_form_names_findings_by_id():
    """`runbook/check/1` refers to Findings by their content hash."""
    fire = finding("crit", "ES")
    assert evaluate(ALERT, [fire]).as_json()["firing"] == [fire.id]
