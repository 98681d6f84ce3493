"""An opened project."""

from __future__ import annotations

import os
import pwd
import socket
from datetime import UTC, datetime, timedelta

import pytest

from mlops_tui.core.errors import InvalidFiles, JournalError, LogError, NoRows, UnknownName, UsageError
from mlops_tui.core.window import Window
from mlops_tui.project import open_project

HOUR = datetime(2026, 10, 31, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def test_the_nearest_folder_upwards_is_the_project(folder):
    """Any folder below the inventory opens the same project."""
    deep = folder / "logs" / "risk"
    assert open_project(deep).root == folder.resolve()


def test_no_inventory_says_what_to_do(tmp_path):
    """Outside a project the error names the demo and --project."""
    with pytest.raises(UsageError, match=r"no inventory\.yaml .*runbook demo.*--project"):
        open_project(tmp_path)


def test_a_wrong_inventory_is_told_as_such(folder):
    """Problems of the file pass through."""
    (folder / "inventory.yaml").write_text("version: 1\nmodles: {}\n")
    with pytest.raises(InvalidFiles, match="modles"):
        open_project(folder)


def test_the_actor_is_the_operating_systems_user(folder, monkeypatch):
    """$USER and $LOGNAME change nothing; a login of the inventory brings its name."""
    monkeypatch.setenv("USER", "mallory")
    monkeypatch.setenv("LOGNAME", "mallory")
    login = pwd.getpwuid(os.getuid()).pw_name
    actor = open_project(folder).actor
    assert (actor.login, actor.uid, actor.host, actor.pid) == (login, os.getuid(), socket.gethostname(), os.getpid())
    text = (folder / "inventory.yaml").read_text().replace("login: aruiz", f"login: {login}")
    (folder / "inventory.yaml").write_text(text)
    assert open_project(folder).actor.name == "Ana Ruiz"


def test_a_user_without_a_name_is_told_by_number(folder, monkeypatch):
    """A uid that the system has no name for is still somebody."""
    monkeypatch.setattr(os, "getuid", lambda: 4_000_001)
    assert open_project(folder).actor.login == "uid-4000001"


def test_runbooks_are_the_yaml_files_without_their_tests(project, folder):
    """Names are stems, in order; a folder without runbooks has none."""
    opened = project()
    assert list(opened.runbooks) == ["approval-drop", "feature-drift"]
    assert opened.runbooks["approval-drop"] == folder / "runbooks" / "approval-drop.yaml"


def test_a_subject_is_anchored_on_the_last_complete_hour(project):
    """Now is the hour of the newest row or of the clock less the settling time, whichever is earlier."""
    subject = project().subject("risk")
    assert subject.windows.now == HOUR
    assert subject.windows.current == Window(HOUR - 7 * DAY, HOUR)
    assert subject.windows.reference == Window(HOUR - 37 * DAY, HOUR - 7 * DAY)
    assert subject.age == timedelta(minutes=37)
    assert (subject.dimensions, list(subject.features)) == (("region",), ["age"])
    assert (subject.future_rows, subject.at_given) == (0, False)
    assert subject.log.columns["age"] == "DOUBLE"


def test_rows_after_the_clock_never_move_it(project):
    """A clock in the middle of the log sees the rows after it only as a count."""
    now = HOUR - 10 * DAY + timedelta(minutes=40)
    subject = project(now=now).subject("risk")
    assert (subject.windows.now, subject.future_rows) == (HOUR - 10 * DAY, 240)


def test_at_is_a_clock_of_its_own(project):
    """A replay anchors at its moment; what lies after it is no fault of the log."""
    subject = project().subject("risk", at=HOUR - 10 * DAY + timedelta(minutes=40))
    assert (subject.windows.now, subject.future_rows, subject.at_given) == (HOUR - 10 * DAY, 0, True)


def test_no_rows_up_to_the_moment_says_where_the_log_begins(project):
    """A moment before the log is NoRows, with the oldest row in both zones."""
    with pytest.raises(NoRows, match=r"no rows up to 2020-01-01 00:00Z \(01:00 CET\).*its oldest row is of 2026-09-01 03:30Z"):
        project().subject("risk", at=datetime(2020, 1, 1, tzinfo=UTC))


def test_pairs_keep_their_distance(project):
    """A shorter current window moves both windows of a comparison by day or week, and leaves the reference."""
    subject = project().subject("risk")
    assert subject.pair("reference").current == subject.windows.current
    six = timedelta(hours=6)
    last = Window(HOUR - six, HOUR)
    day, week, reference = (subject.pair(c, six) for c in ("day_over_day", "week_over_week", "reference"))
    assert (day.current, day.baseline) == (last, last.shift(-DAY))
    assert (week.current, week.baseline) == (last, last.shift(-7 * DAY))
    assert (reference.current, reference.baseline) == (last, subject.windows.reference)


@pytest.mark.parametrize(
    ("reference", "start", "end"),
    [
        ("2026-Q3", datetime(2026, 6, 30, 22, tzinfo=UTC), datetime(2026, 9, 30, 22, tzinfo=UTC)),
        ("2025-Q4", datetime(2025, 9, 30, 22, tzinfo=UTC), datetime(2025, 12, 31, 23, tzinfo=UTC)),
        (
            "{from: 2026-09-10T00:00, to: 2026-09-20T00:00Z}",
            datetime(2026, 9, 9, 22, tzinfo=UTC),
            datetime(2026, 9, 20, tzinfo=UTC),
        ),
    ],
)
def test_a_reference_may_be_a_quarter_or_a_span(project, reference, start, end):
    """Quarters and times without an offset are in the project's zone."""
    assert project(reference=reference).subject("risk").windows.reference == Window(start, end)


def test_training_is_what_the_live_version_was_trained_on(project):
    """The reference `training` is the span of the live version; days are whole, in the project's zone."""
    more = '    versions: [{id: "1.10", deployed: 2026-10-01T00:00Z, trained_on: [2026-08-01, 2026-08-31]}]\n'
    window = project(reference="training", more=more).subject("risk").windows.reference
    assert window == Window(datetime(2026, 7, 31, 22, tzinfo=UTC), datetime(2026, 8, 31, 22, tzinfo=UTC))


def test_training_that_nobody_recorded_is_an_error(project):
    """Without a record there is no guess."""
    with pytest.raises(LogError, match=r"training.*trained_on"):
        project(reference="training").subject("risk")


def test_a_reference_that_is_no_window_is_an_error(project):
    """What cannot be read as a window says what can."""
    with pytest.raises((LogError, InvalidFiles), match=r"30 days|lately"):
        project(reference="lately").subject("risk")


def test_logs_are_opened_once(project):
    """A model's log and a source's are cached; `fresh` reads the files again."""
    opened = project()
    subject = opened.subject("risk")
    assert subject.source("feed") is subject.source("feed")
    assert opened.subject("risk").log is subject.log
    assert opened.log("risk", fresh=True) is not subject.log
    assert subject.source("feed").name == "feed"


def test_unknown_names_have_the_nearest(project):
    """A model or a source nobody declared."""
    with pytest.raises(UnknownName, match="did you mean 'risk'"):
        project().subject("rsik")
    with pytest.raises(UnknownName, match="did you mean 'feed'"):
        project().source("fede")


def test_reading_creates_nothing(project, folder):
    """Opening, reading and measuring leave the project as it was."""
    before = sorted(p.relative_to(folder) for p in folder.rglob("*"))
    opened = project()
    opened.subject("risk").source("feed").newest(HOUR)
    assert sorted(p.relative_to(folder) for p in folder.rglob("*")) == before
    assert opened.state == folder / ".runbook" / "state"


def test_the_journal_makes_a_private_home(project, folder):
    """`.runbook` is the owner's alone and ignores itself in git."""
    project().journal(create=True).close()
    home = folder / ".runbook"
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / ".gitignore").read_text() == "*\n"


def test_a_home_that_cannot_be_made_is_a_journal_error(project, folder):
    """A file where the folder should be is told with its reason."""
    (folder / ".runbook").write_text("in the way")
    with pytest.raises(JournalError, match=r"cannot make \.runbook"):
        project().journal(create=True)


@pytest.mark.parametrize("reference", ["2026-Q4", "{from: 2026-10-20, to: 2027-01-01}", "{from: 2027-01-01, to: 2027-02-01}"])
def test_a_reference_never_reaches_into_the_current_window(project, reference):
    """Rows are not held against themselves, and a replay does not see what came after: the rest of such a span is left out."""
    windows = project(reference=reference).subject("risk").windows
    assert windows.reference.end <= windows.current.start
    assert windows.reference.length == timedelta(0) if "2027-01-01, to: 2027" in reference else windows.reference.length


def test_a_longer_question_takes_its_days_from_the_reference(project):
    """An alert whose current window is longer than the model's ends the reference where its own window begins."""
    pair = project().subject("risk").pair("reference", timedelta(days=14))
    assert pair.current.length == timedelta(days=14) and pair.baseline.end == pair.current.start


def test_what_a_subject_was_asked_is_answered_once(project):
    """An answer is kept with its subject, by everything that it depends on; a failure is not."""
    subject, made = project().subject("risk"), []

    def answer(value):
        made.append(value)
        return value

    assert [subject.once("a", lambda: answer(1)), subject.once("a", lambda: answer(2)), subject.once("b", lambda: answer(3))]
    assert made == [1, 3]
    with pytest.raises(ZeroDivisionError):
        subject.once("c", lambda: 1 // 0)
    assert subject.once("c", lambda: 4) == 4
