"""Values on their way: from a query into later queries, texts and commands, also after another process has taken over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support import tiny
from support.front import Script, states

from mlops_tui.core.errors import RunbookError, UnknownName, UsageError
from mlops_tui.engine.outcomes import read_relation
from mlops_tui.session.messages import outbox
from mlops_tui.session.runs import resume, run
from tests.engine.conftest import Open

Walk = Callable[..., Any]


@pytest.fixture
def walk(root: Path, opened: Open) -> Walk:
    """Runs these steps to their end; a step `stop` makes another process (with nothing in memory) go on after it."""

    def go(steps: str, head: str = "", answers: dict[str, str] | None = None, auto: bool = False, **sets: str) -> Any:
        name = tiny.runbook(root, steps, head=head)
        report = run(opened(), name, sets=sets, front=Script(answers), auto=auto)
        if report.state == "waiting":
            report = resume(opened(), front=Script({"stop": "go", **(answers or {})}))
        return report

    return go


def step(report: Any, name: str) -> Any:
    return next(s for s in report.steps if s.id == name)


STOP = "  - {id: stop, ask: {question: x, answers: [go]}}\n"
VALUES = {
    "interval '1 month 2 days 3 hours'": "1 month 2 days 03:00:00",
    "null::interval": "–",
    "map {'a': 1}": "{a=1}",
    "[1, null, 3]": "[1, NULL, 3]",
    "{'a': 1, 'b': ['x''y']}": "{'a': 1, 'b': ['x\\'y']}",
    "[{'t': interval '1 day'}]": "[{'t': 1 day}]",
    "12.50::decimal(10, 2)": "12.50",
    "170141183460469231731687303715884105::hugeint": "170141183460469231731687303715884105",
    "'2026-01-01 03:00:00.123456789'::timestamp_ns": "2026-01-01 03:00:00.123456789",
    "timestamp '2026-01-01 03:00'": "2026-01-01 03:00:00",
    "timestamptz '2026-10-13 07:00Z'": "2026-10-13 07:00Z (09:00 CEST)",
    "timestamptz 'infinity'": "infinity",
    "timestamptz '9999-12-31 23:30Z'": "9999-12-31T23:30:00Z",
    "date '2026-01-01'": "2026-01-01",
    "time '03:00'": "03:00:00",
    "'\\xAB\\x00'::blob": "\\xAB\\x00",
    "'nan'::double": "nan",
    "null": "–",
    "true": "yes",
    "''": "",
}


def test_every_type_comes_back_as_it_was(walk: Walk, root: Path) -> None:
    """In one run: `$v` is the very value with its type, in SQL and in text, after another process took over."""
    queries = "".join(f"  - id: v{n}\n    query: |\n      select {sql} as v\n" for n, sql in enumerate(VALUES))
    checks = "".join(
        f"  - id: c{n}\n    query: select $v{n} is not distinct from (select v from v{n}) as same\n"
        f'  - {{id: n{n}, note: "${{v{n}}}"}}\n'
        for n in range(len(VALUES))
    )
    report = walk(queries + STOP + checks)
    assert report.state == "ended", report.reason
    for n, (sql, shown) in enumerate(VALUES.items()):
        assert step(report, f"c{n}").value is True, sql
        assert step(report, f"n{n}").text == shown, sql


def test_relations_of_any_type_survive_a_resume(walk: Walk) -> None:
    """Lists, fields, spans, nulls: the relation is the same rows and types for the next process."""
    report = walk(
        "  - id: r\n    query: |\n      select range as i, [range] as l, {'a': range} as s, interval (range) hour as h,\n"
        "        null::interval as n, range::decimal(9, 3) as d, map {range: 'x'} as m from range(3)\n"
        + STOP
        + "  - id: after\n    query: |\n      select count(*) = 3 and bool_and(l[1] = i and s.a = i and h = to_hours(i)\n"
        "        and n is null and d = i and m[i] = 'x') as ok, any_value(typeof(d)) as t from r\n"
    )
    assert step(report, "after").table.rows == ((True, "DECIMAL(9,3)"),)


def test_a_hundred_thousand_wide_rows_are_kept_and_one_more_is_refused(walk: Walk, root: Path) -> None:
    """The journal holds the first rows with their cells cut; the file beside it holds all; above that the step fails."""
    report = walk(
        "  - id: big\n    query: |\n      select range as i, repeat('ä', 1000) as w from range(100000)\n"
        + STOP
        + "  - id: whole\n"
        "    query: select count(*) as n from big where length(w) = 1000\n"
        "  - {id: more, query: select 1 as x from range(100001), continue_on_error: true}\n"
        "  - {id: fat, query: 'select repeat(''x'', 100000) as w from range(99999)', continue_on_error: true}\n"
    )
    table = step(report, "big").table
    assert (len(table.rows), table.more) == (50, 99_950)
    assert len(table.rows[0][1]) == 500
    assert step(report, "whole").value == 100_000
    assert "more than 100,000 rows" in step(report, "more").reason
    assert "larger than 256 MB" in step(report, "fat").reason
    assert (root / ".runbook" / "state" / "journal.sqlite").stat().st_size < 1_000_000


def test_a_kept_result_that_was_changed_is_told(walk: Walk, root: Path, opened: Open, tmp_path: Path) -> None:
    """Neither a changed nor a missing file is taken for the step's result; the error names step and way out."""
    name = tiny.runbook(root, "  - {id: v, query: select 1 as v}\n" + STOP + '  - {id: n, note: "${v}"}\n')
    run(opened(), name, sets={}, front=Script())
    kept = next((root / ".runbook" / "state" / "artefacts").glob("*.arrow"))
    whole = kept.read_bytes()
    kept.write_bytes(whole + b"x")
    with pytest.raises(RunbookError, match="was changed") as caught:
        resume(opened(), front=Script({"stop": "go"}))
    assert "step v" in str(caught.value)
    kept.unlink()
    with pytest.raises(RunbookError, match="not kept here"):
        resume(opened(), front=Script({"stop": "go"}))
    kept.write_bytes(whole)
    assert resume(opened(), front=Script({"stop": "go"})).state == "ended"
    with pytest.raises(pa.ArrowInvalid):
        read_relation(root / "inventory.yaml", __import__("hashlib").sha256((root / "inventory.yaml").read_bytes()).hexdigest())


def test_a_value_of_several_cells_names_the_step(walk: Walk) -> None:
    """`$v` of several rows or columns fails where it is used, and says which step gave what."""
    uses = ("query: select $v{n}", 'note: "${{v{n}}}"', "query: select 1, when: $v{n} = 1")
    report = walk(
        "".join(
            f"  - {{id: v{n}, query: 'select 1 as x {rows}'}}\n"
            + "".join(f"  - {{id: u{n}{i}, continue_on_error: true, {use.format(n=n)}}}\n" for i, use in enumerate(uses))
            for n, rows in enumerate(("from range(2)", ", 2 as w"))
        )
    )
    for n in range(2):
        for i in range(len(uses)):
            reason = step(report, f"u{n}{i}").reason
            assert f"$v{n} needs a single cell, and step v{n} gave {('2 rows of 1 column', '1 row of 2 columns')[n]}" in reason
            assert f"use the relation v{n}" in reason


HOSTILE = "\\x1b]0;x\\x07\\x1b[31m <!channel> <https://evil|ok> **bold** [a](b) `c` {{ x }} ${place} "


def test_hostile_text_goes_through_as_data(walk: Walk, opened: Open) -> None:
    """ANSI, mentions and markup from a log reach the message and the argument as they are, escaped where shown."""
    report = walk(
        f"  - id: v\n    query: |\n      select E'{HOSTILE}' as v\n"
        '  - {id: place, query: "select 1 as x"}\n  - {id: word, notify: {to: ml, text: "got ${v}"}}\n'
        "  - {id: act, run: {argv: [printf, '%s', 'x${v}']}}\n",
        answers={"act": "yes"},
    )
    assert report.state == "ended", report.reason
    (message,) = outbox(opened())
    assert "\x1b" not in message.text
    assert "<!channel>" in message.text, "Slack's own signs are escaped by the channel that needs it"
    assert "${place}" in message.text, "a value is never read again for references"
    log = next(a for a in report.artefacts if a.kind == "text")
    assert "\x1b]0;x\x07" in (opened().root / log.path).read_text()


def test_long_values_are_cut_in_messages_and_refused_as_values(walk: Walk, opened: Open) -> None:
    """100 kB fill no thread; more than that is no value."""
    report = walk(
        "  - {id: v, query: 'select repeat(''x'', 100000) as v'}\n"
        '  - {id: word, notify: {to: ml, text: "got ${v}"}}\n'
        "  - {id: w, query: 'select repeat(''x'', 100001) as v'}\n"
        '  - {id: not, note: "${w}"}\n'.replace("not,", "nope,")
    )
    (message,) = outbox(opened())
    assert len(message.text) == 12_000
    assert "100,001 characters" in step(report, "nope").reason
    assert len(step(report, "v").value) == 4_000


def test_null_places_restrict_nothing(walk: Walk) -> None:
    """`where: {region: $place}` with a null place asks about all rows."""
    report = walk(
        "  - {id: place, query: select null::varchar as region}\n"
        "  - {id: d, check: {name: score_drift, where: {region: $place}}}\n"
        "  - {id: e, check: {name: score_drift}}\n"
    )
    assert [f.id for f in step(report, "d").findings] == [f.id for f in step(report, "e").findings]


INPUTS = """inputs:
  region: {type: segment, optional: true}
  word: {type: text, default: hello}
  kind: {type: choice, choices: [a, b], default: a}
  share: {type: number, default: "0.5"}
  count: {type: integer, default: "3"}
  sure: {type: boolean, default: no}
  since: {type: time, default: 2026-10-13T09:00}
  span: {type: duration, default: 20m}
"""
TYPED = """  - id: typed
    query: |
      select $region is null and $word = 'hello' and $kind = 'a' and $share = 0.5::double and $count = 3 and not $sure
        and $since = timestamptz '2026-10-13 07:00Z' and $span = interval 20 minute as ok
"""


def test_inputs_have_their_types(walk: Walk) -> None:
    """Each type in SQL, after a resume too; a time without an offset is in the project's zone."""
    report = walk(STOP + TYPED, head=INPUTS)
    assert step(report, "typed").value is True, step(report, "typed").reason


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"region": "ESP"}, "did you mean 'ES'"),
        ({"region": ""}, "unknown region"),
        ({"kind": "c"}, "known: a, b"),
        ({"share": "half"}, "number"),
        ({"share": "nan"}, "finite"),
        ({"count": "1.5"}, "integer"),
        ({"count": "9223372036854775808"}, "64 bits"),
        ({"sure": "1"}, "yes or no"),
        ({"since": "yesterday"}, "2026-10-14T03:00"),
        ({"span": "an hour"}, "20m"),
        ({"nothing": "1"}, "unknown input"),
    ],
)
def test_inputs_that_are_none_are_refused_before_anything_is_written(
    root: Path, opened: Open, given: dict[str, str], said: str
) -> None:
    """Each type says what it wants; nothing was begun."""
    name = tiny.runbook(root, TYPED, head=INPUTS)
    with pytest.raises((UsageError, UnknownName), match=said):
        run(opened(), name, sets=given, front=Script(), auto=True)
    assert not (root / ".runbook").exists()


def test_skipped_results_have_their_columns_and_no_rows(walk: Walk) -> None:
    """Of a query by binding it, of a check by its form, even where a column has no type of its own."""
    report = walk(
        "  - {id: a, when: false, query: 'select 1 as x, null as y, interval 1 hour as z'}\n"
        "  - {id: b, when: false, check: {alert: drop}}\n"
        + STOP
        + "  - {id: n, query: 'select count(*) + (select count(x) + "
        "count(y) from a) + (select count(region) from b) as n from a'}\n"
        '  - {id: t, note: "${a} ${b.region}"}\n'.replace("${a} ", "")
    )
    assert states(report) == {"a": "skipped", "b": "skipped", "stop": "ok", "n": "ok", "t": "ok"}
    assert step(report, "n").value == 0
