"""Whole alerts on a small log: what their keys do, and that one that cannot be asked does not take the others with it."""

from mlops_tui.session.check import check_subject
from tests.checks.conftest import INVENTORY, World, feed, rows, table

ALERTS = """\
    alerts:
      - {id: sound, check: decision_rate, by: region, fire: {change: {below: -10pp}}}
      - {id: unmade, check: metric, fire: {value: {above: 8%}}}
      - {id: elsewhere, check: decision_rate, where: {region: XX}, fire: {change: {below: -10pp}}}
      - {id: unread, check: freshness, by: region}
    guardrails:
      - {id: guarded, check: missing_rate, feature: amount, fire: {value: {above: 50%}}}
"""


def test_one_alert_that_cannot_be_asked_leaves_the_others(tmp_path):
    """A check or a value that nobody has, or a key that the check does not read, is unknown with its reason; guardrails are
    held like alerts."""
    world = World(tmp_path, INVENTORY + ALERTS)
    world.write(table(rows()))
    world.write(feed(), log="feed")
    said = {a.alert_id: (a.state, a.reason) for a in check_subject(world.subject()).alerts}
    assert {name: state for name, (state, _) in said.items()} == {
        "sound": "quiet",
        "unmade": "unknown",
        "elsewhere": "unknown",
        "unread": "unknown",
        "guarded": "quiet",
    }
    assert "unknown check 'metric'" in said["unmade"][1] and "unknown region 'XX'" in said["elsewhere"][1]
    assert "does not read by" in said["unread"][1]


def test_a_model_without_alerts_is_checked_all_the_same(tmp_path):
    """The standard suite needs no alert: a region that falls is found, and nothing fires."""
    world = World(tmp_path)
    world.write(table(rows(per_hour=60, rate=lambda h, r: 0.2 if h >= 39 * 24 and r == "ES" else 0.6)))
    world.write(feed(), log="feed")
    report = check_subject(world.subject())
    assert report.alerts == () and report.findings[0].slice == {"region": "ES"} and report.findings[0].status == "crit"
