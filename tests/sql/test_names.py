"""Ids that SQL can read, and the values that a text uses, told without DuckDB."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pytest

from mlops_tui.sql.names import RESERVED, is_name, parameters


@pytest.mark.parametrize("name", ["scope", "rollback", "target", "drift2", "first_word", "a", "end_", "x" * 63])
def test_ids_that_are_fine(name):
    """An ordinary id has no reason against it."""
    assert is_name(name) is None


@pytest.mark.parametrize("name", ["", "Scope", "2nd", "_x", "a-b", "a b", "a.b", "ä", "x" * 64, "a\n", "check", "end", "by"])
def test_ids_that_are_not(name):
    """An id that is malformed or a word of SQL comes with the reason."""
    assert is_name(name)


def test_built_in_names_are_taken():
    """A built-in name is refused when the caller says that it is taken."""
    assert is_name("log", {"log", "versions"}) == "'log' is a built-in name"


def test_reserved_words_are_duckdbs():
    """The list is what DuckDB calls reserved or type_function, no more and no less."""
    con = duckdb.connect()
    rows = con.execute(
        "select distinct keyword_name from duckdb_keywords() where keyword_category in ('reserved', 'type_function')"
    ).fetchall()
    con.close()
    assert {row[0] for row in rows} == RESERVED


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("select $a, $b.c, $a", {"a", "b"}),
        ("select '$no', 'it''s $no' || $yes", {"yes"}),
        ('select "$no", "a""$no", $yes', {"yes"}),
        ("select 1 -- $no\n, $yes", {"yes"}),
        ("select /* $no \n $no */ $yes", {"yes"}),
        ("select $$ $no $$, $t$ $no $t$, $yes", {"yes"}),
        (r"select e'\'$no', $yes", {"yes"}),
        ("select name'$no', a$b, $yes", {"yes"}),
        ("select $1, $_x, $É", {"_x"}),
        ("$verdict in ('data', 'unsure')", {"verdict"}),
        ("", set()),
    ],
)
def test_values_that_a_text_uses(text, names):
    """`$name` counts outside strings, quoted names and comments only."""
    assert parameters(text) == names


def test_no_duckdb_is_needed():
    """Names are told without loading DuckDB, pyarrow or numpy: lint and --help stay quick."""
    code = (
        "import sys, mlops_tui.sql, mlops_tui.sql.names, mlops_tui.sql.values, mlops_tui.sql.workbench;"
        "print([m for m in ('duckdb', 'pyarrow', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
