"""The postmortem draft: it says each thing once, cites its steps, hides small counts, and no text in it is markup."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import small_chain as small

from mlops_tui.report.postmortem import draft, gather

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return small.chain(tmp_path_factory.mktemp("chain") / "p")


@pytest.fixture(scope="module")
def found(project):
    return small.measured(project.subject("credit"))


@pytest.fixture(scope="module")
def facts(project, found):
    return gather(project.subject("credit"), small.all_of(found), step="writeup", run="INC-1.1")


def written(project, facts, tale):
    return draft(tale.events, facts, zone=project.zone, inventory=project.inventory)


def told(project, found=None, tale=None, **more):
    """The draft of a project whose run found `found`."""
    subject = project.subject("credit")
    found = small.measured(subject) if found is None else found
    facts = gather(subject, small.all_of(found), step="writeup", run="INC-1.1")
    tale = tale or small.Tale().opened().started().ran(found).writing()
    return written(project, facts, tale)


def section(text, name):
    """The part below a title."""
    return text.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]


def test_looks_as_reviewed(project, facts, found):
    """A live incident, start to draft, reads as it did when it was reviewed (delete the golden, run, read, to change it)."""
    tale = small.Tale().opened().started().ran(found)
    for channel in ("#ml", "#risk"):
        tale.add(
            "message_queued", {"to": "x", "channel": channel, "text": "Look at ES. " * 9}, run="INC-1.1", step="tell", minutes=0
        )
    tale.add("message_tried", {"message": "e6"})
    tale.add("message_settled", {"message": "e6", "state": "sent", "parts_sent": 1})
    tale.add("question_asked", {"id": "q", "kind": "ask", "text": "What broke?"}, run="INC-1.1", step="verdict", minutes=7)
    tale.add(
        "answered",
        {"question": "q", "choice": "data", "person": "lvogt", "why": "the feed"},
        run="INC-1.1",
        step="verdict",
        who=small.LEA,
    )
    tale.writing()
    path = GOLDEN / "postmortem.md"
    text = written(project, facts, tale)
    if not path.exists():
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_footnote_is_there_and_used(project, facts, found):
    """Each citation has its footnote, each footnote is cited, and a footnote promises a query only where one stands."""
    text = written(project, facts, small.Tale().opened().started().ran(found).writing())
    made = set(re.findall(r"^\[\^(\w+)\]:", text, re.M))
    assert made == set(re.findall(r"\[\^(\w+)\](?!:)", text)) == {"scope", "drift", "scores", "writeup"}
    for step in re.findall(r"^\[\^(\w+)\]:.*its query stands", text, re.M):
        assert f"\n`{step}`\n" in section(text, "Stored queries")


def test_a_sentence_is_said_once(project, facts, found):
    """What the Summary says stands nowhere else: not under Evidence, not in the timeline."""
    text = written(project, facts, small.Tale().opened().started().ran(found).writing())
    for finding in (facts["headline"], *facts["moved"]):
        assert text.count(finding["summary"]) == 1
    assert "CRIT decision rate, region=ES" in section(text, "Timeline")


def test_the_harm_is_told_with_its_interval(project, facts, found):
    """The Summary says how many decisions went otherwise than usual, and it is the row of the table."""
    text = written(project, facts, small.Tale().opened().started().ran(found).writing())
    (row,) = [r for r in facts["impact"]["rows"] if r["value"] == "ES"]
    low, high = row["interval"]
    assert low <= row["difference"] <= high < 0
    assert f"**{-row['difference']} fewer approved than usual, of {row['n']} decisions (95%: {-high} to {-low} fewer)**" in text
    assert row["counterfactual"] == round(row["n"] * 0.5)


# ---- small counts


def test_a_small_segment_cannot_be_counted(project, facts, found):
    """A segment of fewer than ten decisions shows no number, and the total leaves it out, so that nothing can be subtracted."""
    text = written(project, facts, small.Tale().opened().started().ran(found).writing())
    assert "| Malta (MT) | <10 | – | – | – | – | too few to publish |" in text
    (malta,) = [r for r in facts["impact"]["rows"] if r["value"] == "MT"]
    assert malta["n"] is None
    others = [r["n"] for r in facts["impact"]["rows"] if r["n"]]
    assert facts["impact"]["total"]["n"] == sum(others) and facts["impact"]["total"]["partial"]
    assert "**all with a difference**" in text


def test_a_finding_about_few_rows_names_no_count(project, facts, found):
    """A sentence such as `4 decisions of region=MT` does not leave; that there are too few is still said."""
    few = [f for f in found["scope"] if f.status == "insufficient"]
    assert few and few[0].n is not None and 0 < few[0].n < 10
    text = written(project, facts, small.Tale().opened().started().ran(found).writing())
    assert few[0].summary not in text
    assert "FEW: Decision rate, region=MT cannot be told; fewer than 10 rows stand behind it." in text


def test_a_query_that_counts_few_is_not_told(project, facts, found):
    """The single whole number of a query may be a count: 1 to 9 is told as fewer than ten, wherever it stands."""
    tale = small.Tale().opened().started().ran(found)
    tale.add(
        "step_ended",
        {"kind": "query", "title": "How many?", "state": "ok", "value": 7, "text": "7"},
        run="INC-1.1",
        step="many",
    )
    text = written(project, facts, tale.writing())
    assert "- **How many?** (ok): fewer than 10[^many]" in text
    assert "step many: ok: fewer than 10" in text


def test_a_slice_where_hardly_any_is_approved(tmp_path):
    """A handful of approvals is a small count too: the draft says fewer than ten, and what would have been usual."""
    log = small.rows()
    for r in log:
        if r["region"] == "ES" and "2026-10-13T09" <= r["ts"] < "2026-10-13T22":
            r["decision"] = "rejected"
    text = told(small.chain(tmp_path / "p", log=log))
    assert re.search(r"\*\*fewer than 10 approved, where \d+ would be usual, of \d+ decisions\*\*", text)
    assert re.search(r"\| Spain \(ES\) \| \d+ \| <10 \| <[\d.]+% \| 50.0% \| \d+ \| too few to publish \|", text)


# ---- branches


def test_nothing_moved(tmp_path):
    """Without a move the draft says so, and claims nothing about inputs that nobody looked at."""
    project = small.chain(tmp_path / "p", log=small.rows(moved=False))
    text = told(project)
    assert "Nothing moved beyond its threshold." in text
    assert "moved with it" not in text
    assert "| Began | not determined |" in text
    assert "which may be chance" not in section(text, "Summary")


def test_inputs_that_nobody_measured_are_not_acquitted(project, found):
    """Where no step looked at inputs, the draft says that instead of `none moved`."""
    only = {"scope": found["scope"]}
    text = told(project, only, small.Tale().opened().started().ran(only).writing())
    assert "Inputs and scores were not looked at." in text


def test_no_onset(project, found):
    """Without an onset the window's start is counted from, and that is said wherever it matters."""
    blank = {k: tuple(f.but(onset=None) for f in fs) for k, fs in found.items()}
    text = told(project, blank, small.Tale().opened().started().ran(blank).writing())
    assert "| Began | not determined |" in text
    assert "the start of the current window, since no onset was determined" in text
    assert "From 48 hours before the start of the current window to now" in text
    assert "| Detected | 2026-10-14 03:30Z (05:30 CEST) | – |" in text


def test_no_segments(tmp_path):
    """A model without segments has one row, and its draft is about all of it."""
    plain = small.INVENTORY.replace("segments: [region]", "segments: []").replace("by: region, ", "")
    plain = re.sub(r"      names: .*\n", "", plain)
    text = told(small.chain(tmp_path / "p", inventory=plain))
    assert "| segment | decisions |" in text and "\n| all | " in text
    assert "**all of credit**" in text


def test_no_versions(tmp_path):
    """A log without versions says so."""
    plain = small.INVENTORY.replace("      version: version\n", "")
    assert "The log names no version." in told(small.chain(tmp_path / "p", inventory=plain, changes=[]))


def test_contaminated_versions_are_named(project, facts, found):
    """The version trained on the broken day is contaminated, the one before it is not, and somebody has a duty."""
    text = written(project, facts, small.Tale().opened().started().ran(found).writing())
    lines = {line.split(" | ")[0]: line for line in section(text, "Versions").split("\n") if line.startswith("| v")}
    assert "contaminated" in lines["| v2"] and "contaminated" not in lines["| v1"]
    assert "Keep version v2 out of rollbacks" in section(text, "Action items")


def test_no_change_feed(tmp_path):
    """No feed at all is not the same as a feed without a change."""
    none = small.INVENTORY.replace("    changes: [{jsonl: changes.jsonl}]\n", "")
    assert "The inventory names no change feed for credit" in told(small.chain(tmp_path / "a", inventory=none, changes=None))
    assert "The change feeds hold nothing from 48 hours" in told(small.chain(tmp_path / "b", changes=small.CHANGES[-1:]))
    assert "- not read: " in told(small.chain(tmp_path / "c", changes=None))


def test_an_unreadable_source_is_named(tmp_path):
    """A source whose log is not there does not stop the draft; its reason stands where its fingerprint would."""
    text = told(small.chain(tmp_path / "p", feed=False))
    (line,) = [line for line in text.split("\n") if line.startswith("| feed |")]
    assert "no file matches" in line and "| 0 |" in line


def test_changes_say_how_far_from_the_onset(project, facts, found):
    """The newest change stands first, each with its distance to the onset."""
    table = section(written(project, facts, small.Tale().opened().started().ran(found).writing()), "What changed")
    assert table.index("at the onset") < table.index("2h 30m before")


# ---- times


def test_a_live_run_counts_from_onset_and_detection(project, facts, found):
    """Detected when the incident was opened; taken up by the first person, not by an unattended run."""
    tale = small.Tale().opened().started(auto=True).ran(found)
    tale.add("note", {"text": "I am here"}, who=small.LEA)
    times = section(written(project, facts, tale.writing()), "Times")
    assert "| Detected | 2026-10-14 03:30Z (05:30 CEST) | 18h 30m |" in times
    assert "| Taken up by a person | 2026-10-14 03:35Z (05:35 CEST) | 18h 35m (5m after it was detected) |" in times
    assert "replayed" not in times


def test_a_replayed_run_says_so(project, facts, found):
    """A replay detects at the moment replayed; what people did is counted from the opening and marked."""
    tale = small.Tale(at=small.CLOCK + timedelta(days=40)).opened(replayed=True).started(replayed=True).ran(found)
    text = written(project, facts, tale.writing())
    times = section(text, "Times")
    assert "| Detected (replayed) | 2026-10-14 03:30Z (05:30 CEST) | 18h 30m |" in times
    assert "| Taken up by a person (replayed) | 2026-11-23 03:31Z (04:31 CET) | 1m after it was opened |" in times
    assert "**draft** (replayed)" in text and "**Replayed**" in times


def test_a_message_that_waits_was_not_delivered(project, facts, found):
    """A message in the outbox has reached nobody."""
    tale = small.Tale().opened().started().ran(found)
    tale.add("message_queued", {"to": "ml", "channel": "#ml", "text": "Look."}, run="INC-1.1", step="tell")
    text = written(project, facts, tale.writing())
    assert "| First message delivered | waits in the outbox | – |" in text
    assert "message to #ml (waits): Look." in text


def test_a_resumed_run_shows_who_took_it_up(project, facts, found):
    """A takeover is part of the story."""
    tale = small.Tale().opened().started().ran(found)
    tale.add("run_ended", {"state": "interrupted"}, run="INC-1.1")
    tale.add("run_joined", {"by": "Lea Vogt"}, run="INC-1.1", who=small.LEA)
    timeline = section(written(project, facts, tale.writing()), "Timeline")
    assert "run INC-1.1 was interrupted" in timeline
    assert "| lvogt | run INC-1.1 taken up again |" in timeline


def test_two_runs_of_one_incident(project, facts, found):
    """The numbers are those of the run that wrote the draft, also when a later run has begun; both are named."""
    tale = small.Tale().opened().started().ran(found).writing()
    tale.add("run_ended", {"state": "ended"}, run="INC-1.1")
    tale.started("INC-1.2", auto=True)
    tale.add("step_started", {"kind": "postmortem", "title": "The draft"}, run="INC-1.2", step="writeup")
    text = written(project, facts, tale)
    assert "| Runs | INC-1.1 (ended; the numbers below are its), INC-1.2 (running, unattended) |" in text
    assert "Step `scope` of run INC-1.1" in text
    assert "[^scope]" in section(text, "Summary")


# ---- hostile text

RAW = (
    "<img",
    "<script",
    "</script",
    "<!--",
    "[x](http",
    "http://",
    "www.evil",
    "![p]",
    "\x1b",
    "\n# T",
    "a|b",
    "*d*",
    " &amp;",
)


def test_no_text_is_markup(tmp_path):
    """Text from logs, changes, answers, notes and messages makes no tag, link, picture, cell, title or line of its own."""
    project, found, tale = small.hostile(tmp_path / "p")
    subject = project.subject("credit")
    text = written(project, gather(subject, small.all_of(found), step="writeup", run="INC-1.1"), tale.writing())
    prose = re.sub(r"^```sql\n.*?^```$", "", text, flags=re.M | re.S)
    assert text.count("evil") > 10 and prose.count("evil") > 8
    for raw in RAW:
        assert raw not in prose.replace("\\" + raw, ""), raw
    assert "\x1b" not in text
    assert len(re.findall(r"^#+ ", prose, re.M)) == len(re.findall(r"^#+ ", told(small.chain(tmp_path / "q")), re.M))
    for line in prose.split("\n"):
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) in (3, 4, 5, 6, 7, 8), line
