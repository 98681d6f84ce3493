"""What DuckDB said, in words that help the author of a query: cleaned, with the line, with the nearest names."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from mlops_tui.core.errors import QueryError, did_you_mean, nearest
from mlops_tui.core.leave import one_line

Relations = Mapping[str, Mapping[str, str]]
"""Relations by name: column -> SQL type."""

NUMBER = r"U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*|BIGNUM"
"""SQL types that are numbers, as a pattern."""

TEXT_OR_NUMBER = "write the number as text, '2026.1', or cast the text: x::double"
"""What to do where text is compared with a number."""

_JSON = re.compile(r"\{.*\}\s*\Z", re.DOTALL)
_KIND = re.compile(r"\A[A-Z][A-Za-z ]* Error: ")
_ADVICE = re.compile(r"\n\s*(?:Candidate|Did you mean|LINE \d|Use \"SET|Possible solutions|Either add)", re.DOTALL)
_NO_COLUMN = re.compile(r'Referenced column "(.+?)" (?:not found|was not found)', re.DOTALL)
_NO_COLUMN_OF = re.compile(r'Table "(.+?)" does not have a column named "(.+?)"', re.DOTALL)
_NO_FUNCTION = re.compile(r"(?:Scalar |Aggregate |Table )?Function with name (\S+) does not exist")
_NO_TABLE = re.compile(r"Table with name (\S+) does not exist")
_BAD_TYPES = re.compile(r"No function matches the given name and argument types '(.+?)'\. ", re.DOTALL)
_NO_FIELD = re.compile(r'Could not find key "(.+?)" in struct')
_UNLIKE = re.compile(r"Cannot (?:compare|mix) values of type (\S+) and (?:type )?(\S+)")
_UNGROUPED = re.compile(r'column "(.+?)" must appear in the GROUP BY clause')


def line_of(text: str, position: int) -> int:
    """The line, from 1, of a byte position in a text; 0 for a position that is not in it."""
    raw = text.encode()
    return raw.count(b"\n", 0, position) + 1 if 0 <= position <= len(raw) else 0


def details(error: Exception) -> Mapping[str, Any]:
    """DuckDB's error as a mapping: `exception_message`, and where known `position` and `candidates`."""
    found = _JSON.search(str(error))
    if found:
        try:
            body = json.loads(found[0])
        except ValueError:
            body = None
        if isinstance(body, dict) and "exception_message" in body:
            return body
    return {"exception_message": _KIND.sub("", str(error))}


def explain(
    error: Exception | Mapping[str, Any], text: str, relations: Relations, *, where: str = "", skip: int = 0
) -> QueryError:
    """The QueryError that an error of DuckDB means.

    `text` is what DuckDB was given; `skip` is how many of its first lines are not the author's.
    """
    body = error if isinstance(error, Mapping) else details(error)
    said = str(body["exception_message"])
    position = body.get("position")
    line = line_of(text, int(position)) - skip if position is not None else 0
    at = int(position) if position is not None else -1
    message, hint = _words(said, str(body.get("candidates", "")), text.encode()[:at] if at >= 0 else b"", relations)
    return QueryError(one_line(message), where=where, hint=one_line(hint), line=max(line, 0))


def _words(said: str, candidates: str, before: bytes, relations: Relations) -> tuple[str, str]:
    """The message and the hint for what DuckDB said; `before` is the text in front of the fault."""
    every = {column for columns in relations.values() for column in columns}
    if found := _NO_COLUMN_OF.search(said):
        return f"{found[1]} has no column {found[2]!r}", did_you_mean(found[2], relations.get(found[1], every))
    if found := _NO_COLUMN.search(said):
        return f"unknown column {found[1]!r}", _near(found[1], candidates, every)
    if found := _NO_TABLE.search(said):
        return f"unknown relation {found[1]!r}", did_you_mean(found[1], relations)
    if found := _NO_FUNCTION.search(said):
        return f"unknown function {found[1]!r}", _near(found[1], candidates, ())
    if found := _NO_FIELD.search(said):
        return f"there is no field {found[1]!r}", _near(found[1], _listed(said), ())
    if found := _BAD_TYPES.search(said):
        return f"{found[1]} is not possible with these types", "cast a value with ::TYPE, such as x::double"
    if found := _UNLIKE.search(said):
        kinds = [kind.removesuffix("_LITERAL") for kind in found.groups()]
        if "VARCHAR" in kinds and any(re.fullmatch(NUMBER, kind) for kind in kinds):
            return "text is compared with a number", TEXT_OR_NUMBER
        return f"{kinds[0]} is compared with {kinds[1]}", "cast one side with ::TYPE"
    if found := _UNGROUPED.search(said):
        return f"column {found[1]!r} is neither grouped nor aggregated", f"add it to GROUP BY, or use any_value({found[1]})"
    if said.startswith("syntax error") and re.search(rb"\binterval\s*\Z", before, re.IGNORECASE):
        return said, "an interval of a value needs brackets: interval ($n) hour"
    if "Out of Memory" in said or "could not allocate block" in said:
        return "the query needs more memory than it may have", "aggregate earlier, or select fewer columns and rows"
    if "More than one row returned by a subquery" in said:
        return "a subquery that stands for one value gave several rows", "aggregate it, or add LIMIT 1 with ORDER BY"
    return _ADVICE.split(said)[0], ""


def _listed(said: str) -> str:
    found = re.search(r"Candidate Entries: (.*)", said)
    return found[1].replace('"', "").replace(", ", ",") if found else ""


def _near(name: str, candidates: str, known: Collection[str]) -> str:
    """The nearest names: of those we know, else of those DuckDB offers."""
    near = nearest(name, known)
    offered = near or [c.strip() for c in candidates.split(",") if c.strip()][:3]
    return "did you mean " + " or ".join(repr(n) for n in offered) + "?" if offered else ""
