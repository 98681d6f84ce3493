"""Writes the pages of docs/ and the schemas of schema/ that are made from the code: `python docs/generate.py`, which is
`make docs`. Tests compare them."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import yaml

from mlops_tui.checks.registry import Check, built_in
from mlops_tui.cli.reference import reference
from mlops_tui.core.canonical import pretty
from mlops_tui.core.window import format_duration
from mlops_tui.engine.kinds import kinds
from mlops_tui.engine.kinds.base import Kind
from mlops_tui.engine.lint import NOT_YET
from mlops_tui.engine.runbook import Common
from mlops_tui.files.convert import is_union, scalar_of
from mlops_tui.incidents.vocabulary import EVENT_TYPES
from mlops_tui.report import CHARTS
from mlops_tui.session.lint import schema
from mlops_tui.tui.keys import page as app_keys

DOCS = Path(__file__).parent

STEPS_HEAD = """\
# Step kinds

Made from the kinds themselves by `make docs`; a test compares the two. The examples are the steps of
[every-kind.yaml](every-kind.yaml), which a test lints and runs. How a runbook is put together, and what `$name` means:
[formats.md](formats.md#runbooksyaml).

## Keys of every step

A step has an `id`, exactly one kind, and any of these:

"""
STEPS_TAIL = f"""
`when` is a SQL condition: where it is not true the step is skipped. A step that fails stops the run, unless it says
`continue_on_error`. Without a `timeout`, reads have 60 seconds and writes 10 minutes. `retry` is for reads.

Keys whose form is settled and that no run performs yet are refused by `runbook lint`, so that nobody counts on them:
{", ".join(f"`{key}`" for key in NOT_YET)},
and secrets (`${{secret:NAME}}`) in any text.
"""
CHECKS_HEAD = """\
# Checks

Made from the checks themselves by `make docs`; a test compares the two. An alert of `inventory.yaml` and a `check:` step of
a runbook ask the same questions with the same keys ([formats.md](formats.md#alerts)).

"""
CHECKS_TAIL = """
## How a status comes about

| status | on screens | meaning |
|---|---|---|
| `crit` | CRIT | beyond `below` or `above`, and more than chance |
| `warn` | WARN | beyond `warn_below` or `warn_above`, and more than chance |
| `ok` | OK | neither |
| `insufficient` | FEW | fewer than `min_n` rows (30) on a side: never called `ok` |
| `unknown` | UNKNOWN | could not be measured; the summary says why |

"More than chance" is a q-value below 0.05 (0.01 for what `runbook check` asks by itself): the false-discovery rate of Benjamini
and Hochberg (1995) over all segments and columns of one answer. A bound on `value` of a rate must be passed by more than chance
as well. What earlier windows of the same length show too is `ok`, and the sentence says so. Of a segment with many values the
hundred worst, or largest, are told. A move back to the reference, after a comparison window that was off, is a `recovery`:
shown, status `ok`, never paged.

An alert fires when one of its findings is `crit`; a warning, too few rows and an unknown never fire, and the last two are named
in its reason, so that silence is not taken for health.

`log_health` is no check that can be asked: `runbook check` adds its findings on the model's log and its sources' where files
cannot be read, rows of a damaged file were left out, have no time, are later than the clock or repeat an id, and where files of
the windows lack a declared column or hold it in another type. They are warnings.
"""


def written(type_: Any) -> str:
    """What stands in the file for a value of a type, in words."""
    scalar = scalar_of(type_)
    if get_origin(type_) is Literal:
        return ", ".join(f"`{v}`" for v in get_args(type_))
    if scalar is not None:
        return scalar.wanted.removesuffix(" such as 20m").removesuffix(" such as 2026-12-31")
    arguments = get_args(type_)
    if is_union(type_):
        return " or ".join(written(a) for a in reversed(arguments) if a is not types.NoneType)
    if get_origin(type_) is list:
        return f"a list of {written(arguments[0])}"
    if get_origin(type_) is dict:
        return f"`{{KEY: VALUE}}`, KEY {written(arguments[0])}, VALUE {written(arguments[1])}"
    return "`{" + ", ".join(f.encode_name for f in msgspec.structs.fields(type_)) + "}`"


def default(field: msgspec.structs.FieldInfo) -> str:
    """The default as a file would write it; `needed` where there is none."""
    if field.required:
        return "needed"
    value = field.default if field.default is not msgspec.NODEFAULT else None
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, timedelta):
        return f"`{format_duration(value)}`"
    return f"`{value}`" if isinstance(value, str | int | float) and value != "" else ""


def keys(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """(key, what is written, default) of a Struct and of the Structs that it holds."""
    for field in msgspec.structs.fields(struct):
        inner = field.type
        bare = [a for a in get_args(inner) if a is not types.NoneType] if is_union(inner) else [inner]
        key = f"{prefix}{field.encode_name}"
        yield key, written(inner), default(field)
        if len(bare) == 1 and isinstance(bare[0], type) and issubclass(bare[0], msgspec.Struct):
            yield from keys(bare[0], f"{key}.")


def table(struct: type[msgspec.Struct], within: str = "") -> str:
    """A Markdown table of the keys that a run acts on; `within` is the kind that they belong to."""
    known = [row for row in keys(struct) if not f"{within}{row[0]}".startswith(NOT_YET)]
    lines = ["| key | what is written | default |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| `{k}` | {w} | {d} |" for k, w, d in known)])


def about(thing: Any) -> str:
    """A docstring as Markdown, its lines joined."""
    paragraphs = inspect.cleandoc(thing.__doc__ or "").split("\n\n")
    return "\n\n".join("\n".join(textwrap.wrap(" ".join(p.split()), 125)) for p in paragraphs)


def examples() -> Mapping[str, str]:
    """By kind: the first step of that kind in every-kind.yaml, as it is written there; `check` has two forms."""
    text = (DOCS / "every-kind.yaml").read_text("utf-8")
    root = yaml.compose(text, yaml.BaseLoader)
    assert root is not None
    nodes = next(v for k, v in root.value if k.value == "steps").value
    lines = text.split("\n")
    found: dict[str, list[str]] = {}
    ends = [*(n.start_mark.line for n in nodes[1:]), len(lines)]
    for node, end in zip(nodes, ends, strict=True):
        kind = next(k.value for k, _ in node.value if k.value in kinds())
        found.setdefault(kind, []).append(textwrap.dedent("\n".join(lines[node.start_mark.line : end])).rstrip())
    return {kind: "\n\n".join(steps) for kind, steps in found.items()}


def unattended(name: str, kind: Kind) -> str:
    """What `--auto` makes of the kind."""
    if kind.needs_person:
        return "skipped, since it needs a person"
    return "takes its `auto:` answer; skipped where it has none" if name == "ask" else "performed"


def one_kind(name: str, kind: Kind, example: str) -> str:
    """The section of a step kind."""
    facts = [f"- `$id` later: {result(name, kind)}", f"- with `--auto`: {unattended(name, kind)}"]
    parts = [f"## {name}", about(kind), "\n".join(facts)]
    if isinstance(kind.params, type) and issubclass(kind.params, msgspec.Struct):
        parts += [about(kind.params), table(kind.params, f"{name}.")]
    else:
        parts.append(f"`{name}:` takes {written(kind.params)}." + _names(name))
    return "\n\n".join([*parts, f"```yaml\n{example}\n```"])


def _names(kind: str) -> str:
    if kind != "chart":
        return ""
    return " The charts:\n\n" + "\n".join(f"- `{name}`: {what}" for name, what in CHARTS.items())


def result(name: str, kind: Kind) -> str:
    """What `$id` gives to later steps."""
    if name == "query":
        return "the result's single cell; the relation `id` is the whole result"
    if name == "run":
        return "the exit code"
    if kind.result == "findings":
        return "its worst Finding, with fields (`$id.summary`, `$id.onset`, `$id.SEGMENT`); the relation `id` holds all of them"
    return "the answer" if kind.result == "answer" else "nothing that later steps use"


def steps() -> str:
    """docs/steps.md."""
    shown = examples()
    sections = [one_kind(name, kind, shown[name]) for name, kind in kinds().items()]
    return STEPS_HEAD + table(Common) + "\n" + STEPS_TAIL + "\n" + "\n\n".join(sections) + "\n"


def one_check(check: Check) -> str:
    """The section of a check."""
    bounds = ", ".join(f"`{t}`" for t in check.default) or "as said above"
    facts = [
        f"- plane: {check.plane}; kind of its Findings: `{check.kind}`",
        f"- measures that a threshold may hold: {', '.join(f'`{m}`' for m in check.measures)}",
        f"- without a threshold: {bounds}",
    ]
    return "\n\n".join([f"## {check.name}", about(check.run), "\n".join(facts)])


def checks() -> str:
    """docs/checks.md."""
    known = built_in().values()
    lines = ["| check | asks |", "|---|---|", *(f"| [{c.name}](#{c.name}) | {c.doc} |" for c in known)]
    sections = "\n\n".join(one_check(c) for c in known)
    return CHECKS_HEAD + "\n".join(lines) + "\n\n" + sections + "\n" + CHECKS_TAIL


def events() -> str:
    """The types of the journal's events, as a table."""
    rows = (f"| `{name}` | {says} |" for name, says in EVENT_TYPES.items())
    return "\n".join(["| type | says |", "|---|---|", *rows])


def formats() -> str:
    """docs/formats.md, written by hand, with what stands between `<!-- made: NAME -->` and `<!-- end -->` made anew."""
    text = (DOCS / "formats.md").read_text("utf-8")

    def made(match: re.Match[str]) -> str:
        return f"{match[1]}\n{MADE[match[2]]()}\n{match[3]}"

    return re.sub(r"(<!-- made: (\w+) -->)\n.*?\n(<!-- end -->)", made, text, flags=re.DOTALL)


MADE: Mapping[str, Callable[[], str]] = {"events": events}
"""The parts of docs/formats.md that are made."""
PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": reference,
    "steps.md": steps,
    "checks.md": checks,
    "formats.md": formats,
    "keys.md": app_keys,
}
"""Every page that is made, by its name in docs/."""
SCHEMAS = ("inventory", "runbook")
"""The JSON Schemas in schema/, which the first line of each shipped file names."""


if __name__ == "__main__":
    for page, make in PAGES.items():
        (DOCS / page).write_text(make(), "utf-8")
        sys.stderr.write(f"docs/{page}\n")
    for what in SCHEMAS:
        (DOCS.parent / "schema" / f"{what}.json").write_text(pretty(schema(what)), "utf-8")
        sys.stderr.write(f"schema/{what}.json\n")
