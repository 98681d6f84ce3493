"""Names in SQL that people write: which ids a step may have, and which values a text uses. Needs no DuckDB."""

from __future__ import annotations

import re
from collections.abc import Collection

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
"""What a relation, a CTE and a step's id may look like."""

RELATIONS = ("log", "log_now", "versions", "changes", "alerts")
"""The relations that are always there in a run, beside one per source and per earlier step."""

RESERVED = frozenset(
    """all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast check
    collate collation column columns concurrently constraint create cross default deferrable desc describe distinct do
    else end except false fetch for foreign freeze from full generated glob group having ilike in initially inner
    intersect into is isnull join lambda lateral leading left like limit map natural not notnull null offset on only or
    order outer overlaps pivot pivot_longer pivot_wider placing positional primary qualify references returning right
    select semi show similar some struct summarize symmetric table tablesample then to trailing true try_cast tuple union
    unique unpack unpivot using variadic verbose when where window with""".split()
)
"""Words that DuckDB 2.0 calls `reserved` or `type_function`: as a relation's bare name they do not parse."""

_TOKEN = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*'      # an escape string
      | '(?:[^']|'')*'                # a string
      | "(?:[^"]|"")*"                # a quoted name
      | --[^\n]*                      # a comment to the end of its line
      | /\*.*?\*/                     # a comment
      | \$([A-Za-z_]\w*|)\$.*?\$\1\$  # a dollar-quoted string
      | \$([A-Za-z_]\w*)              # a value
      | \w[\w$]*                      # a word, so that no value begins inside one
    """,
    re.VERBOSE | re.DOTALL,
)


def is_name(name: str, taken: Collection[str] = ()) -> str | None:
    """Why `name` cannot name a step or a relation; None when it can. `taken` holds the built-in names."""
    if not NAME.match(name):
        return "a name is lower-case letters, digits and _, begins with a letter and has at most 63 characters"
    if name in RESERVED:
        return f"{name!r} is a word of SQL and cannot be read as a relation"
    if name in taken:
        return f"{name!r} is a built-in name"
    return None


def parameters(text: str) -> set[str]:
    """The names used as `$name` in a SQL text, outside strings, quoted names and comments."""
    return {found[2] for found in _TOKEN.finditer(text) if found[2]}
