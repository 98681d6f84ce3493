"""Change feeds: read what can be read, name what cannot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops_tui.core.errors import UnknownName
from mlops_tui.inventory import Inventory
from mlops_tui.inventory.changes import Change, read_changes

Make = Callable[..., Inventory]
UNTIL = datetime(2026, 10, 14, 12, tzinfo=UTC)
FEED = "{jsonl: changes.jsonl}"


def line(ts: str, **more: Any) -> str:
    return json.dumps({"ts": ts, "kind": "config", "target": "credit-risk", "what": "x", "who": "Ana", "ref": "r1"} | more)


def write(root: Path, *lines: str) -> None:
    (root / "changes.jsonl").write_text("".join(f"{text}\n" for text in lines))


def test_changes_come_oldest_first_up_to_the_moment(make: Make, tmp_path: Path) -> None:
    """What happened after the moment asked about is not yet known; times without an offset are in the project's zone."""
    write(tmp_path, line("2026-10-14T13:00Z"), line("2026-10-14T12:00"), line("2026-10-13T09:00:00+02:00", who=None, ref=7), "")
    changes = read_changes(make(), "credit-risk", until=UNTIL)
    assert changes.problems == ()
    assert changes.rows == (
        Change(datetime(2026, 10, 13, 7, tzinfo=UTC), "config", "credit-risk", "x", "", "7"),
        Change(datetime(2026, 10, 14, 10, tzinfo=UTC), "config", "credit-risk", "x", "Ana", "r1"),
    )


def test_a_deploy_carries_its_version_and_training_days(make: Make, tmp_path: Path) -> None:
    """Days are both included; a span of moments ends before its end, so that midnight ends the day before."""
    write(
        tmp_path,
        line("2026-10-01T00:00Z", kind="deploy", version="2026.10", trained_on=["2026-04-01", "2026-09-30"]),
        line("2026-10-02T00:00Z", kind="deploy", version="b", trained_on=["2026-04-01T00:00+02:00", "2026-10-01T00:00+02:00"]),
    )
    rows = read_changes(make(), "credit-risk", until=UNTIL).rows
    assert [(c.version, c.trained_from, c.trained_to) for c in rows] == [
        ("2026.10", date(2026, 4, 1), date(2026, 9, 30)),
        ("b", date(2026, 4, 1), date(2026, 9, 30)),
    ]


def test_bad_lines_are_named_and_passed_over(make: Make, tmp_path: Path) -> None:
    """A half-written line, a wrong type, a missing key and a time that is none each give file and line; the rest is read."""
    write(
        tmp_path,
        line("2026-10-13T09:00Z"),
        '{"ts": "2026-10-13T09:0',
        line("2026-10-13T09:00Z", version=2026.10),
        line("soon"),
        "[]",
        line("2026-10-13T09:00Z", trained_on=["2026-10-33", "x"]),
    )
    with (tmp_path / "changes.jsonl").open("ab") as file:
        file.write(b'{"what": "\xff"}\n')
    changes = read_changes(make(), "credit-risk", until=UNTIL)
    assert len(changes.rows) == 1
    assert [(p.file, p.line) for p in changes.problems] == [("changes.jsonl", n) for n in (2, 3, 4, 5, 6, 7)]
    assert "Expected `str | null`, got `float` - at `$.version`" in changes.problems[1].message
    assert "'soon' is not a time" in changes.problems[2].message


def test_many_bad_lines_are_counted(make: Make, tmp_path: Path) -> None:
    """A file of another kind does not flood the screen."""
    write(tmp_path, *["no"] * 100)
    problems = read_changes(make(), "credit-risk", until=UNTIL).problems
    assert len(problems) == 21
    assert problems[-1].message == "80 more lines are passed over"


def test_a_feed_that_is_not_there_is_a_problem_at_its_declaration(make: Make) -> None:
    """The line of the inventory that names the feed is where to mend it."""
    changes = read_changes(make(), "credit-risk", until=UNTIL)
    assert changes.rows == ()
    assert [str(p) for p in changes.problems] == ["inventory.yaml:36:15: the feed changes.jsonl: there is no such file"]


def test_the_same_change_in_two_feeds_is_one(make: Make, tmp_path: Path) -> None:
    """Feeds may overlap."""
    write(tmp_path, line("2026-10-13T09:00Z"))
    changes = read_changes(make((FEED, f"{FEED}, {FEED}")), "credit-risk", until=UNTIL)
    assert len(changes.rows) == 1


def test_a_model_nobody_declared_is_refused(make: Make) -> None:
    """The name is wrong, not the feed."""
    with pytest.raises(UnknownName):
        read_changes(make(), "credit", until=UNTIL)


def git(root: Path, *argv: str, at: str = "2026-10-13T09:00:00Z") -> None:
    who = {
        f"GIT_{r}_{k}": v for r in ("AUTHOR", "COMMITTER") for k, v in (("NAME", "Ana Ruiz"), ("EMAIL", "a@x"), ("DATE", at))
    }
    config = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "-C", str(root), *argv], check=True, capture_output=True, env={**os.environ, **who, **config})


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_commits_that_touch_the_folder_are_changes(make: Make, tmp_path: Path) -> None:
    """A commit has its moment, author, subject and files; commits beside the folder and after the moment do not count."""
    inventory = make((FEED, "{git: sql}"))
    (tmp_path / "sql").mkdir()
    git(tmp_path, "init", "-q")
    for name, at in (
        ("sql/é.sql", "2026-10-13T09:00:00Z"),
        ("other", "2026-10-13T10:00:00Z"),
        ("sql/b.sql", "2026-10-15T09:00:00Z"),
    ):
        (tmp_path / name).touch()
        git(tmp_path, "add", name)
        git(tmp_path, "commit", "-q", "-m", f"Add {name}: [31m <b>", at=at)
    environ = dict(os.environ) | {"GIT_DIR": "/nowhere"}
    changes = read_changes(inventory, "credit-risk", until=UNTIL, environ=environ)
    assert changes.problems == ()
    assert [(c.ts, c.kind, c.target, c.who, c.what) for c in changes.rows] == [
        (datetime(2026, 10, 13, 9, tzinfo=UTC), "commit", "é.sql", "Ana Ruiz", "Add sql/é.sql: [31m <b>")
    ]
    assert len(changes.rows[0].ref) == 12


@pytest.mark.parametrize(
    ("feed", "path", "problem"),
    [
        ("{git: nowhere}", None, "the git feed nowhere: there is no such folder"),
        ("{git: .}", "", "git is not installed (install git, or record changes in a jsonl: feed)"),
    ],
)
def test_git_that_cannot_answer_is_a_problem(make: Make, feed: str, path: str | None, problem: str) -> None:
    """No folder and no git are said at the feed's place, and nothing crashes."""
    environ = dict(os.environ) if path is None else {"PATH": path}
    changes = read_changes(make((FEED, feed)), "credit-risk", until=UNTIL, environ=environ)
    assert changes.rows == ()
    assert str(changes.problems[0]).startswith("inventory.yaml:36:15: the git feed ")
    assert str(changes.problems[0]).endswith(problem)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_folder_outside_any_repository_is_a_problem(make: Make, tmp_path: Path) -> None:
    """git's own words are shown."""
    changes = read_changes(make((FEED, "{git: .}")), "credit-risk", until=UNTIL, environ={**os.environ, "HOME": str(tmp_path)})
    assert "not a git repository" in changes.problems[0].message
