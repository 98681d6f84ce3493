"""Versions: which was live when, and which is safe to go back to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from mlops_tui.inventory import Inventory
from mlops_tui.inventory.changes import Change, Changes
from mlops_tui.inventory.versions import Version, contaminated, last_good, live_at, versions

Make = Callable[..., Inventory]
MODEL = "credit-risk"


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, tzinfo=UTC)


def deploy(day: int, version: str, *, target: str = MODEL, kind: str = "deploy", trained_to: int | None = None) -> Change:
    trained = (date(2026, 7, 1), date(2026, 10, trained_to)) if trained_to else (None, None)
    return Change(at(day), kind, target, "Retrain", "bot", "", version, *trained)


def test_what_feed_log_and_inventory_know_becomes_one_list(make: Make) -> None:
    """Each version stands once, with what any of the three knows; the last to go live is live, the one before previous."""
    inventory = make(("versions: []", "versions: [{id: b, by: Ana Ruiz}, {id: s, role: shadow, deployed: 2026-10-09T00:00Z}]"))
    changes = Changes((deploy(1, "a", trained_to=1), deploy(5, "b"), deploy(9, "x", target="other")))
    seen = {"a": (at(1), at(5)), "b": (at(5), at(10)), "old": (at(1) - timedelta(days=9), at(1))}
    found = versions(inventory, MODEL, seen=seen, changes=changes)
    assert [(v.id, v.role, v.deployed, v.deployed_by) for v in found] == [
        ("old", "retired", None, None),
        ("a", "previous", at(1), "bot"),
        ("b", "live", at(5), "Ana Ruiz"),
        ("s", "shadow", at(9), None),
    ]
    assert (found[1].trained_to, found[1].first_seen, found[1].last_seen) == (date(2026, 10, 1), at(1), at(5))
    assert versions(inventory, MODEL, seen={}, changes=())[0].id == "b"


def test_the_live_version_is_the_last_deployed_that_the_log_still_shows() -> None:
    """Daily retrains follow each other; before the first nobody decides; shadows never do."""
    found = [
        Version("a", "previous", at(1), first_seen=at(1), last_seen=at(2), deploys=(at(1),)),
        Version("b", "live", at(2), first_seen=at(2), last_seen=at(3, 23), deploys=(at(2),)),
        Version("s", "shadow", at(3), first_seen=at(3), last_seen=at(3, 23), deploys=(at(3),)),
    ]
    names = [
        (live.id if (live := live_at(found, moment)) else None) for moment in (at(1) - timedelta(1), at(1, 12), at(2), at(9))
    ]
    assert names == [None, "a", "b", "b"]


def test_a_rollback_is_seen_whether_recorded_or_not(make: Make) -> None:
    """A version that was deployed again is live again; so is one that the log shows while the newer one fell silent."""
    rows = (deploy(1, "a"), deploy(5, "b"), deploy(7, "a", kind="rollback"))
    recorded = versions(make(), MODEL, seen={}, changes=rows)
    assert [live.id for day in (4, 6, 8) if (live := live_at(recorded, at(day)))] == ["a", "b", "a"]
    assert {v.id: v.role for v in recorded} == {"a": "live", "b": "previous"}
    silent = versions(make(), MODEL, seen={"a": (at(1), at(9)), "b": (at(5), at(6))}, changes=rows[:2])
    live = live_at(silent, at(9))
    assert live is not None
    assert live.id == "a"


def test_the_last_good_version_knows_nothing_of_the_broken_world(make: Make) -> None:
    """It was live before the onset and trained on days before it; later retrains are contaminated, unknown training passes."""
    rows = tuple(deploy(day, f"v{day}", trained_to=day - 1) for day in range(10, 16))
    found = versions(make(), MODEL, seen={}, changes=rows)
    good = last_good(found, at(13, 9))
    assert good is not None
    assert good.id == "v13"
    reused = versions(make(), MODEL, seen={}, changes=(deploy(10, "a", trained_to=9), deploy(12, "b", trained_to=20)))
    good = last_good(reused, at(13, 9))
    assert good is not None
    assert good.id == "a"
    assert last_good(found, at(10)) is None
    unknown = last_good([Version("u", "live", first_seen=at(1))], at(2))
    assert unknown is not None
    assert unknown.id == "u"


def test_days_of_training_are_the_projects() -> None:
    """West of Greenwich the evening of the 12th is the 13th in UTC: a version trained on that day has seen the broken world."""
    zone = ZoneInfo("America/New_York")
    onset = at(13, 1)  # nine in the evening of the 12th in New York
    old = Version("old", "previous", at(5), trained_to=date(2026, 10, 11), deploys=(at(5),))
    new = Version("new", "live", at(13), trained_to=date(2026, 10, 12), deploys=(at(13),))
    late = Version("late", "live", at(14), trained_to=date(2026, 10, 12), deploys=(at(14),))
    good = last_good([old, new], onset, zone)
    assert good is not None
    assert good.id == "old"
    assert [contaminated(v, onset, zone) for v in (old, new, late)] == [False, False, True]
    assert not contaminated(late, onset)


def test_nothing_known_gives_nothing(make: Make) -> None:
    """A model without versions has none, and none is live."""
    assert versions(make(), MODEL, seen={}, changes=()) == ()
    assert live_at((), at(1)) is None
    assert last_good((), at(1)) is None
