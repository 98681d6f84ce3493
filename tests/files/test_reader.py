"""The strict reader: everything wrong with a file is said at once, at its place."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_tui.core.errors import InvalidFiles
from mlops_tui.core.threshold import Quantity
from mlops_tui.files import Reader


class Inner(msgspec.Struct, frozen=True, kw_only=True):
    below: Quantity | None = None
    for_: timedelta | None = msgspec.field(name="for", default=None)


class Other(msgspec.Struct, frozen=True, kw_only=True):
    top: Quantity
    by: str


class Ranged(msgspec.Struct, frozen=True, kw_only=True):
    low: float
    high: float

    def __post_init__(self) -> None:
        if self.high < self.low:
            raise ValueError("high lies below low")


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    name: str = "unnamed"
    opt: str | None = None
    n: int = 0
    f: float = 0.0
    b: bool = False
    lit: Literal["red", "green"] = "red"
    one: Literal[1] = 1
    names: list[str] = []
    pair: tuple[date, float] | None = None
    inner: dict[str, Inner] = {}
    by_kind: dict[Literal["psi", "change"], Inner] = {}
    u: int | str | list[str] | Inner | Other | None = None
    when: datetime | None = None
    any: Any = None
    ranged: Ranged | None = None
    least: Annotated[int, msgspec.Meta(ge=1)] | None = None
    within: timedelta | int | None = None


def read(text: str, type_: Any = Thing) -> tuple[Any, list[str]]:
    reader = Reader(text, source="f.yaml")
    value = reader.convert(reader.root, type_)
    return value, sorted(str(p) for p in reader.problems)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("name: 1.10", "name", "1.10"),
        ("name: no", "name", "no"),
        ("name: 0123", "name", "0123"),
        ("name: 12:30", "name", "12:30"),
        ("name: ''", "name", ""),
        ("name: ${x}", "name", "${x}"),
        ("opt: null", "opt", None),
        ("opt:", "opt", None),
        ("opt: # later", "opt", None),
        ("opt: 'null'", "opt", "null"),
        ("n: -12", "n", -12),
        ("f: 0.55", "f", 0.55),
        ("f: 3", "f", 3.0),
        ("b: true", "b", True),
        ("lit: green", "lit", "green"),
        ("one: 1", "one", 1),
        ("names: [a, 1]", "names", ["a", "1"]),
        ("pair: [2026-12-31, 2]", "pair", (date(2026, 12, 31), 2.0)),
        ("inner: {x: {below: -10pp, for: 2h}}", "inner", {"x": Inner(below=Quantity(-0.1, "pp"), for_=timedelta(hours=2))}),
        ("by_kind: {psi: {}}", "by_kind", {"psi": Inner()}),
        ("u: 5", "u", 5),
        ("u: five", "u", "five"),
        ("u: [5]", "u", ["5"]),
        ("u: {below: 3}", "u", Inner(below=Quantity(3.0))),
        ("u: {top: 10%, by: score}", "u", Other(top=Quantity(0.1, "%"), by="score")),
        ("when: 2026-10-14T03:00+02:00", "when", datetime(2026, 10, 14, 1, tzinfo=UTC)),
        ("any: {a: [1, {b: }]}", "any", {"a": ["1", {"b": None}]}),
        ("within: 15m", "within", timedelta(minutes=15)),
        ("within: 15", "within", 15),
        ("names: [&x a, *x]", "names", ["a", "a"]),
    ],
)
def test_every_scalar_is_text_until_its_type_reads_it(text: str, field: str, value: Any) -> None:
    """YAML guesses nothing: `1.10` stays a version, `no` stays an answer, and a type reads exactly what it declares."""
    thing, problems = read(text)
    assert problems == []
    assert getattr(thing, field) == value
    assert type(getattr(thing, field)) is type(value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nam: x", "f.yaml:1:1: unknown key 'nam' (did you mean 'name' or 'names'?)"),
        ("name: a\nname: b", "f.yaml:2:1: duplicate key 'name' (first at line 1)"),
        ("n: 0123", "f.yaml:1:4: expected a whole number, found '0123'"),
        ("n: 99999999999999999999", "f.yaml:1:4: expected a whole number, found '99999999999999999999'"),
        ("n: null", "f.yaml:1:4: expected a whole number, found null"),
        ("f: 1e999", "f.yaml:1:4: expected a number, found '1e999'"),
        ("f: nan", "f.yaml:1:4: expected a number, found 'nan'"),
        ("f: 1_0", "f.yaml:1:4: expected a number, found '1_0'"),
        ("b: yes", "f.yaml:1:4: expected true or false, found 'yes'"),
        ("lit: gren", "f.yaml:1:6: unknown value 'gren', expected one of red, green (did you mean 'green'?)"),
        ("lit: blue", "f.yaml:1:6: unknown value 'blue' (known: green, red)"),
        ("one: 2", "f.yaml:1:6: unknown value '2' (known: 1)"),
        ("names: x", "f.yaml:1:8: expected a list, found 'x' (write [x])"),
        ("names: {a: b}", "f.yaml:1:8: expected a list, found a mapping"),
        ("name: [a]", "f.yaml:1:7: expected text, found a list"),
        ("name:", "f.yaml:1:6: expected text, found nothing"),
        ("name: ~", 'f.yaml:1:7: expected text, found ~ (write "~" if the text is meant)'),
        ("pair: [2026-13-01, 1]", "f.yaml:1:8: expected a date such as 2026-12-31, found '2026-13-01'"),
        ("pair: [2026-12-31, f(a, b)]", "f.yaml:1:7: expected a list of 2, found 3 (put values with commas in quotes)"),
        ("inner: x", "f.yaml:1:8: expected a mapping, found 'x'"),
        ("inner: {x: {for: 3}}", "f.yaml:1:18: expected a duration such as 20m, found '3'"),
        ("by_kind: {chnge: {}}", "f.yaml:1:11: unknown value 'chnge', expected one of psi, change (did you mean 'change'?)"),
        ("u: {top: 3}", "f.yaml:1:4: missing key 'by' in u"),
        ("when: tomorrow", "f.yaml:1:7: expected a time such as 2026-10-14T03:00Z, found 'tomorrow'"),
        ("ranged: {low: 2, high: 1}", "f.yaml:1:9: high lies below low"),
        ("least: 0", "f.yaml:1:8: expected at least 1, found '0'"),
        ("within: soon", "f.yaml:1:9: expected a duration such as 20m or a whole number, found 'soon'"),
        ("- a", "f.yaml:1:1: expected a mapping, found a list"),
        ("name:x", "f.yaml:1:1: expected a mapping, found 'name:x' (a key needs a space after its colon)"),
        ("<<: {n: 1}", "f.yaml:1:1: merge keys are not read (write the keys out)"),
        ("? [a]\n: b", "f.yaml:1:3: a key must be text (put text that begins with { or [ in quotes)"),
        ("u: {\x1b[31m: 1}", "f.yaml:1:5: control character U+001B (delete it, or write it as an escape in double quotes)"),
    ],
)
def test_what_a_type_does_not_allow_is_named_at_its_place(text: str, problem: str) -> None:
    """Each wrong value gives file, line, column, what was expected, what was found and, where one is near, the known name."""
    value, problems = read(text)
    assert value is None
    assert len(problems) == 1
    assert problems[0].startswith(problem)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "opt: #ml-incidents",
            'f.yaml:1:5: there is no value: what follows # is a comment (put it in quotes: "#ml-incidents")',
        ),
        ("name: @x", "f.yaml:1:7: a value cannot begin with '@' (put the whole value in quotes)"),
        ("name: %x", "f.yaml:1:7: a value cannot begin with '%' (put the whole value in quotes)"),
        ("name: `x`", "f.yaml:1:7: a value cannot begin with '`' (put the whole value in quotes)"),
        ("name: *.parquet", "f.yaml:1:8: '*' begins an alias (put the whole value in quotes)"),
        ("name: *rows", "f.yaml:1:7: unknown alias *rows (put a value that begins with * in quotes)"),
        ("name: cause: unit", "f.yaml:1:12: a second ': ' in one value (put the whole value in quotes, or in a | block)"),
        ("name: {{x}}", "f.yaml:1:7: expected text, found a mapping (put text that begins with {{ in quotes)"),
        ("any: {t: ${x}}", "f.yaml:1:11: braces in a bare value (inside [...] and {...} a value with braces stands in quotes)"),
        (
            "u: {by: f(a, b), top: 1}",
            "f.yaml:1:14: unknown key 'b)' (a comma ends a value inside {...}: put the whole value in quotes)",
        ),
        ("inner:\n\tx: 1", "f.yaml:2:1: a tab where YAML wants spaces (indent with spaces)"),
        ("name: |\n  a\n\tb", "f.yaml:3:1: a tab where YAML wants spaces (indent with spaces)"),
        (
            "name: 'a' = 'b'",
            "f.yaml:1:11: text goes on after the closing quote (quote the whole value; inside '...' write ' twice)",
        ),
        ("name: 'x", "f.yaml:1:7: this quote is never closed"),
        ('name: "\\d"', "f.yaml:1:8: an unknown escape in double quotes (use single quotes: there a backslash is itself)"),
        ("any: [1\nn: 3\nf: 4", "f.yaml:1:6: this '[' is never closed"),
        ("n: 1\nf", "f.yaml:2:1: neither a key nor a list item (write `key: value`, a space after the colon)"),
        ("any:\n  - 1\n n: 2", "f.yaml:3:2: the indentation fits no key above (align it with the keys beside it)"),
        ("name: > 5", "f.yaml:1:9: text follows | or > on its line"),
        ("names: - b", "f.yaml:1:8: a list item stands beside its key (begin the list on the next line, or write [a, b])"),
        ("name: !!python/object:os.system x", "f.yaml:1:7: the tag !!python/object:os.system is not read"),
        ("n: 1\n---\nn: 2", "f.yaml:2:1: a second document begins (one file holds one document: remove the ---)"),
        ("", "f.yaml: the file is empty"),
        ("# only a comment\n", "f.yaml: the file is empty"),
        ("---", "f.yaml: the file is empty"),
        ("any: &x [*x]", "f.yaml:1:10: *x refers to what it stands in"),
        ("any: " + "[" * 500, "f.yaml:1:69: nested more than 64 deep"),
        ("any: " + "{a: " * 200, "f.yaml:1:258: nested more than 64 deep"),
    ],
)
def test_yaml_that_bites_comes_with_a_pointed_hint(text: str, problem: str) -> None:
    """Where YAML itself is the trap, the message says which and how to write it; no file, however nested, ends the process."""
    _, problems = read(text)
    assert len(problems) == 1
    assert problems[0].startswith(problem)


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_no_nesting_is_too_deep_to_be_refused(opening: str) -> None:
    """A hundred thousand levels are a problem with a place, whatever depth the parser itself bears."""
    _, problems = read("any: " + opening * 100_000)
    assert len(problems) == 1
    assert re.fullmatch(r"f\.yaml:1:\d+: nested more than 64 deep", problems[0])


def test_all_problems_are_found_at_once() -> None:
    """One reading finds them all, in the order of the file."""
    text = "nam: 1\nn: x\ninner:\n  a: {beloow: 1, for: x}\n  b: c\nlit: gren\n"
    reader = Reader(text, source="f.yaml")
    assert reader.convert(reader.root, Thing) is None
    with pytest.raises(InvalidFiles) as caught:
        reader.finish()
    assert [(p.line, p.column) for p in caught.value.problems] == [(1, 1), (2, 4), (4, 7), (4, 23), (5, 6), (6, 6)]


def test_aliases_are_bounded() -> None:
    """A file whose aliases multiply to millions of values is refused before any value is made."""
    lines = ["any:", "  - &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"  - &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    _, problems = read("\n".join(lines))
    assert len(problems) == 1
    assert "more than 200,000 values, counting what aliases repeat" in problems[0]


def test_times_without_an_offset_are_in_the_readers_zone() -> None:
    """A project's zone reads its naive times; without one they are UTC."""
    reader = Reader("when: 2026-10-14T03:00", source="f.yaml", zone=ZoneInfo("Europe/Madrid"))
    thing = reader.convert(reader.root, Thing)
    assert thing is not None
    assert thing.when == datetime(2026, 10, 14, 1, tzinfo=UTC)


def test_entries_give_each_key_once_and_record_the_second() -> None:
    """A room that reads keys by itself gets them in order with their nodes, and duplicates are recorded only once."""
    reader = Reader("a: 1\nb: {c: 2}\na: 3", source="f.yaml")
    assert reader.root is not None
    entries = reader.entries(reader.root)
    reader.entries(reader.root)
    assert [(text, key.start_mark.line) for text, key, _ in entries] == [("a", 0), ("b", 1)]
    assert reader.convert(entries[1][2], dict[str, int]) == {"c": 2}
    assert [str(p) for p in reader.problems] == ["f.yaml:3:1: duplicate key 'a' (first at line 1)"]


def test_positions_name_the_value_or_its_nearest_ancestor() -> None:
    """A path finds line and column of its value or key, or of the nearest thing above that is there."""
    reader = Reader("models:\n  credit-risk:\n    on_call: [credit-ml, risk]\n", source="f.yaml")
    assert reader.position("models", "credit-risk", "on_call", 1) == (3, 26)
    assert reader.key_position("models", "credit-risk", "on_call") == (3, 5)
    assert reader.position("models", "credit-risk", "alerts", 0) == (3, 5)
    assert reader.key_position("models", "credit-risk", "alerts") == (3, 5)
    assert reader.position("nobody") == (1, 1)
    assert Reader("", source="f.yaml").position("a") == (0, 0)


def test_text_of_the_file_is_shown_without_its_tricks() -> None:
    """Escapes that a quoted text smuggles in are not shown as they are, and long text is cut."""
    _, problems = read('n: "\\e[31mred' + "x" * 500 + '"')
    assert "\x1b" not in problems[0]
    assert len(problems[0]) < 150


def test_a_type_that_no_file_can_hold_is_our_fault() -> None:
    """An undeclarable type is a TypeError for the programmer, not a problem of the file."""
    with pytest.raises(TypeError, match="cannot hold"):
        read("a: 1", bytes)


_PIECES = [
    "name",
    "n",
    "inner",
    "u",
    "b",
    ": ",
    ":",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "\n",
    "  ",
    "\t",
    "#",
    " #",
    "&a",
    "*a",
    "!",
]
_PIECES += ["|", ">", "'", '"', "%", "@", "`", "~", "1", "x", "é", "\\", "? ", "---", "..."]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=40).map("".join))
def test_any_text_gives_a_value_or_problems(text: str) -> None:
    """No text makes the reader fail, and a text without a value always says why, at a place within it."""
    reader = Reader(text, source="f.yaml")
    value = reader.convert(reader.root, Thing)
    assert value is not None or reader.problems
    assert all(p.line <= text.count("\n") + 1 for p in reader.problems)
